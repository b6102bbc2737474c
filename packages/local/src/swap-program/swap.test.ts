import { Keypair, type PublicKey, SystemProgram, type TransactionInstruction } from "@solana/web3.js";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { Chain } from "../chain/chain.ts";
import { addTokens, createMints, fund } from "../chain/genesis.ts";
import type { LandedTransaction } from "../chain/landed-transaction.ts";
import { BONK, FEE, holdingOf, type KnownMint, MINTS, SOL, USDC } from "../chain/mints.ts";
import {
  addAmount,
  associatedTokenAddress,
  decodeTokenAccount,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
} from "../chain/token.ts";
import { withheld } from "../chain/transfer-fee.ts";
import { addressOf } from "../chain/wire-transaction.ts";
import { buyLeg, createPools, type Leg, sellLeg } from "../venue/pool.ts";
import { signed } from "../venue/testing/trader.ts";
import {
  amountOut,
  amountReceived,
  minimumOut,
  type Route,
  routeInstruction,
  SLIPPAGE_TOLERANCE_EXCEEDED,
} from "./route.ts";

const AMOUNT = 10_000_000_000n;
const U64_MAX = 2n ** 64n - 1n;

let chain: Chain;
let alice: Keypair;
let bob: Keypair;
let sell: Leg;
let buy: Leg;

beforeEach(() => {
  chain = new Chain({ seed: "swap" });
  createMints(chain, MINTS);
  const [pool] = createPools(chain, [
    { symbol: "SOL/USDC", base: SOL, quote: USDC, price: 150, quoteDepth: 1_000_000_000_000n },
  ]);
  if (pool === undefined) throw new Error("The pool was listed.");
  sell = sellLeg(pool);
  buy = buyLeg(pool);
  [alice, bob] = [Keypair.generate(), Keypair.generate()];
  for (const { publicKey } of [alice, bob]) {
    const tokens = [
      { mint: SOL.address, amount: 100_000_000_000n },
      { mint: USDC.address, amount: 100_000_000_000n },
    ];
    fund(chain, publicKey, { lamports: 1_000_000_000n, tokens });
  }
});

const balance = (at: PublicKey): bigint => {
  const account = chain.read(addressOf(at));
  return account === null ? 0n : decodeTokenAccount(account.data).amount;
};

const setBalance = (at: PublicKey, amount: bigint): void =>
  chain.accounts.amend(addressOf(at), (account) => {
    if (account === null) throw new Error("No such account.");
    const bytes = Buffer.from(account.data);
    addAmount(bytes, amount - decodeTokenAccount(bytes).amount);
    return { ...account, data: Uint8Array.from(bytes) };
  });

const holding = (owner: Keypair, mint: PublicKey): PublicKey => associatedTokenAddress(owner.publicKey, mint);

function route(user: Keypair, leg: Leg, amounts: Pick<Route, "amountIn" | "quotedOut" | "slippageBps">) {
  const { input, output, vaultIn, vaultOut } = leg;
  return routeInstruction({
    user: user.publicKey,
    input,
    output,
    pool: leg.pool.address,
    vaultIn,
    vaultOut,
    ...amounts,
  });
}

function land(user: Keypair, instruction: TransactionInstruction): LandedTransaction {
  chain.submit(signed(user, [instruction], chain.tip.blockhash));
  const [transaction] = chain.produceBlock().transactions;
  if (transaction === undefined) throw new Error("The transaction did not land.");
  return transaction;
}

const quoted = (leg: Leg, amountIn: bigint): bigint => amountOut(balance(leg.vaultIn), balance(leg.vaultOut), amountIn);
const customError = (code: number) => ({ InstructionError: [0, { Custom: code }] });

describe("a swap", () => {
  it("moves both legs by the formula, in either direction", () => {
    for (const leg of [sell, buy]) {
      const out = quoted(leg, AMOUNT);
      const places = [holding(alice, leg.input.address), holding(alice, leg.output.address), leg.vaultIn, leg.vaultOut];
      const before = places.map(balance);
      expect(land(alice, route(alice, leg, { amountIn: AMOUNT, quotedOut: out, slippageBps: 0 })).error).toBeNull();
      const changes = places.map((place, index) => balance(place) - (before[index] ?? 0n));
      expect(changes).toEqual([-AMOUNT, out, AMOUNT, -out]);
    }
  });

  it("never lets the product of the reserves fall", () => {
    const product = () => balance(sell.vaultIn) * balance(sell.vaultOut);
    const before = product();
    land(alice, route(alice, sell, { amountIn: AMOUNT, quotedOut: 0n, slippageBps: 0 }));
    expect(product()).toBeGreaterThan(before);
  });

  it("fails with 6001 one unit above what the pool pays, and moves nothing", () => {
    const out = quoted(sell, AMOUNT);
    const before = balance(holding(alice, USDC.address));
    const { error, logs } = land(alice, route(alice, sell, { amountIn: AMOUNT, quotedOut: out + 1n, slippageBps: 0 }));
    expect(error).toEqual(customError(SLIPPAGE_TOLERANCE_EXCEEDED));
    expect(logs.join("\n")).toContain("custom program error: 0x1771");
    expect(balance(holding(alice, USDC.address))).toBe(before);
  });

  it("fails with 6001 when somebody else moved the price after it was quoted", () => {
    const instruction = route(alice, sell, { amountIn: AMOUNT, quotedOut: quoted(sell, AMOUNT), slippageBps: 50 });
    land(bob, route(bob, sell, { amountIn: 5n * AMOUNT, quotedOut: 0n, slippageBps: 0 }));
    expect(land(alice, instruction).error).toEqual(customError(SLIPPAGE_TOLERANCE_EXCEEDED));
  });

  it("pays into the destination token account when one is named", () => {
    const out = quoted(sell, AMOUNT);
    const instruction = route(alice, sell, { amountIn: AMOUNT, quotedOut: out, slippageBps: 0 });
    const before = balance(holding(bob, USDC.address));
    instruction.keys[4] = { pubkey: holding(bob, USDC.address), isSigner: false, isWritable: true };
    land(alice, instruction);
    expect(balance(holding(bob, USDC.address)) - before).toBe(out);
  });
});

describe("a refusal", () => {
  const edits: Record<string, [code: number, edit: (instruction: TransactionInstruction) => void]> = {
    "an unknown instruction": [101, ({ data }) => data.writeUInt8(0, 0)],
    "data that is too short": [102, (it) => resize(it, 34)],
    "data that is too long": [102, (it) => resize(it, 36)],
    "no step": [6000, ({ data }) => data.writeUInt32LE(0, 8)],
    "two steps": [6010, ({ data }) => data.writeUInt32LE(2, 8)],
    "a part of the input": [6010, ({ data }) => data.writeUInt8(99, 13)],
    "a platform fee": [6003, ({ data }) => data.writeUInt8(1, 34)],
    "slippage above all of it": [6004, ({ data }) => data.writeUInt16LE(10_001, 32)],
    "an amount of nothing": [6002, ({ data }) => void data.writeBigUInt64LE(0n, 16)],
    "an amount that overflows": [6002, ({ data }) => void data.writeBigUInt64LE(U64_MAX, 16)],
    "more than the user has": [1, ({ data }) => void data.writeBigUInt64LE(10n ** 15n, 16)],
    "missing accounts": [3005, (it) => void it.keys.splice(9)],
    "an authority that did not sign": [3010, (it) => replace(it, 1, bob.publicKey)],
    "somebody else's money": [4, (it) => replace(it, 2, holding(bob, SOL.address))],
    "another token program": [3008, (it) => replace(it, 0, SystemProgram.programId)],
    "another program account": [3008, (it) => replace(it, 8, TOKEN_PROGRAM)],
    "a vault that is not the pool's": [2012, (it) => replace(it, 9, holding(bob, SOL.address))],
    "one vault twice": [2012, (it) => replace(it, 10, sell.vaultIn)],
    "the wrong destination mint": [2012, (it) => replace(it, 5, SOL.address)],
    "a destination of another mint": [3, (it) => replace(it, 3, holding(alice, BONK.address))],
    "a pool of another program": [3007, (it) => replace(it, 11, holding(bob, SOL.address))],
  };

  function resize(instruction: TransactionInstruction, length: number): void {
    const data = Buffer.alloc(length);
    instruction.data.copy(data);
    instruction.data = data;
  }

  function replace(instruction: TransactionInstruction, index: number, pubkey: PublicKey): void {
    const meta = instruction.keys[index];
    instruction.keys[index] = { pubkey, isSigner: false, isWritable: meta?.isWritable ?? false };
  }

  it.each(Object.entries(edits))("answers %s and moves nothing", (_name, [code, edit]) => {
    addTokens(chain, alice.publicKey, BONK.address, 1n);
    const instruction = route(alice, sell, { amountIn: AMOUNT, quotedOut: 0n, slippageBps: 0 });
    edit(instruction);
    const before = [holding(alice, SOL.address), sell.vaultIn, sell.vaultOut].map(balance);
    expect(land(alice, instruction).error).toEqual(customError(code));
    expect([holding(alice, SOL.address), sell.vaultIn, sell.vaultOut].map(balance)).toEqual(before);
  });
});

describe("a swap of a token that withholds a fee", () => {
  let feeSell: Leg;
  let feeBuy: Leg;

  beforeEach(() => {
    const [pool] = createPools(chain, [
      { symbol: "FEE/USDC", base: FEE, quote: USDC, price: 2, quoteDepth: 1_000_000_000_000n },
    ]);
    if (pool === undefined) throw new Error("The pool was listed.");
    [feeSell, feeBuy] = [sellLeg(pool), buyLeg(pool)];
    addTokens(chain, alice.publicKey, FEE.address, 1_000_000_000n);
  });

  const mine = (mint: KnownMint) => balance(holdingOf(alice.publicKey, mint));
  const reserves = (leg: Leg) => ({ reserveIn: balance(leg.vaultIn), reserveOut: balance(leg.vaultOut) });

  // A hundredth of the second amount would be more than the five tokens that a fee is at most.
  it.each([100_000_000n, 800_000_000n])("of %s sent counts what the pool received", (amountIn) => {
    const out = amountReceived(feeSell, reserves(feeSell), amountIn);
    const [fee, usdc, vault] = [mine(FEE), mine(USDC), balance(feeSell.vaultIn)];
    const { error } = land(alice, route(alice, feeSell, { amountIn, quotedOut: out, slippageBps: 0 }));
    expect(error).toBeNull();
    expect(fee - mine(FEE)).toBe(amountIn);
    expect(balance(feeSell.vaultIn) - vault).toBe(amountIn - (amountIn === 100_000_000n ? 1_000_000n : 5_000_000n));
    expect(mine(USDC) - usdc).toBe(out);
  });

  it.each([100_000_000n, 5_000_000_000n])("for %s received counts what arrived", (amountIn) => {
    const out = amountReceived(feeBuy, reserves(feeBuy), amountIn);
    const [fee, vault] = [mine(FEE), balance(feeBuy.vaultOut)];
    expect(land(alice, route(alice, feeBuy, { amountIn, quotedOut: out, slippageBps: 0 })).error).toBeNull();
    const sent = vault - balance(feeBuy.vaultOut);
    expect(mine(FEE) - fee).toBe(out);
    expect(sent - out).toBe(withheld(sent, FEE.transferFee));
  });

  it("fails with 6001 one unit above what arrives, and moves nothing", () => {
    for (const leg of [feeSell, feeBuy]) {
      const quotedOut = amountReceived(leg, reserves(leg), 100_000_000n) + 1n;
      const before = [mine(FEE), mine(USDC)];
      const { error } = land(alice, route(alice, leg, { amountIn: 100_000_000n, quotedOut, slippageBps: 0 }));
      expect(error).toEqual(customError(SLIPPAGE_TOLERANCE_EXCEEDED));
      expect([mine(FEE), mine(USDC)]).toEqual(before);
    }
  });

  it("is refused with another program, with another mint, and by the program that cannot move it", () => {
    const swap = () => route(alice, feeSell, { amountIn: 100n, quotedOut: 0n, slippageBps: 0 });
    const edits: [code: number | string, edit: (instruction: TransactionInstruction) => void][] = [
      [2012, ({ keys }) => keys.splice(12, 1, { pubkey: SOL.address, isSigner: false, isWritable: false })],
      [3008, ({ keys }) => keys.splice(13, 1, { pubkey: TOKEN_PROGRAM, isSigner: false, isWritable: false })],
      [3008, ({ keys }) => keys.splice(14, 1, { pubkey: TOKEN_2022_PROGRAM, isSigner: false, isWritable: false })],
      ["InvalidAccountData", ({ keys }) => keys.splice(12)],
    ];
    for (const [code, edit] of edits) {
      const instruction = swap();
      edit(instruction);
      const expected = typeof code === "number" ? customError(code) : { InstructionError: [0, code] };
      expect(land(alice, instruction).error).toEqual(expected);
    }
    expect(land(alice, swap()).error).toBeNull();
  });
});

describe("the arithmetic", () => {
  const size = fc.oneof(fc.bigInt(1n, 2n ** 20n), fc.bigInt(1n, 2n ** 63n - 1n), fc.bigInt(2n ** 62n, 2n ** 63n - 1n));

  it("equals the formula in bigint for any pool, and its minimum is exact", () => {
    addTokens(chain, alice.publicKey, BONK.address, 0n);
    addTokens(chain, alice.publicKey, USDC.address, 0n);
    const [pool] = createPools(chain, [{ symbol: "BONK/USDC", base: BONK, quote: USDC, price: 1, quoteDepth: 1n }]);
    if (pool === undefined) throw new Error("The pool was listed.");
    const leg = sellLeg(pool); // neither mint is native, so that any balance is possible
    fc.assert(
      fc.property(
        size,
        size,
        size,
        fc.integer({ min: 0, max: 9_999 }),
        (reserveIn, reserveOut, amountIn, slippageBps) => {
          const out = amountOut(reserveIn, reserveOut, amountIn);
          const kept = 10_000n - BigInt(slippageBps);
          const quotedOut = ((out + 1n) * 10_000n - 1n) / kept; // the greatest whose minimum is still `out`
          fc.pre(out > 0n && quotedOut < U64_MAX);
          expect(minimumOut(quotedOut, slippageBps)).toBe(out);
          setBalance(leg.vaultIn, reserveIn);
          setBalance(leg.vaultOut, reserveOut);
          setBalance(holding(alice, BONK.address), amountIn);
          setBalance(holding(alice, USDC.address), 0n);
          const tooMuch = land(alice, route(alice, leg, { amountIn, quotedOut: quotedOut + 1n, slippageBps }));
          expect(tooMuch.error).toEqual(customError(SLIPPAGE_TOLERANCE_EXCEEDED));
          expect(land(alice, route(alice, leg, { amountIn, quotedOut, slippageBps })).error).toBeNull();
          expect(balance(holding(alice, USDC.address))).toBe(out);
        },
      ),
      { numRuns: 200 },
    );
  });
});
