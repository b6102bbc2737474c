/** The same request again: the same key with the same request is answered with its trade for ever, with another it is refused. */
import type { Account } from "../account/account.ts";
import { EngineError } from "../error.ts";
import type { TradeRecord, TradeStore } from "./trade.store.ts";

export interface RequestKey {
  /** Unique for ever within the account. */
  readonly idempotencyKey: string;
  /** Of the request as it came in. */
  readonly requestDigest: string;
}

export interface ReplayDeps {
  readonly trades: Pick<TradeStore, "find" | "findByKey">;
}

/** The trade that this key made; null: none yet. @throws EngineError IDEMPOTENCY_KEY_REUSED */
export async function sameTrade(
  { trades }: ReplayDeps,
  { accountId }: Account,
  { idempotencyKey, requestDigest }: RequestKey,
): Promise<TradeRecord | null> {
  const taken = await trades.findByKey(accountId, idempotencyKey);
  if (!taken) return null;
  if (taken.requestDigest === requestDigest) return found(trades, taken.tradeId);
  const detail = `the idempotency key was used for trade ${taken.tradeId} with another request`;
  throw new EngineError("IDEMPOTENCY_KEY_REUSED", { detail, tradeId: taken.tradeId });
}

/** A trade that must be there. */
export async function found(trades: Pick<TradeStore, "find">, tradeId: string): Promise<TradeRecord> {
  const record = await trades.find(tradeId);
  if (!record) throw new TypeError(`trade ${tradeId} was planned and is not there`);
  return record;
}
