import { describe, expect, it, vi } from "vitest";
import { type Api, ApiRefusal } from "../api.ts";
import { Caller } from "./caller.ts";

const refused = (status: number, code?: string) => new ApiRefusal("POST /trades", status, { code });

/** Answers with `yes` when the errors are used up. */
function callerOf(...errors: readonly Error[]) {
  const left = [...errors];
  const trade = vi.fn(async () => {
    const error = left.shift();
    if (error) throw error;
    return "yes";
  });
  const caller = new Caller(() => ({ trade }) as unknown as Api, 0);
  const ask = () => caller.ask((api) => api.trade({}, "key"));
  return { caller, trade, ask };
}

describe("a caller in bad weather", () => {
  it("asks again with the same key until it is answered, and counts what it was told", async () => {
    const { caller, trade, ask } = callerOf(
      new TypeError("fetch failed"),
      refused(503, "NETWORK_ERROR"),
      refused(429, "RATE_LIMITED"),
      refused(500),
      refused(422, "INVALID_STOP_LEVEL"),
      refused(503, "NETWORK_ERROR"),
    );
    expect(await ask()).toBe("yes");
    expect(trade.mock.calls).toEqual(Array.from({ length: 7 }, () => [{}, "key"]));
    expect(caller.refusals).toEqual({
      "422 INVALID_STOP_LEVEL": 1,
      "429 RATE_LIMITED": 1,
      "500 without a code": 1,
      "503 NETWORK_ERROR": 2,
      "not answered": 1,
    });
  });

  it("gives up after thirty tries", async () => {
    const { trade, ask } = callerOf(...Array.from({ length: 40 }, () => refused(503)));
    expect(await ask()).toBeNull();
    expect(trade).toHaveBeenCalledTimes(30);
  });

  it("gives up after three answers that the request cannot be carried out", async () => {
    const { trade, ask } = callerOf(...Array.from({ length: 9 }, () => refused(422, "INVALID_STOP_LEVEL")));
    expect(await ask()).toBeNull();
    expect(trade).toHaveBeenCalledTimes(3);
  });

  it("takes it for an answer that somebody else was faster", async () => {
    const { trade, ask } = callerOf(refused(409, "UPDATE_CONFLICT"));
    expect(await ask()).toBeNull();
    expect(trade).toHaveBeenCalledTimes(1);
  });

  it.each([refused(400, "INVALID_REQUEST"), refused(401), refused(409, "IDEMPOTENCY_KEY_REUSED")])(
    "does not go on when it asks for nonsense: %s",
    async (error) => {
      await expect(callerOf(error).ask()).rejects.toBe(error);
    },
  );
});
