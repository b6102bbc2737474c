/**
 * What goes wrong, how often, and how often it has.
 *
 * Invariants: whether a fault strikes is the seed's to say; when all is calm none does; every one that strikes is counted.
 */
import type { Dice } from "./dice.ts";

/** Each kind with the chance that it strikes where it may. */
export const FAULTS = {
  /** Of every await: the function is gone, and what it had asked for may still happen. */
  kill: 0.0025,
  /** Of every await: it goes on 20 to 140 s later, as if nothing had been. */
  freeze: 0.001,
  /** Of a container: its clock is wrong by up to 400 ms. */
  clockSkew: 0.3,

  rpcTimeout: 0.04,
  rpcRefusal: 0.02,
  /** Of what a node was sent: it took it, and its answer was lost. */
  rpcReplyLost: 0.05,
  /** Of an answer: it is up to 170 slots old. */
  nodeLag: 0.15,
  /** Of an answer: the node follows a fork that nobody else does, since fewer than 32 slots. */
  minorityFork: 0.05,

  /** Of what was sent: no leader hears of it. */
  transactionDropped: 0.3,
  /** Of what was sent: it comes to a leader up to 160 slots later. */
  transactionLate: 0.12,
  /** Of what landed: its block is lost within 20 slots, with all after it. */
  fork: 0.05,
  /** Of what lands: the price has moved past what it allows. */
  slippage: 0.08,

  jupiterTimeout: 0.06,
  jupiterError: 0.04,
  jupiterRateLimited: 0.04,
  jupiterNoRoute: 0.03,
  /** Of a quote, or of its instructions: it takes more than it says, brings less, or pays somebody else. */
  jupiterHostile: 0.01,

  /** Of a statement: refused before it did anything. */
  postgresConflict: 0.01,
  postgresTimeout: 0.015,
  /** Of a statement: done, and its answer was lost. */
  postgresReplyLost: 0.015,

  redisTimeout: 0.01,
  redisReplyLost: 0.01,
  /** Of a question: answered as of up to 10 s ago. */
  redisStale: 0.03,
  /** Of a question: everything is gone. */
  redisFlush: 0.0005,

  queueTimeout: 0.02,
  queueReplyLost: 0.02,
  messageDuplicated: 0.06,
  /** Up to 30 s later than it should come. */
  messageLate: 0.1,
  messageLost: 0.01,

  /** Of a call of a function: nobody hears it. */
  invokeTimeout: 0.02,
  invokeReplyLost: 0.02,
  /** Of a minute: two evaluators are called for it. */
  doubleTick: 0.1,
  /** Of a minute: none is. */
  missedTick: 0.03,

  busTimeout: 0.03,
  busReplyLost: 0.03,
  /** Of an event: the bus does not take it. */
  busRefusal: 0.03,

  priceTimeout: 0.05,
  /** Of a mint: it has no price. */
  priceMissing: 0.03,
  /** Of a mint: its price is no number, zero, or below it. */
  priceNonsense: 0.02,
  /** Of a mint: its price is off by up to a third, once. */
  priceWild: 0.002,
  /** Of a market, each second: it moves at once by up to a fifth, and half of the time comes back within seconds. */
  priceGap: 0.001,

  /** Of a request of a person: no answer comes. */
  answerLost: 0.05,
  /** Of a change of mind: two of them at once. */
  peopleRace: 0.3,
  /** Of a minute: somebody moves what is in the wallet. */
  walletMoved: 0.04,
} as const;

export type Fault = keyof typeof FAULTS;

export const FAULT_KINDS = Object.keys(FAULTS) as readonly Fault[];

export class Weather {
  readonly #dice: Dice;
  readonly #chances: Readonly<Record<Fault, number>>;
  readonly counts = new Map<Fault, number>();
  isCalm = false;

  constructor(dice: Dice, chances: Readonly<Record<Fault, number>>) {
    this.#dice = dice;
    this.#chances = chances;
  }

  strikes(fault: Fault): boolean {
    if (this.isCalm || !this.#dice.chance(this.#chances[fault])) return false;
    this.counts.set(fault, (this.counts.get(fault) ?? 0) + 1);
    return true;
  }
}

/** How much more often one fault strikes when it is raised, and at most. */
const RAISED = 8;
const RAISED_MAX = 0.5;

/** The usual chances, with one of them raised. */
export const raising = (fault: Fault): Readonly<Record<Fault, number>> => ({
  ...FAULTS,
  [fault]: Math.min(RAISED_MAX, FAULTS[fault] * RAISED),
});
