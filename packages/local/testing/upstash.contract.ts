/** What the local Upstash answers the production client, whichever Redis is behind it. */
import { Redis } from "@upstash/redis";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { startRedis } from "../src/redis/upstash.ts";

/** `open` answers for a Redis that may be emptied. */
export function upstashContract(name: string, open: () => ReturnType<typeof startRedis>): void {
  describe(`the local Upstash, ${name}`, () => {
    let server: Awaited<ReturnType<typeof startRedis>>;
    let redis: Redis;

    beforeAll(async () => {
      server = await open();
      redis = new Redis({ url: server.url, token: server.token });
    });

    beforeEach(() => redis.flushall());

    afterAll(() => server.close());

    function post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
      const authorization = `Bearer ${server.token}`;
      return fetch(server.url + path, {
        method: "POST",
        body: JSON.stringify(body),
        headers: { authorization, ...headers },
      });
    }

    test("values come back as they were put in, whatever is in them", async () => {
      const values = [
        "abcd",
        "OK",
        "",
        "0",
        "null",
        "\u0000\u0001\u001f",
        "é🙂\r\n$-1\r\n",
        "T0s=",
        "x".repeat(100_000),
      ];
      const verbatim = new Redis({ url: server.url, token: server.token, automaticDeserialization: false });
      for (const [index, value] of values.entries()) await verbatim.set(`v${index}`, value);
      expect(await verbatim.mget(values.map((_, index) => `v${index}`))).toEqual(values);
      expect([await verbatim.get("v1"), await verbatim.mget("v1")]).toEqual(["OK", ["OK"]]);
      expect(await verbatim.get("absent")).toBeNull();
      await redis.set("json", { a: [1, "two", null] });
      expect(await redis.get("json")).toEqual({ a: [1, "two", null] });
    });

    test("replies have the shapes of RESP 2", async () => {
      await redis.hset("hash", { a: "x", b: "y" });
      expect(await redis.hgetall("hash")).toEqual({ a: "x", b: "y" });
      expect(await (await post("/", ["hgetall", "hash"])).json()).toEqual({ result: ["a", "x", "b", "y"] });
      await redis.zadd("zset", { score: 1.5, member: "m" });
      expect(await redis.zrange("zset", 0, -1, { withScores: true })).toEqual(["m", 1.5]);
      expect(await (await post("/", ["zscore", "zset", "m"])).json()).toEqual({ result: "1.5" });
      expect(await redis.set("key", 1, { nx: true })).toBe("OK");
      expect(await redis.set("key", 2, { nx: true })).toBeNull();
    });

    test("commands given at once go out as pipelines, and each gets its own answer", async () => {
      const counts = await Promise.all(
        Array.from({ length: 200 }, (_, index) => redis.incrby(`k${index % 10}`, index)),
      );
      const sums: number[] = [];
      for (let index = 0; index < 200; index++) sums.push((sums[index - 10] ?? 0) + index);
      expect(counts).toEqual(sums);
    });

    test("one bad command of a pipeline is the only one that fails", async () => {
      await redis.set("text", "abc");
      const answers = await (
        await post("/pipeline", [
          ["set", "a", 1],
          ["incr", "text"],
          ["blpop", "l", 0],
          ["get", "a"],
        ])
      ).json();
      expect(answers).toEqual([
        { result: "OK" },
        { error: "ERR value is not an integer or out of range" },
        { error: expect.stringContaining("ERR Command is not available: 'blpop'") },
        { result: "1" },
      ]);
    });

    test("a transaction happens whole or not at all, and is not interrupted", async () => {
      expect(await redis.multi().incr("a").incr("a").exec()).toEqual([1, 2]);
      const bad = await post("/multi-exec", [["incr", "a"], ["incr"]]);
      expect([bad.status, await bad.json()]).toEqual([
        400,
        { error: expect.stringMatching(/wrong number of arguments/i) },
      ]);
      const refused = await post("/multi-exec", [
        ["incr", "a"],
        ["watch", "a"],
      ]);
      expect([refused.status, await refused.json()]).toEqual([
        400,
        { error: expect.stringContaining("not available") },
      ]);
      expect(await redis.get("a")).toBe(2);
      await redis.set("text", "abc");
      const mixed = await post("/multi-exec", [
        ["incr", "a"],
        ["incr", "text"],
      ]);
      expect(await mixed.json()).toEqual([{ result: 3 }, { error: "ERR value is not an integer or out of range" }]);

      const rounds = Array.from({ length: 50 }, async () => {
        const [set, , got] = await redis.multi().set("t", "mine").append("t", "!").get("t").exec();
        return [set, got];
      });
      const others = Array.from({ length: 50 }, () => redis.append("t", "?"));
      await Promise.all(others);
      expect(await Promise.all(rounds)).toEqual(Array.from({ length: 50 }, () => ["OK", "mine!"]));
    });

    test("scripts run atomically, by text and by hash", async () => {
      const script =
        "local n = tonumber(redis.call('get', KEYS[1]) or 0) redis.call('set', KEYS[1], n + ARGV[1]) return {n, ARGV[2]}";
      expect(await redis.eval(script, ["n"], [2, "é\u0000"])).toEqual([0, "é\u0000"]);
      const sha = await redis.scriptLoad(script);
      await Promise.all(Array.from({ length: 50 }, () => redis.evalsha(sha, ["n"], [1, "x"])));
      expect(await redis.get("n")).toBe(52);
      await expect(redis.eval("return redis.error_reply('MINE no')", [], [])).rejects.toThrow("MINE no");
      await expect(redis.evalsha("0".repeat(40), [], [])).rejects.toThrow("NOSCRIPT");
    });

    test("a command may be a path, with the body as its last argument", async () => {
      const headers = { authorization: `Bearer ${server.token}` };
      const get = async (path: string) => (await fetch(server.url + path, { headers })).json();
      expect(await get("/set/k%2F1/v%20w?EX=100")).toEqual({ result: "OK" });
      expect(await get("/get/k%2F1")).toEqual({ result: "v w" });
      expect(await (await fetch(`${server.url}/set/k2`, { method: "POST", body: "as it is", headers })).json()).toEqual(
        {
          result: "OK",
        },
      );
      expect(await get("/get/k2")).toEqual({ result: "as it is" });
      expect((await fetch(`${server.url}/get/%zz`, { headers })).status).toBe(400);
    });

    test("what Upstash refuses is refused", async () => {
      const wrong = await post("/", ["get", "a"], { authorization: "Bearer wrong" });
      expect([wrong.status, await wrong.json()]).toEqual([401, { error: "WRONGPASS invalid or missing auth token" }]);
      expect((await fetch(`${server.url}/get/a`)).status).toBe(401);
      await expect(new Redis({ url: server.url, token: "wrong" }).get("a")).rejects.toThrow("WRONGPASS");

      for (const body of [[], {}, "get", [[]]]) expect((await post("/pipeline", body)).status).toBe(400);
      expect((await post("/", [])).status).toBe(400);
      expect((await post("/", ["select", "1"])).status).toBe(400);
      const unknown = await post("/", ["nonsense"]);
      expect([unknown.status, await unknown.json()]).toEqual([
        400,
        { error: expect.stringMatching(/^ERR unknown command/) },
      ]);
    });

    test("answers that are several writes do not wait for each other", async () => {
      await redis.multi().incr("warm").exec();
      const started = performance.now();
      for (let round = 0; round < 10; round++) await redis.multi().incr("a").incr("a").incr("a").exec();
      // With Nagle's algorithm each round costs at least a delayed acknowledgement, 40 ms.
      expect(performance.now() - started).toBeLessThan(300);
    });
  });
}
