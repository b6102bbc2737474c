import type { Amount } from "../money/amount.ts";

/** An account: one wallet, and what is done with it. A wallet belongs to one account. */
export interface Account {
  readonly accountId: string;
  /** Base58 address of the wallet. */
  readonly wallet: string;
}

/**
 * What an entry uses of its account's day, and how much of it there is: in millionths of the quote currency, whatever the
 * decimals of its mint.
 */
export interface DailyUse {
  readonly asked: Amount;
  readonly max: Amount;
}

/** The UTC day of a moment: `2026-03-01`. */
export const dayOf = (at: Date): string => at.toISOString().slice(0, 10);
