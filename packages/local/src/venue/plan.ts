// The caller's plan: how many calls a minute it allows, and what the gateway tells of it.
//
// As documented: a sliding window of 60 seconds; the headers come with 200 and 429 only, the reset in unix seconds;
// a refused call does not count. When the reset is, is not documented: here it is when the oldest call leaves the window.

const WINDOW_MS = 60_000;

/** Told where no plan is enforced: the largest that is sold. */
const GENEROUS_CALLS = 9_000;

export interface Admission {
  readonly admitted: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

export class Plan {
  readonly #callsPerMinute: number | undefined;
  #calls: number[] = [];

  /** Without a number every call is admitted. */
  constructor(callsPerMinute: number | undefined) {
    this.#callsPerMinute = callsPerMinute;
  }

  admit(now: number): Admission {
    this.#calls = this.#calls.filter((at) => at > now - WINDOW_MS);
    const admitted = this.#callsPerMinute === undefined || this.#calls.length < this.#callsPerMinute;
    if (admitted) this.#calls.push(now);
    const current = this.#calls.length;
    const remaining = Math.max((this.#callsPerMinute ?? GENEROUS_CALLS) - current, 0);
    const reset = Math.ceil(((this.#calls[0] ?? now) + WINDOW_MS) / 1_000);
    return {
      admitted,
      headers: {
        "x-ratelimit-remaining": String(remaining),
        "x-ratelimit-current": String(current),
        "x-ratelimit-reset": String(reset),
      },
    };
  }
}
