// Swap v2's one call: the quote and its instructions, built for the taker.
//
// As documented: a compute-unit price and no limit, the lookup tables with what they hold, a blockhash as bytes. What would
// change the swap in a way that is not modelled is refused by name, never ignored.

import { ComputeBudgetProgram, PublicKey } from "@solana/web3.js";
import bs58 from "bs58";
import * as z from "zod";
import type { Chain } from "../chain/chain.ts";
import { BLOCKHASH_AGE_MAX } from "../chain/ledger.ts";
import { LOOKUP_TABLE, lookupTableOf, type Pool } from "./pool.ts";
import { amountText, excludeDexes, legFor, maxAccounts, mintText, quote, readQuery, slippageBps } from "./quote.ts";
import { notSupported } from "./refusal.ts";
import { composed, encode, MARKET_PRICES } from "./swap-instructions.ts";

const REFUSED = [
  ...["platformFeeBps", "feeAccount", "payer", "destinationTokenAccount", "nativeDestinationAccount"],
  ...["tipAmount", "computeUnitPricePercentile", "blockhashSlotsToExpiry"],
];

const SLIPPAGE_DEFAULT_BPS = 50; // Jupiter's own

const query = z.object({
  inputMint: mintText,
  outputMint: mintText,
  amount: amountText,
  taker: mintText,
  slippageBps: z.coerce.number().pipe(slippageBps).default(SLIPPAGE_DEFAULT_BPS),
  maxAccounts,
  excludeDexes,
  wrapAndUnwrapSol: z.enum(["true", "false"]).default("true"),
});

export type BuildRequest = z.output<typeof query>;

export function readBuildRequest(given: Readonly<Record<string, string>>): BuildRequest {
  const refused = REFUSED.find((name) => given[name] !== undefined);
  if (refused !== undefined) throw notSupported(refused);
  if (given["slippageBps"] === "rtse") throw notSupported("slippageBps rtse");
  const request = readQuery(query, given);
  if (request.wrapAndUnwrapSol === "true") {
    throw notSupported("Wrapping SOL (wrapAndUnwrapSol, true unless false is sent)");
  }
  return request;
}

export function build(chain: Chain, pools: readonly Pool[], request: BuildRequest) {
  const { slippageBps, inputMint, outputMint } = request;
  const quoted = quote(chain, pools, request);
  // The commitment whose blockhash a client would ask for itself: of the tip, a node at confirmed would not know it.
  const { blockhash, height } = chain.ledger.at("confirmed");
  const now = Date.now();
  return {
    inputMint,
    outputMint,
    inAmount: quoted.inAmount,
    outAmount: quoted.outAmount,
    otherAmountThreshold: quoted.otherAmountThreshold,
    swapMode: quoted.swapMode,
    slippageBps,
    priceImpactPct: quoted.priceImpactPct,
    routePlan: quoted.routePlan,
    computeBudgetInstructions: [
      encode(ComputeBudgetProgram.setComputeUnitPrice({ microLamports: MARKET_PRICES.medium })),
    ],
    ...composed({
      user: new PublicKey(request.taker),
      leg: legFor(pools, inputMint, outputMint),
      amountIn: request.amount,
      quotedOut: BigInt(quoted.outAmount),
      slippageBps,
    }),
    tipInstruction: null,
    addressesByLookupTableAddress: { [LOOKUP_TABLE.toBase58()]: lookupTableOf(pools).map((key) => key.toBase58()) },
    blockhashWithMetadata: {
      blockhash: [...bs58.decode(blockhash)],
      lastValidBlockHeight: height + BLOCKHASH_AGE_MAX,
      fetchedAt: { secs_since_epoch: Math.floor(now / 1_000), nanos_since_epoch: (now % 1_000) * 1_000_000 },
    },
  };
}
