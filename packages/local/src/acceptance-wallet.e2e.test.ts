/** A wallet that does not hold what its positions bought: fees of the token, and hands. What is gone is booked as gone. */
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { MARKET_SEED, marketOf } from "@backstop/core/market/market";
import { parseAmount } from "@backstop/core/money/amount";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { CLEAN, openScenario, type Scenario } from "../testing/scenario.ts";
import { alarmsOf, boughtBy, expectToAddUp, ladderOf, toldWhenOver } from "../testing/told.ts";
import { FEE_MARKET } from "./listings.ts";

/** The longest takes a third of it; the rest is for what shares the processors. */
vi.setConfig({ testTimeout: 60_000 });

let scenario: Scenario;
beforeAll(async () => {
  scenario = await openScenario({ seed: "acceptance of wallets", logs: "acceptance-wallet", withFeeMarket: true });
});
afterEach(() => scenario.faults.calm());
afterAll(() => scenario.stop());

/** What hands took and gave so far. */
const byHand = { tokens: new Map<string, bigint>(), lamports: 0n };

/** Of a payment, which bids for nothing. */
const FEE_LAMPORTS = 5_000n;

const mintOf = (symbol: string) => marketOf(MARKET_SEED, symbol).baseMint;

/** Pays by hand until the wallet has so much left. Answers with the signature when it is final. */
async function leaveInWallet(symbol: string, left: bigint): Promise<string> {
  const mint = mintOf(symbol);
  const taken = (await scenario.rpc.tokens(scenario.wallet, mint, "confirmed")) - left;
  const signature = await scenario.faults.pay(taken, mint);
  byHand.tokens.set(mint, (byHand.tokens.get(mint) ?? 0n) - taken);
  byHand.lamports -= FEE_LAMPORTS;
  await scenario.until("the payment is final", async () => {
    return (await scenario.rpc.tokens(scenario.wallet, mint, "finalized")) === left;
  });
  return signature;
}

/** The hourly look at everything, now. */
async function reconcile(): Promise<void> {
  const { environment } = scenario.local;
  const client = new LambdaClient({
    endpoint: environment["AWS_ENDPOINT_URL_LAMBDA"] ?? "",
    region: environment["AWS_REGION"] ?? "",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  });
  const { FunctionError } = await client.send(new InvokeCommand({ FunctionName: "reconcile", Payload: "{}" }));
  client.destroy();
  expect(FunctionError).toBeUndefined();
}

/** Two looks, a finalization apart; the first one alone changes nothing. */
async function reconcileTwice({ positionId }: { readonly positionId: number }): Promise<void> {
  await reconcile();
  expect(await scenario.position(positionId)).toMatchObject({ status: "open", missing: "0" });
  const { slot } = await scenario.rpc.finalized();
  await scenario.until("32 more blocks are final", async () => (await scenario.rpc.finalized()).slot >= slot + 32n);
  await reconcile();
}

test("a wallet that is 1 % short sells what there is, and the rest is booked as missing", async () => {
  const entry = await scenario.enter({ symbol: "WIF/USDC" });
  const bought = boughtBy(entry);
  const missing = bought / 100n;
  await leaveInWallet("WIF/USDC", bought - missing);
  await scenario.faults.movePrice("WIF/USDC", 0.85);
  const told = await toldWhenOver(scenario, entry.trade);

  expect(told.position).toMatchObject({ closeReason: "trailing_stop", dust: "0" });
  expect(parseAmount(told.position.missing, 6)).toBe(missing);
  const [whole, cut] = told.exits;
  expect(whole).toMatchObject({ status: "superseded", attempts: [] });
  expect(cut).toMatchObject({ status: "finalized", replaces: whole?.tradeId });
  expect(parseAmount(cut?.amountIn ?? "", 6)).toBe(bought - missing);
  expect(told.alarms).toEqual([
    {
      positionId: told.position.positionId,
      symbol: "WIF/USDC",
      tradeId: whole?.tradeId,
      code: "EXIT_SHORT",
      message: `${missing} base units of ${bought} are missing from the wallet`,
    },
  ]);
  expectToAddUp(told);
  expect(await scenario.audit(byHand)).toEqual(CLEAN);
});

test("a token that withholds a fee from transfers is bought and sold to the last unit, and the ledger is the chain's", async () => {
  const entry = await scenario.enter({ symbol: FEE_MARKET.symbol });
  await scenario.faults.movePrice(FEE_MARKET.symbol, 0.85);
  const told = await toldWhenOver(scenario, entry.trade);

  expect(told.position).toMatchObject({ closeReason: "trailing_stop", missing: "0", dust: "0" });
  expect(told.exits.map(ladderOf)).toEqual([[["0.005", "final"]]]);
  expect(told.exits[0]?.amountIn).toBe(told.entry.attempts[0]?.fill?.amountOut);
  // The account that the entry opened for it stays, and its rent with it.
  expect(BigInt(told.position.fees.rentLamports)).toBeGreaterThan(0n);
  expect(await scenario.rpc.tokens(scenario.wallet, FEE_MARKET.baseMint, "finalized")).toBe(0n);
  expect(told.alarms).toEqual([]);
  expectToAddUp(told);
  expect(await scenario.audit(byHand)).toEqual(CLEAN);
});

test("a position that was sold by hand is closed without an exit when that has been seen twice", async () => {
  const entry = await scenario.enter({ symbol: "JTO/USDC" });
  const signature = await leaveInWallet("JTO/USDC", 0n);
  await reconcileTwice(entry.trade);
  const told = await toldWhenOver(scenario, entry.trade);

  expect(told.position).toMatchObject({
    closeReason: "closed_externally",
    exitPrice: null,
    missing: told.entry.attempts[0]?.fill?.amountOut,
    dust: "0",
  });
  expect(told.exits).toEqual([]);
  const bought = boughtBy(entry);
  expect(told.alarms).toEqual([
    {
      positionId: told.position.positionId,
      symbol: "JTO/USDC",
      tradeId: null,
      code: "CLOSED_EXTERNALLY",
      message: `${bought} of ${bought} base units were taken by ${signature}`,
    },
  ]);
  expectToAddUp(told);
  expect(await scenario.audit(byHand)).toEqual(CLEAN);
});

test("a position that was sold by hand is closed also when its stop fires before anybody has looked", async () => {
  const entry = await scenario.enter({ symbol: "SOL/USDC" });
  const signature = await leaveInWallet("SOL/USDC", 0n);
  await scenario.faults.movePrice("SOL/USDC", 0.85);
  const told = await toldWhenOver(scenario, entry.trade);

  expect(told.position).toMatchObject({ closeReason: "closed_externally", exitPrice: null, dust: "0" });
  expect(told.position.missing).toBe(told.entry.attempts[0]?.fill?.amountOut);
  expect(told.exits).toMatchObject([{ status: "superseded", attempts: [] }]);
  expect(told.alarms).toMatchObject([{ code: "CLOSED_EXTERNALLY", message: expect.stringContaining(signature) }]);
  expectToAddUp(told);
  expect(await scenario.audit(byHand)).toEqual(CLEAN);
});

test("a position of which a half was sold by hand is watched on, and its stop sells the other half", async () => {
  const entry = await scenario.enter({ symbol: "JUP/USDC" });
  const bought = boughtBy(entry);
  const missing = bought / 2n;
  const signature = await leaveInWallet("JUP/USDC", bought - missing);
  await reconcileTwice(entry.trade);
  const position = await scenario.position(entry.trade.positionId);
  expect(position).toMatchObject({ status: "open", closeReason: null });
  expect(parseAmount(position.quantity, 6)).toBe(bought - missing);

  await scenario.faults.movePrice("JUP/USDC", 0.85);
  const told = await toldWhenOver(scenario, entry.trade);
  expect(told.position).toMatchObject({ closeReason: "trailing_stop", dust: "0" });
  expect(parseAmount(told.position.missing, 6)).toBe(missing);
  expect(told.exits.map(ladderOf)).toEqual([[["0.005", "final"]]]);
  expect(told.alarms).toMatchObject([
    { code: "REDUCED_EXTERNALLY", message: `${missing} of ${bought} base units were taken by ${signature}` },
  ]);
  expectToAddUp(told);
  expect(await scenario.audit(byHand)).toEqual(CLEAN);
});

test("what nobody can explain freezes its market for entries, leaves the stop armed, and is over when it is paid back", async () => {
  const entry = await scenario.enter({ symbol: "BONK/USDC" });
  const bought = boughtBy(entry);
  const taken = bought / 2n;
  // A node that keeps no history.
  const body = { jsonrpc: "2.0", id: "1", result: [] };
  const match = "getSignaturesForAddress";
  await scenario.faults.set({
    kind: "http",
    service: "rpc",
    match,
    action: "status",
    status: 200,
    body,
    times: "always",
  });
  await leaveInWallet("BONK/USDC", bought - taken);
  await reconcileTwice(entry.trade);

  const mint = mintOf("BONK/USDC");
  const message = `the wallet is ${taken} base units of ${mint} below its books, and others took 0: no entry in it is planned`;
  expect(await alarmsOf(scenario, entry.trade.positionId)).toMatchObject([{ code: "MINT_FROZEN", message }]);
  expect(await scenario.position(entry.trade.positionId)).toMatchObject({ status: "open", missing: "0" });
  await expect(scenario.enter({ symbol: "BONK/USDC" })).rejects.toThrow("MARKET_FROZEN");

  await scenario.faults.receive(taken, mint);
  byHand.tokens.set(mint, (byHand.tokens.get(mint) ?? 0n) + taken);
  await scenario.until("it is all there again", async () => {
    return (await scenario.rpc.tokens(scenario.wallet, mint, "finalized")) === bought;
  });
  await reconcile();
  const another = await scenario.enter({ symbol: "BONK/USDC" });
  await scenario.faults.movePrice("BONK/USDC", 0.85);
  for (const { trade } of [entry, another]) {
    const told = await toldWhenOver(scenario, trade);
    expect(told.position).toMatchObject({ closeReason: "trailing_stop", missing: "0", dust: "0" });
    expectToAddUp(told);
  }
  expect(await scenario.audit(byHand)).toEqual(CLEAN);
});
