/**
 * Signing an attempt: the one door to the key.
 *
 * Invariants: it takes an id and nothing else; it signs what the row holds, once, while the row is drafted and its trade wanted
 * and the draft young; it signs nothing that the limits and the firewall do not allow, by what it has read itself; a signature
 * is handed out only after it is stored, and asking again returns the stored one.
 */
import type { AccountStore } from "../account/account.store.ts";
import type { DailyUse } from "../account/account.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config.ts";
import { failureOf } from "../jupiter/program-error.ts";
import { type Market, marketOf } from "../market/market.ts";
import type { Price } from "../money/price.ts";
import type { PositionStore } from "../position/position.store.ts";
import { type OwnPriceDeps, ownPrice } from "../price/own.ts";
import { type Firewall, inspect, type Verdict } from "../solana/firewall/firewall.ts";
import type { SwapIntent } from "../solana/firewall/intent.ts";
import type { Key, SignAnswer } from "../solana/signer.ts";
import type { AttemptStore } from "./attempt.store.ts";
import type { Attempt } from "./attempt.ts";
import { type Breach, dailyBreach, intentOf, isMoving, rowsBreach, useOf } from "./limits.ts";
import type { TradeRecord, TradeStore } from "./trade.store.ts";

export interface SignDeps extends OwnPriceDeps {
  readonly clock: Clock;
  readonly config: Pick<Config, "jupiter" | "exits" | "position">;
  readonly markets: readonly Market[];
  readonly accounts: Pick<AccountStore, "dailyUse">;
  readonly trades: Pick<TradeStore, "find">;
  readonly positions: Pick<PositionStore, "committed">;
  readonly attempts: Pick<AttemptStore, "find" | "sign">;
  readonly firewall: Firewall;
  readonly key: Key;
}

const unwanted = (reason: string): SignAnswer => ({ outcome: "unwanted", reason });

const refused = (breach: Breach): SignAnswer => ({ outcome: "refused", ...breach });

/** @throws whatever a store, the node or the key throws: whether it signed is then seen by asking again. */
export async function signAttempt(deps: SignDeps, attemptId: string): Promise<SignAnswer> {
  const attempt = await deps.attempts.find(attemptId);
  if (!attempt) {
    const reason = `there is no attempt ${attemptId}`;
    return refused({ code: "UNSAFE_TRANSACTION", rule: "known_attempt", reason });
  }
  if ("signature" in attempt) return { outcome: "signed", signature: attempt.signature };
  if (attempt.status !== "drafted") return unwanted(`attempt ${attemptId} is ${attempt.status}`);
  const record = await deps.trades.find(attempt.tradeId);
  if (!record || !isMoving(record)) return unwanted(`the trade of attempt ${attemptId} is not wanted any more`);

  const allowed = await allow(deps, record, attempt);
  if ("outcome" in allowed) return allowed;
  const signature = await deps.key.sign(attempt.message);
  if (await deps.attempts.sign(attemptId, signature, deps.clock.now(), allowed.use)) {
    return { outcome: "signed", signature };
  }
  const now = await deps.attempts.find(attemptId);
  return now && "signature" in now
    ? { outcome: "signed", signature: now.signature }
    : unwanted(`attempt ${attemptId} is ${now?.status}, too old, or its trade is not wanted any more`);
}

/** Everything that is asked before the key is; `use`: null: an exit uses nothing of its account's day. */
async function allow(
  deps: SignDeps,
  record: TradeRecord,
  attempt: Attempt,
): Promise<SignAnswer | { readonly use: DailyUse | null }> {
  const { trade } = record;
  const market = marketOf(deps.markets, trade.symbol);
  const breach = rowsBreach(record, attempt, market, deps.key.wallet);
  if (breach) return refused(breach);
  const price = await ownPrice(deps, market);
  if (price === null) {
    const reason = `nobody knows a price of ${market.symbol} to hold it against`;
    return { outcome: "put_off", code: "PRICE_UNAVAILABLE", cause: "other", reason };
  }
  const intent = intentOf(record, attempt, price, market, deps.config);
  // What an exit spends is its position's, which the statement that stores the signature sees to.
  if (trade.kind === "exit") return answerTo(await inspect(deps.firewall, attempt.message, intent)) ?? { use: null };
  const use = await dayLeft(deps, record, price, market);
  if ("rule" in use) return refused(use);
  return (await allowEntry(deps, record, attempt, intent)) ?? { use };
}

/**
 * Null: it may be signed. What it spends is looked at once more, since the wallet may have been another one's, or an answer an
 * old one, when it was planned: nothing is signed that leaves less than positions hold and others were promised.
 */
async function allowEntry(
  { positions, clock, firewall }: SignDeps,
  { trade }: TradeRecord,
  attempt: Attempt,
  intent: SwapIntent,
): Promise<SignAnswer | null> {
  const { accountId, inputMint } = trade;
  const { amount, lastFillSlot } = await positions.committed(accountId, inputMint, clock.now());
  const verdict = await inspect(firewall, attempt.message, intent, lastFillSlot ?? 0n);
  if (verdict.type !== "safe" || amount <= verdict.held) return answerTo(verdict);
  const reason = `the wallet holds ${verdict.held} base units of ${inputMint}: with it ${amount} are spoken for`;
  return { outcome: "put_off", code: "INSUFFICIENT_FUNDS", cause: "funds", reason };
}

async function dayLeft(
  { accounts, clock, config }: SignDeps,
  record: TradeRecord,
  price: Price,
  market: Market,
): Promise<DailyUse | Breach> {
  const use = useOf(record, price, market, config);
  if ("rule" in use) return use;
  // Counted once for all attempts of the trade: the statement that stores the signature says whether it still has to be.
  const isCounted = record.attempts.some((each) => "signature" in each);
  return (isCounted ? null : dailyBreach(use, await accounts.dailyUse(record.trade.accountId, clock.now()))) ?? use;
}

/** Null: it may be signed. */
function answerTo(verdict: Verdict): SignAnswer | null {
  switch (verdict.type) {
    case "safe":
      return null;
    case "unsafe":
      return refused({ code: "UNSAFE_TRANSACTION", rule: verdict.rule, reason: verdict.reason });
    case "failing": {
      const { code, kind, message } = failureOf(verdict.error, verdict.logs);
      return { outcome: "put_off", code, cause: kind, reason: message };
    }
    case "moving": {
      const reason = "what the wallet holds changed while its transaction was tried out";
      return { outcome: "put_off", code: "NETWORK_ERROR", cause: "other", reason };
    }
    default:
      return verdict satisfies never;
  }
}
