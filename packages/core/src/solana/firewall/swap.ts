/**
 * The one swap of a transaction, and the transaction around it: what can be said from its bytes alone.
 *
 * Invariants: deny by default; what is allowed is exactly the trade of the intent; nothing in a quote is believed.
 */
import { BPS_ONE, bps, less } from "../../money/bps.ts";
import { isTokenAccountOf, TOKEN_PROGRAMS } from "./addresses.ts";
import type { SwapIntent } from "./intent.ts";
import type { Instruction, Message } from "./message.ts";
import { checkSurroundings, type Surroundings } from "./programs.ts";
import { Unsafe } from "./unsafe.ts";
import { type Route, readRoute, type Venue } from "./venue.ts";

/** What a transaction does that passed every rule which needs no chain. */
export interface Inspected extends Surroundings {
  /** Base58: our accounts of the two mints. */
  readonly source: string;
  readonly destination: string;
  /** What the chain will enforce. */
  readonly minimumOut: bigint;
  /** Everything it may write, base58. */
  readonly writable: readonly string[];
}

/** @throws Unsafe */
export function inspectSwap(venue: Venue, message: Message, intent: SwapIntent): Inspected {
  checkPayer(message, intent);
  const swaps = message.instructions.filter(({ program }) => program === venue.program);
  const [swap] = swaps;
  const others = message.instructions.filter((instruction) => instruction !== swap);
  if (!swap || swaps.length > 1) throw new Unsafe("one_swap", `it swaps ${swaps.length} times`);
  const surroundings = checkSurroundings(others, intent);
  const route = readRoute(venue, swap.data);
  const { source, destination } = checkAccounts(venue, route, swap, intent);
  checkFee(venue, route, swap);
  return {
    ...surroundings,
    source,
    destination,
    minimumOut: checkAmounts(route, intent),
    writable: message.accounts.filter(({ isWritable }) => isWritable).map(({ address }) => address),
  };
}

/** @throws Unsafe */
export function checkPayer({ accounts, signatures }: Message, { wallet }: Pick<SwapIntent, "wallet">): void {
  const [payer] = accounts;
  if (payer?.address !== wallet) throw new Unsafe("payer", `${payer?.address} pays for it: the wallet is ${wallet}`);
  if (signatures !== 1) throw new Unsafe("signers", `it asks for ${signatures} signatures: ours alone is given`);
}

/** @throws Unsafe */
function checkAmounts({ arguments: { amountIn, quotedOut, slippageBps } }: Route, intent: SwapIntent): bigint {
  if (amountIn !== intent.amountIn) {
    throw new Unsafe("amount_in", `it spends ${amountIn} base units: the trade spends ${intent.amountIn}`);
  }
  const minimumOut = slippageBps > BPS_ONE ? 0n : less(quotedOut, bps(slippageBps));
  if (minimumOut !== intent.minimumOut) {
    throw new Unsafe("recorded_minimum", `it accepts ${minimumOut} base units: recorded are ${intent.minimumOut}`);
  }
  if (minimumOut < intent.leastOut) {
    throw new Unsafe("minimum_out", `it accepts ${minimumOut} base units: the floor is ${intent.leastOut}`);
  }
  return minimumOut;
}

/** @throws Unsafe */
function checkFee({ platformFee, program }: Venue, { accounts, arguments: given }: Route, swap: Instruction): void {
  const account = accounts.fee === null ? program : swap.accounts[accounts.fee]?.address;
  const { platformFeeBps, positiveSlippageBps } = given;
  const isNone = platformFeeBps === 0 && account === program;
  const isOurs = platformFee !== null && platformFeeBps <= platformFee.bps && account === platformFee.account;
  if (positiveSlippageBps === 0 && (isNone || isOurs)) return;
  const told = `${platformFeeBps} basis points and ${positiveSlippageBps} of what is above the quote, to ${account}`;
  throw new Unsafe("platform_fee", `it pays a fee of ${told}`);
}

/** @throws Unsafe */
function checkAccounts(venue: Venue, { name, accounts }: Route, swap: Instruction, intent: SwapIntent) {
  const at = (index: number): string => {
    const account = swap.accounts[index];
    if (!account) throw new Unsafe("swap_accounts", `${name} has no account ${index}`);
    return account.address;
  };
  const { wallet, inputMint, outputMint } = intent;
  const [source, destination] = [at(accounts.source), at(accounts.destination)];
  const wrong = (what: string, is: string) => new Unsafe("swap_accounts", `the ${what} of ${name} is ${is}`);
  if (at(accounts.authority) !== wallet) throw wrong("authority", at(accounts.authority));
  if (at(accounts.program) !== venue.program) throw wrong("program", at(accounts.program));
  for (const index of accounts.tokenPrograms) {
    if (!TOKEN_PROGRAMS.includes(at(index))) throw wrong("token program", at(index));
  }
  const other = accounts.otherTokenProgram === null ? venue.program : at(accounts.otherTokenProgram);
  if (other !== venue.program && !TOKEN_PROGRAMS.includes(other)) throw wrong("other token program", other);
  if (accounts.inputMint !== null && at(accounts.inputMint) !== inputMint) throw wrong("input", at(accounts.inputMint));
  if (at(accounts.outputMint) !== outputMint) throw wrong("output", at(accounts.outputMint));
  if (!isTokenAccountOf(source, wallet, inputMint)) throw wrong("source", source);
  if (!isTokenAccountOf(destination, wallet, outputMint)) throw wrong("destination", destination);
  const elsewhere = accounts.elsewhere === null ? destination : at(accounts.elsewhere);
  if (elsewhere !== destination && elsewhere !== venue.program) throw wrong("other destination", elsewhere);
  return { source, destination };
}
