/** The steps of a plan: what each carries is stated twice, and both must say the same. */
import { describe, expect, it } from "vitest";
import { CORPUS } from "./corpus/corpus.ts";
import { compile } from "./corpus/draft.ts";
import { CANDIDATE_BYTES, chained, STEPS_KNOWN, samplesOf } from "./corpus/plan.ts";
import { LAYOUTS, type Layout } from "./corpus/swap.ts";
import { Writer } from "./corpus/writer.ts";
import { judge } from "./run.ts";

/** What the firewall says to a plan of these steps: in an older route what follows is read too, so that a length counts. */
async function verdictOn(layout: Layout, ...swaps: readonly Buffer[]) {
  const specimen = CORPUS.find(({ draft }) => draft.swap?.layout === layout);
  if (!specimen?.draft.swap) throw new Error(`there is no specimen of ${layout}`);
  const bytes = compile({ ...specimen.draft, swap: { ...specimen.draft.swap, plan: chained(...swaps) } });
  if (!bytes) throw new Error("it does not fit");
  return judge({ ...specimen, message: bytes.toString("base64") });
}

describe.each(LAYOUTS)("in a %s", (layout) => {
  it("every step that is known can be read to its end", async () => {
    for (let index = 0; index < STEPS_KNOWN; index++) {
      for (const sample of samplesOf(index)) {
        expect(await verdictOn(layout, sample, Buffer.of(3)), `step ${index}`).toMatchObject({ type: "safe" });
      }
    }
  });

  it("a step that is not known cannot", async () => {
    for (let index = STEPS_KNOWN; index < 256; index++) {
      expect(await verdictOn(layout, Buffer.of(index)), `step ${index}`).toMatchObject({ rule: "route" });
    }
  });

  it("a step that carries a byte more or less than it does cannot", async () => {
    for (let index = 0; index < STEPS_KNOWN; index++) {
      const [sample] = samplesOf(index);
      if (!sample) throw new Error(`there is no step ${index}`);
      const longer = await verdictOn(layout, Buffer.concat([sample, Buffer.of(255)]));
      expect(longer, `step ${index}, longer`).toMatchObject({ type: "unsafe" });
      if (sample.length === 1) continue;
      const shorter = await verdictOn(layout, sample.subarray(0, -1));
      expect(shorter, `step ${index}, shorter`).toMatchObject({ type: "unsafe" });
    }
  });

  it("every candidate of a dynamic step can be read, and no other", async () => {
    const dynamic = (tag: number, carried: number) =>
      new Writer().u8(111).u32(1).u8(tag).raw(Buffer.alloc(carried)).bool(false).bytes;
    for (const [tag, carried] of CANDIDATE_BYTES.entries()) {
      expect(await verdictOn(layout, dynamic(tag, carried)), `candidate ${tag}`).toMatchObject({ type: "safe" });
    }
    expect(await verdictOn(layout, dynamic(CANDIDATE_BYTES.length, 0))).toMatchObject({ rule: "route" });
  });
});
