import { describe, expect, test } from "vitest";
import * as Given from "../../testing/given.ts";
import type { SignatureStatus } from "../solana/rpc.ts";
import type { Attempt } from "./attempt.ts";
import { type ChainView, verdictOn } from "./verdict.ts";

type Flying = Extract<Attempt, { status: "live" | "landed" }>;

const live = Given.attempt("live", { lastValidBlockHeight: 1_000n }) as Flying;
const landed = Given.attempt("landed", { slot: 5_000n }) as Flying;

const status = (commitment: SignatureStatus["commitment"], over: Partial<SignatureStatus> = {}): SignatureStatus => ({
  commitment,
  slot: 5_000n,
  error: null,
  ...over,
});

/** A healthy node: its status bank is 31 slots ahead of what is final. */
const view = (blockHeight: bigint, over: Partial<ChainView> = {}): ChainView => ({
  finalized: { blockHeight, slot: blockHeight + 22_000_000n },
  statusSlot: blockHeight + 22_000_031n,
  ...over,
});

describe("a live attempt", () => {
  test("is sent again while it may land", () => {
    expect(verdictOn(live, null, view(900n))).toEqual({ type: "rebroadcast" });
    expect(verdictOn(live, null, view(1_000n))).toEqual({ type: "rebroadcast" });
    // The block above its last valid height may still hold it.
    expect(verdictOn(live, null, view(1_001n))).toEqual({ type: "rebroadcast" });
  });

  test("is expired when the finalized height has passed and a node well past it knows nothing", () => {
    expect(verdictOn(live, null, view(1_002n))).toEqual({ type: "expired" });
  });

  test("is not expired by a node that has not seen enough", () => {
    const finalized = { blockHeight: 1_002n, slot: 22_001_002n };
    expect(verdictOn(live, null, { finalized, statusSlot: 22_001_001n })).toEqual({ type: "rebroadcast" });
    expect(verdictOn(live, null, { finalized, statusSlot: 22_001_032n })).toEqual({ type: "rebroadcast" });
    expect(verdictOn(live, null, { finalized, statusSlot: 22_000_800n })).toEqual({ type: "rebroadcast" });
  });

  test("is not landed at processed, and is at confirmed", () => {
    expect(verdictOn(live, status("processed"), view(900n))).toEqual({ type: "wait" });
    expect(verdictOn(live, status("confirmed"), view(900n))).toEqual({ type: "landed" });
    expect(verdictOn(live, status("finalized"), view(2_000n))).toEqual({ type: "landed" });
  });

  test("is dead of an error only at finalized", () => {
    const error = '{"InstructionError":[3,{"Custom":6001}]}';
    expect(verdictOn(live, status("confirmed", { error }), view(900n))).toEqual({ type: "wait" });
    expect(verdictOn(live, status("finalized", { error }), view(900n))).toEqual({ type: "errored", error });
  });
});

describe("a landed attempt", () => {
  test("is final at finalized", () => {
    expect(verdictOn(landed, status("confirmed"), view(900n))).toEqual({ type: "wait" });
    expect(verdictOn(landed, status("finalized"), view(900n))).toEqual({ type: "final" });
  });

  test("is not forked away because a node behind it knows nothing", () => {
    expect(verdictOn(landed, null, view(900n, { statusSlot: 5_031n }))).toEqual({ type: "wait" });
    expect(verdictOn(landed, null, view(900n, { statusSlot: 5_032n }))).toEqual({ type: "forked" });
  });

  test("is booked anew when it stands in another block than was booked", () => {
    expect(verdictOn(landed, status("confirmed", { slot: 5_007n }), view(900n))).toEqual({ type: "moved" });
    expect(verdictOn(landed, status("finalized", { slot: 5_007n }), view(900n))).toEqual({ type: "moved" });
    expect(verdictOn(landed, status("processed", { slot: 5_007n }), view(900n))).toEqual({ type: "wait" });
  });

  test("is taken back when the chain now says that it failed, and for good at finalized", () => {
    expect(verdictOn(landed, status("confirmed", { error: "{}" }), view(900n))).toEqual({ type: "forked" });
    expect(verdictOn(landed, status("finalized", { error: "{}" }), view(900n))).toEqual({
      type: "lost",
      errored: true,
    });
  });

  test("is lost for good by the same proof as one that never landed", () => {
    const [forked, lost] = [{ type: "forked" }, { type: "lost", errored: false }];
    expect(verdictOn(landed, null, view(1_001n))).toEqual(forked);
    expect(verdictOn(landed, null, view(1_002n))).toEqual(lost);
    // The node must have seen enough for both: that it is gone, and that it cannot come again.
    const finalized = { blockHeight: 1_002n, slot: 22_001_002n };
    expect(verdictOn(landed, null, { finalized, statusSlot: 22_001_032n })).toEqual(forked);
    const early = Given.attempt("landed", { slot: 22_001_010n }) as Flying;
    expect(verdictOn(early, null, view(1_002n))).toEqual({ type: "wait" });
  });
});
