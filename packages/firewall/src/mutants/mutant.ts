/** A benign transaction, spoiled in one way. */

import type { ChainAccount } from "@backstop/core/solana/firewall/node";
import type { Rule } from "@backstop/core/solana/firewall/unsafe";
import { type AccountMap, withAccounts } from "../chain/snapshots.ts";
import { compile, type Draft } from "../corpus/draft.ts";
import type { Specimen } from "../corpus/specimen.ts";
import type { Swap } from "../corpus/swap.ts";

/** What is shown to the firewall. */
export type Case = Pick<Specimen, "message" | "intent" | "venue" | "chain">;

export interface Mutant {
  readonly name: string;
  /** What the attacker does. */
  readonly does: string;
  /** By which it may be refused: refused for something else, it shows nothing. */
  readonly by: readonly Rule[];
  /** Null: in this specimen it makes no sense. */
  of(specimen: Specimen): Case | null;
}

type Told = readonly [name: string, does: string, by: Rule | readonly Rule[]];

const told = ([name, does, by]: Told) => ({ name, does, by: typeof by === "string" ? [by] : by });

export const mutant = (...[name, does, by, of]: [...Told, Mutant["of"]]): Mutant => ({ ...told([name, does, by]), of });

/** Another transaction of the same parts. */
export const redrafted = (
  ...[name, does, by, change]: [...Told, (draft: Draft, specimen: Specimen) => Partial<Draft> | null]
): Mutant => ({
  ...told([name, does, by]),
  of(specimen) {
    const changed = change(specimen.draft, specimen);
    const bytes = changed && compile({ ...specimen.draft, ...changed });
    return bytes && { ...specimen, message: bytes.toString("base64") };
  },
});

/** Another swap in the same transaction. */
export const reswapped = (
  ...[name, does, by, change]: [...Told, (swap: Swap, specimen: Specimen) => Partial<Swap> | null]
): Mutant =>
  redrafted(name, does, by, ({ swap }, specimen) => {
    const changed = swap && change(swap, specimen);
    return changed && { swap: { ...swap, ...changed } };
  });

/** The same transaction, of other bytes. */
export const rewritten = (
  ...[name, does, by, change]: [...Told, (bytes: Buffer, specimen: Specimen) => Buffer | null]
): Mutant => ({
  ...told([name, does, by]),
  of(specimen) {
    const bytes = change(Buffer.from(specimen.message, "base64"), specimen);
    return bytes && { ...specimen, message: bytes.toString("base64") };
  },
});

type Accounts = Readonly<Record<string, ChainAccount | null>>;

/** The same bytes; tried out, they do something else. */
export const otherwise = (
  ...[name, does, by, change]: [...Told, (after: AccountMap, specimen: Specimen) => Accounts | null]
): Mutant => ({
  ...told([name, does, by]),
  of(specimen) {
    const changed = change(specimen.chain.after, specimen);
    return changed && { ...specimen, chain: { ...specimen.chain, after: withAccounts(specimen.chain.after, changed) } };
  },
});
