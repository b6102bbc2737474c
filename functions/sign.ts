/**
 * Signs a recorded attempt of a trade, or a recorded transfer: the only function that holds the key. Called with
 * `{ attemptId }` and nothing else; what that begins with says which of the two it is.
 */
import { accountStore } from "@backstop/core/account/account.store";
import { configFrom } from "@backstop/core/config";
import * as Deps from "@backstop/core/deps";
import { marketStore } from "@backstop/core/market/market.store";
import { positionStore } from "@backstop/core/position/position.store";
import { firewallNode } from "@backstop/core/solana/firewall/node";
import { JUPITER } from "@backstop/core/solana/firewall/venue";
import type { SignAnswer } from "@backstop/core/solana/signer";
import { attemptStore } from "@backstop/core/trade/attempt.store";
import { type SignDeps, signAttempt } from "@backstop/core/trade/sign";
import { tradeStore } from "@backstop/core/trade/trade.store";
import { destinationStore } from "@backstop/core/transfer/destination.store";
import { type SignTransferDeps, signTransfer } from "@backstop/core/transfer/sign-transfer";
import { isTransferId } from "@backstop/core/transfer/transfer";
import { transferStore } from "@backstop/core/transfer/transfer.store";
import * as z from "zod";
import { clock, log, once } from "./system.ts";

type Handler = (event: unknown) => Promise<SignAnswer>;

const Request = z.strictObject({ attemptId: z.string() });

export function make(deps: SignDeps & SignTransferDeps): Handler {
  return async (event) => {
    const { attemptId } = Request.parse(event);
    return isTransferId(attemptId) ? signTransfer(deps, attemptId) : signAttempt(deps, attemptId);
  };
}

const real = once(async () => {
  const { env } = process;
  const db = Deps.database(env, clock);
  const config = configFrom(env);
  return make({
    clock,
    log,
    config,
    markets: await marketStore(db).all(),
    accounts: accountStore(db),
    trades: tradeStore(db),
    positions: positionStore(db),
    attempts: attemptStore(db),
    transfers: transferStore(db),
    destinations: destinationStore(db),
    prices: Deps.watched(env, clock),
    priceSource: Deps.prices(env, clock),
    firewall: { venue: JUPITER, node: firewallNode(config.jupiter.rpcEndpoint, clock) },
    withdrawKey: Deps.withdrawKey(env),
    key: await Deps.key(env),
  });
});

export const handler: Handler = async (event) => (await real())(event);
