/** What the chain says of an attempt is carried into the rows with what it cost, and what an exit leaves is not forgotten. */
import { describe, expect, test } from "vitest";
import { FakeClock, fakeLog, fakeQueues } from "../../testing/fakes.ts";
import * as Given from "../../testing/given.ts";
import { exit, SOL, WALLET } from "../../testing/trade-world.ts";
import { configFrom } from "../config.ts";
import type { NewEvent } from "../event/event.ts";
import { MARKET_SEED } from "../market/market.ts";
import type { Price } from "../money/price.ts";
import type { Totals } from "../position/position.ts";
import type { LandedTransaction } from "../solana/fill.ts";
import type { ArmedStop } from "../stop/stop.ts";
import type { OnChainError } from "./attempt.ts";
import type { FillStore, Landing, LandingBeyond } from "./fill.store.ts";
import { type Flying, fail, finalize, land, type SettleDeps } from "./settle.ts";
import type { TradeRecord } from "./trade.store.ts";

const FEE = 6_000n;
const TIP = 100_000n;

const never = () => Promise.reject(new Error("nobody asks for this here"));

type Finalized = Parameters<FillStore["finalize"]>;

/** Of what the node shows at `finalized`, if it shows something else there. */
type Shown = LandedTransaction | null;

/** An exit of a SOL at 150 that landed, with a tip, as its wallet's balances tell it. */
const landed = (over: Partial<LandedTransaction> = {}): LandedTransaction => {
  const token = (index: number, mint: string, amount: bigint) => ({ index, mint, owner: WALLET, amount });
  const { baseMint, quoteMint } = Given.SOL_USDC;
  return {
    slot: 1_000n,
    error: null,
    feeLamports: FEE,
    accounts: [WALLET, "base", "quote"],
    preLamports: [1_000_000_000n, 1n, 1n],
    postLamports: [1_000_000_000n - FEE - TIP, 1n, 1n],
    preTokens: [token(1, baseMint, SOL), token(2, quoteMint, 0n)],
    postTokens: [token(1, baseMint, 0n), token(2, quoteMint, 149_000_000n)],
    logs: [],
    ...over,
  };
};

/** Everything that settling may touch, and what it has written. */
function settling(record: TradeRecord, accepted: Price | null = Given.price(150)) {
  const clock = new FakeClock();
  const written = {
    landings: [] as Landing[],
    beyond: [] as LandingBeyond[],
    finalized: [] as Finalized[],
    failed: [] as (OnChainError & { readonly feeQuote: bigint | null })[],
    told: [] as NewEvent[],
    armed: [] as ArmedStop[],
  };
  const queues = fakeQueues();
  let transaction: Shown = landed();
  let final: Shown = landed();
  const tells = (told: Shown, atFinalized: Shown = told): void => {
    transaction = told;
    final = atFinalized;
  };
  const deps: SettleDeps = {
    clock,
    queues,
    log: fakeLog(),
    config: configFrom({ BACKSTOP_JUPITER_RPC_ENDPOINT: "https://rpc.invalid" }),
    markets: MARKET_SEED,
    prices: {
      prices: async () =>
        new Map(accepted === null ? [] : [["SOL/USDC", { price: accepted, at: clock.now(), source: "test" }]]),
    },
    trades: {
      find: async () => ({ ...record, position: Given.position("open") }),
      findMany: never,
      findEntry: never,
      findExit: never,
      findByKey: never,
      planEntry: never,
      submit: never,
      fail: never,
    },
    attempts: {
      async fail(_attemptId, cause, feeQuote, _at, events = []) {
        written.told.push(...events);
        return written.failed.push({ ...cause, feeQuote }) > 0;
      },
    },
    fills: {
      land: async (landing) => written.landings.push(landing) > 0,
      finalize: async (...finalized) => written.finalized.push(finalized) > 0,
      landLate: never,
      landBeyond: async (landing) => written.beyond.push(landing) > 0,
      move: never,
      fork: never,
      doubt: never,
      lose: never,
    },
    rpc: {
      transaction: async (_signature, commitment) => (commitment === "finalized" ? final : transaction),
      send: never,
    },
    watch: { arm: async (armed) => void written.armed.push(armed) },
    wakeRelay: async () => {},
  };
  return { deps, queues, written, tells };
}

/** The exit of one SOL at this stage, of a position that its fills leave with these totals. */
function record(status: "submitted" | "confirmed", totals: Partial<Totals> = {}, exiting = 0n): TradeRecord {
  const { trade, position, ...rest } = exit(SOL);
  const stage =
    status === "submitted"
      ? { status, submittedAt: Given.AT }
      : { status, submittedAt: Given.AT, confirmedAt: Given.AT };
  return {
    ...rest,
    trade: { ...trade, ...stage },
    position: { ...position, totals: { ...position.totals, ...totals }, exiting: Given.units(exiting) },
  };
}

const flying = (status: "live" | "landed") => Given.attempt(status) as Flying;

const namesOf = ([, , , events]: Finalized) =>
  events.map((event) => (event.name === "alarm_raised" ? event.payload.code : event.name));

describe("an exit that is final", () => {
  const sold = { exitIn: SOL, exitOut: Given.units(149_000_000) };

  test("closes a position of which nothing is left", async () => {
    const { deps, written } = settling(record("confirmed", sold));
    expect(await finalize(deps, record("confirmed", sold), flying("landed"))).toBe(true);
    const [finalized] = written.finalized;
    expect(finalized?.slice(0, 3)).toMatchObject(["trd_1.1", { status: "closing", exiting: 0n }, 0n]);
    expect(finalized && namesOf(finalized)).toEqual(["position_closed"]);
    expect(written.armed).toEqual([]);
  });

  /** 0.0006 SOL, worth 0.09 USDC at 150: dust is up to 0.1. */
  const dusty = { exitIn: Given.units(999_400_000), exitOut: Given.units(149_000_000) };

  test("leaves what is worth too little for any route, and says so", async () => {
    const { deps, written } = settling(record("confirmed", dusty));
    await finalize(deps, record("confirmed", dusty), flying("landed"));
    const [finalized] = written.finalized;
    expect(finalized?.[2]).toBe(600_000n);
    expect(finalized && namesOf(finalized)).toEqual(["DUST_LEFT", "position_closed"]);
  });

  test("leaves nothing of what is worth a little more: it is watched again", async () => {
    const { deps, written } = settling(record("confirmed", dusty), Given.price(170));
    await finalize(deps, record("confirmed", dusty), flying("landed"));
    const [finalized] = written.finalized;
    expect(finalized?.[2]).toBe(0n);
    expect(finalized && namesOf(finalized)).toEqual(["position_updated"]);
    expect(finalized?.[3]).toMatchObject([{ payload: { status: "open", quantity: "600000" } }]);
  });

  test("leaves nothing that another exit is meant for", async () => {
    const { deps, written } = settling(record("confirmed", dusty, 600_000n));
    await finalize(deps, record("confirmed", dusty, 600_000n), flying("landed"));
    const [finalized] = written.finalized;
    expect([finalized?.[2], finalized?.[3]]).toEqual([0n, []]);
  });

  test("is judged by what was paid for it while no price is known", async () => {
    const { deps, written } = settling(record("confirmed", dusty), null);
    await finalize(deps, record("confirmed", dusty), flying("landed"));
    expect(written.finalized[0]?.[2]).toBe(600_000n);
  });
});

describe("an entry that is final", () => {
  const sold = { exitIn: SOL, exitOut: Given.units(149_000_000) };
  const entry = (record: TradeRecord): TradeRecord => ({
    ...record,
    trade: { ...record.trade, kind: "entry", side: "buy" },
  });
  const eventsOf = async (given: TradeRecord) => {
    const { deps, written } = settling(given);
    await finalize(deps, given, flying("landed"));
    return written.finalized.map((finalized) => [finalized[2], namesOf(finalized)]);
  };

  test("says what ends with it when nothing is left: the statement sees whether it is the last", async () => {
    expect(await eventsOf(entry(record("confirmed", sold)))).toEqual([[0n, ["position_closed"]]]);
  });

  test("ends nothing that another exit is meant for, nor what is open", async () => {
    expect(await eventsOf(entry(record("confirmed", {}, SOL)))).toEqual([[0n, []]]);
    const opened = entry({
      ...record("confirmed"),
      position: { ...record("confirmed").position, ...Given.position("open") },
    });
    expect(await eventsOf(opened)).toEqual([[0n, []]]);
  });

  test("ends an open position of which nothing is left, as nobody has asked for", async () => {
    const { position, ...rest } = record("confirmed", sold);
    const { deps, written } = settling({ ...rest, position });
    const open = { ...Given.position("open"), totals: position.totals };
    await finalize(deps, entry({ ...rest, position: open }), flying("landed"));
    expect(written.finalized[0]?.[3]).toMatchObject([{ payload: { closeReason: "closed_externally" } }]);
  });
});

describe("an exit that took more than its position holds", () => {
  /** All but a thousandth of it has left already. */
  const sold = { exitIn: Given.units(999_000_000), exitOut: Given.units(149_000_000) };
  const landing = async (atFinalized: Shown, exiting = SOL as bigint) => {
    const given = record("submitted", sold, exiting);
    const { deps, written, tells } = settling(given);
    tells(landed(), atFinalized);
    await land(deps, given, flying("live"));
    expect(written.landings).toEqual([]);
    return written.beyond;
  };
  const names = (events: readonly NewEvent[]) =>
    events.map((event) => (event.name === "alarm_raised" ? event.payload.code : event.name));

  test("is not booked before it is final", async () => {
    expect(await landing(null)).toEqual([]);
    expect(await landing(landed({ error: "{}" }))).toEqual([]);
  });

  test("is booked by itself, with the position's part of it, and told with the numbers", async () => {
    const [beyond] = await landing(landed());
    expect(beyond).toMatchObject({
      fill: { amountIn: SOL, amountOut: 149_000_000n, tipLamports: TIP },
      share: { amountIn: 1_000_000n, amountOut: 149_000n },
      feeQuote: 15_901n,
    });
    expect(names(beyond?.events ?? [])).toEqual(["trade_confirmed", "position_updated", "EXIT_WITHOUT_ENTRY"]);
    expect(beyond?.events.at(-1)?.payload).toMatchObject({
      message: "it took 1000000000 base units, and its position had 1000000 of them",
    });
    expect(names(beyond?.ending ?? [])).toEqual(["position_closed"]);
  });

  test("ends nothing while another exit is planned", async () => {
    const [beyond] = await landing(landed(), SOL + 1n);
    expect(beyond?.ending).toEqual([]);
  });
});

describe("a fill", () => {
  test("has the network's fee and the tip, and both are valued", async () => {
    const { deps, written } = settling(record("submitted", {}, SOL));
    await land(deps, record("submitted", {}, SOL), flying("live"));
    const [landing] = written.landings;
    expect(landing?.fill).toMatchObject({ amountIn: SOL, amountOut: 149_000_000n, feeLamports: FEE, tipLamports: TIP });
    // 106 000 lamports at 150: 0.0159 USDC, and never less.
    expect(landing?.feeQuote).toBe(15_901n);
    expect(landing?.events.map(({ name }) => name)).toEqual(["trade_confirmed", "position_updated"]);
  });

  test("whose fee has no price has one that is not known", async () => {
    const { deps, written } = settling(record("submitted", {}, SOL), null);
    await land(deps, record("submitted", {}, SOL), flying("live"));
    expect(written.landings[0]?.feeQuote).toBeNull();
  });

  test("that the node does not show yet is booked later", async () => {
    const { deps, written, tells } = settling(record("submitted", {}, SOL));
    tells(null);
    await land(deps, record("submitted", {}, SOL), flying("live"));
    expect(written.landings).toEqual([]);
  });
});

describe("an attempt that landed with an error", () => {
  const error = '{"InstructionError":[3,{"Custom":6001}]}';
  const failing = (program: string) =>
    landed({ error, logs: [`Program ${program} failed: custom program error: 0x1771`] });

  test.each([
    ["is Jupiter's slippage", "JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4", "slippage", "SlippageToleranceExceeded"],
    [
      "is another program's, whose numbers say nothing",
      "whirLbMiicVdio4qvUfM5KAg6Ct8VwpYzGff3uctyCc",
      "route",
      "Custom",
    ],
  ])("is told by its logs, in words: %s", async (_words, program, cause, told) => {
    const { deps, queues, written, tells } = settling(record("submitted", {}, SOL));
    tells(failing(program));
    const given = { ...record("submitted", {}, SOL), attempts: [Given.attempt("live")] };
    expect(await fail(deps, given, flying("live"), error)).toBe(true);
    expect(written.failed).toEqual([{ error: expect.stringContaining(told), cause, feeLamports: FEE, feeQuote: 901n }]);
    expect(queues.sent).toEqual([{ queue: "execute", tradeId: "trd_1", delaySeconds: 0 }]);
  });

  test("is looked at again while the node does not show it", async () => {
    const { deps, queues, written, tells } = settling(record("submitted", {}, SOL));
    tells(null);
    expect(await fail(deps, record("submitted", {}, SOL), flying("live"), error)).toBe(false);
    expect([written.failed, queues.sent]).toEqual([[], []]);
  });

  test.each([
    ["the fourth setback of an exit wakes nobody", "exit", 3, []],
    ["the fifth of an exit is told", "exit", 4, ["EXIT_DELAYED"]],
    ["the sixth of an exit wakes nobody again", "exit", 5, []],
    ["the fifth of an entry wakes nobody", "entry", 4, []],
  ] as const)("as %s", async (_words, kind, count, codes) => {
    const { trade, ...rest } = record("submitted", {}, SOL);
    const setbacks = { count, last: null, retryAt: null };
    const given = { ...rest, trade: { ...trade, kind, setbacks }, attempts: [Given.attempt("live")] };
    const { deps, written, tells } = settling(given);
    tells(failing("JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4"));
    expect(await fail(deps, given, flying("live"), error)).toBe(true);
    expect(written.told.map(({ payload }) => payload)).toEqual(
      codes.map((code) =>
        expect.objectContaining({ code, message: expect.stringContaining("SlippageToleranceExceeded") }),
      ),
    );
  });

  test("past the ladder's end is followed after a pause", async () => {
    const late = record("submitted", {}, SOL);
    const given = { ...late, trade: { ...late.trade, triesBefore: 6 }, attempts: [Given.attempt("live")] };
    const { deps, queues } = settling(given);
    await fail(deps, given, flying("live"), error);
    expect(queues.sent).toMatchObject([{ queue: "execute", delaySeconds: 4 }]);
  });
});
