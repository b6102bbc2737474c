// What the network does with bytes that were handed to a node: the one place where they may be lost,
// late or repeated.

import type { WireTransaction } from "./wire-transaction.ts";

/** Heights of the blocks whose leader has the bytes: none if they are lost, several if they arrive again. */
export type Deliver = (transaction: WireTransaction, tipHeight: number) => readonly number[];

export const deliverToNextBlock: Deliver = (_transaction, tipHeight) => [tipHeight + 1];
