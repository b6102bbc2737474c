/** Queues whose messages come when they are due, by a clock that goes forward to the next of them. */
import type { Queues } from "../src/queue/queue.ts";
import type { FakeClock, SentMessage } from "./fakes.ts";

interface Waiting {
  readonly message: SentMessage;
  readonly dueAt: number;
}

/** What SQS waits before it delivers again what was not done with. */
const VISIBILITY_SECONDS = 30;

export class DelayedQueues implements Queues {
  readonly #clock: FakeClock;
  #waiting: readonly Waiting[] = [];

  constructor(clock: FakeClock) {
    this.#clock = clock;
  }

  async send(queue: SentMessage["queue"], tradeId: string, delaySeconds: number): Promise<void> {
    const dueAt = this.#clock.now().getTime() + delaySeconds * 1_000;
    const message = { queue, tradeId, delaySeconds };
    this.#waiting = [...this.#waiting, { message, dueAt }].sort((a, b) => a.dueAt - b.dueAt);
  }

  /** When the messages of this queue that name the trade are due. */
  due(queue: SentMessage["queue"], tradeId: string): readonly Date[] {
    const named = this.#waiting.filter(({ message }) => message.queue === queue && message.tradeId === tradeId);
    return named.map(({ dueAt }) => new Date(dueAt));
  }

  /** Hands the next message to `work`, and again later if that says it is not done with. False: there is none. */
  async deliver(work: (message: SentMessage) => Promise<boolean>): Promise<boolean> {
    const [next, ...rest] = this.#waiting;
    if (!next) return false;
    this.#waiting = rest;
    await this.#clock.sleep(Math.max(0, next.dueAt - this.#clock.now().getTime()));
    if (!(await work(next.message))) await this.send(next.message.queue, next.message.tradeId, VISIBILITY_SECONDS);
    return true;
  }
}
