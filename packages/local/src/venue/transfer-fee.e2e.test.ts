/** A token that withholds a fee from transfers, from the quote to the fill: what is booked is what the wallet's account gained or lost. */
import { mint } from "@backstop/core/market/mint";
import { fillOf } from "@backstop/core/solana/fill";
import { keypairKey } from "@backstop/core/solana/keypair-key";
import { UNIT_LIMIT_MAX, unitLimitOf, unitPriceOf } from "@backstop/core/solana/priority-fee";
import { type Rpc, solanaRpc } from "@backstop/core/solana/rpc";
import { buildMessage, writableAccounts } from "@backstop/core/solana/transaction";
import { assemble } from "@backstop/core/solana/wire";
import { Keypair } from "@solana/web3.js";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clock } from "../../../../functions/system.ts";
import { FEE, USDC } from "../chain/mints.ts";
import { withheld } from "../chain/transfer-fee.ts";
import { World } from "../chain/world.ts";
import type { Server } from "../listen.ts";
import { FEE_LISTING, FEE_MARKET } from "../listings.ts";
import { API_KEY, openTrader, type Trader } from "./testing/trader.ts";

const HUNDRED_USDC = 100_000_000n;

let world: World;
let servers: readonly Server[];
let rpc: Rpc;
let trader: Trader;
const keypair = Keypair.generate();
const wallet = keypair.publicKey.toBase58();

beforeAll(async () => {
  world = new World({ seed: "transfer fee", markets: [FEE_LISTING] });
  world.fund(keypair.publicKey, { lamports: 1_000_000_000n, tokens: [{ mint: USDC.address, amount: HUNDRED_USDC }] });
  const [node, venue] = await Promise.all([world.startRpc(), world.startVenue(API_KEY)]);
  servers = [node, venue];
  rpc = solanaRpc([node.url], clock);
  trader = openTrader(keypair, node.url, venue.url);
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
});

/** As the engine does it: simulated, bid for, signed and sent. */
async function swap(input: string, output: string, amountIn: bigint) {
  const [from, to] = [input, output].map((address) => (address === FEE_MARKET.baseMint ? FEE : USDC)) as [
    typeof FEE,
    typeof FEE,
  ];
  const quote = await trader.quote(from.address, to.address, amountIn, 50);
  const answer = await trader.instructions(quote);
  const lookupTables = await rpc.lookupTables(answer.addressLookupTableAddresses);
  const { blockhash } = await rpc.latestBlockhash();
  const parts = {
    wallet,
    blockhash,
    instructions: [...answer.setupInstructions, answer.swapInstruction],
    lookupTables,
    attemptId: `${input}.1`,
  };
  const tried = buildMessage({ ...parts, computeBudget: { unitLimit: UNIT_LIMIT_MAX, unitPriceMicroLamports: 0n } });
  const simulation = await rpc.simulate(tried);
  expect(simulation.error).toBeNull();
  const unitLimit = unitLimitOf(simulation.unitsConsumed);
  const recent = await rpc.recentFees(writableAccounts(tried, lookupTables));
  const unitPriceMicroLamports = unitPriceOf("exit", recent, unitLimit, 0);
  const message = buildMessage({ ...parts, computeBudget: { unitLimit, unitPriceMicroLamports } });
  const signature = await keypairKey(keypair.secretKey).sign(message);
  await rpc.send(assemble(message, signature));
  world.produceBlock();
  world.produceBlock();
  const landed = await rpc.transaction(signature, "confirmed");
  if (landed === null) throw new Error("It did not land.");
  const fill = fillOf(landed, wallet, mint(input), mint(output));
  return {
    quotedOut: BigInt(quote.outAmount),
    landed,
    fill,
    priorityLamports: ceil(unitPriceMicroLamports, unitLimit),
  };
}

const ceil = (price: bigint, limit: number) => (price * BigInt(limit) + 999_999n) / 1_000_000n;

const held = (address: string) => rpc.tokens(wallet, mint(address), "confirmed");

describe("a token that withholds a fee", () => {
  const { baseMint, quoteMint } = FEE_MARKET;

  it("is bought as quoted, and its fill is what arrived", async () => {
    const { fill, landed, quotedOut, priorityLamports } = await swap(quoteMint, baseMint, HUNDRED_USDC);
    expect(await held(quoteMint)).toBe(0n);
    expect(fill.amountIn).toBe(HUNDRED_USDC);
    expect(fill.amountOut).toBe(await held(baseMint));
    expect(fill.amountOut).toBe(quotedOut);
    const sent = landed.preTokens
      .filter(({ owner, mint }) => owner !== wallet && mint === baseMint)
      .map(({ index, amount }) => amount - (landed.postTokens.find((after) => after.index === index)?.amount ?? 0n))
      .find((amount) => amount > 0n);
    expect((sent ?? 0n) - fill.amountOut).toBe(withheld(sent ?? 0n, FEE.transferFee));
    expect(sent).toBeGreaterThan(fill.amountOut);
    expect(fill).toMatchObject({
      feeLamports: 5_000n + priorityLamports,
      // An account of such a token is longer than one of SPL Token.
      rentLamports: world.chain.rentExemption(182),
      tipLamports: 0n,
    });
  });

  it("is sold to the last unit, and its fill is what was sent, fee included", async () => {
    const all = await held(baseMint);
    const { fill, quotedOut } = await swap(baseMint, quoteMint, all);
    expect(await held(baseMint)).toBe(0n);
    expect(fill.amountIn).toBe(all);
    expect(fill.amountOut).toBe(await held(quoteMint));
    expect(fill.amountOut).toBe(quotedOut);
    expect(fill.rentLamports).toBe(0n);
    // Two withheld hundredths and twice the pool's own part: a fill that left out a fee would be above that.
    expect(fill.amountOut).toBeLessThan((HUNDRED_USDC * 98n) / 100n);
  });
});
