/**
 * Bytes, read from the front, little endian.
 *
 * Invariant: what is read is there; whoever has read everything says so with `end`, and anything behind is an error.
 */
import bs58 from "bs58";

export class Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  take(length: number): Buffer {
    const left = this.#bytes.length - this.#at;
    if (length > left) throw new RangeError(`${length} bytes are missing at ${this.#at}: there are ${left}`);
    const taken = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return taken;
  }

  u8 = (): number => this.take(1).readUInt8();
  u16 = (): number => this.take(2).readUInt16LE();
  u32 = (): number => this.take(4).readUInt32LE();
  u64 = (): bigint => this.take(8).readBigUInt64LE();
  address = (): string => bs58.encode(this.take(32));

  /** A `bool` or the tag of an `Option`: 0 or 1, and nothing else. */
  flag(): boolean {
    const byte = this.u8();
    if (byte > 1) throw new RangeError(`${byte} is neither true nor false`);
    return byte === 1;
  }

  /**
   * A length in seven bits a byte, at most three of them (Solana's compact-u16).
   *
   * @throws RangeError when it is written longer than it has to be, or is more than a u16: a runtime refuses both.
   */
  compactU16(): number {
    const first = this.u8();
    if (first < 0x80) return first;
    const second = this.u8();
    const low = (first & 0x7f) | ((second & 0x7f) << 7);
    if (second < 0x80) {
      if (second === 0) throw new RangeError("a length is written longer than it has to be");
      return low;
    }
    const third = this.u8();
    if (third === 0 || third > 3) throw new RangeError("a length is written longer than it has to be, or is too large");
    return low | (third << 14);
  }

  list<Item>(length: number, item: () => Item): readonly Item[] {
    return Array.from({ length }, item);
  }

  end(): void {
    const left = this.#bytes.length - this.#at;
    if (left > 0) throw new RangeError(`${left} bytes too many`);
  }
}
