/** What is in the way of an exit makes it wait, never longer than a minute, and somebody is told. */
import { describe, expect, test } from "vitest";
import { noRoute, rateLimited } from "../../testing/steered-jupiter.ts";
import { alarms, entry, exit, forgotten, lookedForInVain, SOL, type World, world } from "../../testing/trade-world.ts";
import { driveTrade } from "./drive.ts";

const ID = "trd_1";

const INVALID = { error: '{"InstructionError":[3,{"Custom":6002}]}', logs: [] };
const SLIPPAGE = {
  error: '{"InstructionError":[3,{"Custom":6001}]}',
  logs: ["Program JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4 failed: custom program error: 0x1771"],
};

/** Each message of the trade when it is due; the seconds to the next one, and the alarms so far, after each. */
async function tried(made: World, times: number) {
  const tries: { pause: number; alarms: number }[] = [];
  for (let made_ = 0; made_ < times; made_++) {
    await driveTrade(made.deps, ID);
    expect(forgotten(made)).toEqual([]);
    const due = made.queues.due("execute", ID).at(-1) ?? expect.unreachable("a message is on its way");
    const pause = due.getTime() - made.clock.now().getTime();
    tries.push({ pause: pause / 1_000, alarms: alarms(made).length });
    await made.clock.sleep(pause);
  }
  return tries;
}

describe("an exit that cannot be quoted", () => {
  test("is tried on after pauses that grow to a minute, and told at the fifth setback and once in half an hour", async () => {
    const made = world(exit());
    made.jupiter.quoting(rateLimited);
    const tries = await tried(made, 36);
    expect(tries.slice(0, 7).map(({ pause }) => pause)).toEqual([2, 4, 8, 16, 32, 60, 60]);
    expect(Math.max(...tries.map(({ pause }) => pause))).toBe(60);
    const told = tries.flatMap(({ alarms }, index) => (alarms > (tries[index - 1]?.alarms ?? 0) ? [index + 1] : []));
    expect(told).toEqual([5, 35]);
    expect(new Set(alarms(made))).toEqual(new Set(["EXIT_DELAYED"]));
  });

  test("goes on counting where an attempt was sent and did not land", async () => {
    const made = world(exit());
    made.jupiter.quoting(rateLimited);
    await tried(made, 3);
    made.jupiter.quoting(() => ({}));
    await driveTrade(made.deps, ID);
    expect(made.rows.of(ID)).toMatchObject({ attempts: [{ status: "live" }], trade: { setbacks: { count: 3 } } });
    await lookedForInVain(made, ID);
    expect(made.rows.of(ID).trade.setbacks).toMatchObject({ count: 4, last: { code: "TRANSACTION_FAILED" } });
    made.jupiter.quoting(rateLimited);
    expect(await tried(made, 2)).toEqual([
      { pause: 32, alarms: 1 },
      { pause: 60, alarms: 1 },
    ]);
  });

  test.each([
    ["in the place of others that were past the ladder's end waits as long as they would", 9, 0, 16],
    ["with more setbacks than tries at the ladder's end waits for those", 9, 4, 32],
    ["waits no longer than a minute", 90, 0, 60],
  ])("%s", async (_words, triesBefore, count, pause) => {
    const made = world(exit(SOL, { triesBefore, setbacks: { count, last: null, retryAt: null } }));
    made.jupiter.quoting(rateLimited);
    expect(await tried(made, 1)).toMatchObject([{ pause }]);
  });
});

describe("an entry that cannot be quoted", () => {
  test.each([
    ["waits as an exit does", 0, 3, 16],
    ["waits no longer than it lives", 20, 4, 11],
    ["waits no longer than it lives, in whole seconds", 20.5, 4, 11],
    ["waits for less where its pause is over before", 20, 1, 4],
  ])("%s", async (_words, age, count, pause) => {
    const made = world(entry({ setbacks: { count, last: null, retryAt: null } }));
    await made.clock.sleep(age * 1_000);
    made.jupiter.quoting(rateLimited);
    expect(await tried(made, 1)).toEqual([{ pause, alarms: 0 }]);
  });
});

describe("an exit that would fail", () => {
  test("for slippage climbs the ladder at once, and waits at its end", async () => {
    const made = world(exit());
    made.simulation = SLIPPAGE;
    const pauses = (await tried(made, 8)).map(({ pause }) => pause);
    expect(pauses.slice(0, 5)).toEqual([0, 0, 0, 0, 0]);
    expect(pauses[5]).toBeGreaterThan(0);
    expect(made.rows.of(ID).attempts.map(({ slippageBps }) => slippageBps)).toEqual([
      50, 100, 300, 800, 2000, 2000, 2000, 2000,
    ]);
  });

  test("for slippage is told after as many pauses as any other", async () => {
    const made = world(exit());
    made.simulation = SLIPPAGE;
    await tried(made, 12);
    expect(alarms(made)).toEqual(["EXIT_DELAYED"]);
  });

  test("for anything else waits, stays on its rung, and somebody is told", async () => {
    const made = world(exit());
    made.simulation = INVALID;
    const tries = await tried(made, 12);
    expect(tries.every(({ pause }) => pause > 0 && pause <= 60)).toBe(true);
    expect(new Set(made.rows.of(ID).attempts.map(({ slippageBps }) => slippageBps))).toEqual(new Set([50]));
    expect(alarms(made)).toEqual(["EXIT_DELAYED"]);
  });

  test("for anything else after another setback is told just the same", async () => {
    const made = world(exit());
    made.jupiter.quoting(noRoute);
    await tried(made, 1);
    made.jupiter.quoting(() => ({}));
    made.simulation = INVALID;
    await tried(made, 40);
    expect(alarms(made)).toContain("EXIT_DELAYED");
  });
});

test("an exit whose attempts never land is told of the fifth, and of every thirtieth after", async () => {
  const made = world(exit());
  const told: number[] = [];
  for (let attempts = 1; attempts <= 36; attempts++) {
    await driveTrade(made.deps, ID);
    const before = alarms(made).length;
    await lookedForInVain(made, ID);
    expect(forgotten(made)).toEqual([]);
    if (alarms(made).length > before) told.push(attempts);
    await made.clock.sleep(60_000);
  }
  expect(made.rows.of(ID).attempts).toHaveLength(36);
  expect(told).toEqual([5, 35]);
  expect(alarms(made)).toEqual(["EXIT_DELAYED", "EXIT_DELAYED"]);
});

test("an entry whose attempt does not land wakes nobody", async () => {
  const made = world(entry({ setbacks: { count: 4, last: null, retryAt: null } }));
  await driveTrade(made.deps, ID);
  await lookedForInVain(made, ID);
  expect(made.rows.of(ID).trade.setbacks.count).toBe(5);
  expect(alarms(made)).toEqual([]);
});

describe("an exit that is not signed", () => {
  const refusing = async () =>
    ({ outcome: "refused", code: "UNSAFE_TRANSACTION", rule: "own_account", reason: "it pays somebody else" }) as const;

  test("is given up, told at once, and made again after a pause", async () => {
    const made = world(exit());
    made.sign = refusing;
    const tries = await tried(made, 6);
    expect(tries.map(({ pause }) => pause)).toEqual([2, 4, 8, 16, 32, 60]);
    expect(tries.map((each) => each.alarms)).toEqual([1, 1, 1, 1, 2, 2]);
    expect(made.rows.of(ID).attempts.every(({ status }) => status === "abandoned")).toBe(true);
    expect(new Set(alarms(made))).toEqual(new Set(["UNSAFE_TRANSACTION"]));
  });

  test("is told at once also where something else was in its way before", async () => {
    const made = world(exit());
    made.jupiter.quoting(rateLimited);
    await tried(made, 1);
    made.jupiter.quoting(() => ({}));
    made.sign = refusing;
    await driveTrade(made.deps, ID);
    expect(alarms(made)).toEqual(["UNSAFE_TRANSACTION"]);
  });

  test("waits for its pause also where it had setbacks before", async () => {
    const made = world(exit());
    made.jupiter.quoting(rateLimited);
    await tried(made, 1);
    made.jupiter.quoting(() => ({}));
    made.sign = refusing;
    await driveTrade(made.deps, ID);
    expect(made.rows.of(ID).trade.setbacks).toMatchObject({
      last: { code: "UNSAFE_TRANSACTION" },
      retryAt: expect.any(Date),
    });
  });
});

test("an exit that runs into what nobody expected waits longer each time, and somebody is told", async () => {
  const made = world(exit());
  made.jupiter.swapping(() => ({
    instructions: [{ programId: "ComputeBudget111111111111111111111111111111", accounts: [], data: "" }],
  }));
  const tries = await tried(made, 10);
  expect(tries.at(-1)?.pause).toBe(60);
  expect(alarms(made)).toEqual(["EXIT_DELAYED"]);
});

test("an entry that waits wakes nobody", async () => {
  const made = world(entry({ setbacks: { count: 4, last: null, retryAt: null } }));
  made.jupiter.quoting(rateLimited);
  await driveTrade(made.deps, ID);
  expect(made.rows.of(ID).trade.setbacks.count).toBe(5);
  expect(alarms(made)).toEqual([]);
});
