import { encode, typeOf } from "./message.ts";

/**
 * The prepared statements of one session. PostgreSQL keeps their names per connection; in a shared backend two clients
 * would collide, so each name is replaced by one that is unique to the session (and short: PostgreSQL cuts at 63 bytes).
 * Portals need none of this, for they end with their transaction, which nobody shares.
 */
export class Statements {
  readonly #prefix: string;
  readonly #names = new Map<string, string>();

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** The client's message as the shared backend may see it. */
  rename(message: Buffer): Buffer {
    switch (typeOf(message)) {
      case "P": // Parse: statement, query, types
        return this.#renameAt(message, 5);
      case "B": // Bind: portal, statement, values
        return this.#renameAt(message, message.indexOf(0, 5) + 1);
      case "C": // Close and Describe: a kind, S for a statement and P for a portal, then its name
      case "D":
        return message.toString("latin1", 5, 6) === "S" ? this.#renameAt(message, 6) : message;
      default:
        return message;
    }
  }

  /** A Close for each; closing one that was never made is no error. */
  closes(): Buffer[] {
    return [...this.#names.values()].map((name) => encode("C", `S${name}\0`));
  }

  #renameAt(message: Buffer, start: number): Buffer {
    const end = message.indexOf(0, start);
    const name = message.toString("utf8", start, end);
    if (name === "") return message;
    const unique = this.#names.get(name) ?? `${this.#prefix}_${this.#names.size}`;
    this.#names.set(name, unique);
    return encode(
      typeOf(message),
      Buffer.concat([message.subarray(5, start), Buffer.from(unique), message.subarray(end)]),
    );
  }
}
