/** The world, made up: a clock that moves when it is slept on, ids in order, a log that keeps its lines, queues that keep their messages. */
import type { Clock } from "../src/clock.ts";
import type { Ids } from "../src/id.ts";
import type { Log } from "../src/log.ts";
import type { QueueName, Queues } from "../src/queue/queue.ts";
import { AT } from "./given.ts";

export class FakeClock implements Clock {
  #now = AT.getTime();

  now(): Date {
    return new Date(this.#now);
  }

  async sleep(milliseconds: number): Promise<void> {
    this.#now += milliseconds;
  }

  /** No call to a fake takes time, so no deadline comes. */
  deadline(): AbortSignal {
    return new AbortController().signal;
  }
}

export function fakeIds(): Ids {
  let last = 0;
  return { next: (prefix) => `${prefix}_${++last}` };
}

export interface FakeLog extends Log {
  readonly lines: readonly string[];
}

export function fakeLog(): FakeLog {
  const lines: string[] = [];
  return { lines, info: (event) => void lines.push(event), error: (event) => void lines.push(event) };
}

export interface SentMessage {
  readonly queue: QueueName;
  readonly tradeId: string;
  readonly delaySeconds: number;
}

export interface FakeQueues extends Queues {
  readonly sent: SentMessage[];
}

export function fakeQueues(): FakeQueues {
  const sent: SentMessage[] = [];
  return { sent, send: async (queue, tradeId, delaySeconds) => void sent.push({ queue, tradeId, delaySeconds }) };
}
