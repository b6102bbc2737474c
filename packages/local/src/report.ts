/** What a story came to, for people and as JSON. */
import type { CloseReason } from "@backstop/core/stop/stop";
import type { StoryTrade } from "./options.ts";
import type { Story } from "./story.ts";

/** Opened, closed by its stop, and every base unit accounted for. */
export const succeeded = ({ position, differences }: Story): boolean =>
  position.status === "closed" && BY_STOP.has(position.closeReason ?? "") && differences.length === 0;

const BY_STOP: ReadonlySet<string> = new Set<CloseReason>(["stop_loss", "trailing_stop"]);

export function conclude({ position, differences }: Story, say: (text: string) => void): void {
  say(
    `\nPosition ${position.positionId} is ${position.status}${position.closeReason ? ` (${position.closeReason})` : ""}.`,
  );
  if (position.status === "open") {
    say("Its stop was not hit: the market's prices are used up, and the position is left open.");
  }
  if (differences.length === 0) say("Ledger and chain agree to the base unit: all token accounts, and the lamports.");
  for (const { of, ledger, chain } of differences) say(`LEDGER ≠ CHAIN: ${of}: ledger ${ledger}, chain ${chain}`);
}

/** The object of `--json`. */
export function report({ position, trades, attempts, events, differences }: Story, bootMs: number) {
  const { positionId, symbol, side, status, closeReason, size, entryPrice, exitPrice, realizedPnl, fees } = position;
  return {
    positions: [
      {
        positionId,
        symbol,
        side,
        status,
        closeReason,
        size,
        entryPrice,
        exitPrice,
        realizedPnl,
        feesLamports: fees.lamports,
      },
    ],
    trades,
    attempts,
    stopRaises: events["trailing_stop_updated"] ?? 0,
    events,
    ledgerEqualsChain: differences.length === 0,
    bootMs,
  };
}

/** Lines to try; the trade is the story's. */
export function tryOut(url: string, controlUrl: string, key: string, symbol: string, trade: StoryTrade): string {
  const body = JSON.stringify({ symbol, ...trade });
  const fall = JSON.stringify({ kind: "price", symbol, factor: 0.9 });
  return `
The engine stays up until Ctrl-C. API: ${url}  key: ${key}

  curl -s ${url}/health
  curl -s -H 'Authorization: Bearer ${key}' '${url}/positions?status=open,closed'
  curl -s -H 'Authorization: Bearer ${key}' -H 'Idempotency-Key: my-first-trade' ${url}/trades \\
    -d '${body}'

What may go wrong around it (docs/local-faults.md):

  curl -s ${controlUrl}/faults -d '${fall}'
`;
}
