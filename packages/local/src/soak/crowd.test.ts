import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, vi } from "vitest";
import { Crowd } from "./crowd.ts";

const never = new AbortController().signal;

const everyMs = 0;

describe("a crowd", () => {
  it.each([1, 2, 10, 501])("makes at least %d trades, and not a position more than that takes", async (trades) => {
    const lead = vi.fn(async () => true);
    const crowd = new Crowd({ trades, lead, until: never, everyMs });
    await crowd.gather();
    expect(lead).toHaveBeenCalledTimes(Math.ceil(trades / 2));
    expect(crowd.over).toBe(2 * Math.ceil(trades / 2));
    expect(crowd.inFlight).toBe(0);
  });

  it("leads another life for each one that made no trade", async () => {
    const lead = vi.fn(async (number: number) => number > 4);
    const crowd = new Crowd({ trades: 10, lead, until: never, everyMs });
    await crowd.gather();
    expect(lead).toHaveBeenCalledTimes(9);
    expect(crowd.over).toBe(10);
  });

  it("never has more than 80 positions in flight", async () => {
    let most = 0;
    const allAreThere = sleep(50);
    const crowd: Crowd = new Crowd({
      trades: 1_000,
      lead: async () => {
        most = Math.max(most, crowd.inFlight);
        await allAreThere;
        return true;
      },
      until: never,
      everyMs,
    });
    await crowd.gather();
    expect(most).toBe(80);
  });

  it("begins nothing once it is called off", async () => {
    const closing = new AbortController();
    const lead = vi.fn(async (number: number) => {
      if (number === 3) closing.abort();
      return false;
    });
    await new Crowd({ trades: 10, lead, until: closing.signal, everyMs }).gather();
    expect(lead.mock.calls.length).toBeLessThanOrEqual(8);
  });
});
