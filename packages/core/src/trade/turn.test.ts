/** Of several messages for one trade one makes the attempt; whoever dies, and whatever answer is lost, one comes again. */
import { describe, expect, test } from "vitest";
import { AT, units } from "../../testing/given.ts";
import { lifeOf, losing } from "../../testing/interrupted.ts";
import { noRoute, rateLimited } from "../../testing/steered-jupiter.ts";
import { driven, entry, exit, forgotten, SOL, type World, world } from "../../testing/trade-world.ts";
import type { Quote } from "../jupiter/client.ts";
import { driveTrade } from "./drive.ts";
import type { SubmitDeps } from "./submit.ts";
import type { TradeRecord } from "./trade.store.ts";

const ID = "trd_1";

const SLIPPAGE = {
  error: '{"InstructionError":[3,{"Custom":6001}]}',
  logs: ["Program JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4 failed: custom program error: 0x1771"],
};

/** When a message that nobody was done with comes again. */
const VISIBILITY_SECONDS = 25;

const after = (seconds: number): Date => new Date(AT.getTime() + seconds * 1_000);

const secondsOf = ({ clock }: World): number => (clock.now().getTime() - AT.getTime()) / 1_000;

const live = ({ rows }: World): number =>
  rows.all().flatMap(({ attempts }) => attempts.filter(({ status }) => status === "live")).length;

describe("the turn", () => {
  test("is taken by one of two that come at once, and the other comes again when it is over", async () => {
    const made = world(exit());
    await Promise.all([driveTrade(made.deps, ID), driveTrade(made.deps, ID)]);
    expect(made.jupiter.asked).toHaveLength(1);
    expect(made.rows.of(ID).attempts).toMatchObject([{ status: "live" }]);
    expect(made.chain.sent.size).toBe(1);
    expect(made.queues.due("execute", ID)).toEqual([after(19)]);
  });

  test("of another makes a message come again when it is over", async () => {
    const made = world(exit());
    await made.rows.turns.take(made.rows.of(ID).trade, 0, after(18));
    await made.clock.sleep(10_000);
    await driveTrade(made.deps, ID);
    expect(made.jupiter.asked).toEqual([]);
    expect(made.queues.due("execute", ID)).toEqual([after(19)]);
  });

  test("is not taken during a pause: the message is an echo, and ends", async () => {
    const made = world(exit());
    made.jupiter.quoting(rateLimited);
    await driveTrade(made.deps, ID);
    await made.clock.sleep(900);
    await driveTrade(made.deps, ID);
    expect(made.queues.due("execute", ID)).toEqual([after(2)]);
    expect(made.jupiter.asked).toHaveLength(1);
  });

  test("begins a moment early where two clocks differ", async () => {
    const made = world(exit());
    made.jupiter.quoting(rateLimited);
    await driveTrade(made.deps, ID);
    made.jupiter.quoting(() => ({}));
    await made.clock.sleep(1_001);
    await driveTrade(made.deps, ID);
    expect(made.rows.of(ID).attempts).toMatchObject([{ status: "live" }]);
  });

  test("that came too late for its attempt is given back, and a message looks again", async () => {
    const made = world(exit());
    const attempts = { ...made.rows.attempts, draft: async () => false };
    await driveTrade({ ...made.deps, attempts }, ID);
    expect(made.rows.of(ID).trade.turnUntil).toBeNull();
    expect(made.queues.due("execute", ID)).toEqual([after(2)]);
  });

  test("of which nobody heard is given back, and a message looks again", async () => {
    const made = world(exit());
    await driveTrade({ ...made.deps, turns: losing(made.rows.turns, ["take"]) }, ID);
    expect(made.jupiter.asked).toEqual([]);
    expect(made.rows.of(ID).trade.turnUntil).toBeNull();
    expect(made.queues.due("execute", ID)).toEqual([after(2)]);
    await driven(made, () => made.chain.sent.size > 0);
    expect(secondsOf(made)).toBe(2);
  });

  test("of which nobody heard, and which is not given back, makes a message come when it is over", async () => {
    const made = world(exit());
    const release = () => Promise.reject(new Error("time-out"));
    await driveTrade({ ...made.deps, turns: { ...losing(made.rows.turns, ["take"]), release } }, ID);
    expect(made.rows.of(ID).trade.turnUntil).toEqual(after(18));
    expect(made.queues.due("execute", ID)).toEqual([after(19)]);
    await driven(made, () => made.chain.sent.size > 0);
    expect(secondsOf(made)).toBe(19);
  });

  test("that an error has ended, and which is not given back, makes a message come when it is over", async () => {
    const made = world(exit());
    made.jupiter.swapping(() => {
      throw new Error("nobody expected this");
    });
    const turns = {
      ...made.rows.turns,
      postpone: async () => false,
      release: () => Promise.reject(new Error("time-out")),
    };
    await driveTrade({ ...made.deps, turns }, ID);
    expect(made.queues.due("execute", ID)).toEqual([after(2), after(19)]);
  });

  /** A function that dies once it has the turn. */
  const dying = ({ deps, rows }: World): SubmitDeps => ({
    ...deps,
    turns: {
      ...rows.turns,
      async take(...taken) {
        await rows.turns.take(...taken);
        return new Promise<never>(() => undefined);
      },
    },
  });

  /** Taken `late` seconds after the message was received, by a function that died; then the message comes again. */
  async function takenLate(late: number): Promise<World> {
    const made = world(exit());
    await made.clock.sleep(late * 1_000);
    void driveTrade(dying(made), ID);
    await new Promise(setImmediate);
    await made.clock.sleep((VISIBILITY_SECONDS - late) * 1_000);
    await driveTrade(made.deps, ID);
    return made;
  }

  test("of one who died ends before its message comes again", async () => {
    expect((await takenLate(0)).rows.of(ID).attempts).toMatchObject([{ status: "live" }]);
  });

  test("of one whose rows took long to read ends before its message comes again, too", async () => {
    expect(forgotten(await takenLate(14))).toEqual([]);
  });
});

/** What may come of a message: each leaves the trade with another one, or with one that looks for its attempt. */
const outcomes: readonly (readonly [string, () => World])[] = [
  ["an entry that is sent", () => world(entry())],
  ["an exit that is sent", () => world(exit())],
  ["an exit that would fail for slippage", () => Object.assign(world(exit()), { simulation: SLIPPAGE })],
  [
    "an exit that would fail otherwise",
    () => Object.assign(world(exit()), { simulation: { error: '"AccountInUse"' } }),
  ],
  ["an exit that is not quoted", () => quoting(world(exit()), rateLimited)],
  [
    "an exit that is divided",
    () => quoting(world(withoutRoute()), ({ amountIn }) => (amountIn < SOL ? {} : noRoute())),
  ],
  ["an exit that is not worth dividing", () => quoting(world(withoutRoute()), noRoute)],
  ["an exit that is a little short", () => Object.assign(world(exit()), { balance: units(995_000_000) })],
  ["an exit that is far too short", () => Object.assign(world(exit()), { balance: units(1) })],
  ["an exit that is not signed", () => Object.assign(world(exit()), { sign: refused })],
  ["an exit of which nobody knows whether it is signed", () => Object.assign(world(exit()), { sign: unanswered })],
];

function quoting(made: World, steer: (quote: Quote) => Partial<Quote>): World {
  made.jupiter.quoting(steer);
  return made;
}

/** It has been told twice that there is no route. */
function withoutRoute(): TradeRecord {
  const last = { code: "INSUFFICIENT_LIQUIDITY", message: "no route was found" };
  return exit(SOL, { setbacks: { count: 2, last, retryAt: null } });
}

const refused = async () =>
  ({ outcome: "refused", code: "UNSAFE_TRANSACTION", rule: "own_account", reason: "it pays somebody else" }) as const;
const unanswered = () => Promise.reject(new Error("time-out"));

/** Every method of a store that a message may call. */
const CALLS = [
  "find",
  "submit",
  "fail",
  "draft",
  "refuse",
  "abandon",
  "take",
  "release",
  "postpone",
  "surroundings",
  "replace",
];

describe.each(outcomes)("%s", (_name, given) => {
  test("is never without a message, whichever answer of the database is lost", async () => {
    for (const lost of CALLS.flatMap((name) => [[name], [name, "release"], [name, "postpone"]])) {
      const made = given();
      await driveTrade(deaf(made, lost), ID);
      expect([lost, forgotten(made)]).toEqual([lost, []]);
    }
  });

  test("is on its way within a minute, once, at whichever call the function dies", async () => {
    const whole = lifeOf(Number.POSITIVE_INFINITY, "after");
    await driveTrade(living(given(), whole), ID);
    expect(whole.calls).toBeGreaterThan(3);
    for (let last = 1; last <= whole.calls; last++) {
      for (const end of ["before", "after"] as const) {
        const made = given();
        await driveTrade(living(made, lifeOf(last, end)), ID).catch(() => undefined);
        made.calm();
        // Nobody was done with its message.
        await made.queues.send("execute", ID, VISIBILITY_SECONDS);
        await driven(made, () => made.chain.sent.size > 0);
        expect([last, end, secondsOf(made) <= 60, live(made), forgotten(made)]).toEqual([last, end, true, 1, []]);
      }
    }
  });
});

function deaf({ deps }: World, lost: readonly string[]): SubmitDeps {
  const { trades, attempts, turns, exits } = deps;
  return {
    ...deps,
    trades: losing(trades, lost),
    attempts: losing(attempts, lost),
    turns: losing(turns, lost, 2),
    exits: losing(exits, lost),
  };
}

function living({ deps }: World, life: ReturnType<typeof lifeOf>): SubmitDeps {
  return {
    ...deps,
    trades: life.of(deps.trades),
    attempts: life.of(deps.attempts),
    turns: life.of(deps.turns),
    exits: life.of(deps.exits),
    queues: life.of(deps.queues),
    rpc: life.of(deps.rpc),
    jupiter: life.of(deps.jupiter),
    signing: life.of(deps.signing),
  };
}
