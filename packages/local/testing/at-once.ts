import { expect } from "vitest";
import type { HeldWrites } from "./held-write.ts";

/** Every call is at its first write within a few round trips; fifty of them share two processors. */
const ARRIVING_MS = 10_000;

/**
 * Makes as many calls side by side, and lets none of their writes be committed before every call has come to its first:
 * whatever they decide on, none has seen what another did.
 */
export async function atOnce<Answer>(
  writes: HeldWrites,
  count: number,
  call: (index: number) => Promise<Answer>,
): Promise<readonly Answer[]> {
  await writes.from(1);
  const answers = Promise.all(Array.from({ length: count }, (_, index) => call(index)));
  try {
    await expect.poll(() => writes.waiting(), { timeout: ARRIVING_MS }).toBe(count);
  } finally {
    await writes.release();
  }
  return answers;
}
