/**
 * Jupiter Swap v1 answers, read with our own schema: the client library drops fields it does not know, and a quote has to
 * go back exactly as it came.
 *
 * Source: facts of the documented bodies (`/quote`, `/swap-instructions`); unknown fields pass, a missing required one
 * is an error.
 */
import * as z from "zod";

const U64 = z.string().regex(/^\d{1,20}$/);

export const QuoteAnswer = z.looseObject({
  inputMint: z.string(),
  inAmount: U64,
  outputMint: z.string(),
  outAmount: U64,
  otherAmountThreshold: U64,
  slippageBps: z.number().int(),
  /** A decimal ratio: "0.001" is 0.1 %. */
  priceImpactPct: z.string(),
  routePlan: z
    .array(z.looseObject({ swapInfo: z.looseObject({ ammKey: z.string(), label: z.string().optional() }) }))
    .min(1),
  contextSlot: z.number().int().optional(),
});
export type QuoteAnswer = z.infer<typeof QuoteAnswer>;

const Instruction = z.looseObject({
  programId: z.string(),
  accounts: z.array(z.looseObject({ pubkey: z.string(), isSigner: z.boolean(), isWritable: z.boolean() })),
  data: z.base64(),
});

export const InstructionsAnswer = z.looseObject({
  computeBudgetInstructions: z.array(Instruction),
  setupInstructions: z.array(Instruction),
  swapInstruction: Instruction,
  cleanupInstruction: Instruction.nullish(),
  otherInstructions: z.array(Instruction).default([]),
  addressLookupTableAddresses: z.array(z.string()),
  simulationError: z.looseObject({ errorCode: z.string(), error: z.string() }).nullish(),
});
export type InstructionsAnswer = z.infer<typeof InstructionsAnswer>;

/** How Jupiter refuses; also sent with status 200 now and then. */
export const Refusal = z.looseObject({ error: z.string(), errorCode: z.string().optional() });
