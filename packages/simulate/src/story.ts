/**
 * What happens in one seed: bad weather in which people trade, then calm, in which every stop is met, all that is left behind has
 * its time, and the books are judged.
 */
import { CONFIG } from "./engine/functions.ts";
import { BOUND_MS } from "./oracle/stops.ts";
import { moveByHand } from "./people/hand.ts";
import { close, live, open, type TraderDeps } from "./people/trader.ts";
import { HOUR_MS, MINUTE_MS, schedule } from "./schedule.ts";
import type { Stage } from "./stage.ts";

/** Everything goes wrong for this long; people come in the first part of it. */
const BAD_MS = 10 * MINUTE_MS;
const ARRIVALS_MS = 6 * MINUTE_MS;

/** All is calm, and what the bad weather left behind has this long before the market moves. */
const REST_MS = MINUTE_MS;

/**
 * So that every stop is met, each for as long as it may take to see it: below all that it was, which also wakes the trailing
 * stops of side `sell` that were asleep; above all that it was; and down again for those of side `buy` that woke there.
 */
const MOVES = ["fall", "rise", "fall"] as const;

/** As often as the evaluator looks. */
const TICK_MS = CONFIG.evaluator.tickMs;

/**
 * After the last of the bad weather. `reconcile` looks at a trade every 15 minutes; where the message for that was lost, and
 * for an event that nobody was woken for, there is the schedule.
 */
const LOOKED_AT_WITHIN_MS = 20 * MINUTE_MS;
const SCHEDULED_WITHIN_MS = HOUR_MS + 10 * MINUTE_MS;

/** What is on its way to a leader has come, and what came is final. */
const LAST_LANDINGS_MS = 2 * MINUTE_MS;

/** @param positions - How many people try to open one. */
export async function play(stage: Stage, positions: number): Promise<void> {
  const { world, people, markets, chain, lambda, oracle, tell } = stage;
  let isOver = false;
  schedule(lambda, world, () => isOver);
  oracle.stops.watch(() => isOver);
  void moveByHand({ world: people, chain, markets, tell });
  const trader: TraderDeps = { world: people, lambda, tell, markets };
  const traded = Promise.all(Array.from({ length: positions }, (_, index) => trade(trader, String(index))));
  const played = acts(stage, trader, traded, positions).then(() => {
    isOver = true;
  });
  await world.timeline.run(() => isOver);
  await played;
}

async function trade(trader: TraderDeps, name: string): Promise<void> {
  await trader.world.timeline.wait(trader.world.dice.between(0, ARRIVALS_MS));
  const positionId = await open(trader, name);
  if (positionId !== null) await live(trader, positionId);
}

async function acts(stage: Stage, trader: TraderDeps, traded: Promise<unknown>, asked: number): Promise<void> {
  const { world, oracle, queues, bus, tell } = stage;
  const { timeline, weather } = world;
  await timeline.wait(BAD_MS);
  weather.isCalm = true;
  tell("all is calm");
  await timeline.wait(REST_MS);
  await traded;
  await meetStops(stage);
  await within(stage, LOOKED_AT_WITHIN_MS, async () => {
    await closeOpen(stage, trader);
    return oracle.isSettled();
  });
  oracle.judgeProgress(queues);
  await within(stage, SCHEDULED_WITHIN_MS, async () => oracle.isSettled() && oracle.isTold());
  await timeline.wait(LAST_LANDINGS_MS);
  oracle.judge(bus, queues, asked);
}

async function meetStops({ world: { timeline }, markets, oracle, tell }: Stage): Promise<void> {
  for (const [index, move] of MOVES.entries()) {
    for (const market of markets) market[move](timeline.now);
    tell(`all prices ${move}`);
    const until = timeline.now + BOUND_MS.calm + MINUTE_MS;
    // After the last of them nobody has to have seen what was before it.
    await timeline.wait(index < MOVES.length - 1 ? BOUND_MS.calm : TICK_MS);
    while (oracle.stops.isAnyHit() && timeline.now < until) await timeline.wait(TICK_MS);
  }
  oracle.stops.judgeMet();
}

/** What no stop closes, and what is open again after a part of it was closed, a person does. */
async function closeOpen({ db }: Stage, trader: TraderDeps): Promise<void> {
  const open = [...db.positions.values()].filter(({ status }) => status === "open");
  for (const { positionId } of open) await close(trader, positionId, null);
}

async function within(
  { world: { timeline } }: Stage,
  milliseconds: number,
  isSo: () => Promise<boolean>,
): Promise<void> {
  const until = timeline.now + milliseconds;
  while (!(await isSo()) && timeline.now < until) await timeline.wait(5 * TICK_MS);
}
