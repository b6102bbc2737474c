/**
 * The swap firewall: whether a recorded message does what its trade says, and nothing else.
 *
 * Invariants: deny by default; everything it goes by is the rows' or our own node's, nothing the aggregator's; what could not be
 * seen is not allowed, and not held against the transaction either.
 */
import { checkEffects, isOurs, type Ours } from "./effects.ts";
import type { SwapIntent } from "./intent.ts";
import { readMessage, resolve, tablesOf } from "./message.ts";
import type { Accounts, FirewallNode } from "./node.ts";
import { type Inspected, inspectSwap } from "./swap.ts";
import { type Rule, Unsafe } from "./unsafe.ts";
import type { Venue } from "./venue.ts";

export interface Firewall {
  readonly venue: Venue;
  readonly node: FirewallNode;
}

export type Verdict =
  /** `held`: what the account that it spends from had, by our own node. */
  | { readonly type: "safe"; readonly held: bigint }
  | { readonly type: "unsafe"; readonly rule: Rule; readonly reason: string }
  /** It would fail now, and do nothing but cost its fee. */
  | { readonly type: "failing"; readonly error: string; readonly logs: readonly string[] }
  /** What the wallet holds changed while it was looked at, again and again. */
  | { readonly type: "moving" };

/** Other trades of the wallet land in between now and then; three times in a row they hardly do. */
const LOOKS_MAX = 3;

/**
 * @param message - Base64, unsigned.
 * @param minSlot - A node that has not seen it yet has no say.
 * @throws EngineError NETWORK_ERROR when our node does not answer.
 */
export async function inspect(
  { venue, node }: Firewall,
  message: string,
  intent: SwapIntent,
  minSlot = 0n,
): Promise<Verdict> {
  try {
    const parts = readMessage(Buffer.from(message, "base64"));
    const decoded = resolve(parts, await node.tables(tablesOf(parts)));
    return await tryOut(node, message, inspectSwap(venue, decoded, intent), intent, minSlot);
  } catch (error) {
    if (error instanceof Unsafe) return { type: "unsafe", rule: error.rule, reason: error.message };
    throw error;
  }
}

async function tryOut(
  node: FirewallNode,
  message: string,
  inspected: Inspected,
  intent: SwapIntent,
  firstSlot: bigint,
): Promise<Verdict> {
  const ours = [intent.wallet, inspected.source, inspected.destination];
  const others = inspected.writable.filter((address) => !ours.includes(address));
  let minSlot = firstSlot;
  for (let look = 1; look <= LOOKS_MAX; look++) {
    const before = await node.accounts([...ours, ...others], minSlot);
    checkOthers(others, before, intent);
    const trial = await node.simulate(message, ours, before.slot);
    if (trial.error !== null) return { type: "failing", error: trial.error, logs: trial.logs };
    try {
      return { type: "safe", held: checkEffects(oursIn(before), oursIn(trial), inspected, intent) };
    } catch (error) {
      if (!(error instanceof Unsafe)) throw error;
      // Held against it only if nothing else can have been the cause.
      const after = await node.accounts(ours, trial.slot);
      if (isSame(oursIn(before), oursIn(after))) throw error;
      minSlot = after.slot;
    }
  }
  return { type: "moving" };
}

function oursIn({ accounts: [wallet = null, source = null, destination = null] }: Accounts): Ours {
  return { wallet, source, destination };
}

const isSame = (one: Ours, other: Ours): boolean => textOf(one) === textOf(other);

const textOf = ({ wallet, source, destination }: Ours): string =>
  [wallet, source, destination]
    .map((each) => each && `${each.owner} ${each.lamports} ${Buffer.from(each.data).toString("base64")}`)
    .join("\n");

/** @throws Unsafe */
function checkOthers(others: readonly string[], { accounts }: Accounts, { wallet }: SwapIntent): void {
  for (const [index, address] of others.entries()) {
    const account = accounts[index + 3];
    if (account && isOurs(account, wallet)) throw new Unsafe("own_account", `it can write ${address}, which is ours`);
  }
}
