/** What the firewall is shown by `npm run firewall`, and that showing it means something. */
import { decodeMessage } from "@backstop/core/solana/firewall/message";
import { RULES } from "@backstop/core/solana/firewall/unsafe";
import { VersionedMessage } from "@solana/web3.js";
import { beforeAll, describe, expect, it } from "vitest";
import { CORPUS } from "./corpus/corpus.ts";
import { compile } from "./corpus/draft.ts";
import { LAYOUTS } from "./corpus/swap.ts";
import { MUTANTS } from "./mutants/mutants.ts";
import { wrongIn } from "./report.ts";
import { judge, judgeAll, refusedBy, type Tally } from "./run.ts";

let tally: Tally;

beforeAll(async () => {
  tally = await judgeAll(CORPUS, MUTANTS);
});

describe("the benign", () => {
  it("are all accepted", () => {
    expect(tally.benign.filter(({ verdict }) => verdict.type !== "safe")).toEqual([]);
  });

  it.each(LAYOUTS)("are of %s among others, as entry and as exit", (layout) => {
    const kinds = CORPUS.filter(({ draft }) => draft.swap?.layout === layout).map(({ intent }) => intent.kind);
    expect(new Set(kinds)).toEqual(new Set(["entry", "exit"]));
  });

  it.each(CORPUS)("$name is built by the engine of the same parts as its mutants", ({ draft, message }) => {
    expect(compile(draft)?.toString("base64")).toBe(message);
  });

  it.each(CORPUS)("$name reads as the library reads it", ({ draft, message, chain }) => {
    const bytes = Buffer.from(message, "base64");
    const read = VersionedMessage.deserialize(bytes);
    const keys = read.getAccountKeys({ addressLookupTableAccounts: [...draft.tables] });
    const use = (index: number) => ({
      address: keys.get(index)?.toBase58(),
      isSigner: read.isAccountSigner(index),
      isWritable: read.isAccountWritable(index),
    });
    expect(decodeMessage(bytes, chain.tables)).toEqual({
      signatures: read.header.numRequiredSignatures,
      accounts: Array.from({ length: keys.length }, (_, index) => use(index)),
      instructions: read.compiledInstructions.map(({ programIdIndex, accountKeyIndexes, data }) => ({
        program: use(programIdIndex).address,
        accounts: accountKeyIndexes.map(use),
        data: Buffer.from(data),
      })),
    });
  });
});

describe("the spoiled", () => {
  it("are many, and none is called as another", () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
    expect(MUTANTS.length).toBeGreaterThan(45);
  });

  it.each(MUTANTS)("$name is refused wherever it makes sense, for what it does", ({ name }) => {
    const of = tally.spoiled.filter(({ mutant }) => mutant.name === name);
    expect(of.length).toBeGreaterThan(0);
    expect(of.filter(({ mutant, verdict }) => !mutant.by.some((rule) => rule === refusedBy(verdict)))).toEqual([]);
  });

  it.each(Object.keys(RULES))("some are refused by %s", (rule) => {
    expect(tally.spoiled.some(({ verdict }) => refusedBy(verdict) === rule)).toBe(true);
  });

  it("are told when one of them is accepted", async () => {
    // A mutant that changes nothing.
    const harmless = {
      name: "harmless",
      does: "does nothing",
      by: [],
      of: (specimen: (typeof CORPUS)[number]) => specimen,
    };
    const shown = await judgeAll(CORPUS.slice(0, 1), [harmless]);
    expect(wrongIn(shown, [harmless])).toContain('ACCEPTED: harmless, in "route, entry": safe');
  });
});

describe("a node of our own that says otherwise", () => {
  it("makes the same message another", async () => {
    const looking = CORPUS.filter(({ chain }) => chain.tables.size > 0);
    expect(looking.length).toBeGreaterThan(2);
    for (const specimen of looking) {
      const unknown = { ...specimen, chain: { ...specimen.chain, tables: new Map() } };
      expect(refusedBy(await judge(unknown))).toBe("lookup_table");
    }
  });
});
