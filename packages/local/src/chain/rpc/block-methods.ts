// What a node tells of its blocks and of itself.

import * as z from "zod";
import { SLOTS_PER_EPOCH } from "../chain.ts";
import { BLOCKHASH_AGE_MAX } from "../ledger.ts";
import { computeUnitPrice, decodeTransaction, writableKeys } from "../wire-transaction.ts";
import { addressParam, bankConfig, bankOf, type Method, method, withContext } from "./method.ts";

const bankParams = z.tuple([bankConfig.nullish()]);

const FEE_ACCOUNTS_MAX = 128; // MAX_TX_ACCOUNT_LOCKS, as a node checks it

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

  /** The least that got a transaction writing those accounts into each block. */
  getRecentPrioritizationFees: method(
    z.tuple([z.array(addressParam).max(FEE_ACCOUNTS_MAX).nullish()]),
    (chain, [accounts]) => {
      const wanted = accounts ?? [];
      const fees: { slot: number; prioritizationFee: bigint }[] = [];
      for (const { slot, transactions } of chain.ledger.backwards()) {
        const prices = transactions.flatMap(({ bytes, keys }) => {
          const { message } = decodeTransaction(bytes);
          const written = writableKeys(message, keys);
          return wanted.every((at) => written.includes(at)) ? [computeUnitPrice(message)] : [];
        });
        const least = prices.reduce((low, price) => (price < low ? price : low), prices[0] ?? 0n);
        fees.push({ slot, prioritizationFee: least });
        if (fees.length === BLOCKHASH_AGE_MAX) break;
      }
      return fees.reverse();
    },
  ),

  getHealth: () => "ok",

  getVersion: () => ({ "solana-core": "4.0.0", "feature-set": 0 }),
};
