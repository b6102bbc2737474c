/** What a transaction may use, and what it bids. */
import { ComputeBudgetProgram, type TransactionInstruction } from "@solana/web3.js";
import { ATTACKER } from "../chain/addresses.ts";
import { budgetOf, call } from "../corpus/draft.ts";
import { COMPUTE_BUDGET } from "../corpus/specimen.ts";
import { read } from "../corpus/swap.ts";
import { type Mutant, redrafted } from "./mutant.ts";

const UNIT_LIMIT_MAX = 1_400_000;

/** More than an exit may bid, in lamports, under the usual limit. */
const DEAR = 25_000_005_000n;
const U64_MAX = 2n ** 64n - 1n;

const program = ComputeBudgetProgram.programId;

const changed = (change: (budget: readonly TransactionInstruction[]) => readonly TransactionInstruction[]) => {
  return ({ budget }: { readonly budget: readonly TransactionInstruction[] }) => ({ budget: change(budget) });
};

export const BUDGET: readonly Mutant[] = [
  redrafted("dear-price", "bids a lamport more than an exit may", "priority_fee", () => ({
    budget: budgetOf({ ...COMPUTE_BUDGET, unitPriceMicroLamports: DEAR }),
  })),
  redrafted("dearest-price", "bids all there is", "priority_fee", () => ({
    budget: budgetOf({ ...COMPUTE_BUDGET, unitPriceMicroLamports: U64_MAX }),
  })),
  redrafted("dear-limit", "bids the usual for far more units", "priority_fee", () => ({
    budget: budgetOf({ unitLimit: UNIT_LIMIT_MAX, unitPriceMicroLamports: 5_000_000n }),
  })),
  redrafted("limit-over-max", "asks for a unit more than a transaction can have", "compute_budget", () => ({
    budget: budgetOf({ ...COMPUTE_BUDGET, unitLimit: UNIT_LIMIT_MAX + 1 }),
  })),
  redrafted(
    "price-twice",
    "sets the price of a unit twice",
    "compute_budget",
    changed((budget) => [...budget, ...budget.slice(1)]),
  ),
  redrafted(
    "limit-twice",
    "sets the limit of units twice",
    "compute_budget",
    changed((budget) => [...budget.slice(0, 1), ...budget]),
  ),
  redrafted(
    "no-price",
    "sets no price",
    "compute_budget",
    changed((budget) => budget.slice(0, 1)),
  ),
  redrafted(
    "no-limit",
    "sets no limit, so that the bid is for a default",
    "compute_budget",
    changed((budget) => budget.slice(1)),
  ),
  redrafted("no-budget", "sets no compute budget", "compute_budget", () => ({ budget: [] })),
  redrafted(
    "heap-frame",
    "asks for a larger heap",
    "compute_budget",
    changed((budget) => [...budget, ComputeBudgetProgram.requestHeapFrame({ bytes: 256 * 1024 })]),
  ),
  redrafted(
    "loaded-accounts-size",
    "limits the size of what may be loaded",
    "compute_budget",
    changed((budget) => [...budget, call(program, [], [4, 0, 0, 1, 0])]),
  ),
  redrafted(
    "units-with-fee",
    "asks for units and a fee as it was done once",
    "compute_budget",
    changed((budget) => [...budget, call(program, [], [0, 1, 0, 0, 0, 1, 0, 0, 0])]),
  ),
  redrafted(
    "price-with-more-bytes",
    "has bytes follow the price",
    "compute_budget",
    changed(([limit, price]) => (limit && price ? [limit, call(program, [], [...price.data, 0])] : [])),
  ),
  redrafted(
    "price-with-accounts",
    "gives the compute budget an account",
    "compute_budget",
    changed(([limit, price]) => (limit && price ? [limit, call(program, [read(ATTACKER)], price.data)] : [])),
  ),
];
