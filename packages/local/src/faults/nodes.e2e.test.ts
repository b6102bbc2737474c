/** A node that lags, as whoever asks it sees it. */
import { Keypair, type PublicKey } from "@solana/web3.js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LAG_BLOCKS_MAX } from "../chain/accounts.ts";
import { USDC } from "../chain/mints.ts";
import { associatedTokenAddress } from "../chain/token.ts";
import { openStage, type Stage } from "./testing/stage.ts";

const COMMITMENTS = ["processed", "confirmed", "finalized"] as const;
const SKIP = { skipPreflight: true, maxRetries: 0 };

let stage: Stage;
beforeEach(async () => {
  stage = await openStage("nodes");
  // So that a node may lag by as much as it can, and still have finalized blocks behind it.
  stage.produce(LAG_BLOCKS_MAX);
});
afterEach(() => stage.close());

/** All that a node tells of the chain. */
async function told(node: 0 | 1, signature: string, at: PublicKey) {
  const connection = stage.connections[node];
  return Promise.all(
    COMMITMENTS.map(async (commitment) => ({
      height: await connection.getBlockHeight(commitment),
      slot: await connection.getSlot(commitment),
      epoch: await connection.getEpochInfo(commitment),
      blockhash: await connection.getLatestBlockhashAndContext(commitment),
      balance: await connection.getBalanceAndContext(at, commitment),
      accounts: await connection.getMultipleAccountsInfoAndContext([at, USDC.address], commitment),
      token: await connection.getTokenAccountBalance(
        associatedTokenAddress(stage.wallet.publicKey, USDC.address),
        commitment,
      ),
      owned: await connection.getTokenAccountsByOwner(stage.wallet.publicKey, { mint: USDC.address }, commitment),
      transaction:
        commitment === "processed"
          ? null
          : await connection.getTransaction(signature, { commitment, maxSupportedTransactionVersion: 0 }),
      signatures: commitment === "processed" ? null : await connection.getSignaturesForAddress(at, {}, commitment),
      fees: await connection.getRecentPrioritizationFees(),
      statuses: await connection.getSignatureStatuses([signature], { searchTransactionHistory: true }),
    })),
  );
}

describe("a node that lags", () => {
  it.each([1, 7, 40, 170, 200])("tells at every commitment what it told %d blocks ago", async (blocks) => {
    const receiver = Keypair.generate().publicKey;
    const signature = await stage.connections[0].sendRawTransaction(stage.transfer(receiver, 2_000_000), SKIP);
    await stage.faults.pay(1_000_000n, USDC.address.toBase58());
    await stage.faults.set({ kind: "lag", node: 2, blocks });
    const ages = [0, 1, 2, 10, 40];
    const known = new Map<number, unknown>();
    for (let age = 0; age <= 40 + blocks; age += 1) {
      if (ages.includes(age)) known.set(age, await told(0, signature, receiver));
      if (ages.includes(age - blocks)) expect(await told(1, signature, receiver)).toEqual(known.get(age - blocks));
      stage.produce(1);
    }
  });

  it("forwards what it is sent, knows nothing of it, and leaves the other node alone", async () => {
    await stage.faults.set({ kind: "lag", node: 1, blocks: 50 });
    const signature = await stage.connections[0].sendRawTransaction(
      stage.transfer(Keypair.generate().publicKey, 2_000_000),
      SKIP,
    );
    stage.produce(2);
    const [lagging, other] = await Promise.all(stage.connections.map((each) => each.getSignatureStatuses([signature])));
    expect(lagging?.value).toEqual([null]);
    expect(other?.value).toMatchObject([{ confirmationStatus: "confirmed" }]);
    expect((other?.context.slot ?? 0) - (lagging?.context.slot ?? 0)).toBeGreaterThanOrEqual(50);
  });

  it("refuses to answer as of a slot that it has not seen", async () => {
    const contextSlot = await stage.connections[0].getSlot("confirmed");
    const ask = () => stage.connections[0].getSlot({ commitment: "confirmed", minContextSlot: contextSlot });
    expect(await ask()).toBe(contextSlot);
    await stage.faults.set({ kind: "lag", node: 1, blocks: 5 });
    await expect(ask()).rejects.toMatchObject({ code: -32016 });
  });

  it("simulates on what it has seen", async () => {
    const receiver = Keypair.generate();
    await stage.faults.set({ kind: "lag", node: 2, blocks: 10 });
    const bytes = stage.transfer(receiver.publicKey, 2_000_000);
    stage.produce(1);
    // The blockhash is one that only the other node knows.
    const fresh = stage.transfer(receiver.publicKey, 2_000_001);
    await expect(stage.connections[1].sendRawTransaction(fresh)).rejects.toThrow("Blockhash not found");
    await expect(stage.connections[0].sendRawTransaction(bytes)).resolves.toBeDefined();
  });

  it("is one fault, however often its lag is set", async () => {
    await stage.faults.set({ kind: "lag", node: 1, blocks: 5 });
    await stage.faults.set({ kind: "lag", node: 2, blocks: 6 });
    await stage.faults.set({ kind: "lag", node: 1, blocks: 7 });
    const faults = (await stage.faults.list()).map(({ fault }) => fault);
    expect(faults).toEqual([
      { kind: "lag", node: 2, blocks: 6 },
      { kind: "lag", node: 1, blocks: 7 },
    ]);
    expect(stage.world.chain.tip.height - (await stage.connections[0].getBlockHeight("processed"))).toBe(7);
    await stage.faults.calm();
    expect(stage.world.chain.tip.height - (await stage.connections[0].getBlockHeight("processed"))).toBe(0);
  });
});
