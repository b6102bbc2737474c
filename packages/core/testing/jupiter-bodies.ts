/** Bodies as Jupiter documents them, each with a field of tomorrow in it. */
import { SOL_USDC } from "./given.ts";

const quoted = (over: object) => ({
  inputMint: SOL_USDC.quoteMint,
  inAmount: "100000000",
  outputMint: SOL_USDC.baseMint,
  outAmount: "665000001",
  otherAmountThreshold: "661675000",
  swapMode: "ExactIn",
  slippageBps: 50,
  priceImpactPct: "0.0012",
  routePlan: [
    {
      swapInfo: {
        ammKey: "HXpGFJGCEEFdV31tDmjDBaJMEB1fKLiAoKoWr3Fnonid",
        label: "Meteora DLMM",
        inputMint: SOL_USDC.quoteMint,
        outputMint: SOL_USDC.baseMint,
        inAmount: "100000000",
        outAmount: "665000001",
      },
      percent: 100,
      bps: 10_000,
    },
  ],
  aFieldOfTomorrow: { kept: true },
  ...over,
});

export const instruction = (programId: string) => ({
  programId,
  accounts: [{ pubkey: "a", isSigner: false, isWritable: true }],
  data: "AQ==",
});

/** `GET /swap/v1/quote`. */
export const quoteBody = (over: object = {}) =>
  quoted({
    platformFee: { amount: "0", feeBps: 0 },
    contextSlot: 400_000_000,
    timeTaken: 0.012,
    mostReliableAmmsQuoteReport: { info: { amm: "1" } },
    ...over,
  });

/** `POST /swap/v1/swap-instructions`. */
export const instructionsBody = (over: object = {}) => ({
  tokenLedgerInstruction: null,
  otherInstructions: [instruction("other")],
  computeBudgetInstructions: [instruction("limit"), instruction("price")],
  setupInstructions: [instruction("setup")],
  swapInstruction: instruction("swap"),
  cleanupInstruction: null,
  addressLookupTableAddresses: ["table"],
  prioritizationFeeLamports: 0,
  simulationError: null,
  aFieldOfTomorrow: 1,
  ...over,
});

/** `GET /swap/v2/build`. */
export const buildBody = (over: object = {}) =>
  quoted({
    computeBudgetInstructions: [instruction("price")],
    setupInstructions: [instruction("setup")],
    swapInstruction: instruction("swap"),
    cleanupInstruction: instruction("cleanup"),
    otherInstructions: [instruction("other")],
    tipInstruction: null,
    addressesByLookupTableAddress: { table: ["a", "b"], another: ["c"] },
    blockhashWithMetadata: {
      blockhash: Array.from({ length: 32 }, (_, index) => index),
      lastValidBlockHeight: 279_000_150,
      fetchedAt: { secs_since_epoch: 1_760_000_000, nanos_since_epoch: 5 },
    },
    ...over,
  });
