/**
 * Slots and heights: which slot has a block, and how many blocks there were until then.
 *
 * Invariant: a height never outruns its slot: some slots have no block.
 */
import type { Dice } from "../kernel/dice.ts";

/** A leader that is away has none. */
const SKIPPED = 0.04;

/** The chain is older than the simulation. */
const FIRST_SLOT = 1_000;

export class Slots {
  readonly #dice: Dice;
  readonly #slotMs: number;
  /** Of each slot, counted from the first: how many blocks there were, its own included. */
  readonly #heights: number[] = [];
  readonly #hasBlock: boolean[] = [];

  /** `slotMs`: how long a slot takes. */
  constructor(dice: Dice, slotMs: number) {
    this.#dice = dice;
    this.#slotMs = slotMs;
  }

  at(milliseconds: number): number {
    return FIRST_SLOT + Math.floor(milliseconds / this.#slotMs);
  }

  /** When the slot begins. */
  beginOf(slot: number): number {
    return (slot - FIRST_SLOT) * this.#slotMs;
  }

  get slotMs(): number {
    return this.#slotMs;
  }

  heightOf(slot: number): number {
    this.#extend(slot);
    return FIRST_SLOT / 2 + (this.#heights[slot - FIRST_SLOT] ?? slot - FIRST_SLOT);
  }

  /** The first slot with a block from `slot` on. */
  nextBlock(slot: number): number {
    for (let each = slot; ; each++) if (this.#isFilled(each)) return each;
  }

  /** The last slot with a block up to `slot`. */
  lastBlock(slot: number): number {
    for (let each = slot; ; each--) if (each < FIRST_SLOT || this.#isFilled(each)) return each;
  }

  #isFilled(slot: number): boolean {
    this.#extend(slot);
    return this.#hasBlock[slot - FIRST_SLOT] ?? true;
  }

  #extend(slot: number): void {
    for (let next = this.#heights.length; next <= slot - FIRST_SLOT; next++) {
      const filled = !this.#dice.chance(SKIPPED);
      this.#hasBlock.push(filled);
      this.#heights.push((this.#heights[next - 1] ?? 0) + (filled ? 1 : 0));
    }
  }
}
