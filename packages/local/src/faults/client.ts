/** The faults as a test or a script sets them, at the address in `BACKSTOP_LOCAL_CONTROL_URL`. */
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { type Fault, type StandingFault, Told } from "./schema.ts";

const Stands = z.strictObject({ id: z.string() });
const Forked = z.strictObject({ signatures: z.array(z.string()) });
const Moved = z.strictObject({ price: z.number() });
const Signed = z.strictObject({ signature: z.string() });

/** Between two looks: a few for each block, however short those are. */
const LOOK_MS = 15;

/** Beyond the slowest thing that an engine does by itself within a test. */
const PATIENCE_MS = 60_000;

export interface Faults {
  /** What stands and what is spent, in the order in which it was set. */
  list(): Promise<readonly Told[]>;
  /** From now on. Answers with its id. */
  set(fault: z.input<typeof StandingFault>): Promise<string>;
  /** Takes it back and lets go of what it holds. Answers with what it was. */
  release(id: string): Promise<Told>;
  /** Resolves when it holds so many at the same time. */
  waitUntilHeld(id: string, many?: number): Promise<void>;
  /** Resolves when it has befallen so many. */
  waitUntilBitten(id: string, many?: number): Promise<void>;
  /** Nothing more goes wrong, what is held is let go, and what left a pool comes back. */
  calm(): Promise<void>;
  /** The newest blocks lose. `again`: their transactions land once more; otherwise they never do. Answers with their signatures. */
  fork(blocks: number, again: boolean): Promise<readonly string[]>;
  /** From the next block on, before what waits to land in it. Answers with the new price. */
  movePrice(symbol: string, factor: number): Promise<number>;
  /** `left`: the part that stays in the pool; without one nothing can be had from it. */
  empty(symbol: string, left?: number): Promise<void>;
  refill(symbol: string): Promise<void>;
  /** From the engine's wallet to a stranger; lamports without a mint. Answers with the signature. */
  pay(amount: bigint, mint?: string): Promise<string>;
  /** From a stranger to the engine's wallet. */
  receive(amount: bigint, mint?: string): Promise<string>;
}

/** Every method throws an Error with the endpoint's own words when it is refused. */
export function faultsAt(controlUrl: string): Faults {
  async function ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${controlUrl}/faults${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} /faults${path}: ${response.status} ${text}`);
    return text === "" ? undefined : JSON.parse(text);
  }
  const post = (fault: z.input<typeof Fault>) => ask("POST", "", fault);
  const list = async () => z.array(Told).parse(await ask("GET", ""));

  async function waitUntil(id: string, what: "held" | "bitten", many: number): Promise<void> {
    const end = performance.now() + PATIENCE_MS;
    for (;;) {
      const told = (await list()).find((each) => each.id === id);
      if (!told) throw new Error(`there is no fault ${id}`);
      if (told[what] >= many) return;
      if (performance.now() > end)
        throw new Error(`${what} is not ${many} after ${PATIENCE_MS} ms: ${JSON.stringify(told)}`);
      await sleep(LOOK_MS);
    }
  }

  return {
    list,
    set: async (fault) => Stands.parse(await post(fault)).id,
    release: async (id) => Told.parse(await ask("DELETE", `/${id}`)),
    waitUntilHeld: (id, many = 1) => waitUntil(id, "held", many),
    waitUntilBitten: (id, many = 1) => waitUntil(id, "bitten", many),
    calm: async () => void (await ask("DELETE", "")),
    fork: async (blocks, again) => Forked.parse(await post({ kind: "fork", blocks, again })).signatures,
    movePrice: async (symbol, factor) => Moved.parse(await post({ kind: "price", symbol, factor })).price,
    empty: async (symbol, left = 0) => void (await post({ kind: "empty", symbol, left })),
    refill: async (symbol) => void (await post({ kind: "refill", symbol })),
    pay: async (amount, mint) => Signed.parse(await post({ kind: "pay", amount: String(amount), mint })).signature,
    receive: async (amount, mint) =>
      Signed.parse(await post({ kind: "receive", amount: String(amount), mint })).signature,
  };
}
