/**
 * What was taken for dead is looked at once more before anything else is paid, for a day.
 *
 * It should never be there: a transfer expires by proof. Should a node have been wrong, it is booked, and who asks is told
 * before the same is paid again.
 */
import type { Rpc } from "../solana/rpc.ts";
import { type EndDeps, end } from "./execute.ts";
import { Refused } from "./refused.ts";
import type { TransferStore } from "./transfer.store.ts";

export interface LateDeps extends EndDeps {
  readonly transfers: EndDeps["transfers"] & Pick<TransferStore, "list">;
  readonly rpc: EndDeps["rpc"] & Pick<Rpc, "statuses">;
}

/** As long as an attempt is. */
const LOOKED_AT_MS = 24 * 60 * 60 * 1000;

/** One at a time takes its minute until it has expired: more than fit into a day by hand. */
const TRANSFERS_MAX = 200;

/** @throws Refused when one of them has landed after all. */
export async function checkLate(deps: LateDeps): Promise<void> {
  const since = deps.clock.now().getTime() - LOOKED_AT_MS;
  const all = await deps.transfers.list(deps.account.accountId, TRANSFERS_MAX);
  const dead = all.flatMap((each) => (each.status === "expired" && each.endedAt.getTime() >= since ? [each] : []));
  if (dead.length === 0) return;
  const { statuses } = await deps.rpc.statuses(dead.map(({ signature }) => signature));
  for (const [index, transfer] of dead.entries()) {
    const status = statuses[index];
    if (!status) continue;
    const { transferId, kind, signature } = transfer;
    const told = `the ${kind} ${transferId} was taken for dead and has landed`;
    deps.log.error("transfer_landed_late", new Error(told), { transferId, signature });
    const isBooked = status.commitment === "finalized" && (await end(deps, transfer, status.error));
    throw new Refused(`${told}: ${isBooked ? "ask again if it is not what you ask for" : "wait until it is final"}`);
  }
}
