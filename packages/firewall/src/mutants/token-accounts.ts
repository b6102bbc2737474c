/** Token accounts that are opened, or worse. */
import { SystemProgram, type TransactionInstruction } from "@solana/web3.js";
import { ASSOCIATED_TOKEN_PROGRAM, ATTACKER, accountOf, named, THIRD, WALLET } from "../chain/addresses.ts";
import { call } from "../corpus/draft.ts";
import { createIdempotent, type Specimen } from "../corpus/specimen.ts";
import { read, write } from "../corpus/swap.ts";
import { type Mutant, redrafted } from "./mutant.ts";

const opening = (name: string, does: string, instruction: (specimen: Specimen) => TransactionInstruction): Mutant =>
  redrafted(name, does, "token_account", ({ setup }, specimen) => ({ setup: [...setup, instruction(specimen)] }));

const ours = ({ output }: Specimen) => createIdempotent(WALLET, output);

/** The same with one account, or its data, otherwise. */
const but = (instruction: TransactionInstruction, index: number, account: Parameters<typeof read>[0]) =>
  call(
    instruction.programId,
    instruction.keys.map((key, at) => (at === index ? { ...key, pubkey: account, isSigner: false } : key)),
    instruction.data,
  );

export const TOKEN_ACCOUNTS: readonly Mutant[] = [
  opening("create-for-attacker", "opens an account of the attacker's at our expense", ({ output }) =>
    createIdempotent(ATTACKER, output),
  ),
  opening("create-third-mint", "opens an account of a mint that is not traded", () => createIdempotent(WALLET, THIRD)),
  opening("create-not-idempotent", "opens an account so that it fails if it is there", (specimen) =>
    call(ASSOCIATED_TOKEN_PROGRAM, ours(specimen).keys, []),
  ),
  opening("create-explicit", "does so by the number of that instruction", (specimen) =>
    call(ASSOCIATED_TOKEN_PROGRAM, ours(specimen).keys, [0]),
  ),
  opening("create-with-more-bytes", "has bytes follow the number of the instruction", (specimen) =>
    call(ASSOCIATED_TOKEN_PROGRAM, ours(specimen).keys, [1, 0]),
  ),
  opening("create-elsewhere", "opens an account at another address than ours", (specimen) =>
    but(ours(specimen), 1, named("elsewhere")),
  ),
  opening("create-paid-by-another", "names another payer", (specimen) => but(ours(specimen), 0, ATTACKER)),
  opening("create-by-another-system", "names another system program", (specimen) => but(ours(specimen), 4, ATTACKER)),
  opening("create-by-another-program", "names another token program", (specimen) => but(ours(specimen), 5, ATTACKER)),
  opening("create-with-more-accounts", "adds an account to the instruction", (specimen) =>
    call(ASSOCIATED_TOKEN_PROGRAM, [...ours(specimen).keys, write(named("one more"))], [1]),
  ),
  opening("recover-nested", "takes what an account of ours owns", ({ output }) =>
    call(
      ASSOCIATED_TOKEN_PROGRAM,
      [
        write(named("nested")),
        read(output.address),
        write(accountOf(ATTACKER, output)),
        write(accountOf(WALLET, output)),
        read(output.address),
        { pubkey: WALLET, isSigner: true, isWritable: true },
        read(SystemProgram.programId),
      ],
      [2],
    ),
  ),
];
