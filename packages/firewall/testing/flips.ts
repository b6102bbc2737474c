/** Bytes of a message, changed at random: what a property is about. */
import fc from "fast-check";

export interface Flip {
  /** Taken modulo the length. */
  readonly at: number;
  /** What is flipped in the byte: never nothing. */
  readonly mask: number;
}

const FLIPS_MAX = 3;

export const flips: fc.Arbitrary<readonly Flip[]> = fc.array(
  fc.record({ at: fc.nat({ max: 0xffff }), mask: fc.integer({ min: 1, max: 255 }) }),
  { minLength: 1, maxLength: FLIPS_MAX },
);

export function flipped(message: string, all: readonly Flip[]): string {
  const bytes = Buffer.from(message, "base64");
  for (const { at, mask } of all) {
    const index = at % bytes.length;
    bytes.writeUInt8(bytes.readUInt8(index) ^ mask, index);
  }
  return bytes.toString("base64");
}
