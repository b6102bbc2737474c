/** Whose loss a shortage is, for any lots and any shortage; and when it is believed. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as Given from "../../testing/given.ts";
import { held } from "../position/position.ts";
import { expectedOf, isUnmoved, judge, type Lot, partsOf, type Sighting } from "./shortage.ts";

function lot(positionId: number, entryOut: bigint): Lot {
  const open = Given.position("open");
  if (open.status !== "open") return expect.unreachable();
  const totals = { ...open.totals, entryIn: Given.units(1), entryOut: Given.units(entryOut) };
  return { position: { ...open, positionId, totals }, entryTradeId: `trd_${positionId}`, exits: "" };
}

const books = (...lots: readonly Lot[]) => ({ lots, unfinished: false, firstFillSlot: 1n, lastFillSlot: 1n });

const anyLots = fc
  .array(fc.bigInt({ min: 0n, max: 2n ** 40n }), { minLength: 1, maxLength: 12 })
  .map((amounts) => amounts.map((each, index) => lot(index + 1, each)))
  .chain((lots) => fc.shuffledSubarray(lots, { minLength: lots.length }));

const anyShortage = anyLots.chain((lots) =>
  fc.bigInt({ min: 0n, max: expectedOf(books(...lots)) }).map((shortage) => ({ lots, shortage })),
);

describe("what is missing from a wallet", () => {
  test("is missing from its lots, to the base unit", () => {
    fc.assert(
      fc.property(anyShortage, ({ lots, shortage }) => {
        const parts = partsOf(lots, shortage);
        expect(parts.reduce((sum, { amount }) => sum + amount, 0n)).toBe(shortage);
        for (const { lot, amount } of parts) {
          expect(amount).toBeGreaterThan(0n);
          expect(amount).toBeLessThanOrEqual(held(lot.position.totals));
        }
      }),
    );
  });

  test("is missing from the newest first: whoever is older loses nothing while a newer one holds anything", () => {
    fc.assert(
      fc.property(anyShortage, ({ lots, shortage }) => {
        const parts = partsOf(lots, shortage);
        const ids = parts.map(({ lot }) => lot.position.positionId);
        expect(ids).toEqual(ids.toSorted((a, b) => b - a));
        const oldest = parts.at(-1)?.lot.position.positionId ?? Number.POSITIVE_INFINITY;
        const newer = lots.filter(({ position }) => position.positionId > oldest);
        const spared = newer.filter(({ position }) => held(position.totals) > 0n && !ids.includes(position.positionId));
        expect(spared).toEqual([]);
        for (const { lot, amount } of parts.slice(0, -1)) expect(amount).toBe(held(lot.position.totals));
      }),
    );
  });

  test("is never more than there is", () => {
    expect(partsOf([lot(1, 10n)], 11n).map(({ amount }) => amount)).toEqual([10n]);
  });
});

describe("a shortage", () => {
  const seen = (amount: bigint, slot: bigint): Sighting => ({
    amount: Given.units(amount),
    slot,
    agreedSlot: null,
    writtenOff: Given.units(0),
    frozenAt: null,
  });

  test.each([
    ["none", 100n, 100n, null, { type: "agrees" }],
    ["a surplus", 100n, 101n, seen(5n, 0n), { type: "agrees" }],
    ["the first", 100n, 90n, null, { type: "sighted", amount: 10n }],
    ["the first after the books agreed", 100n, 90n, seen(0n, 0n), { type: "sighted", amount: 10n }],
    ["less than before", 100n, 90n, seen(11n, 0n), { type: "sighted", amount: 10n }],
    ["the same, too soon", 100n, 90n, seen(10n, 969n), { type: "early" }],
    ["the same, from a node that is behind", 100n, 90n, seen(10n, 2_000n), { type: "early" }],
    ["the same, a finalization later", 100n, 90n, seen(10n, 968n), { type: "short" }],
    ["more than before", 100n, 80n, seen(10n, 968n), { type: "short" }],
  ])("is judged: %s", (_, expected, balance, last, judgement) => {
    expect(judge(expected, balance, 1_000n, last)).toMatchObject(judgement);
  });
});

describe("books", () => {
  const one = lot(1, 10n);
  const [two, closing] = [lot(2, 20n), Given.position("closing")];
  if (closing.status !== "closing") throw new Error("it is closing");

  test.each([
    ["as they were", books(two, one), true],
    ["with something in flight", { ...books(two, one), unfinished: true }, false],
    ["with another fill", { ...books(two, one), firstFillSlot: 1n, lastFillSlot: 2n }, false],
    ["with a lot less", books(two), false],
    ["with another lot", books(lot(3, 20n), one), false],
    ["with less in a lot", books(lot(2, 19n), one), false],
    [
      "with a lot that is closing",
      books({ ...two, position: { ...closing, positionId: 2, totals: two.position.totals } }, one),
      false,
    ],
    ["with an exit that was tried", books({ ...two, exits: "trd_exit_2_1_1.1" }, one), false],
    [
      "with something meant for an exit",
      books({ ...two, position: { ...two.position, exiting: Given.units(1) } }, one),
      false,
    ],
  ])("%s", (_, after, same) => {
    expect(isUnmoved(books(two, one), after)).toBe(same);
  });
});
