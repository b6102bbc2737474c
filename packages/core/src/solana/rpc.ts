/**
 * The chain, as narrow as the engine needs it, on web3.js. The first endpoint is asked; all of them get what is sent.
 *
 * Invariants: a slot and a block height are different numbers and never compared; `finalized` means finalized; an error
 * or a time-out of any call says nothing about what the chain did.
 */
import { AddressLookupTableAccount, PublicKey } from "@solana/web3.js";
import type { Clock } from "../clock.ts";
import { EngineError } from "../error.ts";
import type { Mint } from "../market/mint.ts";
import { type Amount, amount } from "../money/amount.ts";
import { broadcast } from "./broadcast.ts";
import type { LandedTransaction } from "./fill.ts";
import { landedOf } from "./landed.ts";
import { type Node, rpcNode } from "./node.ts";
import { heldIn, tokenAccounts } from "./token-account.ts";
import { unsigned } from "./transaction.ts";

export type Commitment = "confirmed" | "finalized";

export interface SignatureStatus {
  readonly commitment: "processed" | Commitment;
  readonly slot: bigint;
  /** The chain's error, as JSON; null: it did what it was meant to. */
  readonly error: string | null;
}

/** What a message would do now. */
export interface Simulation {
  /** The chain's error, as JSON; null: it would do what it is meant to. */
  readonly error: string | null;
  readonly logs: readonly string[];
  /** Zero when the node does not say. */
  readonly unitsConsumed: bigint;
  readonly slot: bigint;
}

/** A transaction of the past. */
export interface PastTransaction {
  readonly signature: string;
  readonly slot: bigint;
  readonly error: string | null;
}

export interface Rpc {
  /** At `confirmed`, with the last block height at which a transaction that names it can land. */
  latestBlockhash(): Promise<{ readonly blockhash: string; readonly lastValidBlockHeight: bigint }>;
  /** The newest finalized block: its height and its slot, from one node and one moment. */
  finalized(): Promise<{ readonly blockHeight: bigint; readonly slot: bigint }>;
  /**
   * In the order asked; null: this node knows nothing of it, up to `slot`. Any number: asked 256 at a time, one node;
   * `slot` is the lowest any answer had seen.
   */
  statuses(
    signatures: readonly string[],
  ): Promise<{ readonly slot: bigint; readonly statuses: readonly (SignatureStatus | null)[] }>;
  /**
   * To every endpoint. Resolves when one of them took the bytes, or says it has processed them already. It says nothing
   * about whether they land.
   */
  send(transaction: Uint8Array): Promise<void>;
  /** Whether another endpoint knows of it; false with one endpoint, and an endpoint that does not answer says nothing. */
  isKnownElsewhere(signature: string): Promise<boolean>;
  /** Null: not there at this commitment, perhaps not yet. */
  transaction(signature: string, commitment: Commitment): Promise<LandedTransaction | null>;
  lookupTables(addresses: readonly string[]): Promise<readonly AddressLookupTableAccount[]>;
  lamports(wallet: string, commitment: Commitment): Promise<Amount>;
  /**
   * What the wallet's associated token accounts of the mint hold, under either token program; zero when there is none.
   * `minSlot`: a node that has not seen it yet throws.
   */
  tokens(wallet: string, mint: Mint, commitment: Commitment, minSlot?: bigint): Promise<Amount>;
  /** What the unsigned message, base64, would do now, whatever its blockhash. */
  simulate(message: string): Promise<Simulation>;
  /**
   * Micro-lamports per compute unit that were enough lately to write these accounts, one per recent slot. At most 128
   * accounts are asked for.
   */
  recentFees(writable: readonly string[]): Promise<readonly bigint[]>;
  /**
   * Landed transactions that touched the wallet's associated token accounts of the mint, at finalized, newest first, back
   * to `untilSlot` and without it; the newest 1 000 when there are more.
   */
  history(wallet: string, mint: Mint, untilSlot: bigint): Promise<readonly PastTransaction[]>;
}

/** MAX_GET_SIGNATURE_STATUSES_QUERY_ITEMS of a node. */
const STATUSES_MAX = 256;

/** Ours are of version 0; whoever pays us may use the next, and a node does not tell of what is above the one asked for. */
const VERSION_MAX = 1;

/** A node refuses a question about more accounts. */
const FEE_ACCOUNTS_MAX = 128;

/** What a node answers at once, an hour of a wallet that lands something in every block: more is no question for one call. */
const HISTORY_MAX = 1_000;

export function solanaRpc(endpoints: readonly [string, ...string[]], clock: Clock): Rpc {
  const [first, ...rest] = endpoints;
  const node = rpcNode(first, "the RPC", clock);
  const others = rest.map((endpoint, index) => rpcNode(endpoint, `broadcast RPC ${index + 1}`, clock));

  return {
    async latestBlockhash() {
      const { value } = await node.ask("getLatestBlockhash", (connection) =>
        connection.getLatestBlockhashAndContext("confirmed"),
      );
      return { blockhash: value.blockhash, lastValidBlockHeight: BigInt(value.lastValidBlockHeight) };
    },

    async finalized() {
      const epoch = await node.ask("getEpochInfo", (connection) => connection.getEpochInfo("finalized"));
      if (epoch.blockHeight === undefined) throw new TypeError("getEpochInfo told no block height");
      return { blockHeight: BigInt(epoch.blockHeight), slot: BigInt(epoch.absoluteSlot) };
    },

    async statuses(signatures) {
      const answers = [await statusesOf(node, signatures.slice(0, STATUSES_MAX))];
      for (let from = STATUSES_MAX; from < signatures.length; from += STATUSES_MAX) {
        answers.push(await statusesOf(node, signatures.slice(from, from + STATUSES_MAX)));
      }
      return {
        slot: answers.map(({ slot }) => slot).reduce((lowest, slot) => (slot < lowest ? slot : lowest)),
        statuses: answers.flatMap(({ statuses }) => statuses),
      };
    },

    send: (transaction) => broadcast([node, ...others], transaction),

    async isKnownElsewhere(signature) {
      const answers = await Promise.allSettled(others.map((other) => statusesOf(other, [signature])));
      return answers.some(
        (answer) => answer.status === "fulfilled" && answer.value.statuses.some((one) => one !== null),
      );
    },

    async transaction(signature, commitment) {
      const landed = await node.ask("getTransaction", (connection) =>
        connection.getTransaction(signature, { commitment, maxSupportedTransactionVersion: VERSION_MAX }),
      );
      return landed && landedOf(landed);
    },

    async lookupTables(addresses) {
      const keys = addresses.map((address) => new PublicKey(address));
      const accounts =
        keys.length === 0
          ? []
          : await node.ask("getMultipleAccounts", (connection) => connection.getMultipleAccountsInfo(keys));
      return keys.map((key, index) => {
        const account = accounts[index];
        if (!account) {
          const detail = `the RPC knows no lookup table ${key.toBase58()}`;
          throw new EngineError("NETWORK_ERROR", { detail, upstream: "rpc", outcome: "unknown" });
        }
        return new AddressLookupTableAccount({ key, state: AddressLookupTableAccount.deserialize(account.data) });
      });
    },

    async lamports(wallet, commitment) {
      const { value } = await node.ask("getBalance", (connection) =>
        connection.getBalanceAndContext(new PublicKey(wallet), commitment),
      );
      return amount(BigInt(value));
    },

    async tokens(wallet, mint, commitment, minSlot) {
      const keys = tokenAccounts(wallet, mint).map((address) => new PublicKey(address));
      const accounts = await node.ask("getMultipleAccounts", (connection) =>
        connection.getMultipleAccountsInfo(keys, {
          commitment,
          ...(minSlot !== undefined && { minContextSlot: Number(minSlot) }),
        }),
      );
      return amount(accounts.reduce((sum, account) => sum + heldIn(account, wallet, mint), 0n));
    },

    async simulate(message) {
      const { context, value } = await node.ask("simulateTransaction", (connection) =>
        connection.simulateTransaction(unsigned(message), {
          commitment: "confirmed",
          sigVerify: false,
          replaceRecentBlockhash: true,
        }),
      );
      return {
        error: value.err === null ? null : JSON.stringify(value.err),
        logs: value.logs ?? [],
        unitsConsumed: BigInt(value.unitsConsumed ?? 0),
        slot: BigInt(context.slot),
      };
    },

    async recentFees(writable) {
      const lockedWritableAccounts = writable.slice(0, FEE_ACCOUNTS_MAX).map((address) => new PublicKey(address));
      const fees = await node.ask("getRecentPrioritizationFees", (connection) =>
        connection.getRecentPrioritizationFees({ lockedWritableAccounts }),
      );
      return fees.map(({ prioritizationFee }) => BigInt(prioritizationFee));
    },

    async history(wallet, mint, untilSlot) {
      const told = await Promise.all(tokenAccounts(wallet, mint).map((address) => historyOf(node, address)));
      return told
        .flat()
        .filter(({ slot }) => slot > untilSlot)
        .toSorted((a, b) => Number(b.slot - a.slot))
        .slice(0, HISTORY_MAX);
    },
  };
}

async function statusesOf(node: Node, signatures: readonly string[]) {
  const { context, value } = await node.ask("getSignatureStatuses", (connection) =>
    connection.getSignatureStatuses([...signatures], { searchTransactionHistory: true }),
  );
  const statuses = value.map((status): SignatureStatus | null =>
    status === null
      ? null
      : {
          commitment: status.confirmationStatus ?? "processed",
          slot: BigInt(status.slot),
          error: status.err === null ? null : JSON.stringify(status.err),
        },
  );
  return { slot: BigInt(context.slot), statuses };
}

async function historyOf(node: Node, address: string): Promise<readonly PastTransaction[]> {
  const told = await node.ask("getSignaturesForAddress", (connection) =>
    connection.getSignaturesForAddress(new PublicKey(address), { limit: HISTORY_MAX }, "finalized"),
  );
  return told.map(({ signature, slot, err }) => ({
    signature,
    slot: BigInt(slot),
    error: err === null ? null : JSON.stringify(err),
  }));
}
