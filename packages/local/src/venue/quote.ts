// A quote: what one pool would pay at the tip. Pure but for reading the reserves.

import { isAddress } from "@solana/kit";
import * as z from "zod";
import type { Chain } from "../chain/chain.ts";
import { amountReceived, minimumOut, ROUTE_ACCOUNTS } from "../swap-program/route.ts";
import { findLeg, type Leg, legReserves, POOL_LABELS, type Pool } from "./pool.ts";
import { circular, invalidRequest, noRoute, noRoutesFound, notSupported, notTradable } from "./refusal.ts";

const U64_MAX = 2n ** 64n - 1n;
const SLIPPAGE_DEFAULT_BPS = 50; // Jupiter's own
const IMPACT_DIGITS = 18;

export const mintText = z.string().refine((text) => isAddress(text), { error: "not a mint" });

export const amountText = z
  .string()
  .regex(/^[1-9]\d*$/, "not a positive whole number")
  .transform((digits) => BigInt(digits))
  .refine((amount) => amount <= U64_MAX, { error: "more than 64 bits" });

export const slippageBps = z.number().int().min(0).max(10_000);

const MAX_ACCOUNTS = 64; // Jupiter's own, and its default

export const maxAccounts = z.coerce.number().int().min(1).max(MAX_ACCOUNTS).default(MAX_ACCOUNTS);

/** Labels, separated by commas. */
export const excludeDexes = z
  .string()
  .default("")
  .transform((text) => text.split(","));

const query = z.object({
  inputMint: mintText,
  outputMint: mintText,
  amount: amountText,
  slippageBps: z.coerce.number().pipe(slippageBps).default(SLIPPAGE_DEFAULT_BPS),
  swapMode: z.enum(["ExactIn", "ExactOut"]).default("ExactIn"),
  maxAccounts,
  excludeDexes,
  platformFeeBps: z.coerce.number().int().min(0).default(0),
  asLegacyTransaction: z.enum(["true", "false"]).default("false"),
  dynamicSlippage: z.enum(["true", "false"]).default("false"),
});

export type QuoteRequest = z.output<typeof query>;

export function readQuery<Query extends z.ZodType>(schema: Query, given: Readonly<Record<string, string>>) {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalidRequest(`Query parameter ${issue?.path.join(".")} cannot be parsed: ${issue?.message}`);
}

/** Jupiter's other parameters choose among routes; with one pool a pair there is nothing to choose. */
export function readQuoteRequest(given: Readonly<Record<string, string>>): QuoteRequest {
  const request = readQuery(query, given);
  if (request.swapMode === "ExactOut") throw notSupported("swapMode ExactOut");
  if (request.platformFeeBps > 0) throw notSupported("platformFeeBps");
  if (request.asLegacyTransaction === "true") throw notSupported("asLegacyTransaction");
  if (request.dynamicSlippage === "true") throw notSupported("dynamicSlippage");
  return request;
}

export function legFor(pools: readonly Pool[], input: string, output: string): Leg {
  if (input === output) throw circular();
  for (const mint of [input, output]) {
    const trades = pools.some(({ mintA, mintB }) => mintA.toBase58() === mint || mintB.toBase58() === mint);
    if (!trades) throw notTradable(mint);
  }
  const leg = findLeg(pools, input, output);
  if (leg === undefined) throw noRoute();
  return leg;
}

/** The part of the price that the size takes, without the fee: in / (reserveIn + in), as a decimal ratio. */
export function priceImpact(reserveIn: bigint, amountIn: bigint): string {
  const scaled = (amountIn * 10n ** BigInt(IMPACT_DIGITS)) / (reserveIn + amountIn);
  const digits = scaled.toString().padStart(IMPACT_DIGITS, "0").replace(/0+$/, "");
  return digits === "" ? "0" : `0.${digits}`;
}

type Asked = Pick<QuoteRequest, "inputMint" | "outputMint" | "amount" | "slippageBps" | "maxAccounts" | "excludeDexes">;

export function quote(chain: Chain, pools: readonly Pool[], request: Asked) {
  const { inputMint, outputMint, amount } = request;
  const leg = legFor(pools, inputMint, outputMint);
  const label = POOL_LABELS.find((each) => !request.excludeDexes.includes(each));
  if (request.maxAccounts < ROUTE_ACCOUNTS || label === undefined) throw noRoutesFound();
  const reserves = legReserves(chain, leg);
  const { reserveIn } = reserves;
  // The program adds in 64 bits, and an output of nothing is no swap.
  if (reserveIn + amount > U64_MAX) throw noRoute();
  const out = amountReceived(leg, reserves, amount);
  if (out <= 0n) throw noRoute();
  const inAmount = amount.toString();
  const outAmount = out.toString();
  return {
    inputMint,
    inAmount,
    outputMint,
    outAmount,
    otherAmountThreshold: minimumOut(out, request.slippageBps).toString(),
    swapMode: "ExactIn",
    slippageBps: request.slippageBps,
    platformFee: null,
    priceImpactPct: priceImpact(reserveIn, amount),
    routePlan: [
      {
        swapInfo: {
          ammKey: leg.pool.address.toBase58(),
          label,
          inputMint,
          outputMint,
          inAmount,
          outAmount,
        },
        percent: 100,
        bps: 10_000,
      },
    ],
    contextSlot: chain.tip.slot,
    timeTaken: 0.001,
    swapUsdValue: null,
    simplerRouteUsed: false,
    mostReliableAmmsQuoteReport: { info: {} },
    useIncurredSlippageForQuoting: null,
    otherRoutePlans: null,
    loadedLongtailToken: false,
    instructionVersion: null,
  };
}
