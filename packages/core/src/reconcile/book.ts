/**
 * Does the book say what Postgres does?
 *
 * Invariants: the book is made anew from the rows whether it differed or not, so that no change that Redis was never told of
 * stays away for longer than this is called apart; the cursor is read before the rows, so that what changes in between comes
 * again as a change; marks that have risen are kept apart from it, and stay.
 */
import type { Log } from "../log.ts";
import type { StopStore } from "../stop/stop.store.ts";
import type { WatchStore } from "../stop/watch.store.ts";

export interface BookDeps {
  readonly log: Log;
  readonly stops: Pick<StopStore, "armed">;
  readonly book: Pick<WatchStore, "cursor" | "writeBase">;
}

/** The next evaluator reads it, within a minute. @throws when Redis or Postgres do not answer. */
export async function rewriteBook({ log, stops, book }: BookDeps): Promise<void> {
  const cursor = await book.cursor();
  const armed = await stops.armed();
  await book.writeBase(armed, cursor);
  log.info("book_rewritten", { stops: armed.length });
}
