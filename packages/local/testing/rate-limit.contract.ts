/** The plan's calls over a Redis and Upstash's own client, at times that are made up. */
import type { RateLimit } from "@backstop/core/jupiter/rate-limit";
import { redisRateLimit } from "@backstop/core/jupiter/rate-limit.store";
import { connectRedis } from "@backstop/core/redis/client";
import { FakeClock, fakeLog } from "@backstop/core/testing/fakes";
import type { Redis } from "@upstash/redis";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { startRedis } from "../src/redis/upstash.ts";

/** `open` answers for a Redis that may be emptied. */
export function rateLimitContract(name: string, open: () => ReturnType<typeof startRedis>): void {
  describe(`the plan's calls, ${name}`, () => {
    let server: Awaited<ReturnType<typeof startRedis>>;
    let redis: Redis;
    let clock: FakeClock;
    let limit: RateLimit;

    beforeAll(async () => {
      server = await open();
      const world = { now: () => new Date(), sleep: async () => {}, deadline: (ms: number) => AbortSignal.timeout(ms) };
      redis = connectRedis(server, world);
    });
    afterAll(() => server.close());
    beforeEach(async () => {
      await redis.flushall();
      clock = new FakeClock();
      limit = redisRateLimit(redis, clock, fakeLog());
    });

    const after = (milliseconds: number): Date => new Date(clock.now().getTime() + milliseconds);
    const told = (remaining: number, current: number, resetAt: Date) =>
      limit.learn({ refused: false, window: { remaining, current, resetAt } });
    const refused = () => limit.learn({ refused: true, window: null });

    /** How many calls of the priority may go now. */
    async function calls(priority: "entry" | "exit", most = 100): Promise<number> {
      for (let count = 0; count < most; count += 1) if (await limit.take(priority)) return count;
      return most;
    }

    test("are unknown at first, and unknown is permitted", async () => {
      expect(await calls("entry", 10)).toBe(10);
      expect(await redis.dbsize()).toBe(0);
    });

    test("are taken by entries but for a quarter of the plan, and by exits to the last", async () => {
      const reset = after(30_000);
      await told(20, 40, reset);
      expect(await calls("entry")).toBe(5);
      expect(await limit.take("entry")).toEqual(reset);
      expect(await calls("exit")).toBe(15);
      expect(await limit.take("exit")).toEqual(reset);
    });

    test("are as the smallest plan has them: one exit's three of ten", async () => {
      await told(10, 0, after(10_000));
      expect(await calls("entry")).toBe(7);
      expect(await calls("exit")).toBe(3);
    });

    test("are given to as many functions at once as there are", async () => {
      await told(20, 40, after(30_000));
      const other = redisRateLimit(redis, clock, fakeLog());
      const turns = await Promise.all(
        Array.from({ length: 60 }, (_, index) => (index % 2 ? limit : other).take("exit")),
      );
      expect(turns.filter((turn) => turn === null)).toHaveLength(20);
    });

    test("are unknown again when the window has passed", async () => {
      await told(0, 60, after(1_000));
      await clock.sleep(999);
      expect(await limit.take("exit")).toEqual(after(1));
      await clock.sleep(1);
      expect(await limit.take("entry")).toBeNull();
    });

    test("are the least that the answers of one window told, in whatever order they come", async () => {
      const reset = after(30_000);
      await told(4, 56, reset);
      await limit.take("exit");
      await told(5, 55, reset);
      expect(await calls("exit")).toBe(3);
      await told(9, 51, after(20_000)); // an answer of before
      expect(await calls("exit")).toBe(0);
      await told(9, 51, after(31_000));
      expect(await calls("exit")).toBe(9);
    });

    test("are none after a refusal that tells when, whatever it counts", async () => {
      const resetAt = after(5_000);
      await limit.learn({ refused: true, window: { remaining: 3, current: 57, resetAt } });
      expect(await limit.take("exit")).toEqual(resetAt);
    });

    test("are paused after a refusal that does not, longer each time, up to a bound, until one is answered", async () => {
      for (const pause of [500, 1_000, 2_000, 4_000, 8_000, 8_000]) {
        await Promise.all([refused(), refused(), refused()]); // of one burst
        expect(await limit.take("exit")).toEqual(after(pause));
        await clock.sleep(pause);
        expect(await limit.take("exit")).toBeNull();
      }
      await told(10, 50, after(1_000));
      await refused();
      expect(await limit.take("exit")).toEqual(after(500));
    });

    test("are not waited for beyond the window, nor for a time that has passed", async () => {
      await told(0, 60, after(-1_000));
      expect(await limit.take("entry")).toBeNull();
      await told(0, 60, after(3_600_000));
      expect(await limit.take("exit")).toEqual(after(60_000));
    });

    test("are forgotten when nothing is told any more", async () => {
      await told(0, 60, after(1_000));
      const [key = ""] = await redis.keys("*");
      expect(await redis.pttl(key)).toBeGreaterThan(60_000);
    });

    test("are permitted, and it is said, when Redis is away or has something else there", async () => {
      const log = fakeLog();
      const gone = new AbortController();
      gone.abort(new DOMException("late", "TimeoutError"));
      const away = connectRedis(server, { now: clock.now, sleep: clock.sleep, deadline: () => gone.signal });
      const unknown = redisRateLimit(away, clock, log);
      await unknown.learn({ refused: true, window: null });
      expect(await unknown.take("exit")).toBeNull();
      expect(log.lines).toEqual(["rate_limit_unknown", "rate_limit_unknown"]);
    });
  });
}
