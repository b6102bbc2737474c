// What a node tells of its blocks and of itself.

import type { Address } from "@solana/kit";
import * as z from "zod";
import { SLOTS_PER_EPOCH } from "../chain.ts";
import { BLOCKHASH_AGE_MAX, type Block } from "../ledger.ts";
import { computeUnitPrice, decodeTransaction, writableKeys } from "../wire-transaction.ts";
import { addressParam, bankConfig, bankOf, type Method, method, withContext } from "./method.ts";

const bankParams = z.tuple([bankConfig.nullish()]);

const FEE_ACCOUNTS_MAX = 128; // MAX_TX_ACCOUNT_LOCKS, as a node checks it
const FEE_BLOCKS_MAX = 150; // MAX_NUM_RECENT_BLOCKS of a node's fee cache

const least = (bids: readonly bigint[]): bigint => bids.reduce((low, bid) => (bid < low ? bid : low), bids[0] ?? 0n);

interface Bid {
  readonly price: bigint;
  readonly written: readonly Address[];
}

/** Of the blocks that were asked about: each question is about the newest 150, and most of those were asked about before. */
const bidsByBlock = new WeakMap<Block, readonly Bid[]>();

function bidsOf(block: Block): readonly Bid[] {
  const known = bidsByBlock.get(block);
  if (known) return known;
  const bids = block.transactions.map(({ bytes, keys }): Bid => {
    const { message } = decodeTransaction(bytes);
    return { price: computeUnitPrice(message), written: writableKeys(message, keys) };
  });
  bidsByBlock.set(block, bids);
  return bids;
}

function leastBid(block: Block, accounts: readonly Address[]): bigint {
  const bids = bidsOf(block);
  const pricesOf = (some: readonly Bid[]) => some.map(({ price }) => price);
  const perAccount = accounts.map((at) => least(pricesOf(bids.filter(({ written }) => written.includes(at)))));
  return perAccount.reduce((high, bid) => (bid > high ? bid : high), least(pricesOf(bids)));
}

export const blockMethods: Readonly<Record<string, Method>> = {
  getLatestBlockhash: method(bankParams, (chain, [config]) => {
    const { block } = bankOf(chain, config);
    const { blockhash, height } = block;
    return withContext(block, { blockhash, lastValidBlockHeight: height + BLOCKHASH_AGE_MAX });
  }),

  isBlockhashValid: method(z.tuple([z.string(), bankConfig.nullish()]), (chain, [blockhash, config]) => {
    const { block } = bankOf(chain, config);
    return withContext(block, chain.ledger.isUsable(blockhash, block.height));
  }),

  getBlockHeight: method(bankParams, (chain, [config]) => bankOf(chain, config).block.height),

  getSlot: method(bankParams, (chain, [config]) => bankOf(chain, config).block.slot),

  getEpochInfo: method(bankParams, (chain, [config]) => {
    const { slot, height, transactionCount } = bankOf(chain, config).block;
    return {
      absoluteSlot: slot,
      blockHeight: height,
      epoch: Math.floor(slot / SLOTS_PER_EPOCH),
      slotIndex: slot % SLOTS_PER_EPOCH,
      slotsInEpoch: SLOTS_PER_EPOCH,
      transactionCount,
    };
  }),

  getMinimumBalanceForRentExemption: method(z.tuple([z.number().int(), bankConfig.nullish()]), (chain, [length]) =>
    chain.rentExemption(length),
  ),

  /**
   * Per block the greatest of these: the least any transaction of it bid, and the least any bid that wrote the account, for
   * each of the accounts. Blocks without a transaction are not among them.
   */
  getRecentPrioritizationFees: method(
    z.tuple([
      z.array(addressParam).max(FEE_ACCOUNTS_MAX, `Too many inputs provided; max ${FEE_ACCOUNTS_MAX}`).nullish(),
    ]),
    (chain, [accounts]) => {
      const { height } = chain.ledger.at("confirmed");
      const fees: { slot: number; prioritizationFee: bigint }[] = [];
      for (const block of chain.ledger.backwards()) {
        if (block.height > height || block.transactions.length === 0) continue;
        fees.push({ slot: block.slot, prioritizationFee: leastBid(block, accounts ?? []) });
        if (fees.length === FEE_BLOCKS_MAX) break;
      }
      return fees.reverse();
    },
  ),

  getHealth: () => "ok",

  getVersion: () => ({ "solana-core": "4.0.0", "feature-set": 0 }),
};
