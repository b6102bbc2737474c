// One method of the RPC: how its parameters read, and what it answers from the chain.

import { isAddress, address as toAddress } from "@solana/kit";
import * as z from "zod";
import { COMMITMENTS, type Commitment } from "../commitment.ts";
import type { Block } from "../ledger.ts";
import type { Node } from "../node.ts";
import { invalidParams, minContextSlotNotReached } from "./rpc-error.ts";

export type Method = (node: Node, params: unknown) => unknown;

export const addressParam = z
  .string()
  .refine((text) => isAddress(text), { error: "Invalid param: WrongSize" })
  .transform((text) => toAddress(text));

export const bankConfig = z.object({
  commitment: z.enum(COMMITMENTS).optional(),
  minContextSlot: z.number().int().optional(),
});

export type BankConfig = z.output<typeof bankConfig> | null | undefined;

export interface Bank {
  readonly commitment: Commitment;
  readonly block: Block;
}

export function method<Params extends z.ZodType>(
  params: Params,
  answer: (node: Node, params: z.output<Params>) => unknown,
): Method {
  return (node, given) => {
    const parsed = params.safeParse(given ?? []);
    if (!parsed.success) throw invalidParams(parsed.error.issues[0]?.message ?? "Invalid params");
    return answer(node, parsed.data);
  };
}

/** The block a request is answered from; a node's default is the finalized one. */
export function bankOf(node: Node, config: BankConfig): Bank {
  const commitment = config?.commitment ?? "finalized";
  const block = node.ledger.at(commitment);
  if (config?.minContextSlot !== undefined && block.slot < config.minContextSlot) {
    throw minContextSlotNotReached(block.slot);
  }
  return { commitment, block };
}

export const withContext = <T>(block: Block, value: T) => ({
  context: { slot: block.slot, apiVersion: "4.0.0" },
  value,
});
