import { expect } from "vitest";
import type { AccountRows } from "./account-rows.ts";

type Row = AccountRows["trades"][number];

/**
 * What has to be true of an account whenever somebody looks, however its functions and connections died: every change is
 * there with its events and with all the rows it touches, or it is not there at all.
 */
export function expectConsistent(rows: AccountRows, when: string): void {
  for (const position of rows.positions) {
    const ofPosition = (row: Row) => row["position_id"] === position["position_id"];
    const events = rows.events.filter(ofPosition);
    const trades = rows.trades.filter(ofPosition);
    const told = (name: string, tradeId?: unknown) =>
      events.filter(
        (event) => event["name"] === name && (tradeId === undefined || payloadOf(event)["tradeId"] === tradeId),
      ).length;

    expect(trades.filter(({ kind }) => kind === "entry").length, `${when}: the position's entry`).toBe(1);
    expect(trades.filter(({ kind }) => kind === "exit").length, `${when}: exits, by triggers`).toBe(
      rows.triggers.filter(ofPosition).length,
    );
    expect(
      events.map((event) => event["position_sequence"]),
      `${when}: the events, without a gap`,
    ).toEqual(Array.from({ length: Number(position["event_sequence"]) }, (_, index) => index + 1));
    for (const trade of trades) {
      const { trade_id: tradeId, submitted_at: submittedAt, confirmed_at: confirmedAt, status } = trade;
      const attempts = rows.attempts.filter((attempt) => attempt["trade_id"] === tradeId);
      expect(attempts.length, `${when}: attempts of ${tradeId}, by its count`).toBe(trade["attempts"]);
      expect(told("trade_executed", tradeId), `${when}: trade_executed of ${tradeId}`).toBe(submittedAt ? 1 : 0);
      expect(told("trade_confirmed", tradeId), `${when}: trade_confirmed of ${tradeId}`).toBe(confirmedAt ? 1 : 0);
      expect(told("trade_failed", tradeId), `${when}: trade_failed of ${tradeId}`).toBe(status === "failed" ? 1 : 0);
    }
    expect(told("position_opened"), `${when}: position_opened`).toBe(position["opened_at"] ? 1 : 0);
    expect(told("stop_loss_triggered"), `${when}: stop_loss_triggered`).toBe(rows.triggers.filter(ofPosition).length);
    expect(told("position_closed"), `${when}: position_closed`).toBe(position["status"] === "closed" ? 1 : 0);

    const filled = (kind: string, column: string) =>
      rows.attempts
        .filter((attempt) => ofPosition(attempt) && attempt["kind"] === kind)
        .reduce((sum, attempt) => sum + BigInt(String(attempt[column] ?? 0)), 0n)
        .toString();
    expect(position, `${when}: totals, by fills`).toMatchObject({
      entry_in: filled("entry", "fill_in"),
      entry_out: filled("entry", "fill_out"),
      exit_in: filled("exit", "fill_in"),
      exit_out: filled("exit", "fill_out"),
    });
  }
}

const payloadOf = (event: Row): Readonly<Record<string, unknown>> => event["payload"] as Record<string, unknown>;
