/** What the chain takes back is taken back only when it is gone, and an entry under exits only when it is proven what became of it. */
import { Keypair, SystemProgram } from "@solana/web3.js";
import bs58 from "bs58";
import { describe, expect, test } from "vitest";
import { FakeClock, fakeLog, fakeQueues } from "../../testing/fakes.ts";
import * as Given from "../../testing/given.ts";
import { configFrom } from "../config.ts";
import type { NewEvent } from "../event/event.ts";
import { MARKET_SEED } from "../market/market.ts";
import type { Position } from "../position/position.ts";
import type { LandedTransaction } from "../solana/fill.ts";
import type { Commitment } from "../solana/rpc.ts";
import { buildMessage } from "../solana/transaction.ts";
import type { Correction, FillStore, LostEntry } from "./fill.store.ts";
import { type ForkDeps, fork, lose, move } from "./fork.ts";
import type { Flying } from "./settle.ts";
import type { TradeRecord } from "./trade.store.ts";

const KEY = Keypair.fromSeed(Buffer.alloc(32, 1)).publicKey;
const WALLET = KEY.toBase58();
const { programId, keys, data } = SystemProgram.transfer({ fromPubkey: KEY, toPubkey: KEY, lamports: 1 });
const MESSAGE = buildMessage({
  wallet: WALLET,
  blockhash: WALLET,
  instructions: [
    {
      programId: programId.toBase58(),
      accounts: keys.map((key) => ({ ...key, pubkey: key.pubkey.toBase58() })),
      data: data.toString("base64"),
    },
  ],
  lookupTables: [],
  attemptId: "trd_1.1",
  computeBudget: { unitLimit: 200_000, unitPriceMicroLamports: 0n },
});
const SIGNATURE = bs58.encode(Buffer.alloc(64, 7));

const BOUGHT = 665_000_000n;
const { baseMint, quoteMint } = Given.SOL_USDC;

/** A booked entry of 100 USDC, of whose SOL exits have taken this much, for a tenth as much USDC. */
function entry(exitIn = 0n, over: Partial<Position> = {}): TradeRecord {
  const position = Given.position("closing");
  const totals = {
    ...position.totals,
    entryIn: Given.units(100_000_000),
    entryOut: Given.units(BOUGHT),
    exitIn: Given.units(exitIn),
    exitOut: Given.units(exitIn / 10n),
    feesLamports: Given.units(12_000),
    feesQuote: Given.units(1_800),
  };
  return {
    trade: Given.trade("confirmed"),
    attempts: [attempt],
    position: { ...position, totals, ...over } as Position,
    wallet: WALLET,
  };
}

const attempt = { ...Given.attempt("landed"), message: MESSAGE, signature: SIGNATURE } as Flying;

const landed = (amountOut: bigint, over: Partial<LandedTransaction> = {}): LandedTransaction => {
  const token = (index: number, mint: string, amount: bigint) => ({ index, mint, owner: WALLET, amount });
  return {
    slot: 1_040n,
    error: null,
    feeLamports: 6_000n,
    accounts: [WALLET, "quote", "base"],
    preLamports: [1_000_000_000n, 1n, 1n],
    postLamports: [1_000_000_000n - 6_000n, 1n, 1n],
    preTokens: [token(1, quoteMint, 100_000_000n), token(2, baseMint, 0n)],
    postTokens: [token(1, quoteMint, 0n), token(2, baseMint, amountOut)],
    logs: [],
    ...over,
  };
};

interface Chain {
  /** What the node shows. */
  readonly shown?: Partial<Record<Commitment, LandedTransaction>>;
  readonly knownElsewhere?: boolean;
}

/** What is asked of the stores and the chain, in order; `refused`: what the stores do not do. */
function forking({ shown = {}, knownElsewhere = false }: Chain, refused: readonly (keyof FillStore)[] = []) {
  const asked: string[] = [];
  const told: NewEvent[] = [];
  const lost: LostEntry[] = [];
  const corrections: Correction[] = [];
  const answer = (name: keyof FillStore, events: readonly NewEvent[] = []): boolean => {
    asked.push(name);
    if (refused.includes(name)) return false;
    told.push(...events);
    return true;
  };
  const never = () => Promise.reject(new Error("nobody asks for this here"));
  const clock = new FakeClock();
  const fills: FillStore = {
    land: never,
    landLate: never,
    landBeyond: never,
    finalize: never,
    fork: async (_attemptId, _judged, events) => answer("fork", events),
    doubt: async () => answer("doubt"),
    lose: async (each) => answer("lose", each.events) && lost.push(each) > 0,
    move: async (_attemptId, _fill, _feeQuote, correction) =>
      answer("move", correction.events) && corrections.push(correction) > 0,
  };
  const deps: ForkDeps = {
    clock,
    log: fakeLog(),
    queues: fakeQueues(),
    config: configFrom({ BACKSTOP_JUPITER_RPC_ENDPOINT: "https://rpc.invalid" }),
    markets: MARKET_SEED,
    prices: {
      prices: async () => new Map([["SOL/USDC", { price: Given.price(150), at: clock.now(), source: "test" }]]),
    },
    trades: {
      find: never,
      findMany: never,
      findEntry: never,
      findExit: never,
      findByKey: never,
      planEntry: never,
      submit: never,
      fail: never,
    },
    attempts: { fail: never },
    fills,
    rpc: {
      transaction: async (_signature, commitment) => shown[commitment] ?? null,
      isKnownElsewhere: async () => knownElsewhere,
      send: async () => void asked.push("send"),
    },
    watch: { arm: never },
    wakeRelay: async () => {},
  };
  return { deps, asked, told, lost, corrections };
}

const SHOWN: Chain = { shown: { confirmed: landed(BOUGHT), finalized: landed(BOUGHT) } };
const ERROR = '{"InstructionError":[3,{"Custom":6001}]}';
const FAILED = landed(0n, { error: ERROR });

describe("a block that is gone", () => {
  test("takes nothing back that the node shows when it is asked for it", async () => {
    const { deps, asked } = forking(SHOWN);
    await fork(deps, entry(), attempt);
    expect(await lose(deps, entry(), attempt, false)).toBe(false);
    expect(asked).toEqual([]);
  });

  test("takes an entry back of which nothing has left, also when that is gone for good: it is found dead as any other", async () => {
    const { deps, asked, told } = forking({});
    await fork(deps, entry(), attempt);
    expect(await lose(deps, entry(), attempt, false)).toBe(false);
    expect(asked).toEqual(["fork", "fork"]);
    expect(told[0]).toMatchObject({ name: "position_updated", payload: { status: "closing", quantity: "0" } });
  });

  test("puts an entry in doubt under an exit that is on its way, and its bytes are sent again", async () => {
    const { deps, asked } = forking({}, ["fork"]);
    await fork(deps, entry(), attempt);
    expect(asked).toEqual(["fork", "doubt", "send"]);
  });

  test("does so of one that exits have taken from, without trying to take it back", async () => {
    const { deps, asked } = forking({});
    await fork(deps, entry(1n), attempt);
    expect(asked).toEqual(["doubt", "send"]);
  });

  test("puts nothing in doubt that is so already", async () => {
    const { deps, asked } = forking({});
    await fork(deps, entry(1n, { inDoubt: true }), attempt);
    expect(asked).toEqual(["send"]);
  });

  test("of an exit leaves no doubt, whether it is taken back or looked at again", async () => {
    const { trade, ...rest } = entry(BOUGHT);
    const exit = { ...rest, trade: { ...trade, kind: "exit", side: "sell" } } as TradeRecord;
    const sold = {
      ...attempt,
      fill: Given.fill({ amountIn: Given.units(BOUGHT), amountOut: Given.units(1) }),
    } as Flying;
    const [taken, stale] = [forking({}), forking({}, ["fork"])];
    await fork(taken.deps, exit, sold);
    expect(await lose(stale.deps, exit, sold, false)).toBe(false);
    expect([taken.asked, stale.asked]).toEqual([["fork"], ["fork"]]);
  });
});

describe("an entry that is gone for good", () => {
  test("is lost with what its exits took, and a person is told with the numbers", async () => {
    const { deps, asked, told, lost } = forking({});
    const record = entry(BOUGHT, { inDoubt: true });
    expect(await lose(deps, record, attempt, false)).toBe(true);
    expect(asked).toEqual(["lose"]);
    expect(lost).toMatchObject([{ attemptId: "trd_1.1", position: record.position, error: null, feeQuote: null }]);
    const message = "its block was forked away, and it cannot land any more";
    expect(told.map(({ name, payload }) => [name, payload])).toMatchObject([
      ["trade_failed", { code: "TRANSACTION_FAILED", message }],
      ["position_updated", { status: "aborted", quantity: "0" }],
      [
        "alarm_raised",
        {
          code: "EXIT_WITHOUT_ENTRY",
          message: `its exits took 665000000 base units from the wallet and brought 66500000, and its entry brought none: ${message}`,
        },
      ],
    ]);
  });

  test("is not, while another node knows of it", async () => {
    const { deps, asked } = forking({ knownElsewhere: true });
    expect(await lose(deps, entry(1n), attempt, false)).toBe(false);
    expect(asked).toEqual(["doubt"]);
  });

  test("is looked at again while its exits are not over", async () => {
    const { deps, asked } = forking({}, ["fork", "lose"]);
    expect(await lose(deps, entry(), attempt, false)).toBe(false);
    expect(asked).toEqual(["fork", "doubt", "lose"]);
  });

  test("because it failed in another block costs its fee", async () => {
    const { deps, told, lost } = forking({ shown: { confirmed: FAILED, finalized: FAILED } });
    expect(await lose(deps, entry(1n), attempt, true)).toBe(true);
    expect(lost).toMatchObject([
      { error: { error: expect.stringContaining("6001"), feeLamports: 6_000n }, feeQuote: 901n },
    ]);
    expect(told[0]?.payload).toMatchObject({
      message: expect.stringContaining("and it landed with an error instead: "),
    });
  });

  test("is looked at again while the node does not show what it failed with", async () => {
    const { deps, asked } = forking({ shown: { confirmed: FAILED } });
    expect(await lose(deps, entry(1n), attempt, true)).toBe(false);
    expect(asked).toEqual(["doubt"]);
  });
});

describe("an entry in another block", () => {
  const LESS = BOUGHT - 66n;

  test("is booked as it is there, while it brought what has left", async () => {
    const { deps, asked, told, corrections } = forking({ shown: { confirmed: landed(LESS) } });
    const record = entry(LESS);
    await move(deps, record, attempt);
    expect(asked).toEqual(["move"]);
    expect(corrections).toMatchObject([{ position: record.position, exits: null }]);
    expect(told).toMatchObject([
      { name: "trade_confirmed", payload: { amountOut: String(LESS) } },
      { name: "position_updated", payload: { quantity: "0" } },
    ]);
  });

  test("that brought less than has left is in doubt until it is final", async () => {
    const { deps, asked } = forking({ shown: { confirmed: landed(LESS) } });
    await move(deps, entry(BOUGHT), attempt);
    expect(asked).toEqual(["doubt"]);
  });

  test("and then has of its exits what it brought, with its part of what they did", async () => {
    const { deps, asked, told, corrections } = forking({ shown: { confirmed: landed(LESS), finalized: landed(LESS) } });
    const record = entry(BOUGHT, { inDoubt: true });
    await move(deps, record, attempt);
    expect(asked).toEqual(["move"]);
    // 66 500 000 for 665 000 000, and so 6.6 less, rounded down.
    expect(corrections).toMatchObject([
      { position: record.position, exits: { amountIn: LESS, amountOut: 66_499_993n } },
    ]);
    expect(told.map(({ payload }) => payload)).toMatchObject([
      { amountOut: String(LESS) },
      { status: "closing", quantity: "0" },
      {
        code: "EXIT_WITHOUT_ENTRY",
        message: "it landed in another block and brought 664999934 base units, of which exits had taken 665000000",
      },
    ]);
  });
});
