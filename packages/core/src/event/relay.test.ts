/** The relay, with an outbox and a bus that are made up and can fail where it hurts. */
import { describe, expect, test } from "vitest";
import { FakeClock, fakeLog } from "../../testing/fakes.ts";
import type { Bus, PutResult } from "./bus.ts";
import type { OutboxRow } from "./outbox.store.ts";
import { type RelayDeps, relayEvents } from "./relay.ts";

const TAKEN: PutResult = { taken: true };
const REFUSED: PutResult = { taken: false, code: "MalformedDetail", message: "no" };

function rowsOf(...positions: readonly number[]): OutboxRow[] {
  const last = new Map<number, number>();
  return positions.map((positionId, index) => {
    const positionSequence = (last.get(positionId) ?? 0) + 1;
    last.set(positionId, positionSequence);
    return {
      sequence: BigInt(index + 1),
      eventId: `evt_${positionId}_${positionSequence}`,
      name: "position_updated",
      positionId,
      positionSequence,
      payload: { positionId, symbol: "SOL/USDC", status: "open", quantity: "1" },
      at: new Date(index),
    };
  });
}

/** `answer` is asked for each event; what it throws, the whole request throws. */
function world(rows: readonly OutboxRow[], answer: (eventId: string) => PutResult = () => TAKEN) {
  const delivered = new Set<bigint>();
  const requests: string[][] = [];
  const clock = new FakeClock();
  const log = fakeLog();
  let queries = 0;
  const outbox: RelayDeps["outbox"] = {
    async undelivered(limit, except) {
      queries++;
      return rows.filter((row) => !delivered.has(row.sequence) && !except.includes(row.positionId)).slice(0, limit);
    },
    async markDelivered(sequences) {
      for (const sequence of sequences) delivered.add(sequence);
    },
  };
  const bus: Bus = {
    async put(events) {
      requests.push(events.map((event) => event.eventId));
      return events.map((event) => answer(event.eventId));
    },
  };
  return {
    deps: { clock, log, outbox, bus },
    requests,
    log,
    clock,
    taken: () => rows.filter((row) => delivered.has(row.sequence)).map((row) => row.eventId),
    queries: () => queries,
  };
}

describe("the relay", () => {
  test("with nothing to relay asks once and no more", async () => {
    const { deps, requests, queries } = world([]);
    expect(await relayEvents(deps)).toEqual({ delivered: 0, held: 0, more: false });
    expect([requests, queries()]).toEqual([[], 1]);
  });

  test("sends the events of a position in their order, one a request, and others beside them", async () => {
    const { deps, requests } = world(rowsOf(1, 1, 2, 1, 2));
    expect(await relayEvents(deps)).toEqual({ delivered: 5, held: 0, more: false });
    expect(requests).toEqual([["evt_1_1", "evt_2_1"], ["evt_1_2", "evt_2_2"], ["evt_1_3"]]);
  });

  test("sends ten at most in a request", async () => {
    const { deps, requests } = world(rowsOf(...Array.from({ length: 25 }, (_, index) => index + 1)));
    await relayEvents(deps);
    expect(requests.map((request) => request.length)).toEqual([10, 10, 5]);
  });

  test("sends 256 KB at most in a request, and what is larger alone", async () => {
    const rows = rowsOf(1, 2, 3, 4).map((row, index) => ({
      ...row,
      payload: { ...(row.payload as object), status: "x".repeat((index === 1 ? 300 : 120) * 1024) },
    }));
    const { deps, requests } = world(rows);
    await relayEvents(deps);
    expect(requests).toEqual([["evt_1_1"], ["evt_2_1"], ["evt_3_1", "evt_4_1"]]);
  });

  test("goes on to the next page, up to its bound, and the next relay goes on from there", async () => {
    const { deps, taken } = world(rowsOf(...Array.from({ length: 1_050 }, (_, index) => index + 1)));
    expect(await relayEvents(deps)).toEqual({ delivered: 1_000, held: 0, more: true });
    expect(await relayEvents(deps)).toEqual({ delivered: 50, held: 0, more: false });
    expect(taken()).toHaveLength(1_050);
  });

  test("tries again what was refused, before anything later of its position", async () => {
    let refusals = 2;
    const { deps, requests, clock, log } = world(rowsOf(1, 1, 2, 2), (id) =>
      id === "evt_1_1" && refusals-- > 0 ? REFUSED : TAKEN,
    );
    const began = clock.now().getTime();
    expect(await relayEvents(deps)).toMatchObject({ delivered: 4, held: 0 });
    expect(requests).toEqual([["evt_1_1", "evt_2_1"], ["evt_1_1", "evt_2_2"], ["evt_1_1"], ["evt_1_2"]]);
    expect(clock.now().getTime() - began).toBe(1_000);
    expect(log.lines).toEqual([]);
  });

  test("holds back the position of what is refused for good and no other, says so, and skips nothing", async () => {
    // More of the refused position than a page holds.
    const rows = rowsOf(...Array.from({ length: 150 }, () => 1), 2, 2);
    let mended = false;
    const { deps, requests, taken, log } = world(rows, (id) => (id === "evt_1_2" && !mended ? REFUSED : TAKEN));
    expect(await relayEvents(deps)).toEqual({ delivered: 3, held: 1, more: false });
    expect(taken()).toEqual(["evt_1_1", "evt_2_1", "evt_2_2"]);
    expect(requests.flat().filter((id) => id === "evt_1_2")).toHaveLength(3);
    expect(log.lines).toEqual(["event_not_taken"]);
    mended = true;
    expect(await relayEvents(deps)).toEqual({ delivered: 149, held: 0, more: false });
  });

  test("does not wait longer than 5 s for a bus that refuses everything", async () => {
    const { deps, clock } = world(rowsOf(...Array.from({ length: 300 }, (_, index) => index + 1)), () => REFUSED);
    const began = clock.now().getTime();
    expect(await relayEvents(deps)).toEqual({ delivered: 0, held: 300, more: false });
    expect(clock.now().getTime() - began).toBeLessThanOrEqual(5_000);
  });

  test("tells nothing that is no event, and nothing after it of its position", async () => {
    const rows = rowsOf(1, 1, 1, 2).map((row) => (row.eventId === "evt_1_2" ? { ...row, payload: {} } : row));
    const { deps, taken, log } = world(rows);
    expect(await relayEvents(deps)).toEqual({ delivered: 2, held: 1, more: false });
    expect(taken()).toEqual(["evt_1_1", "evt_2_1"]);
    expect(log.lines).toEqual(["event_unreadable"]);
  });

  test("fails when the bus does not answer, and the next one sends what was not marked", async () => {
    let away = true;
    const { deps, taken } = world(rowsOf(1, 1, 2), (id) => {
      if (away && id === "evt_1_2") throw new Error("the bus is away");
      return TAKEN;
    });
    await expect(relayEvents(deps)).rejects.toThrow("the bus is away");
    expect(taken()).toEqual(["evt_1_1", "evt_2_1"]);
    away = false;
    expect(await relayEvents(deps)).toMatchObject({ delivered: 1 });
  });

  test("killed between sending and marking sends again, the same and in order", async () => {
    const { deps, requests } = world(rowsOf(1, 1));
    const killed = { ...deps.outbox, markDelivered: () => Promise.reject(new Error("killed")) };
    await expect(relayEvents({ ...deps, outbox: killed })).rejects.toThrow("killed");
    expect(await relayEvents(deps)).toMatchObject({ delivered: 2 });
    expect(requests.flat()).toEqual(["evt_1_1", "evt_1_1", "evt_1_2"]);
  });
});
