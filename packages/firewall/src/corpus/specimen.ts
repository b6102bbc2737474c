/**
 * A benign transaction: what its trade says, what the engine built for it, and a chain on which it does just that.
 *
 * Invariant: its effects are honest: it spends what the trade spends, brings what was quoted, and costs its fee, its tip and
 * the rent of the account that it opens.
 */
import type { SwapIntent } from "@backstop/core/solana/firewall/intent";
import type { ChainAccount } from "@backstop/core/solana/firewall/node";
import { JUPITER, type Venue } from "@backstop/core/solana/firewall/venue";
import type { ComputeBudget } from "@backstop/core/solana/transaction";
import { AddressLookupTableAccount, type PublicKey, SystemProgram, type TransactionInstruction } from "@solana/web3.js";
import { nonceAccount, RENT_LAMPORTS, stakeAccount, tokenAccount, walletAccount } from "../chain/accounts.ts";
import {
  ASSOCIATED_TOKEN_PROGRAM,
  accountOf,
  JUPITER_PROGRAM,
  LIGHTHOUSE_PROGRAM,
  named,
  OUR_OTHERS,
  THIRD,
  TIP_ACCOUNT,
  TOKEN_2022_PROGRAM,
  TOKEN_PROGRAM,
  type Token,
  USDC,
  WALLET,
} from "../chain/addresses.ts";
import type { Snapshots } from "../chain/snapshots.ts";
import { budgetOf, call, type Draft, engineMessage, memoBy } from "./draft.ts";
import type { Step } from "./plan.ts";
import { type Layout, read, type Swap, write } from "./swap.ts";
import { Writer } from "./writer.ts";

export interface Specimen {
  readonly name: string;
  readonly draft: Draft;
  /** Base64. */
  readonly message: string;
  readonly intent: SwapIntent;
  readonly venue: Venue;
  readonly chain: Snapshots;
  readonly input: Token;
  readonly output: Token;
}

export interface Given {
  readonly name: string;
  readonly layout: Layout;
  readonly kind: "entry" | "exit";
  readonly input: Token;
  readonly output: Token;
  readonly plan: readonly Step[];
  /** The account of the output is not there yet. */
  readonly opens?: true;
  /** The other destination is the destination, not the program for "nowhere else". */
  readonly namesDestinationTwice?: true;
  readonly tipLamports?: bigint;
  /** With assertions of Lighthouse before and behind the swap. */
  readonly asserts?: true;
  /** The accounts of the venues, and the output's mint, are looked up. */
  readonly looksUp?: true;
  readonly feeBps?: number;
}

/** A multiple of 10 000, so that one base unit less in the quote is one less in the minimum. */
const QUOTED_OUT = 730_000_000n;
const AMOUNT_IN = 100_000_000n;
const SLIPPAGE_BPS = 50;
const MINIMUM_OUT = 726_350_000n;

/** Under the minimum, as the engine's own floor is. */
const LEAST_OUT = 700_000_000n;

export const COMPUTE_BUDGET: ComputeBudget = { unitLimit: 200_000, unitPriceMicroLamports: 100_001n };
const PRIORITY_LAMPORTS = 20_001n; // rounded up
const SIGNATURE_LAMPORTS = 5_000n;

const WALLET_LAMPORTS = 5_000_000_000n;

export const PLATFORM_FEE_ACCOUNT = named("where our platform fee goes");

export const TABLE = named("a lookup table of the venue's");

const VAULTS = ["one", "two", "three", "four"].map((name) => named(`vault ${name} of a venue`));
const POOLS = ["one", "two"].map((name) => named(`pool ${name} of a venue`));

export function specimen(given: Given): Specimen {
  const { name, kind, input, output } = given;
  const draft = draftOf(given);
  const attemptId = `${name}.1`;
  return {
    name,
    draft: { ...draft, memo: [memoBy(attemptId)] },
    message: engineMessage(draft, attemptId, COMPUTE_BUDGET),
    intent: {
      kind,
      attemptId,
      wallet: WALLET.toBase58(),
      inputMint: input.mint,
      outputMint: output.mint,
      amountIn: AMOUNT_IN,
      minimumOut: MINIMUM_OUT,
      leastOut: LEAST_OUT,
    },
    venue: { ...JUPITER, platformFee: given.feeBps ? platformFee(given.feeBps) : null },
    chain: chainOf(given),
    input,
    output,
  };
}

const platformFee = (bps: number) => ({ bps, account: PLATFORM_FEE_ACCOUNT.toBase58() });

function draftOf(given: Given): Draft {
  const { opens, tipLamports, asserts, looksUp, input, output } = given;
  return {
    payer: WALLET,
    budget: budgetOf(COMPUTE_BUDGET),
    setup: [
      ...(asserts ? [assertion(accountOf(WALLET, input), AMOUNT_IN)] : []),
      ...(opens ? [createIdempotent(WALLET, output)] : []),
    ],
    swap: swapOf(given),
    cleanup: [
      ...(asserts ? [assertion(accountOf(WALLET, output), MINIMUM_OUT)] : []),
      ...(tipLamports
        ? [SystemProgram.transfer({ fromPubkey: WALLET, toPubkey: TIP_ACCOUNT, lamports: tipLamports })]
        : []),
    ],
    memo: [],
    tables: looksUp ? [tableOf([output.address, ...VAULTS, ...POOLS])] : [],
  };
}

export const tableOf = (addresses: readonly PublicKey[]): AddressLookupTableAccount =>
  new AddressLookupTableAccount({
    key: TABLE,
    state: {
      deactivationSlot: 2n ** 64n - 1n,
      lastExtendedSlot: 1,
      lastExtendedSlotStartIndex: 0,
      addresses: [...addresses],
    },
  });

function swapOf({ layout, input, output, plan, namesDestinationTwice, feeBps }: Given): Swap {
  const destination = accountOf(WALLET, output);
  return {
    program: JUPITER_PROGRAM,
    instruction: layout,
    layout,
    plan,
    amountIn: AMOUNT_IN,
    quotedOut: QUOTED_OUT,
    slippageBps: SLIPPAGE_BPS,
    platformFeeBps: feeBps ?? 0,
    positiveSlippageBps: 0,
    accounts: {
      authority: WALLET,
      source: accountOf(WALLET, input),
      destination,
      elsewhere: namesDestinationTwice ? destination : JUPITER_PROGRAM,
      inputMint: input.address,
      outputMint: output.address,
      tokenProgram: TOKEN_PROGRAM,
      inputProgram: input.program,
      outputProgram: output.program,
      otherProgram: [input, output].some(({ program }) => program.equals(TOKEN_2022_PROGRAM))
        ? TOKEN_2022_PROGRAM
        : JUPITER_PROGRAM,
      fee: feeBps ? PLATFORM_FEE_ACCOUNT : JUPITER_PROGRAM,
      self: JUPITER_PROGRAM,
    },
    remaining: [...VAULTS.map(write), ...POOLS.map(read)],
    trailing: Buffer.alloc(0),
  };
}

/** `CreateIdempotent` of the associated token program. */
export const createIdempotent = (owner: PublicKey, token: Token): TransactionInstruction =>
  call(
    ASSOCIATED_TOKEN_PROGRAM,
    [
      { pubkey: WALLET, isSigner: true, isWritable: true },
      write(accountOf(owner, token)),
      ...[owner, token.address, SystemProgram.programId, token.program].map(read),
    ],
    [1],
  );

/** `AssertTokenAccount`, silent: the amount is at least. */
const assertion = (account: PublicKey, amount: bigint): TransactionInstruction =>
  call(LIGHTHOUSE_PROGRAM, [read(account)], new Writer().u8(8).u8(0).u8(2).u64(amount).u8(4).bytes);

function chainOf({ input, output, opens, tipLamports = 0n, looksUp }: Given): Snapshots {
  const [source, destination] = [accountOf(WALLET, input).toBase58(), accountOf(WALLET, output).toBase58()];
  const wallet = WALLET.toBase58();
  const fee = SIGNATURE_LAMPORTS + PRIORITY_LAMPORTS + tipLamports + (opens ? RENT_LAMPORTS : 0n);
  const held = 3n * AMOUNT_IN;
  const had = opens ? 0n : 17n;
  const unchanged: readonly (readonly [string, ChainAccount])[] = [
    [OUR_OTHERS.tokens.toBase58(), tokenAccount(WALLET, THIRD, 5_000_000n)],
    [OUR_OTHERS.secondUsdc.toBase58(), tokenAccount(WALLET, USDC, 5_000_000n)],
    [OUR_OTHERS.stake.toBase58(), stakeAccount(WALLET)],
    [OUR_OTHERS.nonce.toBase58(), nonceAccount(WALLET)],
    ...VAULTS.map((vault, index) => [vault.toBase58(), tokenAccount(named(`pool ${index}`), THIRD, 9n)] as const),
  ];
  return {
    tables: new Map(looksUp ? [[TABLE.toBase58(), [output.address, ...VAULTS, ...POOLS].map(String)]] : []),
    before: new Map([
      ...unchanged,
      [wallet, walletAccount(WALLET_LAMPORTS)],
      [source, tokenAccount(WALLET, input, held)],
      ...(opens ? [] : [[destination, tokenAccount(WALLET, output, had)] as const]),
    ]),
    after: new Map([
      ...unchanged,
      [wallet, walletAccount(WALLET_LAMPORTS - fee)],
      [source, tokenAccount(WALLET, input, held - AMOUNT_IN)],
      [destination, tokenAccount(WALLET, output, had + QUOTED_OUT)],
    ]),
  };
}
