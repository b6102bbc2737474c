import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Keypair } from "@solana/web3.js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Candles } from "../candles.ts";
import { reservesOf } from "../venue/pool.ts";
import { SOL, USDC } from "./mints.ts";
import { World, type WorldOptions } from "./world.ts";
import { WorldStore } from "./world-store.ts";

const SYMBOL = "SOL/USDC";
const OPTIONS: WorldOptions = {
  seed: "kept",
  markets: [{ symbol: SYMBOL, base: SOL, quote: USDC, price: 150, quoteDepth: 1_000_000_000_000n }],
};

let directory: string;
let stores: WorldStore[];
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), "world-"));
  stores = [];
});
afterEach(() => {
  for (const store of stores) store.close();
  rmSync(directory, { recursive: true });
});

function openStore(): WorldStore {
  const store = new WorldStore(path.join(directory, "world.sqlite"));
  stores.push(store);
  return store;
}

function openWorld(options: Partial<WorldOptions> = {}): World {
  const store = openStore();
  const world = new World({ ...OPTIONS, kept: store.load(), ...options });
  world.keepIn(store);
  return world;
}

/** Without a word to the world: what is on disk is all that is left of it, as after `kill -9`. */
function closeStore(): void {
  stores.pop()?.close();
}

const wallet = Keypair.generate().publicKey;

/** Everything that can be asked of the chain, at every commitment. */
const told = ({ chain, pools }: World) => ({
  tip: chain.tip,
  accounts: (["processed", "confirmed", "finalized"] as const).map((commitment) => [
    chain.ledger.at(commitment).height,
    pools.flatMap(({ vaultA, vaultB }) => [vaultA, vaultB, wallet].map((key) => read(chain, key, commitment))),
  ]),
  landings: [...chain.ledger.backwards()].map(({ transactions }) =>
    transactions.map(({ signature }) => chain.ledger.find(signature)?.block.height),
  ),
  usable: [...chain.ledger.backwards()].map(({ blockhash }) => chain.ledger.isUsable(blockhash, chain.tip.height)),
});

const read = (chain: World["chain"], key: typeof wallet, commitment: "processed" | "confirmed" | "finalized") => {
  const account = chain.read(key.toBase58() as Parameters<typeof chain.read>[0], commitment);
  return account && { lamports: account.lamports, data: Buffer.from(account.data).toString("hex") };
};

describe("a world that is kept", () => {
  it("is there again as its last block left it, and goes on from it", () => {
    const store = openStore();
    const world = new World(OPTIONS);
    world.fund(wallet, { lamports: 7n, tokens: [{ mint: SOL.address, amount: 5n }] });
    world.keepIn(store);
    world.beginStory(SYMBOL, "buy");
    for (let block = 0; block < 40; block += 1) world.produceBlock();
    const before = told(world);
    closeStore();

    const again = openWorld();
    expect(told(again)).toEqual(before);
    const { height, slot, unixTime, blockhash } = again.produceBlock();
    expect(height).toBe(before.tip.height + 1);
    expect(slot).toBeGreaterThan(before.tip.slot);
    expect(unixTime).toBeGreaterThanOrEqual(before.tip.unixTime);
    expect(blockhash).not.toBe(before.tip.blockhash);
    closeStore();
    expect(openWorld().chain.tip.height).toBe(height);
  });

  it("keeps its prices, and the rest of a story only for whoever it was told to", () => {
    const world = openWorld();
    world.beginStory(SYMBOL, "buy", 20);
    for (let block = 0; block < 5; block += 1) world.produceBlock();
    const rest = world.referencePrice(SYMBOL);
    closeStore();

    const listener = openWorld({ resumesStories: true });
    expect(listener.referencePrice(SYMBOL)).toBeCloseTo(rest, 9);
    expect(listener.stageOf(SYMBOL)).toBe("telling");
    for (let block = 0; block < 15; block += 1) listener.produceBlock();
    expect(listener.stageOf(SYMBOL)).toBe("over");
    closeStore();
    // Whoever still listens when all is told is told another one.
    expect(openWorld({ resumesStories: true }).stageOf(SYMBOL)).toBe("waiting");
    closeStore();

    const end = listener.referencePrice(SYMBOL);
    const nobody = openWorld();
    expect(nobody.referencePrice(SYMBOL)).toBeCloseTo(end, 9);
    expect(nobody.stageOf(SYMBOL)).toBe("waiting");
  });

  it("goes on where it was in a file of prices, for whoever it was told to", () => {
    const candle = (index: number) => ({
      time: 60 * index,
      open: 150,
      high: 160 + index,
      low: 140 - index,
      close: 150,
    });
    const candles: Candles = [candle(0), candle(1)];
    const recorded = { symbol: SYMBOL, candles, speed: 25 }; // ten seconds a block
    const world = openWorld({ recorded });
    world.beginStory(SYMBOL, "buy");
    for (let block = 0; block < 8; block += 1) world.produceBlock();
    expect(world.referencePrice(SYMBOL)).toBe(161);
    closeStore();

    const listener = openWorld({ recorded, resumesStories: true });
    expect(listener.referencePrice(SYMBOL)).toBe(161);
    const rest = Array.from({ length: 4 }, () => {
      listener.produceBlock();
      return listener.referencePrice(SYMBOL);
    });
    expect(rest).toEqual([150, 139, 144.5, 150]);
    expect(listener.stageOf(SYMBOL)).toBe("over");
    closeStore();

    expect(openWorld({ recorded, resumesStories: true }).stageOf(SYMBOL)).toBe("waiting");
    closeStore();
    const nobody = openWorld({ recorded });
    expect([nobody.stageOf(SYMBOL), nobody.referencePrice(SYMBOL)]).toEqual(["waiting", 150]);
  });

  it("leaves a pool empty that was emptied, and has what belongs in it", () => {
    const world = openWorld();
    const [pool = expect.unreachable()] = world.pools;
    const full = reservesOf(world.chain, pool);
    world.empty(SYMBOL, 0);
    for (let block = 0; block < 3; block += 1) world.produceBlock();
    closeStore();

    const again = openWorld();
    for (let block = 0; block < 3; block += 1) again.produceBlock();
    expect(reservesOf(again.chain, pool)).toEqual({ base: 1n, quote: 1n });
    again.refill(SYMBOL);
    again.produceBlock();
    expect(reservesOf(again.chain, pool)).toEqual(full);
  });

  it("forgets on disk what a fork has lost", () => {
    const world = openWorld();
    world.produceBlock();
    world.chain.rollback(3);
    world.produceBlock();
    const { tip, landings, usable } = told(world);
    closeStore();
    expect(told(openWorld())).toMatchObject({ tip, landings, usable });
  });

  it("belongs to one process at a time", () => {
    openWorld();
    expect(() => new WorldStore(path.join(directory, "world.sqlite"))).toThrow("perhaps another run is using it");
  });
});
