// Handing a transaction to the network, and trying out what it would do.

import type { Address } from "@solana/kit";
import bs58 from "bs58";
import * as z from "zod";
import type { SimulateOptions } from "../chain.ts";
import { COMMITMENTS } from "../commitment.ts";
import { BLOCKHASH_AGE_MAX } from "../ledger.ts";
import type { Node } from "../node.ts";
import { sentenceOf } from "../transaction-error.ts";
import type { Simulation } from "../vm.ts";
import { decodeTransaction, TRANSACTION_BYTES_MAX, type WireTransaction } from "../wire-transaction.ts";
import { encodeAccount } from "./account-methods.ts";
import { addressParam, bankConfig, bankOf, type Method, method, withContext } from "./method.ts";
import { invalidParams, preflightFailure, signatureVerificationFailure } from "./rpc-error.ts";

const encoding = z.enum(["base58", "base64"]).optional();

const sendConfig = z.object({
  encoding,
  skipPreflight: z.boolean().optional(),
  preflightCommitment: z.enum(COMMITMENTS).optional(),
  minContextSlot: z.number().int().optional(),
});

const simulateConfig = bankConfig.extend({
  encoding,
  sigVerify: z.boolean().optional(),
  replaceRecentBlockhash: z.boolean().optional(),
  accounts: z
    .object({ addresses: z.array(addressParam), encoding: z.enum(["base64", "jsonParsed"]).optional() })
    .nullish(),
});

function readTransaction(text: string, encoded: "base58" | "base64" = "base58"): WireTransaction {
  let bytes: Uint8Array;
  try {
    bytes = encoded === "base58" ? bs58.decode(text) : Buffer.from(text, "base64");
  } catch {
    throw invalidParams("invalid base58 encoding: InvalidCharacter");
  }
  if (bytes.length > TRANSACTION_BYTES_MAX) {
    throw invalidParams(
      `decoded solana_transaction::versioned::VersionedTransaction too large: ${bytes.length} bytes (max: ${TRANSACTION_BYTES_MAX} bytes)`,
    );
  }
  try {
    return decodeTransaction(bytes);
  } catch {
    throw invalidParams("failed to deserialize solana_transaction::versioned::VersionedTransaction: io error");
  }
}

function simulationAnswer(simulation: Simulation, accounts: unknown) {
  const returned = simulation.meta?.returnData();
  const bytes = returned?.data() ?? new Uint8Array();
  return {
    err: simulation.error,
    logs: simulation.meta?.logs() ?? [],
    accounts,
    unitsConsumed: simulation.meta?.computeUnitsConsumed() ?? 0n,
    returnData:
      returned === undefined || bytes.length === 0
        ? null
        : { programId: bs58.encode(returned.programId()), data: [Buffer.from(bytes).toString("base64"), "base64"] },
    innerInstructions: null,
  };
}

/** What the simulation would have left; null for every account when it failed, as a node does. */
function accountsAfter(
  chain: Node,
  simulation: Simulation,
  { commitment }: SimulateOptions,
  asked: NonNullable<z.output<typeof simulateConfig>["accounts"]>,
) {
  const after = new Map(simulation.postAccounts.map((account) => [account.address, account]));
  const read = (at: Address) => after.get(at) ?? chain.read(at, commitment);
  return asked.addresses.map((at) => {
    const account = simulation.error === null ? read(at) : null;
    return account === null || account.lamports === 0n
      ? null
      : encodeAccount(account, read, { encoding: asked.encoding });
  });
}

export const sendMethods: Readonly<Record<string, Method>> = {
  sendTransaction: method(z.tuple([z.string(), sendConfig.nullish()]), (chain, [text, config]) => {
    const transaction = readTransaction(text, config?.encoding);
    const { commitment } = bankOf(chain, {
      // A node that is not to simulate looks at its newest bank.
      commitment: config?.skipPreflight === true ? "processed" : config?.preflightCommitment,
      minContextSlot: config?.minContextSlot,
    });
    if (config?.skipPreflight !== true) {
      const simulation = chain.simulate(transaction, { commitment, verifySignatures: true, ignoreBlockhash: false });
      if (simulation.error === "SignatureFailure") throw signatureVerificationFailure();
      if (simulation.error !== null) {
        const message = `Transaction simulation failed: ${sentenceOf(simulation.error)}`;
        throw preflightFailure(message, simulationAnswer(simulation, null));
      }
    }
    return chain.submit(transaction.bytes).signature;
  }),

  simulateTransaction: method(z.tuple([z.string(), simulateConfig.nullish()]), (chain, [text, config]) => {
    const transaction = readTransaction(text, config?.encoding);
    const { block, commitment } = bankOf(chain, config);
    const verifySignatures = config?.sigVerify ?? false;
    const ignoreBlockhash = config?.replaceRecentBlockhash ?? false;
    if (verifySignatures && ignoreBlockhash) {
      throw invalidParams("sigVerify may not be used with replaceRecentBlockhash");
    }
    const options = { commitment, verifySignatures, ignoreBlockhash };
    const simulation = chain.simulate(transaction, options);
    if (verifySignatures && simulation.error === "SignatureFailure") throw signatureVerificationFailure();
    const asked = config?.accounts ?? null;
    const accounts = asked === null ? null : accountsAfter(chain, simulation, options, asked);
    const replacement = { blockhash: block.blockhash, lastValidBlockHeight: block.height + BLOCKHASH_AGE_MAX };
    return withContext(block, {
      ...simulationAnswer(simulation, accounts),
      replacementBlockhash: ignoreBlockhash ? replacement : null,
    });
  }),
};
