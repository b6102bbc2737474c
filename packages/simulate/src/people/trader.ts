/** Somebody who opens a position, changes their mind about its stop, and perhaps closes it, at the worst moments. */
import type { ApiAnswer, ApiRequest } from "../engine/gateway.ts";
import type { Market } from "../world/market.ts";
import { ask, type PersonDeps } from "./person.ts";

export interface TraderDeps extends PersonDeps {
  readonly markets: readonly Market[];
}

/** What a trader does in their first minutes; of a life of the engine everything is faster here. */
const ACTS_WITHIN_MS = 300_000;

const SIZES = ["10", "25", "60", "100", "250", "500"];
const FRACTIONS = ["0.25", "0.5", "0.9"];

type Side = "buy" | "sell";

/** Opens a position; answers with its number, or null where it was refused. */
export async function open(deps: TraderDeps, name: string): Promise<number | null> {
  const { dice } = deps.world;
  const market = dice.pick(deps.markets);
  const side: Side = dice.chance(0.75) ? "buy" : "sell";
  const stop = dice.chance(0.93) ? stopFor(deps, market, side) : null;
  const body = { symbol: market.pair.symbol, side, size: dice.pick(SIZES), ...(stop && { stop }) };
  const answer = await ask(deps, "trades", {
    method: "POST",
    path: "/trades",
    body,
    idempotencyKey: `open ${name}`.replaceAll(" ", "-"),
  });
  if (answer?.status !== 202) return null;
  return Number(answer.body["positionId"]);
}

/** What they do with it until all is calm. */
export async function live(deps: TraderDeps, positionId: number): Promise<void> {
  const { dice, timeline, weather } = deps.world;
  const acts: (() => Promise<unknown>)[] = [
    () => change(deps, positionId),
    () => change(deps, positionId),
    () => close(deps, positionId, dice.pick(FRACTIONS)),
    () => close(deps, positionId, null),
  ];
  const wanted = dice.whole(0, 2);
  for (let done = 0; done < wanted; done++) {
    await timeline.wait(dice.between(0, ACTS_WITHIN_MS));
    if (weather.isCalm) return;
    const act = dice.pick(acts);
    if (weather.strikes("peopleRace")) await Promise.all([act(), dice.pick(acts)()]);
    else await act();
  }
}

/** Closes all of it, or a part under a key, so that it is not a second part when it is asked for again. */
export function close(deps: TraderDeps, positionId: number, fraction: string | null): Promise<ApiAnswer | null> {
  const request: ApiRequest = { method: "POST", path: `/positions/${positionId}/close` };
  if (fraction === null) return ask(deps, "positions", request);
  const idempotencyKey = `close-${positionId}-${deps.world.dice.whole(0, 1_000_000)}`;
  return ask(deps, "positions", { ...request, body: { fraction }, idempotencyKey });
}

/** Another rule in the place of the one that they see. */
async function change(deps: TraderDeps, positionId: number): Promise<void> {
  const seen = await ask(deps, "positions", { method: "GET", path: `/positions/${positionId}` });
  if (seen?.status !== 200) return;
  const { version, symbol, side } = seen.body;
  const market = deps.markets.find(({ pair }) => pair.symbol === symbol);
  if (!market) return;
  const rule = stopFor(deps, market, side === "sell" ? "sell" : "buy");
  const body = { version, ...rule };
  await ask(deps, "positions", { method: "PATCH", path: `/positions/${positionId}/stop`, body });
}

/** A rule that may or may not be within the limits by the time it arrives. */
function stopFor({ world }: TraderDeps, market: Market, side: Side): object {
  const { dice, timeline } = world;
  const away = dice.between(0.012, 0.08);
  if (dice.chance(0.4)) {
    const price = market.price(timeline.now) * (side === "buy" ? 1 - away : 1 + away);
    return { kind: "fixed", price: price.toFixed(6) };
  }
  const activation = dice.chance(0.25) ? { activation: dice.between(0.005, 0.04).toFixed(4) } : {};
  return { kind: "trailing", distance: away.toFixed(4), ...activation };
}
