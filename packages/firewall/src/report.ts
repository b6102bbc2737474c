/** What a run came to, for people and as JSON. */
import type { Verdict } from "@backstop/core/solana/firewall/firewall";
import { RULES, type Rule } from "@backstop/core/solana/firewall/unsafe";
import type { Mutant } from "./mutants/mutant.ts";
import { refusedBy, type Spoiled, type Tally } from "./run.ts";

const NAMES = Object.keys(RULES) as readonly Rule[];

/** The object of `--json`. */
export function report({ benign, spoiled }: Tally, seconds: number) {
  const rules = spoiled.map(({ verdict }) => refusedBy(verdict));
  const accepted = benign.filter(({ verdict }) => verdict.type === "safe").length;
  return {
    benignAccepted: `${accepted}/${benign.length}`,
    mutantsRejected: `${rules.filter((rule) => rule !== null).length}/${spoiled.length}`,
    byRule: Object.fromEntries(NAMES.map((name) => [name, rules.filter((rule) => rule === name).length])) as Record<
      Rule,
      number
    >,
    seconds: Math.round(seconds * 10) / 10,
  };
}

export type Report = ReturnType<typeof report>;

/** One line for each thing that must not be. */
export function wrongIn({ benign, spoiled }: Tally, mutants: readonly Mutant[]): readonly string[] {
  const used = new Set(spoiled.map(({ verdict }) => refusedBy(verdict)));
  return [
    ...benign.flatMap(({ specimen, verdict }) =>
      verdict.type === "safe" ? [] : [`BENIGN, BUT REFUSED: ${specimen}: ${toldOf(verdict)}`],
    ),
    ...spoiled.flatMap(({ mutant, specimen, verdict }) => {
      const rule = refusedBy(verdict);
      if (rule === null) return [`ACCEPTED: ${mutant.name}, in "${specimen}": ${toldOf(verdict)}`];
      if (mutant.by.includes(rule)) return [];
      return [`REFUSED FOR SOMETHING ELSE: ${mutant.name}, in "${specimen}": ${toldOf(verdict)}`];
    }),
    ...mutants.flatMap(({ name }) =>
      spoiled.some(({ mutant }) => mutant.name === name) ? [] : [`IN NO SPECIMEN: ${name}`],
    ),
    ...NAMES.flatMap((name) => (used.has(name) ? [] : [`REFUSES NOTHING: ${name}`])),
  ];
}

const toldOf = (verdict: Verdict): string =>
  verdict.type === "unsafe" ? `${verdict.rule}: ${verdict.reason}` : verdict.type;

/** Each mutant, the rules that refused it, and why, as a user would read it. */
export function table(spoiled: readonly Spoiled[]): string {
  const byMutant = [...Map.groupBy(spoiled, ({ mutant }) => mutant)];
  const width = Math.max(...byMutant.map(([{ name }]) => name.length));
  return byMutant.map(([mutant, all]) => row(mutant, all, width)).join("\n");
}

function row({ name, does }: Mutant, all: readonly Spoiled[], width: number): string {
  const indent = " ".repeat(width + 2);
  const refusals = [...Map.groupBy(all, ({ verdict }) => refusedBy(verdict))].map(([rule, same]) => {
    const [one] = same;
    const reason = one?.verdict.type === "unsafe" ? one.verdict.reason : "ACCEPTED";
    return `${indent}${rule ?? "by nothing"}, ${same.length} of ${all.length}: ${reason}`;
  });
  return [`${name.padEnd(width)}  ${does}`, ...refusals].join("\n");
}
