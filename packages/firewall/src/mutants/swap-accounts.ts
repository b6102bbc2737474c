/** From where to where a swap goes, and what else of ours it could write. */
import type { AccountMeta, PublicKey } from "@solana/web3.js";
import { ATTACKER, accountOf, JUPITER_PROGRAM, lookAlike, OUR_OTHERS, THIRD, WALLET } from "../chain/addresses.ts";
import { call } from "../corpus/draft.ts";
import type { Specimen } from "../corpus/specimen.ts";
import { isNewer, isShared, type SwapAccounts, swapInstruction, write } from "../corpus/swap.ts";
import { type Mutant, redrafted, reswapped } from "./mutant.ts";

const account = (name: string, does: string, change: (specimen: Specimen) => Partial<SwapAccounts> | null): Mutant =>
  reswapped(name, does, "swap_accounts", ({ accounts }, specimen) => {
    const changed = change(specimen);
    return changed && { accounts: { ...accounts, ...changed } };
  });

/** In a layout that has this account. */
const hasElsewhere = ({ draft: { swap } }: Specimen) => swap !== null && !isShared(swap.layout);
const hasInput = ({ draft: { swap } }: Specimen) => swap !== null && swap.layout !== "route";

const alsoWrites = (name: string, does: string, address: PublicKey): Mutant =>
  reswapped(name, does, "own_account", ({ remaining }) => ({ remaining: [...remaining, write(address)] }));

export const SWAP_ACCOUNTS: readonly Mutant[] = [
  account("destination-redirected", "has the output go to the attacker's account", ({ output }) => ({
    destination: accountOf(ATTACKER, output),
  })),
  account("destination-not-derived", "has it go to an account whose owner can be changed", () => ({
    destination: OUR_OTHERS.secondUsdc,
  })),
  account("destination-of-another-mint", "has it go to our account of another mint", () => ({
    destination: OUR_OTHERS.tokens,
  })),
  account("elsewhere-redirected", "names the attacker's account as the other destination", (specimen) =>
    hasElsewhere(specimen) ? { elsewhere: accountOf(ATTACKER, specimen.output) } : null,
  ),
  account("source-of-another-mint", "spends from our account of another mint", () => ({ source: OUR_OTHERS.tokens })),
  account("source-not-derived", "spends from another account of ours", () => ({ source: OUR_OTHERS.secondUsdc })),
  account("source-and-destination-swapped", "swaps back", ({ input, output }) => ({
    source: accountOf(WALLET, output),
    destination: accountOf(WALLET, input),
  })),
  account("output-of-another-mint", "buys another mint", () => ({ outputMint: THIRD.address })),
  account("input-of-another-mint", "sells another mint", (specimen) =>
    hasInput(specimen) ? { inputMint: THIRD.address } : null,
  ),
  account("another-authority", "names another account as the one whose tokens are spent", () => ({
    authority: ATTACKER,
  })),
  account("another-program", "names another program as the venue", () => ({ self: ATTACKER })),
  account("another-token-program", "names the attacker's program as the token program", () => ({
    tokenProgram: ATTACKER,
    inputProgram: ATTACKER,
  })),
  account("another-output-program", "names it as the output's", ({ draft: { swap } }) =>
    swap && isNewer(swap.layout) ? { outputProgram: ATTACKER } : null,
  ),
  account("another-second-program", "names it as the second token program of a shared route", ({ draft: { swap } }) =>
    swap?.layout === "shared_accounts_route" ? { otherProgram: ATTACKER } : null,
  ),
  redrafted("too-few-accounts", "leaves out the swap's last accounts", "swap_accounts", ({ swap, setup }) => {
    if (!swap) return null;
    const { programId, keys, data } = swapInstruction(swap);
    const shortened: readonly AccountMeta[] = keys.slice(0, 5);
    return { swap: null, setup: [...setup, call(programId, [...shortened], data)] };
  }),
  redrafted(
    "second-swap",
    "swaps once more, all of another mint",
    "one_swap",
    ({ swap, cleanup }) => swap && { cleanup: [...cleanup, swapInstruction({ ...swap, amountIn: 1n })] },
  ),
  redrafted(
    "swap-twice",
    "does the very same swap twice",
    "one_swap",
    ({ swap, cleanup }) => swap && { cleanup: [...cleanup, swapInstruction(swap)] },
  ),
  reswapped("swap-in-look-alike", "swaps in a program whose address begins like the venue's", "one_swap", () => ({
    program: lookAlike(JUPITER_PROGRAM),
  })),
  reswapped("swap-in-another-program", "swaps in a program of the attacker's", "one_swap", () => ({
    program: ATTACKER,
  })),
  alsoWrites("writes-our-tokens", "can write our account of a third mint", OUR_OTHERS.tokens),
  alsoWrites("writes-our-second-account", "can write another account of ours of a traded mint", OUR_OTHERS.secondUsdc),
  alsoWrites("writes-our-stake", "can write our stake", OUR_OTHERS.stake),
  alsoWrites("writes-our-nonce", "can write our nonce account", OUR_OTHERS.nonce),
];
