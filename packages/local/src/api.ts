/** The engine's HTTP API, as a caller of it: what the story knows of trades and positions, it is told here. */
import type { PositionView } from "@backstop/core/position/view";
import type { TradeView } from "@backstop/core/trade/view";

export interface Api {
  trade(body: object, idempotencyKey: string): Promise<TradeView>;
  close(positionId: number, fraction?: string, idempotencyKey?: string): Promise<TradeView>;
  getTrade(tradeId: string): Promise<TradeView>;
  getPosition(positionId: number): Promise<PositionView>;
  /** Those that are not over, newest first. */
  livePositions(): Promise<readonly PositionView[]>;
}

/** The API's own no, with its words. */
export class ApiRefusal extends Error {
  readonly status: number;
  /** Of its problem document; undefined: it is none. */
  readonly code: string | undefined;

  constructor(request: string, status: number, body: unknown) {
    super(`${request} answered ${status}: ${JSON.stringify(body)}`);
    this.status = status;
    this.code = (body as { readonly code?: string } | null)?.code;
  }
}

/** The most that API Gateway lets a caller wait. */
const ANSWERED_WITHIN_MS = 30_000;

/** Every method throws an ApiRefusal when it is refused, and another Error when it is not answered. */
export function apiAt(url: string, apiKey: string): Api {
  const ask = async <Answer>(path: string, init: RequestInit = {}): Promise<Answer> => {
    const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json", ...init.headers };
    const signal = AbortSignal.timeout(ANSWERED_WITHIN_MS);
    const response = await fetch(url + path, { ...init, headers, signal });
    const body: unknown = await response.json();
    if (!response.ok) throw new ApiRefusal(`${init.method ?? "GET"} ${path}`, response.status, body);
    return body as Answer;
  };
  return {
    trade: (body, idempotencyKey) =>
      ask("/trades", {
        method: "POST",
        headers: { "idempotency-key": idempotencyKey },
        body: JSON.stringify(body),
      }),
    close: (positionId, fraction, key) =>
      ask(`/positions/${positionId}/close`, {
        method: "POST",
        ...(key !== undefined && { headers: { "idempotency-key": key } }),
        body: JSON.stringify({ fraction }),
      }),
    getTrade: (tradeId) => ask(`/trades/${tradeId}`),
    getPosition: (positionId) => ask(`/positions/${positionId}`),
    livePositions: async () => (await ask<{ positions: readonly PositionView[] }>("/positions")).positions,
  };
}
