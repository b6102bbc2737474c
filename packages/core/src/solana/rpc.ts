/**
 * The chain, as narrow as the engine needs it, on web3.js.
 *
 * Invariants: a slot and a block height are different numbers and never compared; `finalized` means finalized; an error
 * or a time-out of any call says nothing about what the chain did.
 */
import { AddressLookupTableAccount, Connection, PublicKey } from "@solana/web3.js";
import type { Clock } from "../clock.ts";
import { EngineError } from "../error.ts";
import type { Mint } from "../market/mint.ts";
import { type Amount, amount, ZERO } from "../money/amount.ts";
import type { LandedTransaction } from "./fill.ts";
import { tokenAccount } from "./token-account.ts";

export type Commitment = "confirmed" | "finalized";

export interface SignatureStatus {
  readonly commitment: "processed" | Commitment;
  readonly slot: bigint;
  /** The chain's error, as JSON; null: it did what it was meant to. */
  readonly error: string | null;
}

export interface Rpc {
  /** At `confirmed`, with the last block height at which a transaction that names it can land. */
  latestBlockhash(): Promise<{ readonly blockhash: string; readonly lastValidBlockHeight: bigint }>;
  /** The newest finalized block: its height and its slot, from one node and one moment. */
  finalized(): Promise<{ readonly blockHeight: bigint; readonly slot: bigint }>;
  /** In the order asked; null: this node knows nothing of it, up to `slot`. At most 256. */
  statuses(
    signatures: readonly string[],
  ): Promise<{ readonly slot: bigint; readonly statuses: readonly (SignatureStatus | null)[] }>;
  /** Hands over the bytes. It says nothing about whether they land. */
  send(transaction: Uint8Array): Promise<void>;
  /** Null: not there at this commitment, perhaps not yet. */
  transaction(signature: string, commitment: Commitment): Promise<LandedTransaction | null>;
  lookupTables(addresses: readonly string[]): Promise<readonly AddressLookupTableAccount[]>;
  lamports(wallet: string, commitment: Commitment): Promise<Amount>;
  /** What the wallet's associated token account of the mint holds; zero when there is none. */
  tokens(wallet: string, mint: Mint, commitment: Commitment): Promise<Amount>;
}

/** One call. Longer than a healthy node ever needs, short enough that a function can make several. */
const DEADLINE_MS = 5_000;

export function solanaRpc(endpoint: string, clock: Clock): Rpc {
  const connection = new Connection(endpoint, {
    commitment: "confirmed",
    // The library's own five retries would outlive the deadline; what is worth a retry is retried by the queue.
    disableRetryOnRateLimit: true,
    fetch: (url, init) => fetch(url as string, { ...(init as RequestInit), signal: clock.deadline(DEADLINE_MS) }),
  });
  const call = async <Answer>(method: string, answer: Promise<Answer>): Promise<Answer> => {
    try {
      return await answer;
    } catch (cause) {
      const detail = `the RPC did not answer ${method}`;
      throw new EngineError("NETWORK_ERROR", { detail, upstream: "rpc", outcome: "unknown" }, { cause });
    }
  };

  return {
    async latestBlockhash() {
      const latest = await call("getLatestBlockhash", connection.getLatestBlockhash("confirmed"));
      return { blockhash: latest.blockhash, lastValidBlockHeight: BigInt(latest.lastValidBlockHeight) };
    },

    async finalized() {
      const epoch = await call("getEpochInfo", connection.getEpochInfo("finalized"));
      if (epoch.blockHeight === undefined) throw new TypeError("getEpochInfo told no block height");
      return { blockHeight: BigInt(epoch.blockHeight), slot: BigInt(epoch.absoluteSlot) };
    },

    async statuses(signatures) {
      const { context, value } = await call(
        "getSignatureStatuses",
        connection.getSignatureStatuses([...signatures], { searchTransactionHistory: true }),
      );
      return {
        slot: BigInt(context.slot),
        statuses: value.map((status) =>
          status === null
            ? null
            : {
                commitment: status.confirmationStatus ?? "processed",
                slot: BigInt(status.slot),
                error: status.err === null ? null : JSON.stringify(status.err),
              },
        ),
      };
    },

    async send(transaction) {
      // No preflight: its refusal would leave bytes that may still land, to be waited out for their whole life.
      await call("sendTransaction", connection.sendRawTransaction(transaction, { skipPreflight: true, maxRetries: 0 }));
    },

    async transaction(signature, commitment) {
      const landed = await call(
        "getTransaction",
        connection.getTransaction(signature, { commitment, maxSupportedTransactionVersion: 0 }),
      );
      if (!landed?.meta) return null;
      const { meta, transaction } = landed;
      const keys = transaction.message.getAccountKeys({ accountKeysFromLookups: meta.loadedAddresses ?? null });
      return {
        slot: BigInt(landed.slot),
        error: meta.err === null ? null : JSON.stringify(meta.err),
        feeLamports: BigInt(meta.fee),
        accounts: keys
          .keySegments()
          .flat()
          .map((key) => key.toBase58()),
        preLamports: meta.preBalances.map(BigInt),
        postLamports: meta.postBalances.map(BigInt),
        preTokens: (meta.preTokenBalances ?? []).map(tokenBalance),
        postTokens: (meta.postTokenBalances ?? []).map(tokenBalance),
      };
    },

    async lookupTables(addresses) {
      const keys = addresses.map((address) => new PublicKey(address));
      const accounts =
        keys.length === 0 ? [] : await call("getMultipleAccounts", connection.getMultipleAccountsInfo(keys));
      return keys.map((key, index) => {
        const account = accounts[index];
        if (!account) throw new TypeError(`there is no lookup table at ${key.toBase58()}`);
        return new AddressLookupTableAccount({ key, state: AddressLookupTableAccount.deserialize(account.data) });
      });
    },

    async lamports(wallet, commitment) {
      return amount(BigInt(await call("getBalance", connection.getBalance(new PublicKey(wallet), commitment))));
    },

    async tokens(wallet, mint, commitment) {
      const account = await call(
        "getAccountInfo",
        connection.getAccountInfo(new PublicKey(tokenAccount(wallet, mint)), commitment),
      );
      // SPL Token account layout: mint 32, owner 32, amount u64 little endian.
      return account ? amount(account.data.readBigUInt64LE(64)) : ZERO;
    },
  };
}

const tokenBalance = (balance: {
  accountIndex: number;
  mint: string;
  owner?: string;
  uiTokenAmount: { amount: string };
}): LandedTransaction["preTokens"][number] => ({
  index: balance.accountIndex,
  mint: balance.mint,
  owner: balance.owner ?? "",
  amount: BigInt(balance.uiTokenAmount.amount),
});
