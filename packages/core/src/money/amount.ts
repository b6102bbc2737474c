/**
 * Amounts: base units of one mint, as the chain counts them.
 *
 * Invariants: an `Amount` is a whole number from 0 to 2⁶⁴ − 1; no float ever becomes one; a division names its rounding.
 */
declare const amountBrand: unique symbol;

/** Base units of one mint, a u64. */
export type Amount = bigint & { readonly [amountBrand]: true };

/** The largest amount a token account can hold. */
export const AMOUNT_MAX = 2n ** 64n - 1n;

/** @throws RangeError when `value` is not a u64. */
export function amount(value: bigint): Amount {
  if (value < 0n || value > AMOUNT_MAX) throw new RangeError(`${value} is not an amount: 0 to ${AMOUNT_MAX}`);
  return value as Amount;
}

export const ZERO = amount(0n);

export const add = (a: Amount, b: Amount): Amount => amount(a + b);

/** @throws RangeError when `b` is larger than `a`. */
export const subtract = (a: Amount, b: Amount): Amount => amount(a - b);

/** `a × b ÷ divisor`, exact until the one rounding, which is named. */
export function mulDiv(a: bigint, b: bigint, divisor: bigint, rounding: "down" | "up"): bigint {
  if (divisor <= 0n) throw new RangeError(`cannot divide by ${divisor}`);
  const product = a * b;
  const quotient = product / divisor;
  const remainder = product % divisor;
  if (remainder === 0n) return quotient;
  if (rounding === "up") return product > 0n ? quotient + 1n : quotient;
  return product < 0n ? quotient - 1n : quotient;
}

const DECIMAL = /^(\d{1,20})(?:\.(\d{1,20}))?$/;

/**
 * Reads a decimal string of whole tokens, such as `"100"` or `"0.25"`, as base units of a mint with `decimals`.
 *
 * @throws RangeError when the text is no plain decimal, is finer than one base unit, or exceeds a u64.
 */
export function parseAmount(text: string, decimals: number): Amount {
  const match = DECIMAL.exec(text);
  if (!match) throw new RangeError(`"${text}" is not a decimal number`);
  const [, whole = "0", fraction = ""] = match;
  const digits = fraction.replace(/0+$/, "");
  if (digits.length > decimals) throw new RangeError(`"${text}" has more than ${decimals} decimals`);
  return amount(BigInt(whole + digits.padEnd(decimals, "0")));
}

/** The inverse of `parseAmount`; also writes negative differences. Never an exponent. */
export function formatAmount(value: bigint, decimals: number): string {
  const sign = value < 0n ? "-" : "";
  const digits = (value < 0n ? -value : value).toString().padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, "");
  return fraction === "" ? `${sign}${whole}` : `${sign}${whole}.${fraction}`;
}
