/**
 * Route plans, written as Jupiter's clients write them. What the steps carry is stated here once more, by kind and not by name,
 * so that a wrong length in the firewall's table does not agree with itself.
 */
import { Writer } from "./writer.ts";

export interface Step {
  /** Of the `Swap` enum: its index, and what it carries. */
  readonly swap: Buffer;
  readonly percent: number;
  readonly from: number;
  readonly to: number;
}

const swap = (index: number): Writer => new Writer().u8(index);

/** `RemainingAccountsInfo`: slices of a kind and a length. */
const slices = (writer: Writer, count: number): Writer => {
  writer.u32(count);
  for (let kind = 0; kind < count; kind++) writer.u8(kind).u8(2);
  return writer;
};

export const SWAPS = {
  tokenSwap: swap(3).bytes,
  whirlpool: swap(17).bool(true).bytes,
  raydiumClmmV2: swap(40).bytes,
  sanctumS: swap(43).u8(2).u8(3).u32(7).u32(9).bytes,
  whirlpoolV2: slices(swap(47).bool(false).bool(true), 2).bytes,
  whirlpoolV2Plain: swap(47).bool(true).bool(false).bytes,
  dlmmV2: slices(swap(75), 1).bytes,
  humidiFi: swap(87).u64(0x0102_0304_0506_0708n).bool(true).bytes,
  /** Two candidates, and which of them was best when it was quoted. */
  dynamicV1: swap(111).u32(2).u8(0).u64(5n).bool(false).u8(7).bool(true).bool(true).u8(1).bytes,
} as const;

/** How many steps the program knows. */
export const STEPS_KNOWN = 197;

/** Steps that carry a `bool`, or an enum of two. */
const FLAGS =
  "8 12 15 16 17 18 21 23 24 27 28 39 58 60 61 64 85 89 94 95 104 106 107 110 116 117 119 121 125 127 129 136 141 145 151 152 153 160 162 164 165 166 168 174 177 178 181 182 184 189 192 193 194 196";

/** Steps that carry so many bytes which may be all zero. */
const SIZES: Readonly<Record<number, number>> = {
  29: 16,
  33: 4,
  41: 4,
  42: 3,
  43: 10,
  44: 5,
  45: 5,
  71: 2,
  81: 8,
  82: 8,
  86: 2,
  87: 9,
  118: 9,
  122: 16,
  123: 48,
  126: 17,
  132: 1,
  135: 10,
  155: 2,
  157: 9,
  159: 8,
  161: 5,
  167: 2,
  170: 1,
  171: 1,
  172: 1,
  185: 57,
  186: 65,
  187: 2,
  190: 81,
  191: 2,
};

/** Steps with something in them that has no fixed length, once with and once without it. */
const OTHERS: Readonly<Record<number, readonly Buffer[]>> = {
  47: [SWAPS.whirlpoolV2, SWAPS.whirlpoolV2Plain],
  75: [SWAPS.dlmmV2, slices(swap(75), 0).bytes],
  103: [slices(swap(103).bool(true).bool(true), 3).bytes, swap(103).bool(true).bool(false).bytes],
  111: [SWAPS.dynamicV1, swap(111).u32(0).bool(false).bytes],
  120: [
    swap(120)
      .u8(1)
      .u32(3)
      .raw(Buffer.of(9, 9, 9)).bytes,
    swap(120).u8(0).u32(0).bytes,
  ],
  146: [
    swap(146).u32(1).u8(10).bool(true).bool(false).u32(10_000).u8(4).u8(2).bytes,
    swap(146).u32(0).u8(1).u8(1).bytes,
  ],
  183: [swap(183).u8(1).bool(true).u8(4).bytes, swap(183).u8(0).bool(false).bytes],
};

/** The step of an index, as it may be written. */
export function samplesOf(index: number): readonly Buffer[] {
  const others = OTHERS[index];
  if (others) return others;
  if (FLAGS.split(" ").includes(String(index))) return [swap(index).bool(false).bytes, swap(index).bool(true).bytes];
  return [swap(index).raw(Buffer.alloc(SIZES[index] ?? 0)).bytes];
}

/** Bytes that the candidates of a dynamic step carry, by index. */
export const CANDIDATE_BYTES = [9, 1, 9, 0, 0, 1, 0, 1, 1, 1, 2, 0, 1, 0, 1, 57, 65, 81, 0] as const;

/** One after the other, each from the token that the last one brought. */
export const chained = (...swaps: readonly Buffer[]): readonly Step[] =>
  swaps.map((each, index) => ({ swap: each, percent: 100, from: index, to: index + 1 }));

export function planBytes(plan: readonly Step[], share: "percent" | "bps"): Buffer {
  const writer = new Writer().u32(plan.length);
  for (const { swap: bytes, percent, from, to } of plan) {
    writer.raw(bytes);
    if (share === "percent") writer.u8(percent);
    else writer.u16(percent * 100);
    writer.u8(from).u8(to);
  }
  return writer.bytes;
}
