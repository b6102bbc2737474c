/** The API as its callers meet it: HTTP, through the deployed handlers, against the local services. */
import { setTimeout as sleep } from "node:timers/promises";
import type { TradeView } from "@backstop/core/trade/view";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { boot, type LocalRun } from "./boot.ts";

let local: LocalRun;
beforeAll(async () => {
  local = await boot({ seed: "api", port: 0, tickSeconds: 0.5 });
});
afterAll(() => local.stop());

interface Answer {
  readonly status: number;
  readonly type: string | null;
  // biome-ignore lint/suspicious/noExplicitAny: what an answer holds is what these tests are about
  readonly body: any;
}

async function ask(method: string, path: string, headers: Record<string, string>, body?: string): Promise<Answer> {
  const response = await fetch(local.url + path, { method, headers, ...(body !== undefined && { body }) });
  return { status: response.status, type: response.headers.get("content-type"), body: await response.json() };
}

const withKey = () => ({ authorization: `Bearer ${local.environment["BACKSTOP_API_KEY"]}` });
const get = (path: string) => ask("GET", path, withKey());

let keys = 0;
const patchStop = (positionId: number, body: object) =>
  ask("PATCH", `/positions/${positionId}/stop`, withKey(), JSON.stringify(body));
const close = (positionId: number, body?: object) =>
  ask("POST", `/positions/${positionId}/close`, withKey(), body && JSON.stringify(body));

const post = (body: unknown, key: string | null = `key-${keys++}`) =>
  ask(
    "POST",
    "/trades",
    { ...withKey(), ...(key !== null && { "idempotency-key": key }) },
    typeof body === "string" ? body : JSON.stringify(body),
  );

const entry = (over: object = {}) => ({ symbol: "SOL/USDC", side: "buy", size: "25", ...over });

/** Looks ten times a second: 100 times for a confirmation (two blocks of 0.4 s), more for finality (32 of them). */
async function until<Value>(
  look: () => Promise<Value>,
  holds: (value: Value) => boolean,
  looksMax = 100,
): Promise<Value> {
  for (let looks = 0; looks < looksMax; looks++) {
    const value = await look();
    if (holds(value)) return value;
    await sleep(100);
  }
  return expect.unreachable(`it did not come about in ${looksMax} looks`);
}

const problem = (status: number, code: string, numbers: object = {}) => ({
  status,
  type: "application/problem+json",
  body: { type: "about:blank", status, code, ...numbers },
});

describe("without the key", () => {
  test.each([
    ["none", {}],
    ["a wrong one", { authorization: "Bearer bks_wrong" }],
    ["the key in another scheme", { authorization: "Basic bks_local_0123456789abcdef0123456789abcdef" }],
    ["an empty one", { authorization: "Bearer " }],
  ])("nothing is answered: %s", async (_, headers) => {
    for (const [method, path] of [
      ["GET", "/positions"],
      ["GET", "/positions/1"],
      ["GET", "/trades/trd_1"],
      ["POST", "/trades"],
      ["PATCH", "/positions/1/stop"],
      ["POST", "/positions/1/close"],
    ] as const) {
      const answer = await ask(method, path, headers, method === "GET" ? undefined : "{}");
      expect(answer).toMatchObject(problem(401, "UNAUTHORIZED"));
    }
  });

  test("health is, with the age of the last tick", async () => {
    const { status, body } = await ask("GET", "/health", {});
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(["status", "lastTickAt"]);
  });

  test("a path that is none says only that", async () => {
    expect(await ask("GET", "/admin", {})).toMatchObject({ status: 404, body: { message: "Not Found" } });
  });
});

describe("a request that cannot be understood", () => {
  test.each([
    ["not JSON", "{", /the body is not JSON/],
    ["no body", "", /the body is not JSON/],
    ["an array", "[]", /expected object/],
    ["nothing in it", {}, /symbol: .*; side: .*; size:/],
    ["a number where a decimal string belongs", entry({ size: 25 }), /size: .*expected string/],
    ["a field that is none", entry({ stopLoss: "0.03" }), /stopLoss/],
    ["a side that is none", entry({ side: "long" }), /side/],
    ["a stop that is none", entry({ stop: { kind: "stop" } }), /stop\.kind/],
    ["a price that is none", entry({ stop: { kind: "fixed", price: "-1" } }), /stop\.price/],
    [
      "a distance finer than a basis point",
      entry({ stop: { kind: "trailing", distance: "0.00001" } }),
      /finer than one basis point/,
    ],
  ])("%s", async (_, body, why) => {
    const answer = await post(body);
    expect(answer).toMatchObject(problem(400, "INVALID_REQUEST"));
    expect(answer.body.detail).toMatch(why);
  });

  test.each([null, "", "two words", "x".repeat(256)])("an Idempotency-Key like %j", async (key) => {
    const answer = await post(entry(), key);
    expect(answer).toMatchObject(problem(400, "INVALID_REQUEST"));
    expect(answer.body.detail).toContain("Idempotency-Key");
  });

  test("a body larger than any trade", async () => {
    const answer = await post(entry({ symbol: "x".repeat(20_000) }));
    expect(answer).toMatchObject(problem(400, "INVALID_REQUEST"));
    expect(answer.body.detail).toContain("16384 bytes");
  });

  test("a status that is none", async () => {
    expect(await get("/positions?status=open,lost")).toMatchObject(problem(400, "INVALID_REQUEST"));
  });
});

describe("a trade that is refused, with its numbers", () => {
  test.each(["5", "9.999999", "1000.000001", "5000", "0", "abc", "1e2", "10.0000001"])("size %s", async (size) => {
    const answer = await post(entry({ size }));
    expect(answer).toMatchObject(
      problem(422, "INVALID_POSITION_SIZE", { size, minPositionSize: "10", maxPositionSize: "1000" }),
    );
  });

  test("in a market that is none", async () => {
    const answer = await post(entry({ symbol: "DOGE/USDC" }));
    expect(answer).toMatchObject(problem(404, "MARKET_NOT_FOUND", { symbol: "DOGE/USDC" }));
    expect(answer.body.markets).toContain("SOL/USDC");
  });

  test.each([
    ["200", /already breached/],
    ["149.9", /too near/],
    ["100", /too far/],
  ])("with a fixed stop at %s", async (price, why) => {
    const answer = await post(entry({ stop: { kind: "fixed", price } }));
    expect(answer).toMatchObject(
      problem(422, "INVALID_STOP_LEVEL", { stopPrice: price, minDistance: "0.01", maxDistance: "0.2" }),
    );
    expect(answer.body.detail).toMatch(why);
    expect(Number(answer.body.currentPrice)).toBeGreaterThan(100);
  });

  test.each(["0.005", "0.3"])("with a trailing distance of %s", async (distance) => {
    const answer = await post(entry({ stop: { kind: "trailing", distance } }));
    expect(answer).toMatchObject(problem(422, "INVALID_STOP_LEVEL"));
  });

  test("leaves nothing behind: the same key may be used for what is right", async () => {
    expect((await post(entry({ size: "5" }), "second-thoughts")).status).toBe(422);
    const answer = await post(entry({ symbol: "WIF/USDC" }), "second-thoughts");
    expect(answer.status).toBe(202);
  });
});

describe("what is not there", () => {
  test.each(["999999", "0", "-1", "1.5", "abc", "99999999999999999999", "%20"])("position %s", async (positionId) => {
    expect(await get(`/positions/${positionId}`)).toMatchObject(problem(404, "POSITION_NOT_FOUND"));
  });

  test.each(["trd_1", "'; drop table trade", "\u0000", "trd_\u0000"])("trade %s", async (tradeId) => {
    expect(await get(`/trades/${encodeURIComponent(tradeId)}`)).toMatchObject(
      problem(404, "TRADE_NOT_FOUND", { tradeId }),
    );
  });
});

describe("a trade", () => {
  test("is answered after its bytes went out, confirmed by the chain, and opens a protected position", async () => {
    const answer = await post(entry({ symbol: "JUP/USDC", stop: { kind: "trailing" } }));
    expect(answer.status).toBe(202);
    const sent: TradeView = answer.body;
    expect(sent).toMatchObject({ kind: "entry", side: "buy", amountIn: "25", failure: null });
    expect(["submitted", "confirmed"]).toContain(sent.status);
    expect(sent.attempts).toHaveLength(1);
    expect(sent.attempts[0]?.signature).toMatch(/^[1-9A-HJ-NP-Za-km-z]{86,88}$/);

    const { body: confirmed } = await until(
      () => get(`/trades/${sent.tradeId}`),
      ({ body }) => body.status === "confirmed",
    );
    expect(confirmed.attempts[0].fill).toMatchObject({ amountIn: "25" });
    const { body: position } = await get(`/positions/${sent.positionId}`);
    expect(position).toMatchObject({
      status: "open",
      size: "25",
      quantity: confirmed.attempts[0].fill.amountOut,
      stop: { kind: "trailing", distance: "0.03" },
      version: 1,
    });
    expect(Number(position.unrealizedPnl)).toBeLessThan(0.5);
    expect(position.price.source).toBe("jupiter");

    const { body: list } = await get("/positions");
    expect(list.positions.map((each: { positionId: number }) => each.positionId)).toContain(sent.positionId);
  });

  test("is the same one for the same key and body, for ever and at once", async () => {
    const body = entry({ symbol: "BONK/USDC" });
    const answers = await Promise.all(Array.from({ length: 5 }, () => post(body, "the-same")));
    expect(answers.map((answer) => answer.status)).toEqual([202, 202, 202, 202, 202]);
    expect(new Set(answers.map((answer) => answer.body.tradeId)).size).toBe(1);
    const again = await post(body, "the-same");
    expect(again.body.tradeId).toBe(answers[0]?.body.tradeId);
    const other = await post({ ...body, size: "26" }, "the-same");
    expect(other).toMatchObject(problem(409, "IDEMPOTENCY_KEY_REUSED", { tradeId: again.body.tradeId }));
  });

  test("finds no seat when three positions of its market are live, whoever comes at once", async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => post(entry({ symbol: "JTO/USDC" }))));
    expect(answers.filter((answer) => answer.status === 202)).toHaveLength(3);
    const confirmed = await Promise.all(
      answers
        .filter((answer) => answer.status === 202)
        .map(({ body }) =>
          until(
            () => get(`/trades/${body.tradeId}`),
            (answer) => answer.body.status === "confirmed",
          ),
        ),
    );
    // The same amounts in the same block, and yet three transactions.
    expect(new Set(confirmed.map(({ body }) => body.attempts[0].signature)).size).toBe(3);
    const refused = answers.filter((answer) => answer.status !== 202);
    for (const answer of refused) {
      expect(answer).toMatchObject(
        problem(422, "MAX_POSITIONS_REACHED", { symbol: "JTO/USDC", maxPositionsPerSymbol: "3" }),
      );
    }
  });
});

/** Opens a position and waits until it is protected. */
async function opened(over: object = {}): Promise<{ positionId: number; version: number; price: number }> {
  const { status, body } = await post(entry(over));
  expect(status).toBe(202);
  const { positionId } = body;
  const { body: position } = await until(
    () => get(`/positions/${positionId}`),
    (answer) => answer.body.status === "open",
  );
  return { positionId, version: position.version, price: Number(position.price.value) };
}

describe("the stop of a position", () => {
  test("is replaced under its version, and only once under one", async () => {
    const { positionId, version, price } = await opened({ symbol: "SOL/USDC", stop: { kind: "trailing" } });
    const level = (price * 0.95).toFixed(4);
    const answers = await Promise.all([
      patchStop(positionId, { version, kind: "fixed", price: level }),
      patchStop(positionId, { version, kind: "fixed", price: level }),
    ]);
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 409]);
    const now = answers.find((answer) => answer.status === 200)?.body;
    expect(now).toMatchObject({ version: version + 1, stop: { kind: "fixed", price: String(Number(level)) } });
    expect(answers.find((answer) => answer.status === 409)).toMatchObject(
      problem(409, "UPDATE_CONFLICT", { version: String(version), currentVersion: String(version + 1) }),
    );

    const trailing = await patchStop(positionId, { version: version + 1, kind: "trailing", activation: "0.05" });
    expect(trailing.body.stop).toMatchObject({
      kind: "trailing",
      distance: "0.03",
      activation: "0.05",
      triggerPrice: null,
    });

    // A refusal tells the price of now.
    const asked = await patchStop(positionId, { version: version + 2, kind: "fixed", price: "1" });
    const current = Number(asked.body.currentPrice);
    for (const [rule, why] of [
      [{ kind: "fixed", price: (current * 1.1).toFixed(4) }, /already breached/],
      [{ kind: "fixed", price: (current * 0.995).toFixed(4) }, /too near/],
      [{ kind: "fixed", price: (current * 0.7).toFixed(4) }, /too far/],
      [{ kind: "trailing", distance: "0.005" }, /too near/],
      [{ kind: "trailing", distance: "0.3" }, /too far/],
    ] as const) {
      const refused = await patchStop(positionId, { version: version + 2, ...rule });
      expect(refused).toMatchObject(problem(422, "INVALID_STOP_LEVEL"));
      expect(refused.body.detail).toMatch(why);
    }
    expect((await get(`/positions/${positionId}`)).body.version).toBe(version + 2);
    await close(positionId);
  });

  test("is not there for a position that is not", async () => {
    const change = { version: 1, kind: "fixed", price: "100" };
    expect(await patchStop(999_999, change)).toMatchObject(problem(404, "POSITION_NOT_FOUND"));
    expect(await patchStop(999_999, { kind: "fixed", price: "100" })).toMatchObject(problem(400, "INVALID_REQUEST"));
  });
});

describe("closing", () => {
  test("sells a part and then the rest, each once, and what is closed stays closed", async () => {
    const { positionId } = await opened({ symbol: "SOL/USDC", size: "40", stop: { kind: "trailing" } });
    for (const fraction of ["0", "1.5"]) {
      expect(await close(positionId, { fraction })).toMatchObject(
        problem(422, "INVALID_POSITION_SIZE", { size: fraction }),
      );
    }
    expect(await close(positionId, { fraction: "half" })).toMatchObject(problem(400, "INVALID_REQUEST"));

    const before = (await get(`/positions/${positionId}`)).body;
    const part = await close(positionId, { fraction: "0.25" });
    expect(part).toMatchObject({ status: 202, body: { kind: "exit", side: "sell", positionId } });
    expect((await close(positionId, { fraction: "0.25" })).body.tradeId).toBe(part.body.tradeId);
    const { body: rest } = await until(
      () => get(`/positions/${positionId}`),
      (answer) => answer.body.status === "open",
      300,
    );
    expect(Number(rest.quantity) / Number(before.quantity)).toBeCloseTo(0.75, 6);
    expect(rest.stop).toMatchObject({ kind: "trailing" });

    const whole = await close(positionId);
    expect(whole.status).toBe(202);
    expect((await close(positionId)).body.tradeId).toBe(whole.body.tradeId);
    const { body: closed } = await until(
      () => get(`/positions/${positionId}`),
      (answer) => answer.body.status === "closed",
      300,
    );
    expect(closed).toMatchObject({ quantity: "0", closeReason: "manual", unrealizedPnl: null });
    // What the wallet gained: the fills of the three trades, and their fees.
    expect(Number(closed.realizedPnl)).toBeLessThan(0);
    expect(await close(positionId)).toMatchObject(problem(409, "UPDATE_CONFLICT", { positionStatus: "closed" }));
    expect(await patchStop(positionId, { version: closed.version, kind: "trailing" })).toMatchObject(
      problem(409, "UPDATE_CONFLICT", { positionStatus: "closed" }),
    );
  });

  test("of what is not there is nothing", async () => {
    expect(await close(999_999)).toMatchObject(problem(404, "POSITION_NOT_FOUND"));
  });
});

describe("side sell", () => {
  test("sells inventory worth the size, keeps the proceeds for buying back, and buys back with all of them", async () => {
    const { positionId, price } = await opened({
      symbol: "SOL/USDC",
      side: "sell",
      size: "60",
      stop: { kind: "trailing" },
    });
    const { body: sold } = await get(`/positions/${positionId}`);
    expect(Number(sold.quantity) * price).toBeCloseTo(60, 0);
    expect(Number(sold.stop.triggerPrice)).toBeCloseTo(Number(sold.stop.highWaterMark) * 1.03, 9);
    expect(
      await patchStop(positionId, { version: sold.version, kind: "fixed", price: (price * 0.9).toFixed(4) }),
    ).toMatchObject(problem(422, "INVALID_STOP_LEVEL"));

    const { body: exit } = await close(positionId);
    expect(exit).toMatchObject({ kind: "exit", side: "buy" });
    const { body: closed } = await until(
      () => get(`/positions/${positionId}`),
      (answer) => answer.body.status === "closed",
      300,
    );
    const { body: entry_ } = await get(`/trades/${(await get(`/trades/${exit.tradeId}`)).body.tradeId}`);
    expect(entry_.attempts[0].fill.amountIn).toBe(exit.amountIn);
    expect(Number(closed.realizedPnlBase)).toBeLessThan(0);
  });
});

// Last, because the engine is started again with other limits.
describe("a limit that is set by its variable", () => {
  const restartedWith = async (variables: Readonly<Record<string, string>>): Promise<void> => {
    Object.assign(process.env, variables);
    await local.killEngine();
    await local.startEngine();
    for (const name of Object.keys(variables)) delete process.env[name];
  };

  test("refuses what would leave too little SOL", async () => {
    await restartedWith({ BACKSTOP_JUPITER_MIN_SOL_BALANCE: "100" });
    const answer = await post(entry({ symbol: "BONK/USDC" }));
    expect(answer).toMatchObject(problem(422, "INSUFFICIENT_FUNDS", { asset: "SOL", required: "100" }));
    expect(Number(answer.body.available)).toBeLessThan(10);
  });

  test("refuses what would move the price too far", async () => {
    await restartedWith({ BACKSTOP_JUPITER_MAX_PRICE_IMPACT: "0.0001" });
    const answer = await post(entry({ symbol: "BONK/USDC", size: "1000" }));
    expect(answer).toMatchObject(problem(422, "PRICE_IMPACT_TOO_HIGH", { maxPriceImpact: "0.0001" }));
    expect(Number(answer.body.priceImpact)).toBeGreaterThan(0.0001);
  });

  test("refuses what the wallet does not have besides what its positions hold", async () => {
    await restartedWith({
      BACKSTOP_POSITION_MAX_POSITION_SIZE: "50000",
      BACKSTOP_POSITION_MAX_DAILY_SIZE: "50000",
    });
    const answer = await post(entry({ symbol: "BONK/USDC", size: "20000" }));
    expect(answer).toMatchObject(problem(422, "INSUFFICIENT_FUNDS", { required: "20000" }));
    expect(Number(answer.body.available)).toBeGreaterThan(0);
    expect(Number(answer.body.available)).toBeLessThan(20_000);
  });
});
