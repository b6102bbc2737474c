/**
 * SQS and the pollers that Lambda runs for it.
 *
 * Invariants: a message is given out again until whoever got it says that it is done with it; none is given out while it is
 * being worked on, but for a duplicate; their order says nothing.
 */
import type { QueueName, Queues } from "@backstop/core/queue/queue";
import type { BatchAnswer, MessageBatch } from "@backstop/core/queue/batch";
import { queues as SETTINGS } from "../../../../infra/settings.ts";
import type { Dice } from "../kernel/dice.ts";
import type { Invocation, Line } from "../kernel/invocation.ts";
import type { Timeline } from "../kernel/timeline.ts";
import type { Weather } from "../kernel/weather.ts";

export interface QueuesDeps {
  readonly timeline: Timeline;
  readonly weather: Weather;
  readonly dice: Dice;
  /** Calls the function of a queue; null: it failed, or died. */
  readonly consume: (queue: QueueName, batch: MessageBatch) => Promise<BatchAnswer | null>;
  readonly tell: (line: string) => void;
}

interface Message {
  readonly messageId: string;
  readonly tradeId: string;
  received: number;
  isDone: boolean;
}

const error = () => Object.assign(new Error("SQS did not answer"), { $metadata: {} });

const SENDING: Line = {
  latency: [5, 40],
  before: [{ fault: "queueTimeout", error }],
  after: [{ fault: "queueReplyLost", error }],
};

/** Until a poller has it. */
const PICKED_UP_MS = [10, 500] as const;
const LATE_MS = [2_000, 30_000] as const;

export class SimulatedQueues {
  readonly #deps: QueuesDeps;
  readonly #ready: Record<QueueName, Message[]> = { execute: [], confirm: [], reconcile: [] };
  readonly #running: Record<QueueName, number> = { execute: 0, confirm: 0, reconcile: 0 };
  /** What was given up. */
  readonly dead: string[] = [];
  /** Trades of which any message was lost: nothing may drive them before `reconcile` looks. */
  readonly lost = new Set<string>();
  /** Those of which one to `reconcile` was: they wait for its schedule. */
  readonly unlooked = new Set<string>();
  #sent = 0;

  constructor(deps: QueuesDeps) {
    this.#deps = deps;
  }

  port(invocation: Invocation): Queues {
    return {
      send: (queue, tradeId, delaySeconds) => invocation.call(SENDING, () => this.#take(queue, tradeId, delaySeconds)),
    };
  }

  #take(queue: QueueName, tradeId: string, delaySeconds: number): void {
    const { weather, dice } = this.#deps;
    if (weather.strikes("messageLost")) {
      this.#deps.tell(`queue  a message of ${queue} for ${tradeId} is lost`);
      this.lost.add(tradeId);
      if (queue === "reconcile") this.unlooked.add(tradeId);
      return;
    }
    const copies = weather.strikes("messageDuplicated") ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const late = weather.strikes("messageLate") ? dice.between(...LATE_MS) : 0;
      const message = { messageId: `message ${++this.#sent}`, tradeId, received: 0, isDone: false };
      this.#readyAfter(queue, message, delaySeconds * 1000 + late + dice.between(...PICKED_UP_MS));
    }
  }

  #readyAfter(queue: QueueName, message: Message, milliseconds: number): void {
    this.#deps.timeline.after(milliseconds, () => {
      if (message.isDone) return;
      if (message.received >= SETTINGS[queue].maxReceiveCount) this.dead.push(`${queue} ${message.tradeId}`);
      else this.#ready[queue].push(message);
      this.#poll(queue);
    });
  }

  #poll(queue: QueueName): void {
    const { batchSize, concurrency } = SETTINGS[queue];
    while (this.#ready[queue].length > 0 && this.#running[queue] < concurrency) {
      const batch = this.#ready[queue].splice(0, batchSize);
      void this.#giveOut(queue, batch);
    }
  }

  async #giveOut(queue: QueueName, batch: readonly Message[]): Promise<void> {
    const invisibleMs = SETTINGS[queue].visibilityTimeoutSeconds * 1000;
    for (const message of batch) {
      message.received++;
      this.#readyAfter(queue, message, invisibleMs);
    }
    this.#running[queue]++;
    const Records = batch.map(({ messageId, tradeId }) => ({ messageId, body: JSON.stringify({ tradeId }) }));
    const answer = await this.#deps.consume(queue, { Records });
    this.#running[queue]--;
    const failed = new Set(answer?.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    for (const message of batch) if (answer && !failed.has(message.messageId)) message.isDone = true;
    this.#poll(queue);
  }
}
