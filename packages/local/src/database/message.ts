/** PostgreSQL's wire messages, as far as somebody standing between clients and a backend has to know them. */

/** Cuts a stream into messages. Only the first message of a client, its start-up packet, has no type byte. */
export class MessageReader {
  #headerLength: 4 | 5;
  #unread: Buffer = Buffer.alloc(0);

  constructor(first: "startup" | "typed") {
    this.#headerLength = first === "startup" ? 4 : 5;
  }

  *read(bytes: Uint8Array): Generator<Buffer, void> {
    this.#unread = Buffer.concat([this.#unread, bytes]);
    while (this.#unread.length >= this.#headerLength) {
      // The length counts itself and the body, but not the type byte.
      const length = this.#headerLength - 4 + this.#unread.readInt32BE(this.#headerLength - 4);
      if (this.#unread.length < length) return;
      const message = this.#unread.subarray(0, length);
      this.#unread = this.#unread.subarray(length);
      this.#headerLength = 5;
      yield message;
    }
  }
}

export function typeOf(message: Buffer): string {
  return message.toString("latin1", 0, 1);
}

export function encode(type: string, body: string | Buffer): Buffer {
  const content = Buffer.from(body);
  const header = Buffer.alloc(5);
  header.write(type, "latin1");
  header.writeInt32BE(4 + content.length, 1);
  return Buffer.concat([header, content]);
}

export const PROTOCOL_3 = 196_608;

/** The packet a client begins with, naming its user, its database and its settings. */
export function startup(parameters: Iterable<[name: string, value: string]>): Buffer {
  const content = Buffer.from(`${[...parameters].flat().join("\0")}\0\0`);
  const header = Buffer.alloc(8);
  header.writeInt32BE(8 + content.length, 0);
  header.writeInt32BE(PROTOCOL_3, 4);
  return Buffer.concat([header, content]);
}

export const sync = encode("S", "");
export const readyForQuery = encode("Z", "I");

export function query(sql: string): Buffer {
  return encode("Q", `${sql}\0`);
}

export function errorResponse(severity: "ERROR" | "FATAL", code: string, text: string): Buffer {
  return encode("E", `S${severity}\0V${severity}\0C${code}\0M${text}\0\0`);
}
