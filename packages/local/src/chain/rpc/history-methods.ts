// Looking up what became of transactions.

import * as z from "zod";
import type { Chain } from "../chain.ts";
import { type Landing, STATUS_CACHE_BLOCKS } from "../ledger.ts";
import { encodeTransaction } from "./encode-transaction.ts";
import { bankConfig, bankOf, type Method, method, withContext } from "./method.ts";
import { invalidParams } from "./rpc-error.ts";

const SIGNATURES_MAX = 256; // MAX_GET_SIGNATURE_STATUSES_QUERY_ITEMS

function status(chain: Chain, { block, transaction }: Landing) {
  const confirmationStatus = chain.ledger.commitmentOf(block);
  const err = transaction.error;
  return {
    slot: block.slot,
    confirmations: confirmationStatus === "finalized" ? null : chain.tip.height - block.height,
    err,
    status: err === null ? { Ok: null } : { Err: err },
    confirmationStatus,
  };
}

export const historyMethods: Readonly<Record<string, Method>> = {
  getSignatureStatuses: method(
    z.tuple([
      z.array(z.string()).max(SIGNATURES_MAX, `Too many inputs provided; max ${SIGNATURES_MAX}`),
      z.object({ searchTransactionHistory: z.boolean().optional() }).nullish(),
    ]),
    (chain, [signatures, config]) => {
      const oldest = config?.searchTransactionHistory === true ? 0 : chain.tip.height - STATUS_CACHE_BLOCKS;
      const statuses = signatures.map((signature) => {
        const landing = chain.ledger.find(signature);
        return landing === undefined || landing.block.height <= oldest ? null : status(chain, landing);
      });
      return withContext(chain.tip, statuses);
    },
  ),

  getTransaction: method(
    z.tuple([
      z.string(),
      bankConfig
        .extend({
          encoding: z.enum(["json", "base64"]).optional(),
          maxSupportedTransactionVersion: z.number().optional(),
        })
        .nullish(),
    ]),
    (chain, [signature, config]) => {
      if (config?.commitment === "processed") {
        throw invalidParams("Method does not support commitment below `confirmed`");
      }
      const landing = chain.ledger.find(signature);
      if (landing === undefined || landing.block.height > bankOf(chain, config).block.height) return null;
      return encodeTransaction(landing, config?.encoding ?? "json", config?.maxSupportedTransactionVersion);
    },
  ),
};
