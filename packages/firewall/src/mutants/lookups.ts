/** Lookup tables that are not what the message was built with. */
import { ATTACKER, OUR_OTHERS, THIRD } from "../chain/addresses.ts";
import { TABLE } from "../corpus/specimen.ts";
import { type Mutant, mutant } from "./mutant.ts";

type Rule = Parameters<typeof mutant>[2];

/** Our node resolves the table otherwise than the copy that the message was built with. */
const resolved = (
  name: string,
  does: string,
  by: Rule,
  change: (addresses: readonly string[]) => readonly string[] | null,
): Mutant =>
  mutant(name, does, by, (specimen) => {
    const table = TABLE.toBase58();
    const addresses = specimen.chain.tables.get(table);
    if (!addresses) return null;
    const changed = change(addresses);
    return { ...specimen, chain: { ...specimen.chain, tables: new Map(changed ? [[table, changed]] : []) } };
  });

/** The output's mint stands first, then the vaults, which are written. */
const replaced = (index: number, address: string) => (addresses: readonly string[]) => addresses.with(index, address);

export const LOOKUPS: readonly Mutant[] = [
  resolved(
    "table-with-another-mint",
    "gives us a copy of the lookup table in which the mint is the right one",
    ["swap_accounts", "token_account"],
    replaced(0, THIRD.address.toBase58()),
  ),
  resolved(
    "table-with-our-tokens",
    "has the table hold an account of ours where a vault was",
    ["own_account"],
    replaced(1, OUR_OTHERS.tokens.toBase58()),
  ),
  resolved(
    "table-with-our-stake",
    "has the table hold our stake where a vault was",
    ["own_account"],
    replaced(2, OUR_OTHERS.stake.toBase58()),
  ),
  resolved(
    "table-with-an-account-twice",
    "has the table hold an account that is in the message",
    ["message"],
    (addresses) => addresses.with(1, addresses[0] ?? ATTACKER.toBase58()),
  ),
  resolved("table-too-short", "looks up an address behind the end of the table", ["lookup_table"], (addresses) =>
    addresses.slice(0, 2),
  ),
  resolved("table-empty", "looks up addresses in a table that has none", ["lookup_table"], () => []),
  resolved("table-unknown", "looks up addresses in a table that our node does not know", ["lookup_table"], () => null),
];
