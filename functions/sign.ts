/** Signs a recorded attempt: the only function that holds the key. Called with `{ attemptId }` and nothing else. */
import * as Deps from "@backstop/core/deps";
import type { SignAnswer } from "@backstop/core/solana/signer";
import { attemptStore } from "@backstop/core/trade/attempt.store";
import { type SignDeps, signAttempt } from "@backstop/core/trade/sign";
import * as z from "zod";
import { clock, once } from "./system.ts";

type Handler = (event: unknown) => Promise<SignAnswer>;

const Request = z.strictObject({ attemptId: z.string() });

export function make(deps: SignDeps): Handler {
  return (event) => signAttempt(deps, Request.parse(event).attemptId);
}

const real = once(async () => {
  const { env } = process;
  return make({ clock, attempts: attemptStore(Deps.database(env, clock)), key: await Deps.key(env) });
});

export const handler: Handler = async (event) => (await real())(event);
