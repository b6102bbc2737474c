/**
 * What the firewall asks a Solana node of its own, in plain JSON-RPC: whoever signs does not load a library that has been
 * poisoned before.
 *
 * Invariants: no call outlives its deadline; an answer of another shape than documented is an error; a failure says nothing
 * about the transaction, and never tells the node's address, which may carry a key.
 */
import bs58 from "bs58";
import * as z from "zod";
import type { Clock } from "../../clock.ts";
import { EngineError } from "../../error.ts";
import { assemble } from "../wire.ts";
import { HEAD_BYTES } from "./effects.ts";
import { LOOKUP_TABLE_PROGRAM } from "./addresses.ts";
import type { LookupTables } from "./message.ts";

export interface ChainAccount {
  /** Base58: the program that owns it. */
  readonly owner: string;
  readonly lamports: bigint;
  readonly data: Uint8Array;
}

export interface Accounts {
  readonly slot: bigint;
  /** In the order asked for; null: it is not there. */
  readonly accounts: readonly (ChainAccount | null)[];
}

export interface Trial extends Accounts {
  /** As the chain words it; null: it would do what it is to do. */
  readonly error: string | null;
  readonly logs: readonly string[];
}

/** Every answer is of `confirmed`, and of no slot before `minSlot`. @throws EngineError NETWORK_ERROR */
export interface FirewallNode {
  tables(addresses: readonly string[]): Promise<LookupTables>;
  /** As much of each as says whose it is, and what it holds. */
  accounts(addresses: readonly string[], minSlot: bigint): Promise<Accounts>;
  /** What the unsigned message, base64, would make of these accounts now, whatever its blockhash. */
  simulate(message: string, addresses: readonly string[], minSlot: bigint): Promise<Trial>;
}

/** As long as the engine's other calls to a node wait. */
const DEADLINE_MS = 5_000;

const Encoded = z.object({
  owner: z.string(),
  lamports: z.number().int().nonnegative(),
  data: z.tuple([z.base64(), z.literal("base64")]),
});

const context = z.object({ slot: z.number().int().nonnegative() });
const AccountsAnswer = z.object({ context, value: z.array(Encoded.nullable()) });
const SimulateAnswer = z.object({
  context,
  value: z.object({
    err: z.unknown(),
    logs: z.array(z.string()).nullish(),
    accounts: z.array(Encoded.nullable()).nullish(),
  }),
});

const accountOf = (encoded: z.infer<typeof Encoded> | null): ChainAccount | null =>
  encoded && {
    owner: encoded.owner,
    lamports: BigInt(encoded.lamports),
    data: Buffer.from(encoded.data[0], "base64"),
  };

export function firewallNode(endpoint: string, clock: Clock): FirewallNode {
  const ask = <Schema extends z.ZodType>(method: string, params: readonly unknown[], schema: Schema) =>
    call(endpoint, clock, method, params, schema);

  return {
    async tables(addresses) {
      if (addresses.length === 0) return new Map();
      const config = { encoding: "base64", commitment: "confirmed" };
      const { value } = await ask("getMultipleAccounts", [addresses, config], AccountsAnswer);
      return new Map(addresses.map((address, index) => [address, addressesIn(accountOf(value[index] ?? null))]));
    },

    async accounts(addresses, minSlot) {
      const config = {
        encoding: "base64",
        commitment: "confirmed",
        minContextSlot: Number(minSlot),
        dataSlice: { offset: 0, length: HEAD_BYTES },
      };
      const answer = await ask("getMultipleAccounts", [addresses, config], AccountsAnswer);
      return {
        slot: BigInt(answer.context.slot),
        accounts: addresses.map((_, index) => accountOf(answer.value[index] ?? null)),
      };
    },

    async simulate(message, addresses, minSlot) {
      const config = {
        encoding: "base64",
        commitment: "confirmed",
        sigVerify: false,
        replaceRecentBlockhash: true,
        minContextSlot: Number(minSlot),
        accounts: { encoding: "base64", addresses },
      };
      const answer = await ask(
        "simulateTransaction",
        [assemble(message, null).toString("base64"), config],
        SimulateAnswer,
      );
      const { err, logs, accounts } = answer.value;
      return {
        slot: BigInt(answer.context.slot),
        error: err == null ? null : JSON.stringify(err),
        logs: logs ?? [],
        accounts: addresses.map((_, index) => accountOf(accounts?.[index] ?? null)),
      };
    },
  };
}

/** Of a lookup table: what stands before its addresses, and what it says that it is. */
const TABLE = { headerBytes: 56, type: 1 };
const ADDRESS_BYTES = 32;

/** None where there is no table, so that whatever is looked up in it is not allowed. */
function addressesIn(account: ChainAccount | null): readonly string[] {
  const data = Buffer.from(account?.data ?? []);
  const isTable =
    account?.owner === LOOKUP_TABLE_PROGRAM && data.length >= TABLE.headerBytes && data.readUInt32LE(0) === TABLE.type;
  if (!isTable) return [];
  const count = Math.floor((data.length - TABLE.headerBytes) / ADDRESS_BYTES);
  return Array.from({ length: count }, (_, index) => {
    const from = TABLE.headerBytes + index * ADDRESS_BYTES;
    return bs58.encode(data.subarray(from, from + ADDRESS_BYTES));
  });
}

function unanswered(method: string, why: string, cause?: unknown): EngineError<"NETWORK_ERROR"> {
  const detail = `the RPC did not answer ${method}: ${why}`;
  return new EngineError("NETWORK_ERROR", { detail, upstream: "rpc", outcome: "known" }, { cause });
}

/** A node's words go into logs: the first sentences tell why. */
const REASON_LENGTH_MAX = 300;

const Envelope = z.object({ result: z.unknown(), error: z.object({ message: z.string() }).optional() });

async function call<Schema extends z.ZodType>(
  endpoint: string,
  clock: Clock,
  method: string,
  params: readonly unknown[],
  schema: Schema,
): Promise<z.output<Schema>> {
  let response: Response;
  let json: unknown;
  try {
    response = await fetch(endpoint, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
      signal: clock.deadline(DEADLINE_MS),
    });
    json = response.ok ? await response.json() : null;
  } catch (cause) {
    throw unanswered(method, "it cannot be reached, or not in time", cause);
  }
  if (!response.ok) throw unanswered(method, `it says ${response.status}`);
  const envelope = Envelope.safeParse(json);
  const refusal = envelope.data?.error?.message;
  if (refusal !== undefined) throw unanswered(method, refusal.slice(0, REASON_LENGTH_MAX));
  const answer = schema.safeParse(envelope.data?.result);
  if (!answer.success) throw unanswered(method, "its answer makes no sense", answer.error);
  return answer.data;
}
