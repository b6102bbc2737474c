/** An entry is brought on its way at a price its caller could have seen, or ends with the reason. */
import { VersionedMessage } from "@solana/web3.js";
import { describe, expect, test } from "vitest";
import * as Given from "../../testing/given.ts";
import { noRoute } from "../../testing/steered-jupiter.ts";
import { driven, entry, forgotten, type World, world } from "../../testing/trade-world.ts";
import { EngineError } from "../error.ts";
import { quoteFor } from "./draft.ts";
import { driveTrade } from "./drive.ts";
import { submitTrade } from "./submit.ts";

const ID = "trd_1";

const SLIPPAGE = {
  error: '{"InstructionError":[3,{"Custom":6001}]}',
  logs: ["Program JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4 failed: custom program error: 0x1771"],
};
const NO_FUNDS = { error: '{"InsufficientFundsForRent":{"account_index":0}}', logs: [] };

/** One message, and nothing after it. */
async function driveOnce(made: World): Promise<void> {
  await driveTrade(made.deps, ID);
  expect(forgotten(made)).toEqual([]);
}

const secondsFrom = (made: World, due: readonly Date[]) =>
  due.map((each) => (each.getTime() - made.clock.now().getTime()) / 1_000);

/** An instruction so long that no transaction holds it beside the swap. */
const tooMuch = {
  programId: "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr",
  accounts: [],
  data: Buffer.alloc(1_000, "x").toString("base64"),
};

describe("an entry", () => {
  test("is drafted, signed and sent, in this order, and looked for", async () => {
    const made = world(entry());
    expect(await submitTrade(made.deps, ID)).toBe("sent");
    const { trade, attempts } = made.rows.of(ID);
    expect(trade.status).toBe("submitted");
    expect(attempts).toMatchObject([{ attemptId: "trd_1.1", status: "live", slippageBps: 50 }]);
    const [attempt] = attempts;
    expect([...made.chain.sent.keys()]).toEqual([attempt && "signature" in attempt && attempt.signature]);
    expect(made.rows.events.map(({ name }) => name)).toEqual(["trade_executed"]);
    expect(forgotten(made)).toEqual([]);
  });

  test("that would fail for slippage is recorded as refused, and tried at once with the next rung", async () => {
    const made = world(entry());
    made.simulation = SLIPPAGE;
    await driveOnce(made);
    expect(made.rows.of(ID).attempts).toMatchObject([
      { status: "abandoned", slippageBps: 50, refusal: { cause: "slippage" } },
    ]);
    expect(secondsFrom(made, made.queues.due("execute", ID))).toEqual([0]);
    made.simulation = {};
    await driven(made, () => made.chain.sent.size > 0);
    expect(made.rows.of(ID).attempts.map(({ status, slippageBps }) => [status, slippageBps])).toEqual([
      ["abandoned", 50],
      ["live", 100],
    ]);
    expect(made.clock.now()).toEqual(Given.AT);
  });

  test("that would fail for anything else is recorded as refused, and waits on the same rung", async () => {
    const made = world(entry());
    made.simulation = NO_FUNDS;
    await driveOnce(made);
    const { trade, attempts } = made.rows.of(ID);
    expect(attempts).toMatchObject([{ status: "abandoned", refusal: { cause: "funds" } }]);
    expect(trade.setbacks).toMatchObject({ count: 1, last: { code: "INSUFFICIENT_FUNDS" } });
    expect(secondsFrom(made, made.queues.due("execute", ID))).toEqual([2]);
    made.simulation = {};
    await driven(made, () => made.chain.sent.size > 0);
    expect(made.rows.of(ID).attempts).toMatchObject([{ slippageBps: 50 }, { slippageBps: 50, status: "live" }]);
  });

  test("asks for fewer accounts where the transaction does not fit, until it does", async () => {
    const made = world(entry());
    made.jupiter.swapping(({ quote, instructions }) => ({
      instructions: (quote.request.maxAccounts ?? 64) > 28 ? [...instructions, tooMuch] : instructions,
    }));
    expect(await submitTrade(made.deps, ID)).toBe("sent");
    expect(made.jupiter.asked.map(({ maxAccounts }) => maxAccounts)).toEqual([null, 40, 28]);
  });

  test("that fits with no route is told so, and waits", async () => {
    const made = world(entry());
    made.jupiter.swapping(({ instructions }) => ({ instructions: [...instructions, tooMuch] }));
    await driveOnce(made);
    expect(made.jupiter.asked.map(({ maxAccounts }) => maxAccounts)).toEqual([null, 40, 28, 20]);
    const { setbacks } = made.rows.of(ID).trade;
    expect(setbacks.last?.code).toBe("INSUFFICIENT_LIQUIDITY");
    expect(setbacks.last?.message).toMatch(
      /no route of SOL\/USDC fits into a transaction: the smallest has \d{4} bytes/,
    );
  });

  test("without a route for its life fails, with that cause", async () => {
    const made = world(entry());
    made.jupiter.quoting(noRoute);
    await driveOnce(made);
    await driven(made, () => made.rows.of(ID).trade.status === "failed");
    expect(made.rows.of(ID).trade).toMatchObject({
      failure: { code: "INSUFFICIENT_LIQUIDITY", message: "it could not be sent within 30 s: no route was found" },
    });
    expect(made.rows.position.status).toBe("aborted");
    expect(made.rows.events.map(({ name }) => name)).toEqual(["trade_failed"]);
    // After pauses of 2, 4, 8 and 16 seconds it lives no longer; the next one would be of 32.
    expect(made.clock.now().getTime() - Given.AT.getTime()).toBe(31_000);
    expect(made.chain.sent.size).toBe(0);
  });

  test("gets no attempt after its life, whatever is to be had then", async () => {
    const made = world(entry());
    await made.clock.sleep(30_001);
    await driveTrade(made.deps, ID);
    expect(made.rows.of(ID).trade).toMatchObject({ status: "failed", failure: { code: "NETWORK_ERROR" } });
    expect(made.jupiter.asked).toEqual([]);
  });

  test("gets none once its position is to be closed", async () => {
    const made = world(entry());
    made.rows.position = Given.position("closing");
    await driveTrade(made.deps, ID);
    expect(made.rows.of(ID).trade).toMatchObject({
      status: "failed",
      failure: { code: "TRANSACTION_FAILED", message: "its position is to be closed" },
    });
  });

  test("gets a second attempt when the first cannot land, and no third", async () => {
    const made = world(entry());
    await driveTrade(made.deps, ID);
    await made.rows.expired(ID, made.clock.now());
    await driveTrade(made.deps, ID);
    expect(made.rows.of(ID).attempts.map(({ slippageBps }) => slippageBps)).toEqual([50, 100]);
    await made.rows.expired(ID, made.clock.now());
    await driveTrade(made.deps, ID);
    expect(made.rows.of(ID).trade).toMatchObject({
      status: "failed",
      failure: { code: "TRANSACTION_FAILED", message: "2 attempts: none landed while it could" },
    });
    expect(made.chain.sent.size).toBe(2);
  });

  test("that would move the price too far waits, and asks for no instructions", async () => {
    const made = world(entry());
    made.jupiter.quoting(() => ({ priceImpact: 0.011 }));
    await driveOnce(made);
    expect(made.rows.of(ID).trade.setbacks.last?.code).toBe("PRICE_IMPACT_TOO_HIGH");
    expect(made.jupiter.swapped).toEqual([]);
  });
});

test("an entry is judged by the quote that is built, which may be a newer one", async () => {
  const made = world(entry());
  made.jupiter.swapping(({ quote }) => ({ quote: { ...quote, priceImpact: 0.011 } }));
  await driveOnce(made);
  expect(made.rows.of(ID).attempts).toEqual([]);
  expect(made.rows.of(ID).trade.setbacks.last?.code).toBe("PRICE_IMPACT_TOO_HIGH");
});

describe("the minimum of an entry", () => {
  const BEST = 666_666_667n;

  test("takes slippage away until the chain enforces no less", async () => {
    const made = world(entry({ minimumOut: Given.units(BEST - 100_000n) }));
    expect(await submitTrade(made.deps, ID)).toBe("sent");
    const [attempt] = made.rows.of(ID).attempts;
    expect(attempt?.slippageBps).toBe(1);
    expect(attempt && attempt.minimumOut >= BEST - 100_000n).toBe(true);
  });

  test("above the best route leaves it unsent", async () => {
    const made = world(entry({ minimumOut: Given.units(BEST + 1_000n) }));
    await driveOnce(made);
    expect(made.rows.of(ID).attempts).toEqual([]);
    expect(made.rows.of(ID).trade.setbacks.last?.code).toBe("INSUFFICIENT_LIQUIDITY");
    expect(made.jupiter.swapped).toEqual([]);
  });

  test("holds for what is built, which may carry out a newer quote", async () => {
    const made = world(entry({ minimumOut: Given.units(BEST - 100_000n) }));
    made.jupiter.swapping(({ quote }) => ({ quote: { ...quote, minimumOut: Given.units(BEST - 200_000n) } }));
    await driveOnce(made);
    expect(made.rows.of(ID).attempts).toEqual([]);
    expect(made.rows.of(ID).trade.setbacks.last?.message).toContain(`at least ${BEST - 100_000n} is asked for`);
  });
});

describe("a quote", () => {
  test.each([
    ["serves for three seconds", 2_999, 1],
    ["and no longer", 3_000, 2],
  ])("that was taken for the preview %s", async (_words, age, asked) => {
    const made = world(entry());
    const preview = await quoteFor(made.deps, made.rows.of(ID));
    await made.clock.sleep(age);
    expect(await submitTrade(made.deps, ID, preview)).toBe("sent");
    expect(made.jupiter.asked).toHaveLength(asked);
  });

  test("that got old while its transaction was made is not traded at", async () => {
    const made = world(entry());
    made.recentFees = async () => {
      await made.clock.sleep(10_001);
      return [];
    };
    await driveOnce(made);
    expect(made.rows.of(ID).attempts).toEqual([]);
    expect(made.rows.of(ID).trade.setbacks.last).toMatchObject({
      code: "NETWORK_ERROR",
      message: "the quote was 10001 ms old when its transaction was ready: at most 10000 ms",
    });
  });
});

describe("a bid", () => {
  const down = () =>
    Promise.reject(new EngineError("NETWORK_ERROR", { detail: "", upstream: "rpc", outcome: "known" }));

  test("is what was enough lately", async () => {
    const made = world(entry());
    made.recentFees = async () => [20_000n, 30_000n, 40_000n];
    await submitTrade(made.deps, ID);
    expect(bidOf(made)).toBe(30_000n);
  });

  test("is the floor where nobody says what was enough lately", async () => {
    const made = world(entry());
    made.recentFees = down;
    expect(await submitTrade(made.deps, ID)).toBe("sent");
    expect(bidOf(made)).toBe(10_000n);
  });

  test("is for a fifth more units than the simulation took", async () => {
    const made = world(entry());
    made.simulation = { unitsConsumed: 200_000n };
    await submitTrade(made.deps, ID);
    expect(budgetOf(made)[0]?.readUInt32LE(1)).toBe(240_000);
  });
});

/** The data of the first two instructions: the limit of compute units, and the price of one. */
function budgetOf({ rows }: World): readonly Buffer[] {
  const message = VersionedMessage.deserialize(Buffer.from(rows.of(ID).attempts.at(-1)?.message ?? "", "base64"));
  return message.compiledInstructions.slice(0, 2).map(({ data }) => Buffer.from(data));
}

const bidOf = (made: World) => budgetOf(made)[1]?.readBigUInt64LE(1);
