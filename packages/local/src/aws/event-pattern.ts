/**
 * EventBridge's event patterns, those of its operators that the types below name. The fields of an object must all
 * match; a list holds what may match, against the value or, if that is a list itself, against any of its elements.
 */

export type EventPattern = { readonly [field: string]: EventPattern | readonly Matcher[] };

type Scalar = string | number | boolean | null;
type Bounds = readonly ["=" | "<" | "<=" | ">" | ">=", number];
type Matcher =
  | Scalar
  | { readonly exists: boolean }
  | { readonly prefix: string }
  | { readonly suffix: string }
  | { readonly "equals-ignore-case": string }
  | { readonly "anything-but": readonly Scalar[] }
  | { readonly numeric: Bounds | readonly [...Bounds, ...Bounds] };

export function matches(pattern: EventPattern, value: unknown): boolean {
  const fields = new Map(typeof value === "object" && value !== null ? Object.entries(value) : []);
  return Object.entries(pattern).every(([name, expected]) => {
    const actual = fields.get(name);
    return isList(expected) ? expected.some((matcher) => fits(matcher, actual)) : matches(expected, actual);
  });
}

function isList(expected: EventPattern | readonly Matcher[]): expected is readonly Matcher[] {
  return Array.isArray(expected);
}

function fits(matcher: Matcher, actual: unknown): boolean {
  if (typeof matcher === "object" && matcher !== null && "exists" in matcher) {
    return (actual !== undefined) === matcher.exists;
  }
  return (Array.isArray(actual) ? actual : [actual]).some((value) => fitsOne(matcher, value));
}

function fitsOne(matcher: Exclude<Matcher, { exists: boolean }>, value: unknown): boolean {
  if (typeof matcher !== "object" || matcher === null) return value === matcher;
  if ("anything-but" in matcher) return value !== undefined && !matcher["anything-but"].some((not) => not === value);
  if ("numeric" in matcher) return typeof value === "number" && within(matcher.numeric, value);
  if (typeof value !== "string") return false;
  if ("prefix" in matcher) return value.startsWith(matcher.prefix);
  if ("suffix" in matcher) return value.endsWith(matcher.suffix);
  return value.toLowerCase() === matcher["equals-ignore-case"].toLowerCase();
}

const comparisons = {
  "=": (value: number, bound: number) => value === bound,
  "<": (value: number, bound: number) => value < bound,
  "<=": (value: number, bound: number) => value <= bound,
  ">": (value: number, bound: number) => value > bound,
  ">=": (value: number, bound: number) => value >= bound,
};

function within([operator, bound, ...more]: Bounds | readonly [...Bounds, ...Bounds], value: number): boolean {
  return comparisons[operator](value, bound) && (more.length === 0 || within(more, value));
}
