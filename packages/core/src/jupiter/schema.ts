/**
 * Jupiter's answers, read with our own schemas: the client library drops fields it does not know, and a quote has to go back
 * exactly as it came.
 *
 * Source: developers.jup.ag, OpenAPI of Swap v1 (`/quote`, `/swap-instructions`) and v2 (`/build`). Unknown fields pass; a
 * missing required one is an error.
 */
import * as z from "zod";

const U64 = z.string().regex(/^\d{1,20}$/);

const quoted = {
  inputMint: z.string(),
  inAmount: U64,
  outputMint: z.string(),
  outAmount: U64,
  otherAmountThreshold: U64,
  swapMode: z.literal("ExactIn"),
  slippageBps: z.number().int(),
  /** A decimal ratio: "0.001" is 0.1 %. */
  priceImpactPct: z.string().regex(/^-?\d+(\.\d+)?(e-?\d+)?$/i),
  routePlan: z
    .array(z.looseObject({ swapInfo: z.looseObject({ ammKey: z.string(), label: z.string().optional() }) }))
    .min(1),
  /** v1 only. */
  contextSlot: z.number().int().nullish(),
};

export const QuoteAnswer = z.looseObject(quoted);
export type QuoteAnswer = z.infer<typeof QuoteAnswer>;

const Instruction = z.looseObject({
  programId: z.string(),
  accounts: z.array(z.looseObject({ pubkey: z.string(), isSigner: z.boolean(), isWritable: z.boolean() })),
  data: z.base64(),
});

const composed = {
  setupInstructions: z.array(Instruction),
  swapInstruction: Instruction,
  cleanupInstruction: Instruction.nullish(),
  otherInstructions: z.array(Instruction).default([]),
};

export const InstructionsAnswer = z.looseObject({
  ...composed,
  addressLookupTableAddresses: z.array(z.string()),
  /** Of any shape: it is kept for people. */
  simulationError: z.unknown(),
});

export const BuildAnswer = z.looseObject({
  ...quoted,
  ...composed,
  addressesByLookupTableAddress: z.record(z.string(), z.array(z.string())).nullish(),
});

/** How Jupiter refuses: v2 words a request that is wrong as an object. */
export const RefusalBody = z.looseObject({
  error: z.union([z.string(), z.looseObject({})]),
  errorCode: z.string().optional(),
});

/** How the gateway before it does. */
export const GatewayBody = z.looseObject({ code: z.number().optional(), message: z.string() });
