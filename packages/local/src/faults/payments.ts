/** Real transfers between the engine's wallet and a stranger: what a person may do behind the engine's back. */
import { createHash } from "node:crypto";
import {
  Keypair,
  type PublicKey,
  SystemProgram,
  TransactionInstruction,
  TransactionMessage,
  VersionedTransaction,
} from "@solana/web3.js";
import type { Chain } from "../chain/chain.ts";
import { fund } from "../chain/genesis.ts";
import { holdingOf, type KnownMint, MINTS, tokenProgramOf } from "../chain/mints.ts";
import { createAssociatedTokenAccount } from "../chain/token.ts";
import { sentenceOf } from "../chain/transaction-error.ts";
import { addressOf, decodeTransaction } from "../chain/wire-transaction.ts";

export interface Sum {
  /** Base units of the mint; lamports without one. */
  readonly amount: bigint;
  readonly mint?: string | undefined;
}

/** 1 SOL: so that the stranger's account exists, and for its fees. */
const POCKET_MONEY_LAMPORTS = 1_000_000_000n;

/** Of both token programs, and the only one that Token-2022 takes for a mint with a fee. */
const TRANSFER_CHECKED = 12;

export class Payments {
  readonly #chain: Chain;
  readonly #wallet: Keypair;
  readonly #stranger: Keypair;

  constructor(chain: Chain, wallet: Keypair, seed: string) {
    this.#chain = chain;
    this.#wallet = wallet;
    this.#stranger = Keypair.fromSeed(createHash("sha256").update(`${seed}/stranger`).digest());
  }

  /** From the wallet, in the next block. Answers with the signature. @throws Error when the wallet cannot. */
  pay({ amount, mint }: Sum): string {
    // With it come the stranger's accounts: making them is not the wallet's to pay.
    this.#fundStranger(0n, mint);
    return this.#send(this.#wallet, this.#instructions(this.#wallet.publicKey, this.#stranger.publicKey, amount, mint));
  }

  /** To the wallet, with what the stranger is given for it. */
  receive({ amount, mint }: Sum): string {
    this.#fundStranger(amount, mint);
    return this.#send(
      this.#stranger,
      this.#instructions(this.#stranger.publicKey, this.#wallet.publicKey, amount, mint),
    );
  }

  #fundStranger(amount: bigint, mint: string | undefined): void {
    const { publicKey } = this.#stranger;
    const lamports = POCKET_MONEY_LAMPORTS + (mint === undefined ? amount : 0n);
    const tokens = mint === undefined ? [] : [{ mint: known(mint).address, amount }];
    fund(this.#chain, publicKey, { lamports, tokens });
  }

  #instructions(from: PublicKey, to: PublicKey, amount: bigint, mint: string | undefined): TransactionInstruction[] {
    if (mint === undefined) return [SystemProgram.transfer({ fromPubkey: from, toPubkey: to, lamports: amount })];
    const token = known(mint);
    const isThere = this.#chain.read(addressOf(holdingOf(to, token))) !== null;
    const create = createAssociatedTokenAccount(from, to, token.address, tokenProgramOf(token));
    return [...(isThere ? [] : [create]), transfer(token, from, to, amount)];
  }

  #send(from: Keypair, instructions: TransactionInstruction[]): string {
    const { blockhash } = this.#chain.tip;
    const message = new TransactionMessage({ payerKey: from.publicKey, recentBlockhash: blockhash, instructions });
    const transaction = new VersionedTransaction(message.compileToV0Message());
    transaction.sign([from]);
    const bytes = transaction.serialize();
    const options = { commitment: "processed", verifySignatures: true, ignoreBlockhash: false } as const;
    const { error } = this.#chain.simulate(decodeTransaction(bytes), options);
    if (error !== null) throw new Error(`${from.publicKey.toBase58()} cannot pay that: ${sentenceOf(error)}`);
    return this.#chain.submitDirectly(bytes).signature;
  }
}

function known(mint: string): KnownMint {
  const found = MINTS.find(({ address }) => address.toBase58() === mint);
  if (!found) throw new Error(`there is no mint ${mint}`);
  return found;
}

function transfer(mint: KnownMint, from: PublicKey, to: PublicKey, amount: bigint): TransactionInstruction {
  const data = Buffer.alloc(10);
  data[0] = TRANSFER_CHECKED;
  data.writeBigUInt64LE(amount, 1);
  data[9] = mint.decimals;
  return new TransactionInstruction({
    programId: tokenProgramOf(mint),
    data,
    keys: [
      { pubkey: holdingOf(from, mint), isSigner: false, isWritable: true },
      { pubkey: mint.address, isSigner: false, isWritable: false },
      { pubkey: holdingOf(to, mint), isSigner: false, isWritable: true },
      { pubkey: from, isSigner: true, isWritable: false },
    ],
  });
}
