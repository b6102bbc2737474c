/** Whoever reaches `sign`, and whatever they have written into the rows: no signature that the trade does not cover. */
import { Keypair } from "@solana/web3.js";
import { describe, expect, test } from "vitest";
import { accountOf, instructionOf } from "../../testing/fake-swap.ts";
import * as Given from "../../testing/given.ts";
import type { AttemptRow, PositionRow, TradeRow } from "../../testing/memory/database.ts";
import { entry, exit, WALLET, type World, world } from "../../testing/trade-world.ts";
import { MARKET_SEED } from "../market/market.ts";
import { buildMessage, type InstructionData } from "../solana/transaction.ts";
import { driveTrade } from "./drive.ts";
import type { TradeRecord } from "./trade.store.ts";

const ID = "trd_1";
const ATTEMPT = "trd_1.1";
const OTHER = Keypair.fromSeed(Buffer.alloc(32, 9)).publicKey.toBase58();
const { baseMint: SOL, quoteMint: USDC } = Given.SOL_USDC;
const JUP = MARKET_SEED.find(({ symbol }) => symbol === "JUP/USDC")?.baseMint ?? expect.unreachable("it is seeded");

/** Its attempt is drafted, and nobody has asked for a signature. */
async function drafted(record: TradeRecord): Promise<World> {
  const made = world(record);
  const { sign } = made;
  made.sign = async () => ({ outcome: "unwanted", reason: "not yet" });
  await driveTrade(made.deps, ID);
  made.sign = sign;
  expect(made.rows.of(ID).attempts).toMatchObject([{ status: "drafted" }]);
  return made;
}

interface Written {
  readonly attempt?: Partial<AttemptRow>;
  readonly trade?: Partial<TradeRow>;
  readonly position?: Partial<PositionRow>;
}

const write = ({ rows: { db } }: World, { attempt, trade, position }: Written): void => {
  if (attempt) db.attempts.update(ATTEMPT, attempt);
  if (trade) db.trades.update(ID, trade);
  if (position) db.positions.update(1, position);
};

/** The transaction of an entry of 100 USDC, with something else in it. */
function messageOf(
  over: { wallet?: string; attemptId?: string; quote?: object } = {},
  change: (swap: InstructionData) => readonly InstructionData[] = (swap) => [swap],
): Partial<AttemptRow> {
  const { wallet = WALLET, attemptId = ATTEMPT, quote } = over;
  const asked = { inputMint: USDC, outputMint: SOL, amountIn: 100_000_000n, amountOut: 666_666_667n, slippageBps: 50 };
  const message = buildMessage({
    wallet,
    blockhash: WALLET,
    instructions: change(instructionOf({ ...asked, ...quote }, wallet)),
    lookupTables: [],
    attemptId,
    computeBudget: { unitLimit: 200_000, unitPriceMicroLamports: 10_000n },
  });
  return { message };
}

const to = (index: number, pubkey: string) => (swap: InstructionData) => [
  { ...swap, accounts: swap.accounts.map((each, at) => (at === index ? { ...each, pubkey } : each)) },
];

const transfer = (lamports: bigint): InstructionData => {
  const data = Buffer.alloc(12);
  data.writeUInt32LE(2, 0);
  data.writeBigUInt64LE(lamports, 4);
  return {
    programId: "11111111111111111111111111111111",
    accounts: [
      { pubkey: WALLET, isSigner: true, isWritable: true },
      { pubkey: OTHER, isSigner: false, isWritable: true },
    ],
    data: data.toString("base64"),
  };
};

const isUnsigned = ({ rows }: World): void =>
  expect(rows.db.attempts.get(ATTEMPT), "no signature is stored").toMatchObject({ signature: null });

test("an attempt as it was drafted is signed, and asking again gives the same signature", async () => {
  const made = await drafted(entry());
  const first = await made.sign(ATTEMPT);
  expect(first).toMatchObject({ outcome: "signed" });
  expect(await made.sign(ATTEMPT)).toEqual(first);
});

test("of ten who ask at once all get the one signature that is stored", async () => {
  const made = await drafted(exit());
  const answers = await Promise.all(Array.from({ length: 10 }, () => made.sign(ATTEMPT)));
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
  expect(answers[0]).toMatchObject({ outcome: "signed" });
});

describe("rows of an entry that were written to", () => {
  test.each<[string, string, Written]>([
    ["another amount", "amount_in", { trade: { amountIn: 200_000_000n } }],
    ["a lower minimum", "recorded_minimum", { attempt: { minimumOut: 1n } }],
    ["a minimum below its caller's", "callers_minimum", { trade: { minimumOut: 10n ** 12n } }],
    ["another mint to spend", "market", { trade: { inputMint: JUP } }],
    ["another mint to get", "market", { trade: { outputMint: JUP } }],
    ["the other side", "market", { trade: { side: "sell" } }],
    ["the other side, of both", "market", { trade: { side: "sell" }, position: { side: "sell" } }],
    ["another market", "market", { trade: { symbol: "JUP/USDC" } }],
    ["a position of another market", "direction", { position: { symbol: "JUP/USDC" } }],
    ["a position of the other side", "direction", { position: { side: "sell" } }],
    ["more than an entry may spend", "max_position_size", { trade: { amountIn: 2_000_000_000n } }],
    ["no message", "message", { attempt: { message: "" } }],
    ["a message that is none", "message", { attempt: { message: "bm90IGEgbWVzc2FnZQ==" } }],
    ["another attempt's message", "memo", { attempt: messageOf({ attemptId: "trd_2.1" }) }],
    ["another payer", "payer", { attempt: messageOf({ wallet: OTHER }) }],
    ["another receiver", "swap_accounts", { attempt: messageOf({}, to(2, accountOf(OTHER, SOL))) }],
    ["another receiver beside ours", "swap_accounts", { attempt: messageOf({}, to(7, accountOf(OTHER, SOL))) }],
    ["another mint's account of ours", "swap_accounts", { attempt: messageOf({}, to(2, accountOf(WALLET, JUP))) }],
    ["a transfer besides", "tip", { attempt: messageOf({}, (swap) => [swap, transfer(1n)]) }],
    ["a second swap", "one_swap", { attempt: messageOf({}, (swap) => [swap, swap]) }],
    ["no swap", "one_swap", { attempt: messageOf({}, () => []) }],
    ["more than the trade spends", "amount_in", { attempt: messageOf({ quote: { amountIn: 100_000_001n } }) }],
    [
      "a minimum far below our price, as it is recorded",
      "minimum_out",
      { attempt: { ...messageOf({ quote: { amountOut: 1_000_000n } }), minimumOut: 995_000n } },
    ],
    [
      "a slippage of everything, as it is recorded",
      "minimum_out",
      { attempt: { ...messageOf({ quote: { slippageBps: 10_000 } }), minimumOut: 0n } },
    ],
  ])("%s: %s", async (_words, rule, written) => {
    const made = await drafted(entry());
    write(made, written);
    const answer = await made.sign(ATTEMPT);
    expect(answer).toMatchObject({ outcome: "refused", code: "UNSAFE_TRANSACTION", rule });
    isUnsigned(made);
  });

  test("another wallet: the key is not its own", async () => {
    const made = await drafted(entry());
    made.rows.db.accounts.update("acc_1", { wallet: OTHER });
    expect(await made.sign(ATTEMPT)).toMatchObject({ outcome: "refused", rule: "own_wallet" });
    isUnsigned(made);
  });

  test("an attempt that nobody has recorded", async () => {
    const made = await drafted(entry());
    expect(await made.sign("trd_9.1")).toMatchObject({ outcome: "refused", rule: "known_attempt" });
  });
});

describe("what is not wanted any more", () => {
  const over = { endedAt: Given.AT };
  test.each<[string, Written]>([
    ["an entry that has failed", { trade: { status: "failed", failure: { code: "", message: "" }, ...over } }],
    ["an entry that was superseded", { trade: { status: "superseded", ...over } }],
    ["an entry whose position is to be closed", { position: { status: "closing", closeReason: "manual" } }],
    ["an entry whose position was aborted", { position: { status: "aborted", closedAt: Given.AT } }],
    ["an attempt that was given up", { attempt: { status: "abandoned" } }],
    ["a draft of sixteen seconds ago", { attempt: { draftedAt: new Date(Given.AT.getTime() - 16_000) } }],
  ])("%s is not signed", async (_words, written) => {
    const made = await drafted(entry());
    write(made, written);
    expect(await made.sign(ATTEMPT)).toMatchObject({ outcome: "unwanted" });
    isUnsigned(made);
  });

  test.each<[string, Written]>([
    ["whose entry is in doubt", { position: { inDoubt: true } }],
    ["of more than its position holds", { position: { exitIn: 1n } }],
    ["of a position that is open again", { position: { status: "open" } }],
  ])("an exit %s is not signed", async (_words, written) => {
    const made = await drafted(exit());
    write(made, written);
    expect(await made.sign(ATTEMPT)).toMatchObject({ outcome: "unwanted" });
    isUnsigned(made);
  });
});

describe("an entry", () => {
  /** Another position of the account bought back nothing yet of what it sold: that much of the USDC is its own. */
  const promised = ({ rows: { db } }: World, amount: bigint): void => {
    const position = db.positions.named(1);
    db.positions.insert({
      ...position,
      positionId: 2,
      side: "sell",
      status: "open",
      seat: 2,
      entryIn: 1n,
      entryOut: amount,
      openedAt: Given.AT,
      entryPrice: 150,
      highWaterMark: 150,
    });
  };

  test("is not signed for what a position holds, though it was planned for it", async () => {
    const made = await drafted(entry());
    made.chain.endow(250_000_000n);
    promised(made, 150_000_001n);
    expect(await made.sign(ATTEMPT)).toMatchObject({
      outcome: "put_off",
      code: "INSUFFICIENT_FUNDS",
      reason: `the wallet holds 250000000 base units of ${USDC}: with it 250000001 are spoken for`,
    });
    isUnsigned(made);
    made.chain.endow(250_000_001n);
    expect(await made.sign(ATTEMPT)).toMatchObject({ outcome: "signed" });
  });
});

describe("an exit", () => {
  test("is not signed below the floor, by a price that sign has read itself", async () => {
    const made = await drafted(exit());
    made.accepted = Given.price(301);
    expect(await made.sign(ATTEMPT)).toMatchObject({ outcome: "refused", rule: "minimum_out" });
    isUnsigned(made);
  });

  test("waits for a price that somebody knows", async () => {
    const made = await drafted(exit());
    made.accepted = null;
    expect(await made.sign(ATTEMPT)).toMatchObject({ outcome: "put_off", code: "PRICE_UNAVAILABLE" });
    isUnsigned(made);
  });

  test("uses nothing of its account's day", async () => {
    const made = await drafted(exit());
    made.rows.db.accounts.update("acc_1", { dailyUse: 10n ** 18n, dailyUseOn: "2026-03-01" });
    expect(await made.sign(ATTEMPT)).toMatchObject({ outcome: "signed" });
  });
});

describe("the day's limit", () => {
  const used = ({ rows }: World) => rows.db.accounts.named("acc_1").dailyUse;

  test("is used by an entry once, whoever asks how often", async () => {
    const made = await drafted(entry());
    await Promise.all([made.sign(ATTEMPT), made.sign(ATTEMPT)]);
    await made.sign(ATTEMPT);
    expect(used(made)).toBe(100_000_000n);
  });

  test("ends entries with its numbers when it is reached, and not before", async () => {
    const made = await drafted(entry());
    made.rows.db.accounts.update("acc_1", { dailyUse: 9_900_000_001n, dailyUseOn: "2026-03-01" });
    expect(await made.sign(ATTEMPT)).toEqual({
      outcome: "refused",
      code: "RISK_LIMIT_EXCEEDED",
      rule: "daily_limit",
      reason: "the entries of this UTC day come to 9900.000001, and this one to 100: at most 10000",
    });
    isUnsigned(made);
    made.rows.db.accounts.update("acc_1", { dailyUse: 9_900_000_000n });
    expect(await made.sign(ATTEMPT)).toMatchObject({ outcome: "signed" });
    expect(used(made)).toBe(10_000_000_000n);
  });

  test("is the day's: the next one begins with nothing", async () => {
    const made = await drafted(entry());
    made.rows.db.accounts.update("acc_1", { dailyUse: 10_000_000_000n, dailyUseOn: "2026-02-28" });
    expect(await made.sign(ATTEMPT)).toMatchObject({ outcome: "signed" });
    expect(used(made)).toBe(100_000_000n);
  });
});
