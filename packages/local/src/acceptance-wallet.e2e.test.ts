/** A wallet that does not hold what its positions bought: fees of the token, and hands. What is gone is booked as gone. */
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { marketOf, MARKET_SEED } from "@backstop/core/market/market";
import { parseAmount } from "@backstop/core/money/amount";
import type { TradeRecord } from "@backstop/core/trade/trade.store";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { CLEAN, openScenario, type Scenario } from "../testing/scenario.ts";
import { expectToAddUp, ladderOf, toldWhenOver } from "../testing/told.ts";
import { FEE_MARKET } from "./listings.ts";

/** The longest takes a third of it; the rest is for what shares the processors. */
vi.setConfig({ testTimeout: 60_000 });

let scenario: Scenario;
beforeAll(async () => {
  scenario = await openScenario({ seed: "acceptance of wallets", logs: "acceptance-wallet", withFeeMarket: true });
});
afterEach(() => scenario.faults.calm());
afterAll(() => scenario.stop());

/** What hands took and gave so far, by mint. */
const tokens = new Map<string, bigint>();
const byHand = { tokens };

const mintOf = (symbol: string) => marketOf(MARKET_SEED, symbol).baseMint;

const boughtBy = ({ attempts }: TradeRecord): bigint =>
  attempts.reduce((sum, attempt) => sum + ("fill" in attempt ? attempt.fill.amountOut : 0n), 0n);

/** Pays by hand until the wallet has so much left. Answers with the signature when it is final. */
async function leaveInWallet(symbol: string, left: bigint): Promise<string> {
  const mint = mintOf(symbol);
  const taken = (await scenario.rpc.tokens(scenario.wallet, mint, "confirmed")) - left;
  const signature = await scenario.faults.pay(taken, mint);
  tokens.set(mint, (tokens.get(mint) ?? 0n) - taken);
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

/** Two looks, a finalization apart. */
async function reconcileTwice(): Promise<void> {
  await reconcile();
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

test("a position that was sold by hand is closed without an exit, when that has been seen twice", async () => {
  const entry = await scenario.enter({ symbol: "JTO/USDC" });
  const signature = await leaveInWallet("JTO/USDC", 0n);
  await reconcileTwice();
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

test("a position of which a half was sold by hand is watched on, and its stop sells the other half", async () => {
  const entry = await scenario.enter({ symbol: "JUP/USDC" });
  const bought = boughtBy(entry);
  const missing = bought / 2n;
  const signature = await leaveInWallet("JUP/USDC", bought - missing);
  await reconcileTwice();
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
