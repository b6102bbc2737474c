/** An exit goes out, or something comes in its place that does; nothing of it is silent, and nothing is forgotten. */
import { describe, expect, test } from "vitest";
import * as Given from "../../testing/given.ts";
import { noRoute, rateLimited } from "../../testing/steered-jupiter.ts";
import { alarms, driven, exit, forgotten, SOL, type World, world } from "../../testing/trade-world.ts";
import type { Quote } from "../jupiter/client.ts";
import type { Amount } from "../money/amount.ts";
import { NO_FILLS } from "../position/position.ts";
import { driveTrade } from "./drive.ts";

const ID = "trd_1";
const HALVES = ["trd_1_1", "trd_1_2"];

/** The ladder has five rungs; the sixth try is at its end. */
const AT_THE_CAP = { triesBefore: 5 };

const half = Given.units(500_000_000);

/** 150 USDC in halves: after 18.75 comes 9.375, which is below 10. */
const smallest = Given.units(125_000_000);

/** A market that takes no more than this at once. */
const takingUpTo =
  (most: Amount) =>
  ({ amountIn }: Quote) =>
    amountIn > most ? noRoute() : {};

const statusOf = (made: World, tradeId = ID) => made.rows.of(tradeId).trade.status;

/** One message for the trade, after which none of them is forgotten. */
async function drive(made: World, tradeId = ID): Promise<void> {
  await driveTrade(made.deps, tradeId);
  expect(forgotten(made)).toEqual([]);
}

/** Until the next message for the trade is due, which is then delivered alone. */
async function driveNext(made: World, tradeId = ID): Promise<void> {
  const due = made.queues.due("execute", tradeId).at(-1) ?? expect.unreachable("a message is on its way");
  await made.clock.sleep(due.getTime() - made.clock.now().getTime());
  await drive(made, tradeId);
}

/** Whatever is on its way lands, and is final; how many have by then. */
async function landed({ rows, clock }: World): Promise<number> {
  for (const { trade, attempts } of rows.all()) {
    if (trade.status !== "submitted" || attempts.at(-1)?.status !== "live") continue;
    await rows.landed(trade.tradeId, clock.now());
  }
  return rows.all().filter(({ trade }) => trade.status === "finalized").length;
}

describe("an exit whose entry is in doubt", () => {
  test("asks nobody for anything, and goes out when it is that no more", async () => {
    const made = world(exit());
    made.rows.position = { ...made.rows.position, inDoubt: true };
    await drive(made);
    await driveNext(made);
    expect([made.jupiter.asked, made.rows.of(ID).attempts, made.chain.sent.size]).toEqual([[], [], 0]);
    made.rows.position = { ...made.rows.position, inDoubt: false };
    await driveNext(made);
    expect(made.rows.of(ID).attempts).toMatchObject([{ status: "live" }]);
  });
});

describe("an exit without a route", () => {
  test("goes on in halves after the third try, and says so", async () => {
    const made = world(exit());
    made.jupiter.quoting(takingUpTo(half));
    await drive(made);
    await driveNext(made);
    expect([statusOf(made), alarms(made)]).toEqual(["planned", []]);
    await driveNext(made);
    expect([statusOf(made), alarms(made)]).toEqual(["superseded", ["EXIT_DIVIDED"]]);
    const parts = made.rows.all().slice(1);
    expect(parts.map(({ trade }) => trade)).toMatchObject(
      HALVES.map((tradeId) => ({ tradeId, amountIn: half, replaces: ID, status: "planned", kind: "exit" })),
    );
    expect(made.rows.position).toMatchObject({ status: "closing", exiting: SOL });
    expect(made.jupiter.asked.map(({ amountIn }) => amountIn)).toEqual([SOL, SOL, SOL, smallest]);
  });

  test("has a message for each half queued before they are planned, and one after", async () => {
    const made = world(exit());
    made.jupiter.quoting(takingUpTo(half));
    const replace = made.rows.exits.replace;
    let before: readonly number[] = [];
    const exits = {
      ...made.rows.exits,
      replace: (replacement: Parameters<typeof replace>[0]) => {
        before = HALVES.map((part) => made.queues.due("execute", part).length);
        return replace(replacement);
      },
    };
    const deps = { ...made.deps, exits };
    for (const _try of [1, 2, 3]) {
      await driveTrade(deps, ID);
      await made.clock.sleep(60_000);
    }
    expect(before).toEqual([1, 1]);
    expect(HALVES.map((part) => made.queues.due("execute", part).length)).toEqual([2, 2]);
  });

  test("that has one again goes out whole", async () => {
    const made = world(exit());
    made.jupiter.quoting(noRoute);
    await drive(made);
    made.jupiter.quoting(() => ({}));
    await driveNext(made);
    expect(made.rows.all()).toHaveLength(1);
    expect(made.rows.of(ID).attempts).toMatchObject([{ status: "live", slippageBps: 50 }]);
    expect(made.rows.of(ID).trade.setbacks).toMatchObject({ count: 1, retryAt: null });
  });

  test("is halved again and again, and not below the smallest part", async () => {
    const made = world(exit());
    made.jupiter.quoting(takingUpTo(smallest));
    await drive(made);
    await driven(made, async () => (await landed(made)) === 8);
    const parts = made.rows.all().filter(({ trade }) => trade.status !== "superseded");
    expect(parts.map(({ trade }) => trade.amountIn)).toEqual(Array(8).fill(smallest));
    expect(made.chain.sent.size).toBe(8);
    expect(forgotten(made)).toEqual([]);
  });

  test.each([
    ["has no route either", noRoute],
    ["would be below the floor", () => ({ amountOut: Given.units(9_375_000) })],
  ])("stays whole where the smallest part %s, and says so", async (_words, quoted) => {
    const made = world(exit());
    made.jupiter.quoting(({ amountIn }) => (amountIn > smallest ? noRoute() : quoted()));
    await drive(made);
    for (const _try of [2, 3, 4, 5]) await driveNext(made);
    expect([statusOf(made), made.rows.all().length, alarms(made)]).toEqual(["planned", 1, ["EXIT_DELAYED"]]);
    const asked = made.jupiter.asked.map(({ amountIn }) => amountIn);
    expect(asked).toEqual([SOL, SOL, SOL, smallest, SOL, smallest, SOL, smallest]);
    made.jupiter.quoting(takingUpTo(half));
    await driveNext(made);
    expect(statusOf(made)).toBe("superseded");
  });

  test("is halved for whatever the smallest part would bring where no price is known", async () => {
    const made = world(exit());
    made.accepted = null;
    made.jupiter.quoting(({ amountIn }) => (amountIn > smallest ? noRoute() : { amountOut: Given.units(1_000) }));
    await drive(made);
    await driveNext(made);
    await driveNext(made);
    expect([statusOf(made), alarms(made)]).toEqual(["superseded", ["EXIT_DIVIDED"]]);
  });

  test("is not halved before the quote of the smallest part is there", async () => {
    const made = world(exit());
    made.jupiter.quoting(({ amountIn }) => (amountIn > smallest ? noRoute() : rateLimited()));
    await drive(made);
    await driveNext(made);
    await driveNext(made);
    expect(made.rows.all()).toHaveLength(1);
    expect(made.rows.of(ID).trade).toMatchObject({ status: "planned", turnUntil: null, setbacks: { count: 3 } });
  });

  test("is not halved at the third setback where the others were something else", async () => {
    const made = world(exit());
    made.jupiter.quoting(rateLimited);
    await drive(made);
    await driveNext(made);
    made.jupiter.quoting(takingUpTo(half));
    await driveNext(made);
    expect([statusOf(made), made.rows.all().length]).toEqual(["planned", 1]);
  });

  test("whose halves have one brings both on their way, one after the other, and nothing twice", async () => {
    const made = world(exit());
    made.jupiter.quoting(takingUpTo(half));
    await drive(made);
    await driven(made, () => made.chain.sent.size > 0);
    const first = HALVES.find((part) => made.rows.of(part).attempts.length > 0) ?? expect.unreachable();
    const second = HALVES.find((part) => part !== first) ?? expect.unreachable();
    await made.clock.sleep(5_000);
    await drive(made, second);
    expect(made.rows.of(second).attempts).toEqual([]);
    await made.rows.landed(first, made.clock.now());
    await driven(made, () => made.chain.sent.size > 1);
    expect(HALVES.map((part) => made.rows.of(part).attempts.length)).toEqual([1, 1]);
  });
});

describe("an exit that is too large for the market", () => {
  test("is not held up by its price impact while the ladder goes up", async () => {
    const made = world(exit());
    made.jupiter.quoting(() => ({ priceImpact: 0.4 }));
    await drive(made);
    expect(made.rows.of(ID).attempts).toMatchObject([{ status: "live" }]);
  });

  test("goes on in halves at the ladder's end, which start there", async () => {
    const made = world(exit(SOL, AT_THE_CAP));
    made.jupiter.quoting(({ amountIn }) => ({ priceImpact: amountIn > half ? 0.011 : 0.01 }));
    await drive(made);
    expect([statusOf(made), alarms(made)]).toEqual(["superseded", ["EXIT_DIVIDED"]]);
    await drive(made, "trd_1_1");
    expect(made.rows.of("trd_1_1").trade.triesBefore).toBe(5);
    expect(made.rows.of("trd_1_1").attempts).toMatchObject([{ status: "live", slippageBps: 2_000 }]);
  });

  test("goes out anyway where no smaller one is worth making", async () => {
    // 0.133 SOL is 19.95 USDC: less than two of 10.
    const made = world(exit(Given.units(133_000_000), AT_THE_CAP));
    made.jupiter.quoting(() => ({ priceImpact: 0.4 }));
    await drive(made);
    expect(made.rows.of(ID).attempts).toMatchObject([{ status: "live", slippageBps: 2_000 }]);
  });
});

describe("an exit below the floor", () => {
  /** What Jupiter gives of 150 USDC: the floor is half of it. */
  const giving = (amountOut: number) => () => ({ amountOut: Given.units(amountOut) });

  test("is not sold, and tried again", async () => {
    const made = world(exit());
    made.jupiter.quoting(giving(75_000_000));
    await drive(made);
    expect(made.rows.of(ID).attempts).toEqual([]);
    expect(made.rows.of(ID).trade.setbacks.last).toMatchObject({
      code: "INSUFFICIENT_LIQUIDITY",
      message: expect.stringContaining("the floor is 75000000"),
    });
    expect(made.chain.sent.size).toBe(0);
  });

  test("is not sold either where only the quote that is built is there", async () => {
    const made = world(exit());
    made.jupiter.swapping(({ quote }) => ({ quote: { ...quote, minimumOut: Given.units(74_999_999) } }));
    await drive(made);
    expect(made.rows.of(ID).attempts).toEqual([]);
  });

  test("is halved when it stays there and its parts would not be, and says so", async () => {
    const made = world(exit());
    made.jupiter.quoting(({ amountIn }) => (amountIn > half ? { amountOut: Given.units(75_000_000) } : {}));
    await drive(made);
    await driveNext(made);
    await driveNext(made);
    expect([statusOf(made), alarms(made)]).toEqual(["superseded", ["PRICE_BELOW_FLOOR"]]);
    expect(made.rows.all().map(({ trade }) => trade.amountIn)).toEqual([SOL, half, half]);
  });

  test("is not halved below the smallest part, whatever a quote of it would bring", async () => {
    // 0.133 SOL is 19.95 USDC: less than two of 10.
    const made = world(exit(Given.units(133_000_000)));
    made.jupiter.swapping(({ quote }) => ({ quote: { ...quote, minimumOut: Given.units(1) } }));
    await drive(made);
    for (const _try of [2, 3, 4]) await driveNext(made);
    expect([statusOf(made), made.rows.all().length]).toEqual(["planned", 1]);
  });

  test("stays whole where its parts would be there as well, and says so", async () => {
    const made = world(exit());
    // 75 USDC for a SOL: with any slippage less than half of what it is worth.
    made.jupiter.quoting(({ amountIn }) => ({ amountOut: Given.units((amountIn * 3n) / 40n) }));
    await drive(made);
    for (const _try of [2, 3, 4, 5]) await driveNext(made);
    expect([statusOf(made), made.rows.all().length, alarms(made)]).toEqual(["planned", 1, ["PRICE_BELOW_FLOOR"]]);
    expect(made.chain.sent.size).toBe(0);
  });

  test("goes out where its slippage leaves it above", async () => {
    const made = world(exit());
    made.jupiter.quoting(giving(75_400_000));
    await drive(made);
    expect(made.rows.of(ID).attempts).toMatchObject([{ status: "live" }]);
  });

  test("is not signed while nobody knows a price to hold it against, and goes out once somebody does", async () => {
    const made = world(exit());
    made.accepted = null;
    made.jupiter.quoting(giving(1_000));
    await drive(made);
    expect(made.rows.of(ID).attempts).toMatchObject([{ status: "abandoned", refusal: { cause: "other" } }]);
    expect(made.rows.of(ID).trade.setbacks.last).toMatchObject({ code: "PRICE_UNAVAILABLE" });
    made.accepted = Given.price(150);
    made.jupiter.quoting(() => ({}));
    await driveNext(made);
    expect(made.rows.of(ID).attempts).toMatchObject([{ status: "abandoned" }, { status: "live" }]);
  });
});

describe("what is left of a position", () => {
  const dust = Given.units(600_000);

  /** A position that holds 0.0006 SOL, worth 0.09 USDC. */
  function dusty(): World {
    const record = exit(dust);
    const totals = { ...record.position.totals, exitIn: Given.units(999_400_000), exitOut: Given.units(149_910_000) };
    const made = world({ ...record, position: { ...record.position, totals } });
    made.jupiter.quoting(noRoute);
    return made;
  }

  test("and no route takes is left in the wallet, and closes the position", async () => {
    const made = dusty();
    await drive(made);
    await driveNext(made);
    await driveNext(made);
    expect(made.rows.position).toMatchObject({ status: "closed", exiting: 0n, totals: { dust, missing: 0n } });
    expect(alarms(made)).toEqual(["DUST_LEFT"]);
    const closed = made.rows.events.find(({ name }) => name === "position_closed");
    expect(closed?.payload).toMatchObject({ positionId: 1, closeReason: "trailing_stop", exitPrice: "150" });
  });

  test("and a route takes is sold", async () => {
    const made = dusty();
    await drive(made);
    made.jupiter.quoting(() => ({}));
    await driveNext(made);
    expect(made.rows.of(ID).attempts).toMatchObject([{ status: "live" }]);
  });

  test("is not left where it is a part of more", async () => {
    const made = world(exit(dust));
    made.jupiter.quoting(noRoute);
    await drive(made);
    for (const _try of [2, 3, 4, 5]) await driveNext(made);
    expect([statusOf(made), made.rows.position.status]).toEqual(["planned", "closing"]);
  });
});

describe("a wallet that has too little", () => {
  test("by a hundredth is sold out, and the rest is missing", async () => {
    const made = world(exit());
    made.balance = Given.units(995_000_000);
    await drive(made);
    expect([statusOf(made), alarms(made)]).toEqual(["superseded", ["EXIT_SHORT"]]);
    expect(made.rows.of("trd_1_1").trade).toMatchObject({ amountIn: 995_000_000n, replaces: ID });
    expect(made.rows.position).toMatchObject({ exiting: 995_000_000n, totals: { missing: 5_000_000n } });
    await drive(made, "trd_1_1");
    expect(made.rows.of("trd_1_1").attempts).toMatchObject([{ status: "live" }]);
  });

  /** The rest of the wallet as of then, by an exit of one SOL, in a wallet that has a hundredth less at `confirmed`. */
  async function shortOnly(tokens: (made: World, commitment: string) => Promise<Amount>): Promise<World> {
    const made = world(exit());
    made.balance = Given.units(995_000_000);
    const rpc: World["deps"]["rpc"] = {
      ...made.deps.rpc,
      tokens: (_wallet, _mint, commitment) => tokens(made, commitment),
    };
    await driveTrade({ ...made.deps, rpc }, ID);
    expect(forgotten(made)).toEqual([]);
    return made;
  }

  test("is not called missing before that is final", async () => {
    const made = await shortOnly(async ({ balance }, commitment) => (commitment === "finalized" ? SOL : balance));
    expect([statusOf(made), made.rows.position.totals.missing, alarms(made)]).toEqual(["planned", 0n, []]);
  });

  test.each([
    ["a fill is booked", { lastFillSlot: 4_712n }],
    ["something is sent", { unfinished: true }],
  ])("is not called missing where %s while it is asked", async (_words, around) => {
    const made = await shortOnly(async (asking, commitment) => {
      if (commitment === "finalized") asking.rows.around = around;
      return asking.balance;
    });
    expect([statusOf(made), made.rows.position.totals.missing]).toEqual(["planned", 0n]);
  });

  test("by more sells what is there now, and has an exit for the rest that waits for what is found", async () => {
    const made = world(exit());
    made.balance = Given.units(989_000_000);
    await drive(made);
    expect(made.rows.of(ID).trade.status).toBe("superseded");
    const [there, rest] = made.rows.all().filter(({ trade }) => trade.replaces === ID);
    expect([there?.trade.amountIn, rest?.trade.amountIn]).toEqual([989_000_000n, 11_000_000n]);
    expect(made.rows.position.totals.missing).toBe(0n);
    expect(alarms(made)).toEqual(["EXIT_SHORT"]);
  });

  test("because others hold the rest sells only what is its own", async () => {
    const made = world(exit());
    made.balance = Given.units(1_500_000_000);
    made.rows.around = { heldByOthers: 1_000_000_000n };
    await drive(made);
    const [there] = made.rows.all().filter(({ trade }) => trade.replaces === ID);
    expect(there?.trade.amountIn).toBe(500_000_000n);
  });

  test("of nothing worth an exit is looked into, and nothing is sold of what may be another's", async () => {
    const made = world(exit());
    made.balance = Given.units(9_999_999);
    await drive(made);
    expect(made.queues.due("reconcile", ID)).toHaveLength(1);
    expect(made.rows.of(ID)).toMatchObject({
      attempts: [],
      trade: { setbacks: { last: { code: "INSUFFICIENT_FUNDS" } } },
    });
  });

  test("while something is in flight is waited for, and nothing is called missing", async () => {
    const made = world(exit());
    made.balance = Given.units(995_000_000);
    made.rows.around = { unfinished: true };
    await drive(made);
    expect(made.rows.of(ID).trade.setbacks.last?.message).toContain("something is still in flight");
    expect(made.rows.position.totals.missing).toBe(0n);
    made.balance = SOL;
    await driveNext(made);
    expect(made.rows.of(ID).attempts).toMatchObject([{ status: "live" }]);
  });

  test("is not asked before it has seen the last fill", async () => {
    const made = world(exit());
    made.rows.around = { lastFillSlot: 4_711n };
    const asked: unknown[] = [];
    const rpc = {
      ...made.deps.rpc,
      tokens: async (...question: readonly unknown[]) => {
        asked.push(question);
        return SOL;
      },
    };
    await driveTrade({ ...made.deps, rpc }, ID);
    expect(asked).toEqual([[made.rows.of(ID).wallet, Given.SOL_USDC.baseMint, "confirmed", 4_711n]]);
  });
});

test("an exit whose entry was forked away waits, and goes out when that has landed again", async () => {
  const record = exit();
  const made = world({ ...record, position: { ...record.position, totals: NO_FILLS } });
  await drive(made);
  await driveNext(made);
  expect(made.jupiter.asked).toEqual([]);
  expect(made.rows.of(ID)).toEqual({ ...record, position: made.rows.position });
  expect(made.rows.position).toMatchObject({ status: "closing", exiting: SOL, totals: NO_FILLS });
  expect(made.queues.due("execute", ID).at(-1)?.getTime()).toBe(made.clock.now().getTime() + 3_000);
  made.rows.position = record.position;
  await driveNext(made);
  expect(made.rows.of(ID).attempts).toMatchObject([{ status: "live" }]);
});

describe("an exit beside another of its position", () => {
  /** One latched a moment after the time that is given to the builders. */
  const beside = async (made: World): Promise<World> => {
    made.rows.plan({ ...exit(half).trade, tradeId: "trd_2", plannedAt: new Date(Given.AT.getTime() + 1) });
    await made.queues.send("execute", "trd_2", 15);
    return made;
  };

  test("that was latched after it waits, and asks for no quote", async () => {
    const made = await beside(world(exit(half)));
    await drive(made);
    expect(made.jupiter.asked).toEqual([]);
    expect(made.rows.of(ID)).toMatchObject({ attempts: [], trade: { setbacks: { count: 0, retryAt: null } } });
    await drive(made, "trd_2");
    expect(made.rows.of("trd_2").attempts).toMatchObject([{ status: "live" }]);
  });

  test.each([
    ["waits for it also after two setbacks of that one", 2, 0],
    ["goes out once that one has had three", 3, 1],
  ])("%s", async (_words, count, sent) => {
    const made = world(exit(half));
    const setbacks = { count, last: null, retryAt: null };
    made.rows.plan({ ...exit(half).trade, tradeId: "trd_2", plannedAt: new Date(Given.AT.getTime() + 1), setbacks });
    await made.queues.send("execute", "trd_2", 15);
    await drive(made);
    expect(made.rows.of(ID).attempts).toHaveLength(sent);
  });

  test("has that one looked at once more when it should be final by then", async () => {
    const made = await beside(world(exit(half)));
    await drive(made);
    await drive(made, "trd_2");
    const looks = () => made.queues.due("confirm", "trd_2");
    const before = looks().length;
    await made.clock.sleep(90_000 - (made.clock.now().getTime() % 30_000));
    await drive(made);
    expect(made.rows.of(ID).attempts).toEqual([]);
    expect(looks().length).toBe(before + 1);
    await made.clock.sleep(15_000);
    await drive(made);
    expect(looks().length, "not at every message").toBe(before + 1);
  });

  test("that it was latched after has the next attempt", async () => {
    const made = await beside(world(exit(half, { plannedAt: new Date(Given.AT.getTime() + 2) })));
    await drive(made);
    expect(made.rows.of(ID).attempts).toMatchObject([{ status: "live" }]);
  });
});
