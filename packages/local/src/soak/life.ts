/**
 * The life of one position, as a caller of the API leads it: it is opened, and a stop or a person closes it, whole or in parts.
 *
 * Invariant: whatever is refused or beaten by somebody faster, it goes on until the position is over.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Side } from "@backstop/core/market/market";
import type { PositionView } from "@backstop/core/position/view";
import type { Random } from "../chain/random.ts";
import type { Caller } from "./caller.ts";
import type { Looks } from "./looks.ts";
import type { Swings } from "./swings.ts";

export interface Life {
  readonly symbol: string;
  readonly side: Side;
  readonly size: string;
  readonly stop:
    | { readonly kind: "trailing"; readonly distance: string }
    | { readonly kind: "fixed"; readonly price: string };
  /** Who is meant to close it; a stop may always be faster. */
  readonly end: "stop" | "person" | "person in parts";
}

/** Of a wallet with 10 000, the smallest that are allowed and a little more. */
const SIZE = { least: 10, most: 40 };

/** Beyond the least that is allowed, with room for the market's own noise, and nearer than a swing. */
const DISTANCE = { least: 0.015, most: 0.04 };

/** A person takes their time. */
const HESITATION_MS = 4_000;

/** Each side of a market is hit every 12 s: a fixed stop that was set just after its swing is not hit at all. */
const STOP_PATIENCE_MS = 20_000;

/** An entry and one exit. */
export const TRADES_AT_LEAST = 2;

const between = ({ least, most }: { least: number; most: number }, random: Random): number =>
  least + (most - least) * random();

export function planLife(random: Random, swings: Swings): Life {
  const symbol = swings.symbols[Math.floor(random() * swings.symbols.length)] ?? "";
  const size = between(SIZE, random).toFixed(2);
  const distance = between(DISTANCE, random);
  const fate = random();
  const end = fate < 0.6 ? "stop" : fate < 0.8 ? "person" : "person in parts";
  if (random() < 0.5) {
    const side = random() < 0.5 ? "buy" : "sell";
    return { symbol, side, size, stop: { kind: "trailing", distance: distance.toFixed(4) }, end };
  }
  const side = swings.nextHit(symbol);
  const price = swings.priceOf(symbol) * (side === "buy" ? 1 - distance : 1 + distance);
  return { symbol, side, size, stop: { kind: "fixed", price: price.toFixed(12) }, end };
}

interface Surroundings {
  readonly caller: Caller;
  readonly looks: Looks;
  /** Nobody waits for anything any more. */
  readonly until: AbortSignal;
}

/** Resolves when the position is over: with false, when there was none, or none that was opened. */
export async function live(around: Surroundings, { end, ...entry }: Life, key: string): Promise<boolean> {
  const { caller } = around;
  const trade = await caller.ask((api) => api.trade(entry, key));
  if (!trade) return false;
  const { positionId } = trade;
  if (await come(around, positionId, ({ status }) => status !== "opening")) {
    if (end === "stop") await come(around, positionId, isLeftOpen(performance.now() + STOP_PATIENCE_MS));
    else await sleep(HESITATION_MS);
    if (end === "person in parts") await closePart(around, positionId, `${key}-part`);
    await close(around, positionId, `${key}-close`);
  }
  const over = await caller.ask((api) => api.getPosition(positionId));
  return over?.status !== "aborted";
}

const isLeftOpen =
  (since: number) =>
  ({ status }: PositionView): boolean =>
    status === "open" && performance.now() > since;

/** Waits until the position is as it is wanted; null: it is over. */
async function come(
  { looks, until }: Surroundings,
  positionId: number,
  isWanted: (position: PositionView) => boolean,
): Promise<PositionView | null> {
  while (!until.aborted) {
    const position = (await looks.next()).get(positionId);
    if (!position) return null;
    if (isWanted(position)) return position;
  }
  return null;
}

async function closePart(around: Surroundings, positionId: number, key: string): Promise<void> {
  if (!(await come(around, positionId, ({ status }) => status === "open"))) return;
  await around.caller.ask((api) => api.close(positionId, "0.4", key));
}

/** Whenever it is open, again, until it is over: a request may have been refused too often. */
async function close(around: Surroundings, positionId: number, key: string): Promise<void> {
  for (let times = 1; await come(around, positionId, ({ status }) => status === "open"); times += 1) {
    await around.caller.ask((api) => api.close(positionId, undefined, `${key}-${times}`));
  }
}
