/**
 * PGlite has one backend; the gate lets many sessions share it without seeing each other.
 * - A unit (the messages up to a Sync, Query or Flush) runs whole: no other session's messages come in between.
 * - A session whose unit leaves a transaction open, or an exchange unfinished, owns the backend until it is over.
 */
import type { PGlite } from "@electric-sql/pglite";
import { MessageReader, typeOf } from "./message.ts";

interface Unit {
  readonly session: object;
  readonly bytes: Buffer;
  readonly answer: (bytes: Buffer) => void;
  readonly settle: { ran: () => void; failed: (error: unknown) => void };
  readonly deadline: NodeJS.Timeout;
}

export class PgliteGate {
  readonly #database: PGlite;
  readonly #waitMs: number;
  #owner: object | undefined;
  #waiting: Unit[] = [];
  #running = false;

  /**
   * Transactions here cannot overlap, so one that awaits a query of another connection would wait for itself for ever.
   * 15 s is beyond any honest transaction of this system and within the 30 s an API call may take.
   */
  constructor(database: PGlite, waitMs = 15_000) {
    this.#database = database;
    this.#waitMs = waitMs;
  }

  owns(session: object): boolean {
    return this.#owner === session;
  }

  /** Runs a unit when it is its turn; `false` when that did not come within the wait, and then nothing was run. */
  submit(session: object, bytes: Buffer, answer: (bytes: Buffer) => void): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => {
        this.#waiting = this.#waiting.filter((waiting) => waiting !== unit);
        resolve(false);
      }, this.#waitMs);
      const unit = { session, bytes, answer, settle: { ran: () => resolve(true), failed: reject }, deadline };
      this.#waiting.push(unit);
      void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    for (let unit = this.#next(); unit; unit = this.#next()) {
      try {
        this.#owner = (await this.#run(unit)) === "idle" ? undefined : unit.session;
        unit.settle.ran();
      } catch (error) {
        this.#owner = undefined;
        unit.settle.failed(error);
      }
    }
    this.#running = false;
  }

  #next(): Unit | undefined {
    const unit = this.#waiting.find(({ session }) => this.#owner === undefined || this.owns(session));
    if (unit) clearTimeout(unit.deadline);
    this.#waiting = this.#waiting.filter((waiting) => waiting !== unit);
    return unit;
  }

  /** Whether the backend is idle after the unit: its last word was ReadyForQuery, outside of any transaction. */
  async #run({ bytes, answer }: Unit): Promise<"idle" | "busy"> {
    const answers = new MessageReader("typed");
    let state: "idle" | "busy" = "busy";
    const onRawData = (data: Uint8Array) => {
      const copy = Buffer.from(data); // `data` is a window into PGlite's memory, which it will use again
      for (const message of answers.read(copy)) {
        if (typeOf(message) === "Z") state = message.toString("latin1", 5, 6) === "I" ? "idle" : "busy";
      }
      answer(copy);
    };
    await this.#database.runExclusive(() => this.#database.execProtocolRawStream(bytes, { onRawData }));
    return state;
  }
}
