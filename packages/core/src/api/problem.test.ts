import { expect, test } from "vitest";
import { EngineError } from "../error.ts";
import { problemResponse } from "./problem.ts";

test("a refusal for being one too many says when to come again", async () => {
  const context = { detail: "later", upstream: "jupiter", retryAfterSeconds: "7" };
  const response = problemResponse(new EngineError("RATE_LIMITED", context));
  expect(response.status).toBe(429);
  expect(response.headers.get("retry-after")).toBe("7");
  expect(await response.json()).toMatchObject({ code: "RATE_LIMITED", retryAfterSeconds: "7" });
});

test("no other refusal does", () => {
  const response = problemResponse(new EngineError("MARKET_FROZEN", { detail: "frozen", symbol: "A/B", mint: "m" }));
  expect(response.status).toBe(422);
  expect(response.headers.has("retry-after")).toBe(false);
});
