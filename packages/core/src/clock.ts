/** The world's time, passed in: core never reads a clock of its own, so the same code runs under a virtual one. */
export interface Clock {
  now(): Date;
  sleep(milliseconds: number): Promise<void>;
  /** Aborts after `milliseconds`: the deadline of one call to the outside. */
  deadline(milliseconds: number): AbortSignal;
}
