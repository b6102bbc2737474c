/** What must never be, by name, and the cases of it that were seen. */
export const INVARIANTS = {
  openedTwice: "one request opened more than one position",
  landedTwice: "a trade moved the wallet more than once",
  oversold: "more of a position left the wallet than had entered it, and nobody was told",
  attemptBeforeProof: "an attempt was signed while another one for the same thing could land",
  sentUnrecorded: "bytes went out that no row held",
  signaturesOverAttempts: "a recorded attempt went out under more than one signature",
  unsafeSigned: "a transaction was signed that does what its trade does not say, or for less than the floor",
  bookedUnseen: "a fill was booked that the chain had never confirmed",
  closedBeforeFinal: "a position was closed before its exit was final",
  ghostClosed: "a position is over, and the chain shows that it is not",
  lostPosition: "a position that should be over is not",
  ledgerDiffers: "the ledger is not what the chain says",
  stopMissed: "the true price was beyond a stop for longer than the bound, and it did not fire",
  exitLate: "all was calm, the true price was beyond a stop, and its exit landed late",
  firedForNothing: "a stop fired at a price that is not beyond it, or that nobody told",
  shortageInvented: "something was said to be missing, and nobody had taken anything",
  claimForgotten: "a stop that was seen to be hit was left alone",
  eventLost: "an event is missing, or never came",
  eventDoubled: "one thing was told as two events, or two under one id",
  eventOutOfOrder: "an event came before an earlier one of its position",
  stuck: "something is not finished, and nothing drives it",
  deadLetter: "a message of a trade was given up",
  constraintRefused: "the database had to refuse what the code wanted",
  bug: "the code met what it says cannot be",
} as const;

export type Invariant = keyof typeof INVARIANTS;

export interface Violation {
  readonly invariant: Invariant;
  /** The case, with its numbers. */
  readonly told: string;
  /** Virtual, since the beginning. */
  readonly atMs: number;
}

/** Each case once. */
export class Violations {
  readonly #seen = new Set<string>();
  readonly all: Violation[] = [];
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  add(invariant: Invariant, told: string): void {
    const key = `${invariant} ${told}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.all.push({ invariant, told, atMs: this.#now() });
  }
}
