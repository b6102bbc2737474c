/**
 * Who calls the API in bad weather: the same request, with the same idempotency key, until it is answered.
 *
 * Invariant: a request is made a bounded number of times.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { type Api, ApiRefusal } from "../api.ts";

/** With a fifth of all calls befallen about every second request goes through: so many in a row do not. */
const TRIES_MAX = 30;

/** What is wrong with the request itself, such as its stop, may be otherwise when the market has moved; more often it is not. */
const UNPROCESSABLE_TRIES_MAX = 3;

/** Long enough for an engine that was killed to be back within the tries. */
const PAUSE_MS = 400;

/** Of a problem document: somebody else was faster, which is an answer. */
const CONFLICT = "UPDATE_CONFLICT";

export class Caller {
  readonly #api: () => Api;
  readonly #pauseMs: number;
  readonly #refusals = new Map<string, number>();

  /** `api`: of the engine that lives now. */
  constructor(api: () => Api, pauseMs = PAUSE_MS) {
    this.#api = api;
    this.#pauseMs = pauseMs;
  }

  /** How often which refusal came, whatever became of the request in the end. */
  get refusals(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#refusals].sort());
  }

  /** Null: it was refused for good, or too often. @throws ApiRefusal when the request itself makes no sense. */
  async ask<Answer>(request: (api: Api) => Promise<Answer>): Promise<Answer | null> {
    let unprocessable = 0;
    for (let tries = 0; tries < TRIES_MAX; tries += 1) {
      try {
        return await request(this.#api());
      } catch (error) {
        this.#count(error);
        if (error instanceof ApiRefusal) {
          if (error.code === CONFLICT) return null;
          if (error.status === 422) unprocessable += 1;
          else if (error.status < 500 && error.status !== 429) throw error;
        }
      }
      if (unprocessable === UNPROCESSABLE_TRIES_MAX) return null;
      await sleep(this.#pauseMs);
    }
    return null;
  }

  #count(error: unknown): void {
    const name = error instanceof ApiRefusal ? `${error.status} ${error.code ?? "without a code"}` : "not answered";
    this.#refusals.set(name, (this.#refusals.get(name) ?? 0) + 1);
  }
}
