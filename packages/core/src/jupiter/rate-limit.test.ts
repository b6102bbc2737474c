import { describe, expect, test } from "vitest";
import { FakeClock } from "../../testing/fakes.ts";
import type { TradeKind } from "../trade/trade.ts";
import { type RateLimit, rateLimited, toldBy, waitTurn } from "./rate-limit.ts";

const headers = (remaining: string, current: string, reset: string) =>
  new Headers({ "x-ratelimit-remaining": remaining, "x-ratelimit-current": current, "x-ratelimit-reset": reset });

describe("what an answer tells", () => {
  test("is the window, whose rest may be negative", () => {
    expect(toldBy(200, headers("-3", "63", "1760000000"))).toEqual({
      refused: false,
      window: { remaining: -3, current: 63, resetAt: new Date("2025-10-09T08:53:20.000Z") },
    });
  });

  test.each([
    ["no headers", new Headers()],
    ["words", headers("many", "few", "soon")],
    ["fractions", headers("1.5", "1", "1760000000")],
    ["nothing", headers("", "", "")],
  ])("is nothing with %s, unless it is a refusal", (_, given) => {
    expect(toldBy(200, given)).toBeNull();
    expect(toldBy(429, given)).toEqual({ refused: true, window: null });
  });
});

describe("a turn", () => {
  /** Comes after so many milliseconds, one after the other, and then at once. */
  function coming(clock: FakeClock, ...waits: number[]): RateLimit {
    return {
      take: async () => {
        const wait = waits.shift();
        return wait === undefined ? null : new Date(clock.now().getTime() + wait);
      },
      learn: async () => {},
    };
  }

  const waiting = async (priority: TradeKind, ...waits: number[]) => {
    const clock = new FakeClock();
    const before = clock.now().getTime();
    await waitTurn(coming(clock, ...waits), clock, priority);
    return clock.now().getTime() - before;
  };

  test("that has come is not waited for", async () => {
    expect(await waiting("entry")).toBe(0);
  });

  test("is waited for by an entry for a second and a half, by an exit for five", async () => {
    expect(await waiting("entry", 1_000, 500)).toBe(1_500);
    await expect(waiting("entry", 1_000, 501)).rejects.toMatchObject({ code: "RATE_LIMITED" });
    await expect(waiting("entry", 1_501)).rejects.toMatchObject({
      code: "RATE_LIMITED",
      context: { upstream: "jupiter", retryAfterSeconds: "2" },
    });
    expect(await waiting("exit", 4_000, 1_000)).toBe(5_000);
    await expect(waiting("exit", 5_001)).rejects.toMatchObject({ context: { retryAfterSeconds: "6" } });
  });

  test("that never comes ends, even when its time has always just passed", async () => {
    const clock = new FakeClock();
    const never: RateLimit = { take: async () => clock.now(), learn: async () => {} };
    await expect(waitTurn(never, clock, "exit")).rejects.toMatchObject({ code: "RATE_LIMITED" });
  });
});

test("a refusal says at least a second", () => {
  const now = new Date(0);
  expect([null, now, new Date(1), new Date(1_001)].map((at) => rateLimited(at, now).context)).toEqual(
    ["1", "1", "1", "2"].map((retryAfterSeconds) => ({ upstream: "jupiter", retryAfterSeconds })),
  );
});
