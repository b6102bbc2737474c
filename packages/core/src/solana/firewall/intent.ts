/** What a transaction is for, by the rows: all that it may do. */
import type { Mint } from "../../market/mint.ts";
import type { TradeKind } from "../../trade/trade.ts";

export interface SwapIntent {
  readonly kind: TradeKind;
  readonly attemptId: string;
  /** Base58. */
  readonly wallet: string;
  readonly inputMint: Mint;
  readonly outputMint: Mint;
  readonly amountIn: bigint;
  /** As the attempt records it. */
  readonly minimumOut: bigint;
  /** Our own floor, from a price that is not the quote's. */
  readonly leastOut: bigint;
}
