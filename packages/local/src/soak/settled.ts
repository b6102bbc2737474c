/** What becomes of all that is on its way once nothing goes wrong any more. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Database } from "@backstop/core/db/client";
import { LIVE_POSITIONS } from "@backstop/core/position/position";
import { UNFINISHED_ATTEMPTS } from "@backstop/core/trade/attempt";
import { sql } from "drizzle-orm";
import type { Caller } from "./caller.ts";

/** What is final by then is so within seconds; only a message that a dying engine had received may be hidden for 25 s twice. */
const PATIENCE_MS = 90_000;

const LOOK_MS = 250;

/** Waits until nothing is on its way any more; answers with the positions that are not over. */
export async function settled(db: Database, caller: Caller): Promise<readonly number[]> {
  // Nobody follows what a request opened that was answered to nobody.
  for (const positionId of await positionsIn(db, ["open"])) {
    await caller.ask((api) => api.close(positionId, undefined, `soak-left-${positionId}`));
  }
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const positions = await positionsIn(db, LIVE_POSITIONS);
    const { rows } = await db.execute(sql`select from attempt where status in ${UNFINISHED_ATTEMPTS} limit 1`);
    if ((positions.length === 0 && rows.length === 0) || performance.now() > end) return positions;
    await sleep(LOOK_MS);
  }
}

async function positionsIn(db: Database, statuses: readonly string[]): Promise<readonly number[]> {
  const { rows } = await db.execute<{ id: number }>(
    sql`select position_id as id from position where status in ${statuses} order by position_id`,
  );
  return rows.map(({ id }) => id);
}
