/** Everything that was recorded, that landed and that went wrong, as one short text: two runs of a seed must come to the same. */
import { createHash } from "node:crypto";
import type { MemoryDatabase } from "@backstop/core/testing/memory/database";
import type { Chain } from "./world/chain.ts";

export function digestOf(db: MemoryDatabase, chain: Chain, atMs: number, came: string): string {
  const hash = createHash("sha256");
  for (const table of [db.positions, db.trades, db.attempts, db.triggers, db.outbox, db.shortages]) {
    for (const row of table.values()) hash.update(JSON.stringify(row, inText));
  }
  for (const { signature, slot } of chain.entries) hash.update(`${signature} ${slot}`);
  return hash.update(`${atMs} ${came}`).digest("base64url");
}

const inText = (_key: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);
