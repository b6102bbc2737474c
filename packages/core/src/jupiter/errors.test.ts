import { describe, expect, test } from "vitest";
import { ERRORS } from "../error.ts";
import { ROUTING_CODES, refusalOf } from "./errors.ts";

const asked = { symbol: "SOL/USDC", size: "100" };

describe("a routing code", () => {
  test.each(Object.entries(ROUTING_CODES))(
    "%s is one of our codes and says what there is to do",
    (errorCode, meaning) => {
      const error = refusalOf(400, { error: "No.", errorCode }, asked);
      expect(error.code).toBe(meaning.code);
      expect(ERRORS[error.code].status).toBeGreaterThanOrEqual(400);
      expect(error.message).toContain(`No. (${errorCode}); ${meaning.advice}`);
    },
  );

  test("says nothing about routes when a server is broken", () => {
    for (const errorCode of Object.keys(ROUTING_CODES)) {
      expect(refusalOf(500, { error: "No routes found", errorCode }, asked).code).toBe("NETWORK_ERROR");
    }
  });

  test("of a request that is wrong is no lack of liquidity", () => {
    const error = refusalOf(400, { error: "x", errorCode: "CIRCULAR_ARBITRAGE_IS_DISABLED" }, asked);
    expect(error.code).toBe("NETWORK_ERROR");
  });
});

test("a page is told by its first words", () => {
  expect(refusalOf(502, `<html>${"x".repeat(10_000)}`, asked).message.length).toBeLessThan(300);
});
