/** Instructions that have no business in a swap. */
import {
  type PublicKey,
  StakeProgram,
  SYSVAR_CLOCK_PUBKEY,
  SystemProgram,
  type TransactionInstruction,
} from "@solana/web3.js";
import {
  ATTACKER,
  accountOf,
  LIGHTHOUSE_PROGRAM,
  lookAlike,
  named,
  OUR_OTHERS,
  TIP_ACCOUNT,
  WALLET,
} from "../chain/addresses.ts";
import { call, memoBy } from "../corpus/draft.ts";
import type { Specimen } from "../corpus/specimen.ts";
import { read, write } from "../corpus/swap.ts";
import { Writer } from "../corpus/writer.ts";
import { type Mutant, redrafted } from "./mutant.ts";

type Rule = Parameters<typeof redrafted>[2];
type Added = (specimen: Specimen) => readonly TransactionInstruction[];

const added = (name: string, does: string, by: Rule, instructions: Added): Mutant =>
  redrafted(name, does, by, ({ cleanup }, specimen) => ({ cleanup: [...cleanup, ...instructions(specimen)] }));

const OWNER = { pubkey: WALLET, isSigner: true, isWritable: false };

/** An instruction of the token program that holds the output. */
const tokens = (name: string, does: string, keysAndData: (specimen: Specimen) => readonly [PublicKey[], Buffer]) =>
  added(name, does, "program", (specimen) => {
    const [keys, data] = keysAndData(specimen);
    return [call(specimen.output.program, [...keys.map(write), OWNER], data)];
  });

const ours = ({ output }: Specimen) => accountOf(WALLET, output);
const theirs = ({ output }: Specimen) => accountOf(ATTACKER, output);

const amount = (instruction: number, value: bigint) => new Writer().u8(instruction).u64(value).bytes;

/** Of Token's instructions, by their numbers: source: spl-token, `TokenInstruction`. */
const TOKENS: readonly Mutant[] = [
  tokens("token-transfer", "transfers what was bought to the attacker", (specimen) => [
    [ours(specimen), theirs(specimen)],
    amount(3, 700_000_000n),
  ]),
  tokens("token-transfer-checked", "transfers it, checked", (specimen) => [
    [ours(specimen), specimen.output.address, theirs(specimen)],
    Buffer.concat([amount(12, 700_000_000n), Buffer.of(6)]),
  ]),
  tokens("approve", "lets the attacker spend what was bought later", (specimen) => [
    [ours(specimen), ATTACKER],
    amount(4, 700_000_000n),
  ]),
  tokens("set-authority", "makes the account the attacker's", (specimen) => [
    [ours(specimen)],
    new Writer().u8(6).u8(2).u8(1).raw(ATTACKER.toBuffer()).bytes,
  ]),
  tokens("close-account", "closes the account to the attacker", (specimen) => [
    [ours(specimen), ATTACKER],
    Buffer.of(9),
  ]),
  tokens("burn", "burns what was bought", (specimen) => [
    [ours(specimen), specimen.output.address],
    amount(8, 700_000_000n),
  ]),
  tokens("sync-native", "wraps lamports that were sent to our account", (specimen) => [
    [ours(specimen)],
    Buffer.of(17),
  ]),
];

const lamports = (toPubkey: PublicKey, many: bigint) =>
  SystemProgram.transfer({ fromPubkey: WALLET, toPubkey, lamports: many });

const SYSTEM: readonly Mutant[] = [
  added("sol-transfer", "transfers SOL to the attacker", "tip", () => [lamports(ATTACKER, 1_000_000_000n)]),
  added("sol-dust", "transfers one lamport to the attacker", "tip", () => [lamports(ATTACKER, 1n)]),
  added("look-alike-tip", "tips an account that looks like a listed one", "tip", () => [
    lamports(lookAlike(TIP_ACCOUNT), 1_000n),
  ]),
  added("dear-tip", "tips a lamport more than the cap", "tip", () => [lamports(TIP_ACCOUNT, 1_000_001n)]),
  added("two-tips", "tips twice, together more than the cap", "tip", () => [
    lamports(TIP_ACCOUNT, 500_001n),
    lamports(TIP_ACCOUNT, 500_000n),
  ]),
  added("assign", "makes the wallet another program's", "tip", () => [
    SystemProgram.assign({ accountPubkey: WALLET, programId: ATTACKER }),
  ]),
  added("allocate", "gives the wallet data, after which it cannot pay", "tip", () => [
    SystemProgram.allocate({ accountPubkey: WALLET, space: 8 }),
  ]),
  added("create-with-seed", "puts SOL into an account that the wallet's seed names", "tip", () => [
    SystemProgram.createAccountWithSeed({
      fromPubkey: WALLET,
      newAccountPubkey: named("an account by seed"),
      basePubkey: WALLET,
      seed: "seed",
      lamports: 1_000_000,
      space: 0,
      programId: ATTACKER,
    }),
  ]),
  added("transfer-with-seed", "transfers SOL out of an account that the wallet's seed names", "tip", () => [
    SystemProgram.transfer({
      fromPubkey: named("an account by seed"),
      basePubkey: WALLET,
      toPubkey: ATTACKER,
      lamports: 1_000_000,
      seed: "seed",
      programId: SystemProgram.programId,
    }),
  ]),
  redrafted("advance-nonce", "makes the transaction one that never expires", "tip", ({ budget }) => ({
    budget: [SystemProgram.nonceAdvance({ noncePubkey: OUR_OTHERS.nonce, authorizedPubkey: WALLET }), ...budget],
  })),
  added("withdraw-nonce", "withdraws from a nonce account of ours", "tip", () => [
    SystemProgram.nonceWithdraw({
      noncePubkey: OUR_OTHERS.nonce,
      authorizedPubkey: WALLET,
      toPubkey: ATTACKER,
      lamports: 1_000_000,
    }),
  ]),
];

const OTHERS: readonly Mutant[] = [
  added("stake-withdraw", "withdraws a stake of ours to the attacker", "program", () => [
    ...StakeProgram.withdraw({
      stakePubkey: OUR_OTHERS.stake,
      authorizedPubkey: WALLET,
      toPubkey: ATTACKER,
      lamports: 1_000_000,
    }).instructions,
  ]),
  added("unknown-program", "calls a program of the attacker's with our signature", "program", () => [
    call(ATTACKER, [OWNER, read(SYSVAR_CLOCK_PUBKEY)], [1]),
  ]),
  added("look-alike-program", "calls a program that looks like the venue", "program", ({ draft: { swap } }) =>
    swap ? [call(lookAlike(swap.program), [OWNER], [1])] : [],
  ),
  redrafted("foreign-memo", "carries the memo of another attempt", "memo", () => ({ memo: [memoBy("another.1")] })),
  redrafted("no-memo", "leaves out the memo, so that two attempts can be one transaction", "memo", () => ({
    memo: [],
  })),
  redrafted("memo-twice", "carries its memo twice", "memo", ({ memo }) => ({ memo: [...memo, ...memo] })),
  redrafted("two-memos", "carries the memo of another attempt too", "memo", ({ memo }) => ({
    memo: [...memo, memoBy("another.1")],
  })),
  redrafted("memo-with-accounts", "has the memo name the wallet as a signer", "memo", ({ memo: [memo] }) =>
    memo ? { memo: [call(memo.programId, [OWNER], memo.data)] } : null,
  ),
  added("lighthouse-memory-write", "has Lighthouse open an account at our expense", "assertion", () => [
    call(LIGHTHOUSE_PROGRAM, [{ ...OWNER, isWritable: true }, write(named("memory"))], [0, 0, 0, 255, 0, 0, 0]),
  ]),
  added("lighthouse-memory-close", "has Lighthouse close an account", "assertion", () => [
    call(LIGHTHOUSE_PROGRAM, [{ ...OWNER, isWritable: true }, write(named("memory"))], [1, 0, 255]),
  ]),
  added("lighthouse-nothing", "calls Lighthouse with no data", "assertion", () => [
    call(LIGHTHOUSE_PROGRAM, [read(WALLET)], []),
  ]),
  redrafted("no-swap", "does everything but the swap", "one_swap", () => ({ swap: null })),
];

export const PROGRAMS: readonly Mutant[] = [...TOKENS, ...SYSTEM, ...OTHERS];
