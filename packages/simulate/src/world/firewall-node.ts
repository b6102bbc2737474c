/**
 * The node that `sign` asks about a transaction: of the same nodes as everybody's, each answer from one of them.
 *
 * Invariant: an answer is of the slot it names, and of none before the one that was asked for.
 */
import type { FirewallNode } from "@backstop/core/solana/firewall/node";
import { accountsOf, type Holdings, swapped } from "@backstop/core/testing/fake-node";
import { swapIn } from "@backstop/core/testing/fake-swap";
import type { Invocation } from "../kernel/invocation.ts";
import { slotAt, type View, viewOf } from "./node.ts";
import { behind, QUESTION, type RpcDeps } from "./rpc.ts";

export function firewallNodeOver(deps: RpcDeps, invocation: Invocation): FirewallNode {
  const { chain, weather, dice, wallet } = deps;
  const ask = <Answer>(minSlot: bigint, question: (slot: number) => Answer) =>
    invocation.call(QUESTION, () => {
      const view: View = viewOf(chain, weather, dice);
      const slot = slotAt(chain, view, "confirmed");
      if (BigInt(slot) < minSlot) throw behind(slot, minSlot);
      return question(slot);
    });
  const holdingsAt = (slot: number): Holdings => ({
    wallet,
    lamports: chain.lamports(slot),
    tokens: (mint) => chain.tokens(mint, slot),
  });

  return {
    tables: async () => new Map(),
    accounts: (addresses, minSlot) =>
      ask(minSlot, (slot) => ({ slot: BigInt(slot), accounts: accountsOf(holdingsAt(slot), addresses) })),
    simulate: (message, addresses, minSlot) =>
      ask(minSlot, (slot) => {
        const swap = swapIn(Buffer.from(message, "base64"));
        const { error, logs, tokens } = chain.outcome(swap, slot);
        const after = swapped(holdingsAt(slot), swap, tokens.get(swap.outputMint) ?? 0n);
        return { slot: BigInt(slot), error, logs, accounts: accountsOf(after, addresses) };
      }),
  };
}
