/**
 * Judges every signature and every byte at the moment it is made, by what the chain truly is.
 *
 * Invariants held here: what goes out is in a row first, under one signature; a signature is made only when nothing else
 * that was signed for the same trade, nor for another exit of the position, can land or has.
 */
import type { AttemptRow, MemoryDatabase } from "@backstop/core/testing/memory/database";
import type { Landing } from "@backstop/core/trade/fill.store";
import type { Chain, Signed } from "../world/chain.ts";
import type { Violations } from "./violations.ts";

export interface TransactionsDeps {
  readonly db: MemoryDatabase;
  readonly chain: Chain;
  readonly violations: Violations;
}

export class Transactions {
  readonly #deps: TransactionsDeps;
  /** What went out, by signature. */
  readonly sent = new Map<string, Signed>();

  constructor(deps: TransactionsDeps) {
    this.#deps = deps;
  }

  /** Bytes go out. */
  send(signed: Signed, message: string): void {
    const { db, violations } = this.#deps;
    const { signature } = signed;
    if (this.sent.has(signature)) return;
    this.sent.set(signature, signed);
    const row = db.attempts.find("attempt_signature_unique", signature);
    if (!row) violations.add("sentUnrecorded", `${signature.slice(0, 8)} is in no row`);
    else if (row.message !== message) violations.add("sentUnrecorded", `${row.attemptId} went out with other bytes`);
  }

  /** A signature is stored. */
  sign(attemptId: string): void {
    const { db, violations } = this.#deps;
    const row = db.attempts.get(attemptId);
    if (!row) return;
    for (const other of rivalsOf(db, row)) {
      const danger = this.#dangerOf(other, row.tradeId);
      if (danger) violations.add("attemptBeforeProof", `${attemptId} was signed while ${other.attemptId} ${danger}`);
    }
  }

  /** A fill is booked. */
  book({ attemptId }: Pick<Landing, "attemptId">): void {
    const { db, chain, violations } = this.#deps;
    const { signature } = db.attempts.named(attemptId);
    if (signature !== null && !chain.wasConfirmed(signature)) violations.add("bookedUnseen", attemptId);
  }

  #dangerOf(other: AttemptRow, tradeId: string): string | null {
    const { chain } = this.#deps;
    if (other.signature === null) return null;
    const landed = chain.landed(other.signature);
    const sameTrade = other.tradeId === tradeId;
    if (landed?.error === null) return sameTrade ? "had landed" : null;
    if (landed && !chain.isFinal(landed)) return "had landed with an error that was not final";
    if (landed) return null;
    return chain.mayLand(other) ? "could land" : null;
  }
}

/** The other attempts of its trade, and of an exit those of the position's other exits. */
function rivalsOf(db: MemoryDatabase, { attemptId, positionId, tradeId, kind }: AttemptRow): readonly AttemptRow[] {
  const trades = [...db.trades.ascending("position", positionId)].filter(
    (trade) => trade.tradeId === tradeId || (kind === "exit" && trade.kind === "exit"),
  );
  return trades
    .flatMap((trade) => [...db.attempts.ascending("trade", trade.tradeId)])
    .filter((other) => other.attemptId !== attemptId);
}
