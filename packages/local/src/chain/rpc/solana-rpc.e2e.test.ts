/** The engine's own client of the chain, over HTTP. */
import { mint as mintOf } from "@backstop/core/market/mint";
import { type Rpc, solanaRpc } from "@backstop/core/solana/rpc";
import { buildMessage, type InstructionData } from "@backstop/core/solana/transaction";
import { Keypair, PublicKey, SystemProgram } from "@solana/web3.js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { clock } from "../../../../../functions/system.ts";
import type { Server } from "../../listen.ts";
import { signed } from "../../venue/testing/trader.ts";
import { Chain } from "../chain.ts";
import { addTokens, createLookupTable, createMints, fund } from "../genesis.ts";
import { BONK, FEE, MINTS, USDC } from "../mints.ts";
import { associatedTokenAddress, createAssociatedTokenAccount } from "../token.ts";
import { startRpc } from "./server.ts";

let chain: Chain;
let server: Server;
let rpc: Rpc;
let keypair: Keypair;
let wallet: string;

beforeEach(async () => {
  chain = new Chain({ seed: "engine" });
  createMints(chain, MINTS);
  keypair = Keypair.generate();
  wallet = keypair.publicKey.toBase58();
  fund(chain, keypair.publicKey, { lamports: 10_000_000_000n });
  produce(32);
  server = await startRpc(chain);
  rpc = solanaRpc([server.url], clock);
});

afterEach(() => server.close());

function produce(blocks: number): void {
  for (let count = 0; count < blocks; count += 1) chain.produceBlock();
}

const pay = (lamports: number) =>
  SystemProgram.transfer({ fromPubkey: keypair.publicKey, toPubkey: Keypair.generate().publicKey, lamports });

const bytesOf = (lamports: number) => signed(keypair, [pay(lamports)], chain.tip.blockhash);

function messageOf(lamports: number, unitLimit = 1_000): string {
  const { programId, keys, data } = pay(lamports);
  const instruction: InstructionData = {
    programId: programId.toBase58(),
    accounts: keys.map((key) => ({ ...key, pubkey: key.pubkey.toBase58() })),
    data: data.toString("base64"),
  };
  return buildMessage({
    wallet,
    // A simulation is asked for whatever the blockhash, also when it is long past.
    blockhash: PublicKey.unique().toBase58(),
    instructions: [instruction],
    lookupTables: [],
    attemptId: "trd_1.1",
    computeBudget: { unitLimit, unitPriceMicroLamports: 1n },
  });
}

const mint = ({ address }: { readonly address: PublicKey }) => mintOf(address.toBase58());

describe("the client", () => {
  it("asks for more statuses than a node answers at once, and has them in its order", async () => {
    const bytes = bytesOf(2_000_000);
    await rpc.send(bytes);
    await rpc.send(bytes);
    produce(2);
    const [{ signature } = { signature: "" }] = [...chain.ledger.backwards()].flatMap((block) => block.transactions);
    const signatures = Array.from({ length: 300 }, (_, index) => (index === 299 ? signature : `${index}`));
    const { slot, statuses } = await rpc.statuses(signatures);
    expect(slot).toBe(BigInt(chain.tip.slot));
    expect(statuses).toHaveLength(300);
    expect(statuses.findIndex((status) => status !== null)).toBe(299);
    expect(await rpc.transaction(signature, "confirmed")).toMatchObject({
      error: null,
      logs: expect.arrayContaining([expect.stringContaining("11111111111111111111111111111111 success")]),
    });
  });

  it("simulates what nobody has signed", async () => {
    const simulation = await rpc.simulate(messageOf(2_000_000));
    expect(simulation).toMatchObject({ error: null, slot: BigInt(chain.ledger.at("confirmed").slot) });
    expect(simulation.unitsConsumed).toBeGreaterThan(0n);
    expect(simulation.logs.at(-1)).toContain("success");
  });

  it("simulates what would fail, and says why", async () => {
    const { error, logs } = await rpc.simulate(messageOf(20_000_000_000));
    expect(JSON.parse(error ?? "")).toEqual({ InstructionError: [2, { Custom: 1 }] });
    expect(logs.join("\n")).toContain("insufficient lamports");
    const starved = await rpc.simulate(messageOf(2_000_000, 310));
    expect(JSON.parse(starved.error ?? "")).toEqual({ InstructionError: [2, "ComputationalBudgetExceeded"] });
  });

  it("finds tokens under either program", async () => {
    for (const [{ address }, amount] of [
      [USDC, 5n],
      [FEE, 7n],
    ] as const) {
      addTokens(chain, keypair.publicKey, address, amount);
    }
    expect(await rpc.tokens(wallet, mint(USDC), "confirmed")).toBe(5n);
    expect(await rpc.tokens(wallet, mint(FEE), "confirmed")).toBe(7n);
    expect(await rpc.tokens(wallet, mint(BONK), "confirmed")).toBe(0n);
  });

  it("hears nothing of tokens from a node that is behind", async () => {
    const { slot } = chain.ledger.at("confirmed");
    expect(await rpc.tokens(wallet, mint(USDC), "confirmed", BigInt(slot))).toBe(0n);
    await expect(rpc.tokens(wallet, mint(USDC), "confirmed", BigInt(slot) + 1n)).rejects.toMatchObject({
      code: "NETWORK_ERROR",
      message: expect.stringContaining("Minimum context slot has not been reached"),
    });
  });

  it("tells what happened to an account since a slot, once it is final", async () => {
    const since = BigInt(chain.tip.slot);
    const create = createAssociatedTokenAccount(keypair.publicKey, keypair.publicKey, USDC.address);
    const { signature } = chain.submit(signed(keypair, [create], chain.tip.blockhash));
    const { slot } = chain.produceBlock();
    produce(30);
    expect(await rpc.history(wallet, mint(USDC), since)).toEqual([]);
    produce(1);
    expect(await rpc.history(wallet, mint(USDC), since)).toEqual([{ signature, slot: BigInt(slot), error: null }]);
    expect(await rpc.history(wallet, mint(USDC), BigInt(slot))).toEqual([]);
    expect(await rpc.history(wallet, mint(FEE), since)).toEqual([]);
  });

  it("reads lookup tables and recent fees", async () => {
    const table = PublicKey.unique();
    createLookupTable(chain, table, [USDC.address, associatedTokenAddress(keypair.publicKey, USDC.address)]);
    const [read] = await rpc.lookupTables([table.toBase58()]);
    expect(read?.state.addresses[0]?.equals(USDC.address)).toBe(true);
    chain.submit(bytesOf(2_000_000));
    produce(2);
    expect(await rpc.recentFees([wallet])).toEqual([0n]);
  });
});
