/**
 * When everything is final: the ledger against the chain, to the base unit.
 *
 * What the ledger says comes from its rows, what the chain says from its blocks, and neither is asked about the other.
 */
import { held } from "@backstop/core/position/position";
import { positionOf } from "@backstop/core/position/position.row";
import type { AttemptRow, MemoryDatabase, PositionRow, TradeRow } from "@backstop/core/testing/memory/database";
import { type Chain, type Landed, short } from "../world/chain.ts";
import { isPeoples } from "./peoples.ts";
import type { Violations } from "./violations.ts";

export interface LedgerDeps {
  readonly db: MemoryDatabase;
  readonly chain: Chain;
  readonly violations: Violations;
}

export function judgeLedger(deps: LedgerDeps): void {
  for (const row of deps.db.positions.values()) judgePosition(deps, row);
  const known = new Set<string>();
  for (const attempt of deps.db.attempts.values()) {
    if (attempt.signature !== null) known.add(attempt.signature);
    judgeAttempt(deps, attempt);
  }
  for (const landed of deps.chain.entries) {
    if (landed.isByHand || known.has(landed.signature)) continue;
    deps.violations.add("ledgerDiffers", `${short(landed.signature)} is on the chain and in no row`);
  }
  judgeMissing(deps);
}

/** An attempt's row says what the chain says of its signature. */
function judgeAttempt({ db, chain, violations }: LedgerDeps, attempt: AttemptRow): void {
  const landed = attempt.signature === null ? undefined : chain.landed(attempt.signature);
  const trade = db.trades.get(attempt.tradeId);
  const expected = landed && trade ? bookingOf(landed, trade) : "nothing";
  const { status, fillIn, fillOut, feeLamports } = attempt;
  const booked =
    status === "final"
      ? `${fillIn} → ${fillOut}, fee ${feeLamports}`
      : status === "errored"
        ? `fee ${feeLamports}`
        : "nothing";
  if (booked !== expected) {
    violations.add("ledgerDiffers", `${attempt.attemptId} (${status}): ledger ${booked}, chain ${expected}`);
  }
}

function bookingOf({ error, tokens, feeLamports }: Landed, { inputMint, outputMint }: TradeRow): string {
  if (error !== null) return `fee ${feeLamports}`;
  return `${-(tokens.get(inputMint) ?? 0n)} → ${tokens.get(outputMint) ?? 0n}, fee ${feeLamports}`;
}

interface Side {
  readonly amountIn: bigint;
  readonly amountOut: bigint;
  readonly count: number;
}

function judgePosition({ db, chain, violations }: LedgerDeps, row: PositionRow): void {
  const { positionId, status } = row;
  const trades = [...db.trades.ascending("position", positionId)];
  const landedOf = (trade: TradeRow): readonly Landed[] =>
    [...db.attempts.ascending("trade", trade.tradeId)].flatMap(({ signature }) => {
      const landed = signature === null ? undefined : chain.landed(signature);
      return landed?.error === null ? [landed] : [];
    });
  const sideOf = (kind: TradeRow["kind"]): Side =>
    trades
      .filter((trade) => trade.kind === kind)
      .map((trade) => ({ trade, landed: landedOf(trade) }))
      .reduce(
        (sum, { trade, landed }) => ({
          amountIn: sum.amountIn + landed.reduce((all, { tokens }) => all - (tokens.get(trade.inputMint) ?? 0n), 0n),
          amountOut: sum.amountOut + landed.reduce((all, { tokens }) => all + (tokens.get(trade.outputMint) ?? 0n), 0n),
          count: sum.count + landed.length,
        }),
        { amountIn: 0n, amountOut: 0n, count: 0 },
      );
  for (const trade of trades) {
    const times = landedOf(trade).length;
    if (times > 1) violations.add("landedTwice", `${trade.tradeId}: ${times} times`);
  }
  const [entry, exits] = [sideOf("entry"), sideOf("exit")];
  const told = `position ${positionId} (${status})`;
  const fees = trades
    .flatMap((trade) => [...db.attempts.ascending("trade", trade.tradeId)])
    .reduce((sum, { signature }) => sum + ((signature && chain.landed(signature)?.feeLamports) || 0n), 0n);
  if (fees !== row.feesLamports) violations.add("ledgerDiffers", `${told}: fees ${row.feesLamports}, chain ${fees}`);
  const isTold = wasTold(db, positionId);
  if (exits.amountIn > entry.amountOut && !isTold) {
    violations.add("oversold", `${told}: ${exits.amountIn} left of ${entry.amountOut}`);
  }
  const [booked, landed] = [`${row.entryIn} → ${row.entryOut} → ${row.exitIn} → ${row.exitOut}`, sidesOf(entry, exits)];
  if (booked !== landed && !isTold) violations.add("ledgerDiffers", `${told}: ledger ${booked}, chain ${landed}`);
  if (row.dust * DUST_PARTS > row.entryOut) violations.add("ledgerDiffers", `${told}: ${row.dust} are called dust`);
  if (status === "closed") {
    const left = entry.amountOut - exits.amountIn - row.missing - row.dust;
    if (left > 0n || (left < 0n && !isTold) || held(positionOf(row).totals) !== 0n)
      violations.add("ghostClosed", `${told}: ${left} base units are left`);
  } else if (status === "aborted") {
    if (entry.count > 0) violations.add("ghostClosed", `${told}: its entry is on the chain`);
  } else if (!isPeoples(db, row)) {
    violations.add("lostPosition", told);
  }
}

const sidesOf = (entry: Side, exits: Side): string =>
  `${entry.amountIn} → ${entry.amountOut} → ${exits.amountIn} → ${exits.amountOut}`;

/** What more left than had entered was told to a person. */
const wasTold = (db: MemoryDatabase, positionId: number): boolean =>
  [...db.outbox.values()].some(
    ({ name, positionId: of, payload }) =>
      of === positionId && name === "alarm_raised" && TOLD.includes((payload as { code: string }).code),
  );

const TOLD: readonly string[] = ["EXIT_WITHOUT_ENTRY", "LATE_LANDING"];

/** What is worth a tenth is dust; a position is opened with ten or more, and the market leaves it more than a fifth of that. */
const DUST_PARTS = 20n;

/** So much of an exit may be missing without anybody being asked why: as the engine has it. */
const TOLERATED_PARTS = 100n;

/** What is written off as missing was taken by somebody: no more of a mint than hands took, but for what is tolerated. */
function judgeMissing({ db, chain, violations }: LedgerDeps): void {
  const missing = new Map<string, { amount: bigint; tolerated: bigint }>();
  for (const row of db.positions.values()) {
    const entry = db.trades.find("trade_entry", row.positionId);
    if (!entry) continue;
    const { amount, tolerated } = missing.get(entry.outputMint) ?? { amount: 0n, tolerated: 0n };
    const more = { amount: amount + row.missing, tolerated: tolerated + row.entryOut / TOLERATED_PARTS };
    missing.set(entry.outputMint, more);
  }
  for (const [mint, { amount, tolerated }] of missing) {
    const taken = chain.entries
      .filter(({ isByHand }) => isByHand)
      .map(({ tokens }) => tokens.get(mint) ?? 0n)
      .reduce((sum, gained) => (gained < 0n ? sum - gained : sum), 0n);
    if (amount > taken + tolerated) {
      violations.add("ledgerDiffers", `${amount} of ${mint} are written off, and hands took ${taken}`);
    }
  }
}
