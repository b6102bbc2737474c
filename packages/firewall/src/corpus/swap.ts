/**
 * Jupiter's swap instructions, written from the interface that its program publishes, without anything of the firewall's.
 *
 * Invariant: every account of an instruction and every number in it can be told otherwise, one at a time.
 */
import { createHash } from "node:crypto";
import { type AccountMeta, type PublicKey, TransactionInstruction } from "@solana/web3.js";
import { named, WALLET } from "../chain/addresses.ts";
import { planBytes, type Step } from "./plan.ts";
import { Writer } from "./writer.ts";

/** The exact-in routes; each of the other instructions looks like one of them. */
export const LAYOUTS = ["route", "shared_accounts_route", "route_v2", "shared_accounts_route_v2"] as const;

export type Layout = (typeof LAYOUTS)[number];

export interface Swap {
  readonly program: PublicKey;
  /** By which the program tells what to do. */
  readonly instruction: string;
  /** How its accounts and arguments are laid out. */
  readonly layout: Layout;
  readonly plan: readonly Step[];
  readonly amountIn: bigint;
  readonly quotedOut: bigint;
  readonly slippageBps: number;
  readonly platformFeeBps: number;
  readonly positiveSlippageBps: number;
  readonly accounts: SwapAccounts;
  /** Those of the venues on the route. */
  readonly remaining: readonly AccountMeta[];
  /** Behind the arguments. */
  readonly trailing: Buffer;
}

export interface SwapAccounts {
  readonly authority: PublicKey;
  readonly source: PublicKey;
  readonly destination: PublicKey;
  /** The program itself: nowhere else. */
  readonly elsewhere: PublicKey;
  readonly inputMint: PublicKey;
  readonly outputMint: PublicKey;
  /** Of an older route. */
  readonly tokenProgram: PublicKey;
  /** Of a newer one. */
  readonly inputProgram: PublicKey;
  readonly outputProgram: PublicKey;
  /** Of an older shared route: the second token program, or the program itself. */
  readonly otherProgram: PublicKey;
  /** The program itself: nobody. */
  readonly fee: PublicKey;
  readonly self: PublicKey;
}

const EVENT_AUTHORITY = named("event authority");
const SHARED_ID = 3;

export const isShared = (layout: Layout): boolean => layout.startsWith("shared");
export const isNewer = (layout: Layout): boolean => layout.endsWith("v2");

/** Anchor's. */
export const discriminator = (instruction: string): Buffer =>
  createHash("sha256").update(`global:${instruction}`).digest().subarray(0, 8);

export const read = (pubkey: PublicKey): AccountMeta => ({ pubkey, isSigner: false, isWritable: false });
export const write = (pubkey: PublicKey): AccountMeta => ({ pubkey, isSigner: false, isWritable: true });
const sign = (pubkey: PublicKey): AccountMeta => ({ pubkey, isSigner: true, isWritable: false });

export const swapInstruction = (swap: Swap): TransactionInstruction =>
  new TransactionInstruction({
    programId: swap.program,
    keys: [...keysOf(swap), ...swap.remaining],
    data: Buffer.concat([discriminator(swap.instruction), argumentsOf(swap), swap.trailing]),
  });

/** @returns what stands behind the discriminator. */
export function argumentsOf(swap: Swap): Buffer {
  const { layout, amountIn, quotedOut, slippageBps, platformFeeBps, positiveSlippageBps, plan } = swap;
  const writer = new Writer();
  if (isShared(layout)) writer.u8(SHARED_ID);
  if (isNewer(layout)) {
    writer.u64(amountIn).u64(quotedOut).u16(slippageBps).u16(platformFeeBps).u16(positiveSlippageBps);
    return writer.raw(planBytes(plan, "bps")).bytes;
  }
  writer.raw(planBytes(plan, "percent"));
  return writer.u64(amountIn).u64(quotedOut).u16(slippageBps).u8(platformFeeBps).bytes;
}

function keysOf({ layout, accounts, program }: Swap): readonly AccountMeta[] {
  const { authority, source, destination, elsewhere, inputMint, outputMint, fee, self, otherProgram } = accounts;
  // Nobody but the wallet can be made to sign.
  const signer = authority.equals(WALLET) ? sign(authority) : read(authority);
  const optional = (account: PublicKey) => (account.equals(program) ? read(account) : write(account));
  const shared = [
    write(named("the program's account of the input")),
    write(named("the program's account of the output")),
  ];
  const pool = read(named("the program's authority"));
  const mints = [read(inputMint), read(outputMint)];
  const programs = [read(accounts.inputProgram), read(accounts.outputProgram)];
  const end = [read(EVENT_AUTHORITY), read(self)];
  switch (layout) {
    case "route": {
      const ends = [write(source), write(destination), optional(elsewhere)];
      return [read(accounts.tokenProgram), signer, ...ends, read(outputMint), optional(fee), ...end];
    }
    case "shared_accounts_route": {
      const ends = [write(source), ...shared, write(destination)];
      return [read(accounts.tokenProgram), pool, signer, ...ends, ...mints, optional(fee), read(otherProgram), ...end];
    }
    case "route_v2":
      return [signer, write(source), write(destination), ...mints, ...programs, optional(elsewhere), ...end];
    case "shared_accounts_route_v2":
      return [pool, signer, write(source), ...shared, write(destination), ...mints, ...programs, ...end];
    default:
      return layout satisfies never;
  }
}
