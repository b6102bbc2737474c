/** What a person does with the wallet behind the engine's back. */
import { Keypair } from "@solana/web3.js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FEE, JUP, SOL, USDC } from "../chain/mints.ts";
import { associatedTokenAddress } from "../chain/token.ts";
import { openStage, type Stage, WALLET_LAMPORTS, WALLET_USDC } from "./testing/stage.ts";

const SIGNATURE_LAMPORTS = 5_000;

let stage: Stage;
beforeEach(async () => {
  stage = await openStage("payments");
});
afterEach(() => stage.close());

const lamports = () => stage.connections[0].getBalance(stage.wallet.publicKey);

async function tokens(mint = USDC): Promise<bigint> {
  const at = associatedTokenAddress(stage.wallet.publicKey, mint.address);
  return BigInt((await stage.connections[0].getTokenAccountBalance(at)).value.amount);
}

/** Once it is confirmed. */
async function landed(signature: string) {
  stage.produce(2);
  const found = await stage.connections[0].getTransaction(signature, { maxSupportedTransactionVersion: 0 });
  return found ?? expect.unreachable();
}

describe("a payment by hand", () => {
  it("takes tokens out of the wallet by a transfer that it signed, and a signature's fee", async () => {
    const { meta, transaction } = await landed(await stage.faults.pay(2_000_000_000n, USDC.address.toBase58()));
    expect(meta?.err).toBeNull();
    expect(transaction.message.staticAccountKeys[0]?.equals(stage.wallet.publicKey)).toBe(true);
    expect(await tokens()).toBe(WALLET_USDC - 2_000_000_000n);
    expect(await lamports()).toBe(Number(WALLET_LAMPORTS) - SIGNATURE_LAMPORTS);
  });

  it("takes lamports without a mint", async () => {
    await landed(await stage.faults.pay(1_000_000n));
    expect(await lamports()).toBe(Number(WALLET_LAMPORTS) - 1_000_000 - SIGNATURE_LAMPORTS);
  });

  it.each([
    ["more tokens than there are", WALLET_USDC + 1n, USDC.address.toBase58(), "cannot pay that"],
    ["tokens that the wallet never had", 1n, JUP.address.toBase58(), "cannot pay that"],
    ["more lamports than there are", WALLET_LAMPORTS, undefined, "cannot pay that"],
    ["a mint that does not exist", 1n, Keypair.generate().publicKey.toBase58(), "there is no mint"],
    ["nothing", 0n, undefined, "amount"],
  ])("of %s is refused, and nothing is sent", async (_what, amount, mint, words) => {
    await expect(stage.faults.pay(amount, mint)).rejects.toThrow(words);
    stage.produce(2);
    expect([await tokens(), await lamports()]).toEqual([WALLET_USDC, Number(WALLET_LAMPORTS)]);
  });
});

describe("a payment to the wallet", () => {
  it("brings tokens, also such as it has no account for, and lamports, at nobody's cost", async () => {
    await landed(await stage.faults.receive(7n, USDC.address.toBase58()));
    await landed(await stage.faults.receive(9_007_199_254_740_993n, SOL.address.toBase58()));
    await landed(await stage.faults.receive(1_000n));
    expect([await tokens(), await tokens(SOL)]).toEqual([WALLET_USDC + 7n, 9_007_199_254_740_993n]);
    expect(await lamports()).toBe(Number(WALLET_LAMPORTS) + 1_000);
  });

  it("brings a token of Token-2022 less its fee", async () => {
    const { meta } = await landed(await stage.faults.receive(1_000n, FEE.address.toBase58()));
    const received = meta?.postTokenBalances?.find(({ owner }) => owner === stage.wallet.publicKey.toBase58());
    expect(received).toMatchObject({ mint: FEE.address.toBase58() });
  });
});
