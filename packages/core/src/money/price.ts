/**
 * Prices: quote per base, an indication. Rules compare prices; the ledger never uses one.
 *
 * Invariants: a price is finite and above zero; a missing price is never a price of zero.
 */
declare const priceBrand: unique symbol;

export type Price = number & { readonly [priceBrand]: true };

/** @throws RangeError when `value` is not finite and above zero. */
export function price(value: number): Price {
  if (!Number.isFinite(value) || value <= 0) throw new RangeError(`${value} is not a price`);
  return value as Price;
}

const DECIMAL = /^\d{1,15}(\.\d{1,15})?$/;

/** @throws RangeError when the text is no plain decimal above zero. */
export function parsePrice(text: string): Price {
  if (!DECIMAL.test(text)) throw new RangeError(`"${text}" is not a decimal price`);
  return price(Number(text));
}

/** The shortest decimal string that reads back as the same price; never an exponent. */
export function formatPrice(value: number): string {
  const text = String(value);
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (!match) return text;
  const [, sign = "", head = "", tail = "", exponent = "0"] = match;
  const shift = Number(exponent);
  const digits = head + tail;
  return shift < 0 ? `${sign}0.${"0".repeat(-shift - 1)}${digits}` : `${sign}${digits.padEnd(shift + 1, "0")}`;
}

/** The price at which `quote` base units of the quote mint were given for `base` base units of the base mint. */
export function priceOf(
  quote: bigint,
  base: bigint,
  market: { readonly baseDecimals: number; readonly quoteDecimals: number },
): Price {
  return price((Number(quote) / Number(base)) * 10 ** (market.baseDecimals - market.quoteDecimals));
}

/** The value in base units of the quote mint of `base` base units at `at`, rounded down: an estimate, for showing. */
export function valueAt(
  base: bigint,
  at: Price,
  market: { readonly baseDecimals: number; readonly quoteDecimals: number },
): bigint {
  return BigInt(Math.floor(Number(base) * at * 10 ** (market.quoteDecimals - market.baseDecimals)));
}
