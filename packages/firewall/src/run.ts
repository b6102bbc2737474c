/** The benign and the spoiled, each before the firewall that signs. */
import { inspect, type Verdict } from "@backstop/core/solana/firewall/firewall";
import type { Rule } from "@backstop/core/solana/firewall/unsafe";
import { nodeOver } from "./chain/snapshots.ts";
import type { Specimen } from "./corpus/specimen.ts";
import type { Case, Mutant } from "./mutants/mutant.ts";

export interface Tally {
  readonly benign: readonly { readonly specimen: string; readonly verdict: Verdict }[];
  /** One for each mutant and each specimen that it makes sense for. */
  readonly spoiled: readonly Spoiled[];
}

export interface Spoiled {
  readonly mutant: Mutant;
  readonly specimen: string;
  readonly verdict: Verdict;
}

export const judge = ({ message, intent, venue, chain }: Case): Promise<Verdict> =>
  inspect({ venue, node: nodeOver(chain) }, message, intent);

export async function judgeAll(specimens: readonly Specimen[], mutants: readonly Mutant[]): Promise<Tally> {
  const benign = await Promise.all(
    specimens.map(async (specimen) => ({ specimen: specimen.name, verdict: await judge(specimen) })),
  );
  const spoiled = await Promise.all(
    mutants.flatMap((mutant) =>
      specimens.flatMap((specimen) => {
        const made = mutant.of(specimen);
        return made ? [judge(made).then((verdict): Spoiled => ({ mutant, specimen: specimen.name, verdict }))] : [];
      }),
    ),
  );
  return { benign, spoiled };
}

/** By which rule it was refused; null: it was not. */
export const refusedBy = (verdict: Verdict): Rule | null => (verdict.type === "unsafe" ? verdict.rule : null);
