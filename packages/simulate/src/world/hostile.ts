/** What a hostile Jupiter makes of a swap: the quote that was asked for goes with instructions that say something else. */
import { instructionOf } from "@backstop/core/testing/fake-swap";
import type { Quote } from "@backstop/core/jupiter/client";
import type { InstructionData } from "@backstop/core/solana/transaction";
import type { Dice } from "../kernel/dice.ts";

/** An attacker's token account, whatever the mint. */
const ATTACKER = "9WzDXwBbmkg8ZTbNMqUxvQRAyrZzDsGYdLVL9zYtAWWM";

const DESTINATION = 2;

type Spoil = (quote: Quote) => InstructionData;

const spoiled =
  (change: Partial<Pick<Quote, "amountIn" | "amountOut" | "slippageBps">>): Spoil =>
  (quote) =>
    instructionOf({ ...quote, ...change }, quote.request.wallet);

const SPOILS: readonly Spoil[] = [
  (quote) => spoiled({ amountIn: (quote.amountIn * 2n) as Quote["amountIn"] })(quote),
  (quote) => spoiled({ amountOut: (quote.amountOut / 4n) as Quote["amountOut"] })(quote),
  spoiled({ slippageBps: 10_000 as Quote["slippageBps"] }),
  (quote) => {
    const swap = spoiled({})(quote);
    const accounts = swap.accounts.map((each, at) => (at === DESTINATION ? { ...each, pubkey: ATTACKER } : each));
    return { ...swap, accounts };
  },
];

export const spoil = (quote: Quote, dice: Dice): InstructionData =>
  SPOILS[dice.whole(0, SPOILS.length - 1)]?.(quote) ?? instructionOf(quote, quote.request.wallet);

/** A quote that nobody should trade at, and the part of what is fair that it gives. */
export const UNFAIR = 4n;
