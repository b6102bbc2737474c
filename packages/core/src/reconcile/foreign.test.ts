/** What others took, from a history that may be too long, too short, or not all there. */
import { describe, expect, test } from "vitest";
import { FakeWallet } from "../../testing/fake-wallet.ts";
import { SOL_USDC } from "../../testing/given.ts";
import { takenByOthers } from "./foreign.ts";

const MINT = SOL_USDC.baseMint;

function world(own: readonly string[] = []) {
  const wallet = new FakeWallet("wallet");
  const shortages = { own: async (asked: readonly string[]) => new Set(own.filter((each) => asked.includes(each))) };
  const taken = (since = 0n) => takenByOthers({ shortages, rpc: wallet.rpc }, wallet.address, MINT, since);
  return { wallet, taken };
}

describe("what others took", () => {
  test("is what went, less what came, without our own and what failed", async () => {
    const { wallet, taken } = world(["ours"]);
    wallet.move("out", [[MINT, -100n]]);
    wallet.move("ours", [[MINT, -1_000n]]);
    wallet.move("in", [[MINT, 30n]]);
    wallet.move("failed", [[MINT, -5n]], { error: "6001" });
    wallet.move("other", [[SOL_USDC.quoteMint, -7n]]);
    expect(await taken()).toEqual({ amount: 70n, signatures: ["in", "out"] });
  });

  test("is what went after a slot", async () => {
    const { wallet, taken } = world();
    wallet.move("before", [[MINT, -100n]]);
    const since = wallet.slot;
    wallet.move("after", [[MINT, -1n]]);
    expect(await taken(since)).toEqual({ amount: 1n, signatures: ["after"] });
  });

  test("is not known while a node lists what it does not have: that may be what came", async () => {
    const { wallet, taken } = world();
    wallet.move("in", [[MINT, 100n]]);
    wallet.move("out", [[MINT, -100n]]);
    wallet.pruned.add("in");
    expect(await taken()).toBeNull();
  });

  test("is not known from a history as long as a node tells at most, though all of it is ours", async () => {
    const own = Array.from({ length: 1_000 }, (_, index) => `ours ${index}`);
    const { wallet, taken } = world(own);
    for (const each of own.slice(1)) wallet.move(each, [[MINT, -1n]]);
    expect(await taken()).toEqual({ amount: 0n, signatures: [] });
    wallet.move("ours 0", [[MINT, -1n]]);
    expect(await taken()).toBeNull();
  });

  test("is known of a hundred, and not of more", async () => {
    const { wallet, taken } = world();
    for (let each = 0; each < 100; each++) wallet.move(`by hand ${each}`, [[MINT, -1n]]);
    expect(await taken()).toMatchObject({ amount: 100n });
    wallet.move("one more", [[MINT, -1n]]);
    expect(await taken()).toBeNull();
  });
});
