/**
 * The tables of the database in memory: their rows in the shape of the Drizzle tables, their constraints, and the indexes that
 * the statements read by.
 *
 * Invariants:
 * - every check and every unique index of the migrations is here, under its name; so is every reference that an operation can
 *   break;
 * - sequences count from 1, and a number once taken is not given back, as in Postgres;
 * - no clock and no chance: the same statements give the same rows.
 */
import type { account } from "../../src/account/account.sql.ts";
import type { outbox } from "../../src/event/outbox.sql.ts";
import type { market } from "../../src/market/market.sql.ts";
import type { position } from "../../src/position/position.sql.ts";
import { LIVE_POSITIONS, POSITION_STATUSES } from "../../src/position/position.ts";
import type { shortage } from "../../src/reconcile/shortage.sql.ts";
import type { trigger } from "../../src/stop/trigger.sql.ts";
import type { attempt } from "../../src/trade/attempt.sql.ts";
import { ATTEMPT_STATUSES, UNFINISHED_ATTEMPTS } from "../../src/trade/attempt.ts";
import type { trade } from "../../src/trade/trade.sql.ts";
import { TRADE_STATUSES, UNFINISHED_TRADES } from "../../src/trade/trade.ts";
import type { destination } from "../../src/transfer/destination.sql.ts";
import { DESTINATION_DELAY_MS } from "../../src/transfer/destination.ts";
import type { transfer } from "../../src/transfer/transfer.sql.ts";
import { TRANSFER_KINDS, TRANSFER_STATUSES, UNFINISHED_TRANSFERS } from "../../src/transfer/transfer.ts";
import { Journal, Table } from "./table.ts";

export type AccountRow = Readonly<typeof account.$inferSelect>;
export type MarketRow = Readonly<typeof market.$inferSelect>;
export type PositionRow = Readonly<typeof position.$inferSelect>;
export type TradeRow = Readonly<typeof trade.$inferSelect>;
export type AttemptRow = Readonly<typeof attempt.$inferSelect>;
export type TriggerRow = Readonly<typeof trigger.$inferSelect>;
export type OutboxEntry = Readonly<typeof outbox.$inferSelect>;
export type ShortageRow = Readonly<typeof shortage.$inferSelect>;
export type TransferRow = Readonly<typeof transfer.$inferSelect>;
export type DestinationRow = Readonly<typeof destination.$inferSelect>;

/** The group of an index that has one. */
export const ALL = "";

/** Several columns as one key. */
export const joined = (...columns: readonly (string | number)[]): string => columns.join("\0");

/** Whether a status is one of those. */
export const within = (statuses: readonly string[], status: string): boolean => statuses.includes(status);

const notNegative = (...amounts: readonly (bigint | null)[]): boolean =>
  amounts.every((each) => each === null || each >= 0n);

export class MemoryDatabase {
  readonly #journal = new Journal();
  #positionId = 0;
  #sequence = 0n;

  readonly accounts = new Table(this.#journal, {
    name: "account",
    primaryKey: { name: "account_pkey", of: (row: AccountRow) => row.accountId },
    unique: { account_wallet_unique: (row: AccountRow) => row.wallet },
    indexes: {},
  });

  readonly markets = new Table(this.#journal, {
    name: "market",
    primaryKey: { name: "market_pkey", of: (row: MarketRow) => row.symbol },
    unique: {},
    indexes: {},
  });

  readonly positions = new Table(this.#journal, {
    name: "position",
    primaryKey: { name: "position_pkey", of: (row: PositionRow) => row.positionId },
    checks: {
      position_amounts: (row: PositionRow) =>
        notNegative(row.size, row.entryIn, row.entryOut, row.exitIn, row.exitOut, row.missing, row.dust) &&
        notNegative(row.exiting, row.feesLamports, row.rentLamports, row.feesQuote),
      position_exit_within_entry: (row: PositionRow) => row.exitIn + row.missing + row.dust <= row.entryOut,
      position_seat_positive: (row: PositionRow) => row.seat >= 1,
      position_status: (row: PositionRow) => within(POSITION_STATUSES, row.status),
    },
    unique: {
      position_seat: (row: PositionRow) =>
        within(LIVE_POSITIONS, row.status) ? joined(row.accountId, row.symbol, row.seat) : null,
    },
    references: {
      position_account_id_account_account_id_fk: (row: PositionRow) => this.accounts.get(row.accountId) !== undefined,
      position_symbol_market_symbol_fk: (row: PositionRow) => this.markets.get(row.symbol) !== undefined,
    },
    indexes: {
      live: {
        group: (row: PositionRow) => row.status,
        value: (row: PositionRow) => (within(LIVE_POSITIONS, row.status) ? row.positionId : null),
      },
      liveOf: {
        group: (row: PositionRow) => row.accountId,
        value: (row: PositionRow) => (within(LIVE_POSITIONS, row.status) ? row.positionId : null),
      },
      account: {
        group: (row: PositionRow) => row.accountId,
        value: (row: PositionRow) => row.positionId,
      },
    },
  });

  readonly trades = new Table(this.#journal, {
    name: "trade",
    primaryKey: { name: "trade_pkey", of: (row: TradeRow) => row.tradeId },
    checks: {
      trade_amount_positive: (row: TradeRow) => row.amountIn > 0n,
      trade_status: (row: TradeRow) => within(TRADE_STATUSES, row.status),
    },
    unique: {
      trade_idempotency_key: (row: TradeRow) =>
        row.idempotencyKey === null ? null : joined(row.accountId, row.idempotencyKey),
      trade_entry: (row: TradeRow) => (row.kind === "entry" ? row.positionId : null),
    },
    fixed: ["trade_idempotency_key", "trade_entry"],
    indexes: {
      position: {
        group: (row: TradeRow) => row.positionId,
        value: (row: TradeRow) => row.plannedAt.getTime(),
      },
      unfinished: {
        group: () => ALL,
        value: (row: TradeRow) => (within(UNFINISHED_TRADES, row.status) ? row.plannedAt.getTime() : null),
      },
      unfinishedOf: {
        group: (row: TradeRow) => row.accountId,
        value: (row: TradeRow) => (within(UNFINISHED_TRADES, row.status) ? row.plannedAt.getTime() : null),
      },
      confirmed: {
        group: (row: TradeRow) => row.accountId,
        value: (row: TradeRow) => row.confirmedAt?.getTime() ?? null,
      },
    },
  });

  readonly attempts = new Table(this.#journal, {
    name: "attempt",
    primaryKey: { name: "attempt_pkey", of: (row: AttemptRow) => row.attemptId },
    checks: {
      attempt_amounts: (row: AttemptRow) =>
        notNegative(row.quotedOut, row.minimumOut, row.fillIn, row.fillOut) &&
        notNegative(row.feeLamports, row.tipLamports, row.rentLamports, row.feeQuote),
      attempt_first_follows_none: (row: AttemptRow) => (row.number === 1) === (row.follows === null),
      attempt_signed: (row: AttemptRow) => row.signature !== null || within(["drafted", "abandoned"], row.status),
      attempt_status: (row: AttemptRow) => within(ATTEMPT_STATUSES, row.status),
    },
    unique: {
      attempt_follows_unique: (row: AttemptRow) => row.follows,
      attempt_signature_unique: (row: AttemptRow) => row.signature,
      attempt_one_unfinished_per_trade: (row: AttemptRow) =>
        within(UNFINISHED_ATTEMPTS, row.status) ? row.tradeId : null,
      attempt_one_unfinished_exit_per_position: (row: AttemptRow) =>
        row.kind === "exit" && within(UNFINISHED_ATTEMPTS, row.status) ? row.positionId : null,
      attempt_number: (row: AttemptRow) => joined(row.tradeId, row.number),
    },
    fixed: ["attempt_follows_unique", "attempt_number"],
    indexes: {
      trade: {
        group: (row: AttemptRow) => row.tradeId,
        value: (row: AttemptRow) => row.number,
      },
      unfinishedOf: {
        group: (row: AttemptRow) => this.trades.named(row.tradeId).accountId,
        value: (row: AttemptRow) => (within(UNFINISHED_ATTEMPTS, row.status) ? row.draftedAt.getTime() : null),
      },
      expired: {
        group: () => ALL,
        value: (row: AttemptRow) => (row.status === "expired" ? (row.endedAt?.getTime() ?? null) : null),
      },
      /** Where what an account spent, or bought, has landed. */
      slotsOfInput: {
        group: (row: AttemptRow) => this.#tradedBy(row, "inputMint"),
        value: (row: AttemptRow) => row.slot,
      },
      slotsOfOutput: {
        group: (row: AttemptRow) => this.#tradedBy(row, "outputMint"),
        value: (row: AttemptRow) => row.slot,
      },
    },
  });

  readonly triggers = new Table(this.#journal, {
    name: "trigger",
    primaryKey: {
      name: "trigger_position_id_version_pk",
      of: (row: TriggerRow) => joined(row.positionId, row.version),
    },
    unique: {},
    indexes: {},
  });

  readonly outbox = new Table(this.#journal, {
    name: "outbox",
    primaryKey: { name: "outbox_pkey", of: (row: OutboxEntry) => row.sequence },
    unique: {
      outbox_eventId_unique: (row: OutboxEntry) => row.eventId,
      outbox_position_sequence: (row: OutboxEntry) => joined(row.positionId, row.positionSequence),
    },
    fixed: ["outbox_eventId_unique", "outbox_position_sequence"],
    indexes: {
      written: { group: () => ALL, value: (row: OutboxEntry) => row.sequence },
      undelivered: {
        group: () => ALL,
        value: (row: OutboxEntry) => (row.deliveredAt === null ? row.sequence : null),
      },
    },
  });

  readonly shortages = new Table(this.#journal, {
    name: "shortage",
    primaryKey: {
      name: "shortage_account_id_mint_pk",
      of: (row: ShortageRow) => joined(row.accountId, row.mint),
    },
    checks: { shortage_amounts: (row: ShortageRow) => notNegative(row.amount, row.writtenOff) },
    unique: {},
    references: {
      shortage_account_id_account_account_id_fk: (row: ShortageRow) => this.accounts.get(row.accountId) !== undefined,
    },
    indexes: {},
  });

  readonly transfers = new Table(this.#journal, {
    name: "transfer",
    primaryKey: { name: "transfer_pkey", of: (row: TransferRow) => row.transferId },
    checks: {
      transfer_amount_positive: (row: TransferRow) => row.amount > 0n,
      transfer_fee: (row: TransferRow) => notNegative(row.feeLamports),
      transfer_kind: (row: TransferRow) => within(TRANSFER_KINDS, row.kind),
      transfer_signed: (row: TransferRow) =>
        (row.signature === null) === within(["planned", "drafted", "refused"], row.status),
      transfer_status: (row: TransferRow) => within(TRANSFER_STATUSES, row.status),
      transfer_withdraws_to_somebody: (row: TransferRow) => (row.kind === "withdraw") === (row.destination !== null),
    },
    unique: {
      transfer_signature_unique: (row: TransferRow) => row.signature,
      transfer_one_unfinished_per_account: (row: TransferRow) =>
        within(UNFINISHED_TRANSFERS, row.status) ? row.accountId : null,
    },
    references: {
      transfer_account_id_account_account_id_fk: (row: TransferRow) => this.accounts.get(row.accountId) !== undefined,
    },
    indexes: {
      account: { group: (row: TransferRow) => row.accountId, value: (row: TransferRow) => row.plannedAt.getTime() },
      final: {
        group: (row: TransferRow) => row.accountId,
        value: (row: TransferRow) => (row.status === "final" ? (row.endedAt?.getTime() ?? null) : null),
      },
    },
  });

  readonly destinations = new Table(this.#journal, {
    name: "destination",
    primaryKey: {
      name: "destination_account_id_address_registered_at_pk",
      of: (row: DestinationRow) => joined(row.accountId, row.address, row.registeredAt.getTime()),
    },
    checks: {
      destination_delay: (row: DestinationRow) =>
        row.usableAt.getTime() - row.registeredAt.getTime() >= DESTINATION_DELAY_MS,
      destination_revoked: (row: DestinationRow) => (row.revokedAt === null) === (row.revokedBy === null),
    },
    unique: {
      destination_one_unrevoked: (row: DestinationRow) =>
        row.revokedAt === null ? joined(row.accountId, row.address) : null,
    },
    references: {
      destination_account_id_account_account_id_fk: (row: DestinationRow) =>
        this.accounts.get(row.accountId) !== undefined,
    },
    indexes: {
      account: {
        group: (row: DestinationRow) => row.accountId,
        value: (row: DestinationRow) => row.registeredAt.getTime(),
      },
    },
  });

  /** @param without - Constraints that it does not have, each of one of the tables that trades are made from. */
  constructor(without: readonly string[] = []) {
    for (const constraint of without) {
      for (const table of [this.positions, this.trades, this.attempts]) table.drop(constraint);
    }
  }

  /** All that `run` writes, or nothing. */
  statement<Answer>(run: () => Answer): Answer {
    return this.#journal.statement(run);
  }

  nextPositionId(): number {
    return ++this.#positionId;
  }

  nextSequence(): bigint {
    return ++this.#sequence;
  }

  #tradedBy(row: AttemptRow, leg: "inputMint" | "outputMint"): string {
    const { accountId, [leg]: mint } = this.trades.named(row.tradeId);
    return joined(accountId, mint);
  }
}
