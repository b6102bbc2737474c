/**
 * One client's connection to the shared PGlite: a duplex of raw protocol bytes, beginning with the start-up packet.
 * - Units of a session run in their order; a unit that cannot get the backend is refused with 55P03 and leaves no trace.
 * - Whatever way a session ends, its transaction is rolled back and its prepared statements are closed.
 */
import { Duplex } from "node:stream";
import type { PgliteGate } from "./gate.ts";
import { errorResponse, MessageReader, query, readyForQuery, sync, typeOf } from "./message.ts";
import { Statements } from "./statements.ts";

let sessions = 0;

export class PgliteSession extends Duplex {
  readonly #gate: PgliteGate;
  readonly #statements = new Statements(`c${++sessions}`);
  readonly #messages = new MessageReader("startup");
  #started = false;
  #unit: Buffer[] = [];
  #refused = false;
  #work: Promise<void> = Promise.resolve();
  #cleanup: Promise<void> | undefined;

  constructor(gate: PgliteGate) {
    super();
    this.#gate = gate;
  }

  override _read(): void {} // answers are pushed as they come

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    for (const message of this.#messages.read(chunk)) this.#take(message);
    done();
  }

  override _final(done: () => void): void {
    void this.#leave().then(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    void this.#leave().then(() => done(error));
  }

  #take(message: Buffer): void {
    const type = this.#started ? typeOf(message) : "startup";
    this.#started = true;
    if (type === "X") return void this.#leave(); // Terminate: the server is the one to hang up
    this.#unit.push(type === "startup" ? message : this.#statements.rename(message));
    if (type !== "startup" && type !== "S" && type !== "Q" && type !== "H") return;
    const unit = Buffer.concat(this.#unit);
    this.#unit = [];
    this.#work = this.#work.then(() => this.#submit(unit, type)).catch((error: Error) => void this.destroy(error));
  }

  async #submit(unit: Buffer, end: string): Promise<void> {
    if (!this.#refused) {
      if (await this.#gate.submit(this, unit, (bytes) => this.#answer(bytes))) return;
      this.#answer(
        errorResponse("ERROR", "55P03", "PGlite has one backend, and another connection's transaction has it"),
      );
    }
    // As after any error, what follows is skipped up to the next Sync (a Query is its own).
    this.#refused = end === "H" || (this.#refused && end !== "S");
    if (!this.#refused) this.#answer(readyForQuery);
  }

  #answer(bytes: Buffer): void {
    if (!this.#cleanup) this.push(bytes);
  }

  #leave(): Promise<void> {
    this.#cleanup ??= this.#work
      .then(() => this.#cleanUp())
      .catch(() => undefined) // the backend is gone, and the transaction with it
      .then(() => void (this.destroyed || this.push(null)));
    return this.#cleanup;
  }

  async #cleanUp(): Promise<void> {
    // The Sync ends an exchange that was left in the middle, where a Query would be skipped.
    if (this.#gate.owns(this)) await this.#gate.submit(this, Buffer.concat([sync, query("rollback")]), () => undefined);
    const closes = this.#statements.closes();
    if (closes.length > 0) await this.#gate.submit(this, Buffer.concat([...closes, sync]), () => undefined);
  }

  // What `pg` calls on the socket it believes this is.
  connect(): this {
    process.nextTick(() => this.emit("connect"));
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
}
