// The instructions of a swap, from the quote a client posts back.
//
// As on Jupiter, the minimum on chain comes from outAmount and slippageBps of the posted quote: who
// changes the quote changes the minimum. What would change the swap in a way that is not modelled is
// refused by name, never ignored.

import { ComputeBudgetProgram, PublicKey, type TransactionInstruction } from "@solana/web3.js";
import * as z from "zod";
import { tokenProgramOf } from "../chain/mints.ts";
import { createAssociatedTokenAccount } from "../chain/token.ts";
import { routeInstruction } from "../swap-program/route.ts";
import { type Leg, LOOKUP_TABLE, type Pool } from "./pool.ts";
import { amountText, legFor, mintText, slippageBps } from "./quote.ts";
import { invalidRequest, notSupported, twoPriorities } from "./refusal.ts";

// Without dynamicComputeUnitLimit Jupiter asks for all a transaction may have.
const COMPUTE_UNITS_MAX = 1_400_000;
// A swap takes under 10 000 here and making the output's account some 20 000; real token programs take more.
const COMPUTE_UNITS_SWAP = 100_000;

// Micro-lamports per compute unit: in the order and in the region of mainnet's percentiles.
export const MARKET_PRICES = { medium: 10_000n, high: 50_000n, veryHigh: 200_000n };
const MICRO_LAMPORTS = 1_000_000n;

const REFUSED = [
  "feeAccount",
  "trackingAccount",
  "destinationTokenAccount",
  "nativeDestinationAccount",
  "payer",
] as const;

const body = z.object({
  userPublicKey: mintText,
  quoteResponse: z.object({
    inputMint: mintText,
    outputMint: mintText,
    inAmount: amountText,
    outAmount: amountText,
    slippageBps,
  }),
  wrapAndUnwrapSol: z.boolean().default(true),
  useSharedAccounts: z.boolean().nullish(),
  asLegacyTransaction: z.boolean().nullish(),
  dynamicSlippage: z.union([z.boolean(), z.object({})]).nullish(),
  dynamicComputeUnitLimit: z.boolean().nullish(),
  computeUnitPriceMicroLamports: z.number().int().nonnegative().nullish(),
  prioritizationFeeLamports: z
    .union([
      z.object({
        priorityLevelWithMaxLamports: z.object({
          priorityLevel: z.enum(["medium", "high", "veryHigh"]),
          maxLamports: z.number().int().nonnegative(),
        }),
      }),
      z.object({ jitoTipLamports: z.number() }),
      z.object({ jitoTipLamportsWithPayer: z.object({}) }),
    ])
    .nullish(),
  ...Object.fromEntries(REFUSED.map((name) => [name, z.null().optional()])),
});

export type SwapRequest = z.output<typeof body>;

export function readSwapRequest(given: unknown): SwapRequest {
  const parsed = body.safeParse(given);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const path = issue?.path.join(".") ?? "";
    if (REFUSED.some((name) => name === path)) throw notSupported(path);
    throw invalidRequest(`Body field ${path} cannot be read: ${issue?.message}`);
  }
  const request = parsed.data;
  if (request.wrapAndUnwrapSol) throw notSupported("Wrapping SOL (wrapAndUnwrapSol, true unless false is sent)");
  if (request.useSharedAccounts === true) throw notSupported("useSharedAccounts");
  if (request.asLegacyTransaction === true) throw notSupported("asLegacyTransaction");
  if (request.dynamicSlippage) throw notSupported("dynamicSlippage");
  return request;
}

function computeUnitPrice(request: SwapRequest, limit: number): bigint {
  const { computeUnitPriceMicroLamports: asked, prioritizationFeeLamports: fee } = request;
  if (asked !== null && asked !== undefined) {
    if (fee !== null && fee !== undefined) throw twoPriorities();
    return BigInt(asked);
  }
  if (fee === null || fee === undefined) return MARKET_PRICES.medium;
  if (!("priorityLevelWithMaxLamports" in fee)) throw notSupported("A Jito tip");
  const { priorityLevel, maxLamports } = fee.priorityLevelWithMaxLamports;
  const price = MARKET_PRICES[priorityLevel];
  const priceMax = (BigInt(maxLamports) * MICRO_LAMPORTS) / BigInt(limit);
  return price < priceMax ? price : priceMax;
}

export const encode = ({ programId, keys, data }: TransactionInstruction) => ({
  programId: programId.toBase58(),
  accounts: keys.map(({ pubkey, isSigner, isWritable }) => ({ pubkey: pubkey.toBase58(), isSigner, isWritable })),
  data: data.toString("base64"),
});

export interface Swap {
  readonly user: PublicKey;
  readonly leg: Leg;
  readonly amountIn: bigint;
  readonly quotedOut: bigint;
  readonly slippageBps: number;
}

/** What the two versions of the API have in common. */
export function composed({ user, leg, ...amounts }: Swap) {
  const { input, output } = leg;
  const route = routeInstruction({
    ...amounts,
    user,
    input,
    output,
    pool: leg.pool.address,
    vaultIn: leg.vaultIn,
    vaultOut: leg.vaultOut,
  });
  return {
    setupInstructions: [encode(createAssociatedTokenAccount(user, user, output.address, tokenProgramOf(output)))],
    swapInstruction: encode(route),
    cleanupInstruction: null,
    otherInstructions: [],
  };
}

export function swapInstructions(pools: readonly Pool[], request: SwapRequest) {
  const { inputMint, outputMint, inAmount: amountIn, outAmount: quotedOut, slippageBps } = request.quoteResponse;
  const leg = legFor(pools, inputMint, outputMint);
  const user = new PublicKey(request.userPublicKey);
  const units = request.dynamicComputeUnitLimit === true ? COMPUTE_UNITS_SWAP : COMPUTE_UNITS_MAX;
  const microLamports = computeUnitPrice(request, units);
  return {
    tokenLedgerInstruction: null,
    computeBudgetInstructions: [
      encode(ComputeBudgetProgram.setComputeUnitLimit({ units })),
      encode(ComputeBudgetProgram.setComputeUnitPrice({ microLamports })),
    ],
    ...composed({ user, leg, amountIn, quotedOut, slippageBps }),
    addressLookupTableAddresses: [LOOKUP_TABLE.toBase58()],
    simulationError: null,
  };
}
