/** Signs a recorded attempt: the only function that holds the key. Called with `{ attemptId }` and nothing else. */
import { accountStore } from "@backstop/core/account/account.store";
import { configFrom } from "@backstop/core/config";
import * as Deps from "@backstop/core/deps";
import { marketStore } from "@backstop/core/market/market.store";
import { firewallNode } from "@backstop/core/solana/firewall/node";
import { JUPITER } from "@backstop/core/solana/firewall/venue";
import type { SignAnswer } from "@backstop/core/solana/signer";
import { attemptStore } from "@backstop/core/trade/attempt.store";
import { type SignDeps, signAttempt } from "@backstop/core/trade/sign";
import { tradeStore } from "@backstop/core/trade/trade.store";
import * as z from "zod";
import { clock, log, once } from "./system.ts";

type Handler = (event: unknown) => Promise<SignAnswer>;

const Request = z.strictObject({ attemptId: z.string() });

export function make(deps: SignDeps): Handler {
  return async (event) => signAttempt(deps, Request.parse(event).attemptId);
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
    attempts: attemptStore(db),
    prices: Deps.watched(env, clock),
    priceSource: Deps.prices(env, clock),
    firewall: { venue: JUPITER, node: firewallNode(config.jupiter.rpcEndpoint, clock) },
    key: await Deps.key(env),
  });
});

export const handler: Handler = async (event) => (await real())(event);
