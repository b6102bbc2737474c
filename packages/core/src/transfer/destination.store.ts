/** Destinations in Postgres. Invariants: one row that is not revoked per account and address; no row is ever deleted. */
import { and, desc, eq, isNull } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { uniqueViolation } from "../db/error.ts";
import { destination } from "./destination.sql.ts";
import type { Destination } from "./destination.ts";

export type Registration = Omit<Destination, "revokedBy" | "revokedAt">;

export interface DestinationStore {
  /** False: it is registered already, and its clock is running or over. */
  register(registration: Registration): Promise<boolean>;
  /** False: it is not registered, or revoked already. */
  revoke(accountId: string, address: string, by: string, at: Date): Promise<boolean>;
  /** The one that is not revoked. */
  find(accountId: string, address: string): Promise<Destination | null>;
  /** Newest first, those that were revoked included. */
  all(accountId: string): Promise<readonly Destination[]>;
}

export const destinationStore = (db: Database): DestinationStore => {
  const unrevoked = (accountId: string, address: string) =>
    and(eq(destination.accountId, accountId), eq(destination.address, address), isNull(destination.revokedAt));
  return {
    async register(registration) {
      try {
        await db.insert(destination).values(registration);
        return true;
      } catch (error) {
        if (uniqueViolation(error) !== null) return false;
        throw error;
      }
    },
    async revoke(accountId, address, by, at) {
      const rows = await db
        .update(destination)
        .set({ revokedBy: by, revokedAt: at })
        .where(unrevoked(accountId, address))
        .returning({ address: destination.address });
      return rows.length > 0;
    },
    async find(accountId, address) {
      const [row] = await db.select().from(destination).where(unrevoked(accountId, address));
      return row ?? null;
    },
    all: (accountId) =>
      db
        .select()
        .from(destination)
        .where(eq(destination.accountId, accountId))
        .orderBy(desc(destination.registeredAt), destination.address),
  };
};
