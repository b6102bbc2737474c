// Looking up what became of transactions.

import * as z from "zod";
import { type Block, type Landing, STATUS_CACHE_BLOCKS } from "../ledger.ts";
import type { Node } from "../node.ts";
import { decodeTransaction, memosOf } from "../wire-transaction.ts";
import { encodeTransaction } from "./encode-transaction.ts";
import { addressParam, type BankConfig, bankConfig, bankOf, type Method, method, withContext } from "./method.ts";
import { invalidParams } from "./rpc-error.ts";

const STATUSES_MAX = 256; // MAX_GET_SIGNATURE_STATUSES_QUERY_ITEMS
const HISTORY_MAX = 1_000; // MAX_GET_CONFIRMED_SIGNATURES_FOR_ADDRESS2_LIMIT
const LIMIT_REFUSED = `Invalid limit; max ${HISTORY_MAX}`;

function status(chain: Node, { block, transaction }: Landing) {
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

/** Each with its length before it, as a node keeps them. */
function memo({ transaction }: Landing): string | null {
  const memos = memosOf(decodeTransaction(transaction.bytes).message);
  return memos.length === 0 ? null : memos.map((text) => `[${Buffer.byteLength(text)}] ${text}`).join("; ");
}

/** What may still be forked away has no history. */
function refuseProcessed(config: BankConfig): void {
  if (config?.commitment === "processed") {
    throw invalidParams("Method does not support commitment below `confirmed`");
  }
}

/** Newest first, from that block on downwards. */
function* landingsUpTo(chain: Node, { height }: Block): Generator<Landing> {
  for (const block of chain.ledger.backwards()) {
    if (block.height > height) continue;
    for (const transaction of block.transactions.toReversed()) yield { block, transaction };
  }
}

interface Stretch {
  readonly before?: string | undefined;
  readonly until?: string | undefined;
}

/** Neither of the two is part of it. Behind a `before` that the node does not know is nothing; an unknown `until` ends nothing. */
function landingsBetween(chain: Node, block: Block, { before, until }: Stretch): readonly Landing[] {
  const landings = [...landingsUpTo(chain, block)];
  const at = (signature: string) => landings.findIndex(({ transaction }) => transaction.signature === signature);
  const from = before === undefined ? 0 : at(before) + 1;
  if (before !== undefined && from === 0) return [];
  const to = until === undefined ? -1 : at(until);
  return landings.slice(from, to < 0 ? undefined : to);
}

export const historyMethods: Readonly<Record<string, Method>> = {
  getSignatureStatuses: method(
    z.tuple([
      z.array(z.string()).max(STATUSES_MAX, `Too many inputs provided; max ${STATUSES_MAX}`),
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
      refuseProcessed(config);
      const landing = chain.ledger.find(signature);
      if (landing === undefined || landing.block.height > bankOf(chain, config).block.height) return null;
      return encodeTransaction(landing, config?.encoding ?? "json", config?.maxSupportedTransactionVersion);
    },
  ),

  getSignaturesForAddress: method(
    z.tuple([
      addressParam,
      bankConfig
        .extend({
          limit: z.number().int().min(1, LIMIT_REFUSED).max(HISTORY_MAX, LIMIT_REFUSED).optional(),
          before: z.string().optional(),
          until: z.string().optional(),
        })
        .nullish(),
    ]),
    (chain, [address, config]) => {
      refuseProcessed(config);
      const { block } = bankOf(chain, config);
      return landingsBetween(chain, block, config ?? {})
        .filter(({ transaction }) => transaction.keys.all.includes(address))
        .slice(0, config?.limit ?? HISTORY_MAX)
        .map((landing) => ({
          signature: landing.transaction.signature,
          slot: landing.block.slot,
          err: landing.transaction.error,
          memo: memo(landing),
          blockTime: landing.block.unixTime,
          confirmationStatus: chain.ledger.commitmentOf(landing.block),
        }));
    },
  ),
};
