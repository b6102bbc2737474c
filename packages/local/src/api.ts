/** The engine's HTTP API, as a caller of it: what the story knows of trades and positions, it is told here. */
import type { PositionView } from "@backstop/core/position/view";
import type { TradeView } from "@backstop/core/trade/view";

export interface Api {
  trade(body: object, idempotencyKey: string): Promise<TradeView>;
  getTrade(tradeId: string): Promise<TradeView>;
  getPosition(positionId: number): Promise<PositionView>;
  /** Those that are not over, newest first. */
  livePositions(): Promise<readonly PositionView[]>;
}

export function apiAt(url: string, apiKey: string): Api {
  const ask = async <Answer>(path: string, init: RequestInit = {}): Promise<Answer> => {
    const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json", ...init.headers };
    const response = await fetch(url + path, { ...init, headers });
    const body: unknown = await response.json();
    if (!response.ok)
      throw new Error(`${init.method ?? "GET"} ${path} answered ${response.status}: ${JSON.stringify(body)}`);
    return body as Answer;
  };
  return {
    trade: (body, idempotencyKey) =>
      ask("/trades", {
        method: "POST",
        headers: { "idempotency-key": idempotencyKey },
        body: JSON.stringify(body),
      }),
    getTrade: (tradeId) => ask(`/trades/${tradeId}`),
    getPosition: (positionId) => ask(`/positions/${positionId}`),
    livePositions: async () => (await ask<{ positions: readonly PositionView[] }>("/positions")).positions,
  };
}
