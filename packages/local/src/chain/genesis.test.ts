import { Keypair, TransactionInstruction } from "@solana/web3.js";
import { beforeEach, describe, expect, it } from "vitest";
import { signed } from "../venue/testing/trader.ts";
import { Chain } from "./chain.ts";
import { createMints, fund } from "./genesis.ts";
import { BONK, FEE, holdingOf, type KnownMint, MINTS, SOL, tokenProgramOf, USDC } from "./mints.ts";
import { createAssociatedTokenAccount, decodeMint, decodeTokenAccount } from "./token.ts";
import { withheld } from "./transfer-fee.ts";
import { addressOf } from "./wire-transaction.ts";

let chain: Chain;
const alice = Keypair.generate();
const bob = Keypair.generate();

beforeEach(() => {
  chain = new Chain({ seed: "genesis" });
  createMints(chain, MINTS);
  const tokens = MINTS.map(({ address }) => ({ mint: address, amount: 1_000n }));
  fund(chain, alice.publicKey, { lamports: 1_000_000_000n, tokens });
});

function holding(owner: Keypair, mint: KnownMint) {
  const found = account(owner, mint);
  if (found === null) throw new Error("There is no such account.");
  return { ...decodeTokenAccount(found.data), lamports: found.lamports };
}

const account = (owner: Keypair, mint: KnownMint) => chain.read(addressOf(holdingOf(owner.publicKey, mint)));

/** TransferChecked (12) or CloseAccount (9) of the mint's token program: of alice's account, and with her authority. */
function tokenInstruction(data: Buffer, mint: KnownMint, others: readonly Keypair["publicKey"][]) {
  const keys = [holdingOf(alice.publicKey, mint), ...others].map((pubkey) => ({
    pubkey,
    isSigner: false,
    isWritable: true,
  }));
  const authority = { pubkey: alice.publicKey, isSigner: true, isWritable: false };
  return new TransactionInstruction({ programId: tokenProgramOf(mint), data, keys: [...keys, authority] });
}

function transferAll(mint: KnownMint) {
  const data = Buffer.alloc(10);
  data.writeUInt8(12);
  data.writeBigUInt64LE(1_000n, 1);
  data.writeUInt8(mint.decimals, 9);
  const create = createAssociatedTokenAccount(alice.publicKey, bob.publicKey, mint.address, tokenProgramOf(mint));
  const move = tokenInstruction(data, mint, [mint.address, holdingOf(bob.publicKey, mint)]);
  chain.submit(signed(alice, [create, move], chain.tip.blockhash));
  return chain.produceBlock().transactions[0];
}

describe("the mints", () => {
  it.each([
    [SOL, 9],
    [USDC, 6],
    [BONK, 5],
  ])("have their mainnet decimals", ({ address }, decimals) => {
    expect(decodeMint(chain.read(addressOf(address))?.data ?? new Uint8Array(82)).decimals).toBe(decimals);
  });

  it("count what was given out", () => {
    fund(chain, bob.publicKey, { tokens: [{ mint: USDC.address, amount: 5n }] });
    expect(decodeMint(chain.read(addressOf(USDC.address))?.data ?? new Uint8Array(82)).supply).toBe(1_005n);
  });
});

describe("funds", () => {
  it.each(MINTS.map((mint) => [mint.address.toBase58(), mint] as const))(
    "of %s are moved by the VM's own token program",
    (_name, mint) => {
      expect(transferAll(mint)?.error).toBeNull();
      expect(holding(alice, mint).amount).toBe(0n);
      expect(holding(bob, mint).amount).toBe(1_000n - withheld(1_000n, mint.transferFee));
    },
  );

  it("add up", () => {
    fund(chain, alice.publicKey, { lamports: 7n, tokens: [{ mint: SOL.address, amount: 23n }] });
    expect(chain.read(addressOf(alice.publicKey))?.lamports).toBe(1_000_000_007n);
    expect(holding(alice, SOL).amount).toBe(1_023n);
  });
});

describe("an account of a token with a fee", () => {
  it("costs the rent that the associated-token program asks for one", () => {
    const given = account(alice, FEE);
    transferAll(FEE);
    const made = account(bob, FEE);
    expect(made?.data.length).toBe(given?.data.length);
    expect(made?.lamports).toBe(given?.lamports);
    expect(holding(bob, FEE).amount).toBe(990n);
  });
});

describe("a wrapped-SOL account", () => {
  it("holds its rent and as many lamports more as it says it has", () => {
    const rent = chain.rentExemption(165);
    expect(holding(alice, SOL)).toMatchObject({ rentReserveLamports: rent, lamports: rent + 1_000n });
    transferAll(SOL);
    expect(holding(alice, SOL).lamports).toBe(rent);
    expect(holding(bob, SOL)).toMatchObject({ rentReserveLamports: rent, lamports: rent + 1_000n });
  });

  it("gives everything back when it is closed, as only a native account may while it has tokens", () => {
    const before = chain.read(addressOf(alice.publicKey))?.lamports ?? 0n;
    chain.submit(signed(alice, [tokenInstruction(Buffer.from([9]), SOL, [alice.publicKey])], chain.tip.blockhash));
    expect(chain.produceBlock().transactions[0]?.error).toBeNull();
    expect(account(alice, SOL)).toBeNull();
    const returned = chain.rentExemption(165) + 1_000n;
    expect(chain.read(addressOf(alice.publicKey))?.lamports).toBe(before + returned - 5_000n);
  });
});
