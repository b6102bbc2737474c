/** All the ways in which a transaction is spoiled. */
import { AMOUNTS } from "./amounts.ts";
import { BUDGET } from "./budget.ts";
import { BYTES } from "./bytes.ts";
import { EFFECTS } from "./effects.ts";
import { LOOKUPS } from "./lookups.ts";
import type { Mutant } from "./mutant.ts";
import { PROGRAMS } from "./programs.ts";
import { ROUTE } from "./route.ts";
import { SIGNERS } from "./signers.ts";
import { SWAP_ACCOUNTS } from "./swap-accounts.ts";
import { TOKEN_ACCOUNTS } from "./token-accounts.ts";

export const MUTANTS: readonly Mutant[] = [
  ...BYTES,
  ...LOOKUPS,
  ...SIGNERS,
  ...PROGRAMS,
  ...BUDGET,
  ...TOKEN_ACCOUNTS,
  ...ROUTE,
  ...AMOUNTS,
  ...SWAP_ACCOUNTS,
  ...EFFECTS,
];
