/** What the venue is told to do, how, and for which fee. */
import { ATTACKER } from "../chain/addresses.ts";
import { chained } from "../corpus/plan.ts";
import { PLATFORM_FEE_ACCOUNT } from "../corpus/specimen.ts";
import {
  argumentsOf,
  discriminator,
  isNewer,
  isShared,
  type Layout,
  type Swap,
  swapInstruction,
} from "../corpus/swap.ts";
import { Writer } from "../corpus/writer.ts";
import { type Mutant, mutant, redrafted, reswapped } from "./mutant.ts";

/** Another of the venue's instructions, whose accounts and arguments look like those of the layout. */
const instead = (instruction: string, layout: Layout, does: string): Mutant =>
  reswapped(instruction, does, "route", (swap) => (swap.layout === layout ? { instruction } : null));

const INSTRUCTIONS: readonly Mutant[] = [
  instead("route_with_token_ledger", "route", "spends whatever came into an account"),
  instead("shared_accounts_route_with_token_ledger", "shared_accounts_route", "does so by shared accounts"),
  instead("exact_out_route", "route", "fixes what comes out, and leaves open what is spent"),
  instead("shared_accounts_exact_out_route", "shared_accounts_route", "does so by shared accounts"),
  instead("exact_out_route_v2", "route_v2", "does so by the newer instruction"),
  instead("shared_accounts_exact_out_route_v2", "shared_accounts_route_v2", "does so by both"),
  ...["set_token_ledger", "claim", "claim_token", "close_token", "create_token_account"].map((instruction) =>
    reswapped(instruction, `has the venue ${instruction.replaceAll("_", " ")} instead`, "route", () => ({
      instruction,
      plan: [],
    })),
  ),
];

const FEES: readonly Mutant[] = [
  reswapped("platform-fee", "takes a platform fee that nobody configured", "platform_fee", ({ accounts }, { venue }) =>
    venue.platformFee ? null : { platformFeeBps: 50, accounts: { ...accounts, fee: ATTACKER } },
  ),
  reswapped("platform-fee-to-nobody", "takes one, and does not say for whom", "platform_fee", (_swap, { venue }) =>
    venue.platformFee ? null : { platformFeeBps: 1 },
  ),
  reswapped("fee-account", "names an account for a fee of nothing", "platform_fee", (swap, { venue }) =>
    venue.platformFee || isNewer(swap.layout) ? null : { accounts: { ...swap.accounts, fee: PLATFORM_FEE_ACCOUNT } },
  ),
  reswapped(
    "platform-fee-redirected",
    "has our fee go to the attacker",
    "platform_fee",
    ({ accounts }, { venue }) => venue.platformFee && { accounts: { ...accounts, fee: ATTACKER } },
  ),
  reswapped(
    "platform-fee-raised",
    "takes more of a fee than we do",
    "platform_fee",
    (swap, { venue }) => venue.platformFee && { platformFeeBps: swap.platformFeeBps + 1 },
  ),
  reswapped("positive-slippage", "keeps what comes out above the quote", "platform_fee", ({ layout }) =>
    isNewer(layout) ? { positiveSlippageBps: 1 } : null,
  ),
];

/** The instruction of other bytes. */
const misread = (name: string, does: string, change: (data: Buffer, swap: Swap) => Buffer | null): Mutant =>
  redrafted(name, does, "route", ({ swap, setup }) => {
    if (!swap) return null;
    const instruction = swapInstruction(swap);
    const data = change(instruction.data, swap);
    if (!data) return null;
    instruction.data = data;
    return { swap: null, setup: [...setup, instruction] };
  });

const DISCRIMINATOR_BYTES = 8;

/** Where the number of a plan's steps stands. */
const planAt = ({ layout }: Swap): number =>
  DISCRIMINATOR_BYTES + (isShared(layout) ? 1 : 0) + (isNewer(layout) ? 22 : 0);

const withByte = (data: Buffer, at: number, byte: number): Buffer => {
  const changed = Buffer.from(data);
  changed.writeUInt8(byte, at);
  return changed;
};

const BYTES: readonly Mutant[] = [
  misread("cut-arguments", "leaves out the last byte of the arguments", (data) => data.subarray(0, -1)),
  misread("no-arguments", "gives no arguments", (data) => data.subarray(0, DISCRIMINATOR_BYTES)),
  misread("cut-discriminator", "gives half of the instruction's name", (data) => data.subarray(0, 4)),
  misread("byte-behind", "has a byte follow the arguments", (data) => Buffer.concat([data, Buffer.of(0)])),
  misread("benign-behind", "has hostile arguments come first, and the benign ones follow", (_data, swap) =>
    Buffer.concat([
      discriminator(swap.instruction),
      argumentsOf({ ...swap, amountIn: 2n * swap.amountIn, slippageBps: 10_000 }),
      argumentsOf(swap),
    ]),
  ),
  misread("empty-plan", "has a plan without a step", (_data, swap) =>
    Buffer.concat([discriminator(swap.instruction), argumentsOf({ ...swap, plan: [] })]),
  ),
  misread("long-plan", "counts more steps than a plan has", (data, swap) =>
    withByte(data, planAt(swap), swap.plan.length + 1),
  ),
  misread("endless-plan", "counts four thousand million steps", (data, swap) => withByte(data, planAt(swap) + 3, 0xff)),
  misread("unknown-step", "goes over a venue that was not known", (data, swap) =>
    withByte(data, planAt(swap) + 4, 197),
  ),
  misread("last-step", "goes over a venue that never was", (data, swap) => withByte(data, planAt(swap) + 4, 255)),
  misread("neither-true-nor-false", "says neither yes nor no where a step asks", (_data, swap) =>
    Buffer.concat([discriminator(swap.instruction), argumentsOf({ ...swap, plan: chained(Buffer.of(17, 2)) })]),
  ),
];

/**
 * Arguments that read as the benign ones if a dynamic step is taken to end with its candidates: so it did once. The program
 * reads its best candidate behind them and goes on a byte later, where it finds all of its own, and ignores what is left.
 */
function readLate(swap: Swap): Buffer {
  const { amountIn, quotedOut, slippageBps } = swap;
  const early = new Writer();
  // 0: no best candidate, or 0 percent; 100 percent, or token 100; from 0; to 29, or step 29, which carries 16 bytes.
  early.raw(Buffer.of(111, 0, 0, 0, 0, 0, 100, 0, 29));
  // Read late: step 3, 100 percent, from 1 to 2; then twice the amount for nothing.
  early
    .raw(Buffer.of(3, 100, 1, 2))
    .u64(2n * amountIn)
    .u32(0);
  early.raw(Buffer.of(0, 0, 0)); // read early: percent, from, to
  const steps = new Writer().u32(2).raw(early.bytes);
  return steps.u64(amountIn).u64(quotedOut).u16(slippageBps).u8(0).bytes;
}

const SHIFTED = mutant(
  "step-of-another-length",
  "writes a plan that is longer to the program than it once was, so that other bytes are the amounts",
  ["route", "amount_in", "recorded_minimum"],
  (specimen) => {
    const { swap } = specimen.draft;
    if (!swap || isNewer(swap.layout) || isShared(swap.layout) || specimen.venue.platformFee) return null;
    const instruction = swapInstruction(swap);
    instruction.data = Buffer.concat([discriminator(swap.instruction), readLate(swap)]);
    const [mutated] = [redrafted("", "", "route", ({ setup }) => ({ swap: null, setup: [...setup, instruction] }))];
    return mutated?.of(specimen) ?? null;
  },
);

export const ROUTE: readonly Mutant[] = [...INSTRUCTIONS, ...FEES, ...BYTES, SHIFTED];
