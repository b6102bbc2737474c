import { describe, expect, test } from "vitest";
import { fakeLog } from "../../testing/fakes.ts";
import { AT, armed, price } from "../../testing/given.ts";
import { openMemoryWatch } from "../../testing/memory/watch.given.ts";
import type { ArmedStop } from "../stop/stop.ts";
import { type BookDeps, rewriteBook } from "./book.ts";

function given(rows: readonly ArmedStop[]) {
  const { store } = openMemoryWatch({ now: () => AT });
  const deps: BookDeps = { log: fakeLog(), stops: { armed: async () => rows }, book: store };
  return { store, deps };
}

describe("the book, held against Postgres", () => {
  test("gets the rule that nobody could tell it, and loses what is not armed any more", async () => {
    const replaced = armed({ version: 2, stop: { kind: "fixed", price: price(95) } });
    const { store, deps } = given([replaced]);
    await store.writeBase([armed(), armed({ positionId: 2 })], await store.cursor());
    await rewriteBook(deps);
    expect(await store.load()).toMatchObject({ stops: [replaced], changes: [] });
  });

  test("keeps the marks that have risen, and what changed while the rows were read", async () => {
    const { store, deps } = given([armed()]);
    await store.recordTick({ at: AT, prices: new Map(), marks: [armed({ highWaterMark: price(120) })] });
    const change = { type: "arm", armed: armed({ positionId: 3 }) } as const;
    const stops = {
      armed: async () => {
        await store.append(change);
        return [armed()];
      },
    };
    await rewriteBook({ ...deps, stops });
    const loaded = await store.load();
    expect(loaded?.marks.get("1:1")).toBe(120);
    expect(loaded?.changes).toEqual([change]);
  });

  test("is left as it is when Postgres does not answer", async () => {
    const { store, deps } = given([]);
    await store.writeBase([armed()], await store.cursor());
    const stops = { armed: () => Promise.reject(new Error("Postgres is away")) };
    await expect(rewriteBook({ ...deps, stops })).rejects.toThrow("away");
    expect((await store.load())?.stops).toHaveLength(1);
  });
});
