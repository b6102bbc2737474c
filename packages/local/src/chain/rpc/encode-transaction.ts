// A landed transaction as `getTransaction` tells it.

import { type VersionedMessage, VersionedTransaction } from "@solana/web3.js";
import bs58 from "bs58";
import type { LandedTransaction } from "../landed-transaction.ts";
import type { Landing } from "../ledger.ts";
import { type TokenBalance, uiTokenAmount } from "../token-balance.ts";
import { unsupportedTransactionVersion } from "./rpc-error.ts";

const encodeTokenBalance = ({ amount, decimals, ...balance }: TokenBalance) => ({
  ...balance,
  uiTokenAmount: uiTokenAmount(amount, decimals),
});

function encodeMeta(transaction: LandedTransaction, version: number | "legacy") {
  const { error, feeLamports, keys, logs, unitsConsumed } = transaction;
  return {
    err: error,
    status: error === null ? { Ok: null } : { Err: error },
    fee: feeLamports,
    preBalances: transaction.preBalances,
    postBalances: transaction.postBalances,
    preTokenBalances: transaction.preTokenBalances.map(encodeTokenBalance),
    postTokenBalances: transaction.postTokenBalances.map(encodeTokenBalance),
    innerInstructions: transaction.innerInstructions.map(({ index, instructions }) => ({
      index,
      instructions: instructions.map((inner) => ({ ...inner, data: bs58.encode(inner.data) })),
    })),
    logMessages: logs,
    rewards: [],
    computeUnitsConsumed: unitsConsumed,
    ...(version !== "legacy" && { loadedAddresses: keys.loaded }),
  };
}

function encodeMessage(message: VersionedMessage) {
  const common = {
    accountKeys: message.staticAccountKeys.map((key) => key.toBase58()),
    header: message.header,
    recentBlockhash: message.recentBlockhash,
    instructions: message.compiledInstructions.map(({ programIdIndex, accountKeyIndexes, data }) => ({
      programIdIndex,
      accounts: [...accountKeyIndexes],
      data: bs58.encode(data),
      stackHeight: 1,
    })),
  };
  if (message.version === "legacy") return common;
  return {
    ...common,
    addressTableLookups: message.addressTableLookups.map(({ accountKey, writableIndexes, readonlyIndexes }) => ({
      accountKey: accountKey.toBase58(),
      writableIndexes,
      readonlyIndexes,
    })),
  };
}

export function encodeTransaction({ block, transaction }: Landing, encoding: "json" | "base64", versionMax?: number) {
  const { message, signatures } = VersionedTransaction.deserialize(transaction.bytes);
  const { version } = message;
  if (version !== "legacy" && (versionMax === undefined || version > versionMax)) {
    throw unsupportedTransactionVersion(version);
  }
  return {
    slot: block.slot,
    blockTime: block.unixTime,
    ...(versionMax !== undefined && { version }),
    meta: encodeMeta(transaction, version),
    transaction:
      encoding === "base64"
        ? [Buffer.from(transaction.bytes).toString("base64"), "base64"]
        : { signatures: signatures.map((bytes) => bs58.encode(bytes)), message: encodeMessage(message) },
  };
}
