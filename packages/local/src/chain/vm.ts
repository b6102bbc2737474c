// The VM: accounts and the execution of one transaction, without blocks.
//
// LiteSVM knows only its latest blockhash and never forgets a signature; both belong to blocks, which may
// be rolled back, so its own checks are off here and the chain makes them.

import { readFileSync } from "node:fs";
import { type Address, address, type EncodedAccount, getTransactionDecoder, lamports } from "@solana/kit";
import {
  FailedTransactionMetadata,
  LiteSVM,
  Rent,
  type SimulatedTransactionInfo,
  type TransactionMetadata,
} from "litesvm";
import { SWAP_PROGRAM } from "../swap-program/route.ts";
import { errorOf, type TransactionError } from "./transaction-error.ts";
import { addressOf, type WireTransaction } from "./wire-transaction.ts";

export type Account = EncodedAccount;

export interface Execution {
  readonly error: TransactionError | null;
  readonly meta: TransactionMetadata | null;
}

export interface Simulation extends Execution {
  readonly postAccounts: readonly Account[];
}

export const SYSTEM_PROGRAM = address("11111111111111111111111111111111");

// SIMD-0437 lowers mainnet's rent in steps; after two of them a token account costs 1 488 440 lamports.
// Whoever hardcodes the old 2 039 280 shall notice here.
const LAMPORTS_PER_BYTE = 5080n;

const SWAP_PROGRAM_BINARY = new URL("../swap-program/swap.so", import.meta.url);

const UNSIGNED: Execution = { error: "SignatureFailure", meta: null };

export class Vm {
  readonly #svm = new LiteSVM().withNativeMints().withTransactionHistory(0n).withBlockhashCheck(false);
  readonly #decoder = getTransactionDecoder();

  constructor() {
    const { exemptionThreshold, burnPercent } = this.#svm.getRent();
    this.#svm.setRent(new Rent(LAMPORTS_PER_BYTE, exemptionThreshold, burnPercent));
    this.#svm.addProgram(addressOf(SWAP_PROGRAM), readFileSync(SWAP_PROGRAM_BINARY));
  }

  setClock(slot: number, epoch: number, unixTime: number): void {
    const clock = this.#svm.getClock();
    clock.slot = BigInt(slot);
    clock.epoch = BigInt(epoch);
    clock.unixTimestamp = BigInt(unixTime);
    this.#svm.setClock(clock);
  }

  rentExemption(dataLength: number): bigint {
    return this.#svm.minimumBalanceForRentExemption(BigInt(dataLength));
  }

  read(at: Address): Account | null {
    const account = this.#svm.getAccount(at);
    return account.exists ? account : null;
  }

  /** An account without lamports does not exist, so null is written as one. */
  write(at: Address, account: Account | null): void {
    const none = { data: new Uint8Array(), executable: false, lamports: lamports(0n), programAddress: SYSTEM_PROGRAM };
    this.#svm.setAccount(account ?? { ...none, address: at, space: 0n });
  }

  ownedBy(program: Address): readonly Account[] {
    return this.#svm.getProgramAccounts(program);
  }

  execute(transaction: WireTransaction): Execution {
    if (!transaction.fullySigned) return UNSIGNED; // LiteSVM's wrapper throws on it
    const result = this.#svm.sendTransaction(this.#decoder.decode(transaction.bytes));
    if (result instanceof FailedTransactionMetadata) return { error: errorOf(result), meta: result.meta() };
    return { error: null, meta: result };
  }

  simulate(transaction: WireTransaction, verifySignatures: boolean): Simulation {
    if (verifySignatures && !transaction.fullySigned) return { ...UNSIGNED, postAccounts: [] };
    const result = this.#simulate(transaction, verifySignatures);
    if (result instanceof FailedTransactionMetadata) {
      return { error: errorOf(result), meta: result.meta(), postAccounts: [] };
    }
    return { error: null, meta: result.meta(), postAccounts: result.postAccounts() };
  }

  #simulate(transaction: WireTransaction, verify: boolean): FailedTransactionMetadata | SimulatedTransactionInfo {
    this.#svm.withSigverify(verify);
    try {
      return this.#svm.simulateTransaction(this.#decoder.decode(transaction.bytes));
    } finally {
      this.#svm.withSigverify(true);
    }
  }
}
