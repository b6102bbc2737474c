/** What befalls transactions, as whoever sent them sees it. */
import { Keypair, type PublicKey } from "@solana/web3.js";
import bs58 from "bs58";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SOL, USDC } from "../chain/mints.ts";
import { reservesOf } from "../venue/pool.ts";
import { openStage, type Stage, WALLET_LAMPORTS, WALLET_USDC } from "./testing/stage.ts";

const SKIP = { skipPreflight: true, maxRetries: 0 };

let stage: Stage;
let receiver: PublicKey;
let next = 1_000_000;

beforeEach(async () => {
  stage = await openStage("transactions");
  receiver = Keypair.generate().publicKey;
});
afterEach(() => stage.close());

/** Another one each time. */
function transfer(): Uint8Array {
  next += 1;
  return stage.transfer(receiver, next);
}

const send = (bytes: Uint8Array, node: 0 | 1 = 0) => stage.connections[node].sendRawTransaction(bytes, SKIP);

/** How many blocks after the tip it landed; null: not within so many. */
async function landsAfter(signature: string, blocks: number): Promise<number | null> {
  for (let after = 1; after <= blocks; after += 1) {
    stage.produce(1);
    const { value } = await stage.connections[0].getSignatureStatuses([signature]);
    if (value[0]) return after;
  }
  return null;
}

describe("without a fault", () => {
  it("a transaction lands in the next block", async () => {
    expect(await landsAfter(await send(transfer()), 3)).toBe(1);
  });
});

describe("drop", () => {
  it("loses one transaction, however often and wherever it is sent, and no other", async () => {
    const id = await stage.faults.set({ kind: "transactions", action: "drop" });
    const bytes = transfer();
    const signature = await send(bytes);
    expect(await landsAfter(signature, 2)).toBeNull();
    await send(bytes);
    await send(bytes, 1);
    expect(await landsAfter(signature, 2)).toBeNull();
    expect(await landsAfter(await send(transfer()), 2)).toBe(1);
    expect(await stage.faults.list()).toMatchObject([{ id, bitten: 1, spent: true }]);
  });

  it("may lose only the first of its copies", async () => {
    await stage.faults.set({ kind: "transactions", action: "drop", copies: 2 });
    const bytes = transfer();
    const signature = await send(bytes);
    await send(bytes, 1);
    expect(await landsAfter(signature, 2)).toBeNull();
    await send(bytes);
    expect(await landsAfter(signature, 2)).toBe(1);
  });

  it("loses nothing that is sent after all is calm", async () => {
    await stage.faults.set({ kind: "transactions", action: "drop", times: "always" });
    const bytes = transfer();
    const signature = await send(bytes);
    expect(await landsAfter(signature, 2)).toBeNull();
    await stage.faults.calm();
    await send(bytes);
    expect(await landsAfter(signature, 2)).toBe(1);
  });

  it("loses as many as its probability says, and the same ones for the same seed", async () => {
    const lost = async (each: Stage) => {
      await each.faults.set({ kind: "transactions", action: "drop", times: "always", probability: 0.5 });
      const heights: number[] = [];
      for (let count = 0; count < 100; count += 1) {
        await each.connections[0].sendRawTransaction(each.transfer(receiver, 2_000_000 + count), SKIP);
        each.produce(1);
        const landed = each.world.chain.tip.transactions.some(
          ({ keys }) => keys.all[0] === each.wallet.publicKey.toBase58(),
        );
        if (!landed) heights.push(count);
      }
      return heights;
    };
    const other = await openStage("transactions");
    const [one, same] = [await lost(stage), await lost(other)];
    await other.close();
    expect(one).toEqual(same);
    expect(one.length).toBeGreaterThan(30);
    expect(one.length).toBeLessThan(70);
  });
});

describe("delay", () => {
  it("holds one copy back for so many blocks", async () => {
    await stage.faults.set({ kind: "transactions", action: "delay", blocks: 4 });
    expect(await landsAfter(await send(transfer()), 6)).toBe(4);
  });

  it("does not hold back another copy of the same", async () => {
    await stage.faults.set({ kind: "transactions", action: "delay", blocks: 4 });
    const bytes = transfer();
    await send(bytes);
    expect(await landsAfter(await send(bytes, 1), 6)).toBe(1);
  });
});

describe("late", () => {
  it("lets a transaction land so many blocks after it was first sent and not before, however often it is sent", async () => {
    await stage.faults.set({ kind: "transactions", action: "late", blocks: 100 });
    const bytes = transfer();
    const signature = await send(bytes);
    stage.produce(50);
    await send(bytes, 1);
    expect(await landsAfter(signature, 60)).toBe(50);
  });

  it("means never when its blockhash is too old by then", async () => {
    await stage.faults.set({ kind: "transactions", action: "late", blocks: 151 });
    expect(await landsAfter(await send(transfer()), 160)).toBeNull();
  });
});

describe("repeat", () => {
  it("brings the bytes again, so that they land once more after a fork", async () => {
    await stage.faults.set({ kind: "transactions", action: "repeat", blocks: 5 });
    const signature = await send(transfer());
    expect(await landsAfter(signature, 2)).toBe(1);
    const lamports = await stage.connections[0].getBalance(receiver, "processed");
    stage.produce(1);
    expect(await stage.connections[0].getBalance(receiver, "processed")).toBe(lamports);
    stage.world.chain.rollback(2);
    expect(await landsAfter(signature, 2)).toBe(1);
  });
});

describe("revert", () => {
  const swap = async () => {
    const { bytes } = await stage.trader.build(
      await stage.trader.quote(USDC.address, SOL.address, 100_000_000n, 1_000),
    );
    return bytes;
  };
  const meta = async (signature: string) => {
    const found = await stage.connections[0].getTransaction(signature, { maxSupportedTransactionVersion: 0 });
    return found?.meta ?? expect.unreachable();
  };

  it("makes a swap fail with the program's own 6001, takes the fee and nothing else", async () => {
    const id = await stage.faults.set({ kind: "transactions", action: "revert" });
    const [pool = expect.unreachable()] = stage.world.pools;
    const signature = await send(await swap());
    const before = reservesOf(stage.world.chain, pool);
    stage.produce(1);
    const after = reservesOf(stage.world.chain, pool);
    stage.produce(1);
    const { err, logMessages, fee, preTokenBalances, postTokenBalances } = await meta(signature);
    expect(err).toEqual({ InstructionError: [3, { Custom: 6001 }] });
    expect(logMessages?.join()).toContain("SlippageToleranceExceeded");
    expect(postTokenBalances).toEqual(preTokenBalances);
    // What the market itself did in that block is far below this.
    expect(Math.abs(Number(after.quote - before.quote) / Number(before.quote))).toBeLessThan(0.003);
    expect(await stage.connections[0].getBalance(stage.wallet.publicKey)).toBe(Number(WALLET_LAMPORTS) - fee);
    expect(await stage.faults.list()).toMatchObject([{ id, bitten: 1 }]);
    const again = await send(await swap());
    stage.produce(2);
    expect((await meta(again)).err).toBeNull();
  });

  it("leaves alone what does not trade, and the market", async () => {
    const id = await stage.faults.set({ kind: "transactions", action: "revert", times: "always" });
    expect(await landsAfter(await send(transfer()), 2)).toBe(1);
    stage.world.beginStory("SOL/USDC", "buy", 5);
    stage.produce(5);
    const errors = [...stage.world.chain.ledger.backwards()].flatMap(({ transactions }) =>
      transactions.filter(({ error }) => error !== null),
    );
    expect(errors).toEqual([]);
    expect(await stage.faults.list()).toMatchObject([{ id, bitten: 0 }]);
  });
});

describe("fork", () => {
  const tokens = async () =>
    (
      await stage.connections[0].getParsedTokenAccountsByOwner(
        stage.wallet.publicKey,
        { mint: USDC.address },
        "processed",
      )
    ).value[0]?.account.data.parsed.info.tokenAmount.amount;

  it("takes back confirmed blocks, and lets their transactions land once more", async () => {
    const { bytes } = await stage.trader.build(
      await stage.trader.quote(USDC.address, SOL.address, 100_000_000n, 1_000),
    );
    const signature = await send(bytes);
    stage.produce(3);
    const status = async () => (await stage.connections[0].getSignatureStatuses([signature])).value[0];
    expect(await status()).toMatchObject({ confirmationStatus: "confirmed" });
    expect(await stage.faults.fork(3, true)).toEqual([signature]);
    expect(await status()).toBeNull();
    expect(await tokens()).toBe(String(WALLET_USDC));
    expect(await landsAfter(signature, 2)).toBe(1);
    expect(await tokens()).toBe(String(WALLET_USDC - 100_000_000n));
  });

  it("lets them land never again, whoever sends them", async () => {
    await stage.faults.set({ kind: "transactions", action: "repeat", blocks: 20 });
    const bytes = transfer();
    const signature = await send(bytes);
    stage.produce(2);
    expect(await stage.faults.fork(2, false)).toEqual([signature]);
    await send(bytes);
    await send(bytes, 1);
    expect(await landsAfter(signature, 25)).toBeNull();
    expect(await landsAfter(await send(transfer()), 2)).toBe(1);
  });

  it("does not take back what is final, and says so having done nothing", async () => {
    await stage.faults.fork(10, false);
    const { tip } = stage.world.chain;
    await expect(stage.faults.fork(25, false)).rejects.toThrow(
      "finalized block cannot be taken back, and only 21 of 25",
    );
    await expect(stage.faults.fork(32, false)).rejects.toThrow("must be at most 31");
    expect(stage.world.chain.tip).toBe(tip);
  });

  it("knows the bytes by what they were", async () => {
    const bytes = transfer();
    const signature = await send(bytes);
    stage.produce(1);
    expect(await stage.faults.fork(1, true)).toEqual([bs58.encode(bytes.subarray(1, 65))]);
    stage.produce(1);
    expect(stage.world.chain.ledger.find(signature)?.transaction.bytes).toEqual(Buffer.from(bytes));
  });
});
