// What a market's price follows, block by block.

import type { Side } from "@backstop/core/market/market";

/** Of what there is to tell: not begun, in the middle of it, or all told. */
export type Stage = "waiting" | "telling" | "over";

export interface Reference {
  readonly price: number;
  readonly stage: Stage;
  /** From the next block on it is told; `side` is of whom it is told to: their fortune first, then what hits their stop. */
  begin(side: Side, blocks?: number): void;
  /** From now on it is that many times what it would be. */
  move(factor: number): void;
  /** The price at the next block. */
  next(): number;
  /** As it is now, to go on from here in another run. */
  kept(): KeptReference;
}

/** Plain values. What was told to its end is told again from the beginning. */
export type KeptReference =
  | { readonly kind: "story"; readonly price: number; readonly rest: readonly number[] }
  | {
      readonly kind: "recorded";
      readonly price: number;
      readonly firstTime: number;
      readonly elapsed: number;
      /** Of the price to the file's. */
      readonly factor: number;
    };
