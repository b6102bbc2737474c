/** What a story came to, for people and as JSON. */
import type { Story } from "./story.ts";

/** Opened, closed by its stop, and every base unit accounted for. */
export const succeeded = ({ position, differences }: Story): boolean =>
  position.status === "closed" && position.closeReason === "trailing_stop" && differences.length === 0;

export function conclude({ position, differences }: Story, say: (text: string) => void): void {
  say(
    `\nPosition ${position.positionId} is ${position.status}${position.closeReason ? ` (${position.closeReason})` : ""}.`,
  );
  if (differences.length === 0) say("Ledger and chain agree to the base unit: both token accounts, and the lamports.");
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

/** Three lines to try. */
export function tryOut(url: string, key: string): string {
  return `
The engine stays up until Ctrl-C. API: ${url}  key: ${key}

  curl -s ${url}/health
  curl -s -H 'Authorization: Bearer ${key}' '${url}/positions?status=open,closed'
  curl -s -H 'Authorization: Bearer ${key}' -H 'Idempotency-Key: my-first-trade' ${url}/trades \\
    -d '{"symbol":"SOL/USDC","side":"buy","size":"50","stop":{"kind":"trailing","distance":"0.05"}}'
`;
}
