/** The programs that a swap may meet, and whether an address is a wallet's token account, without any library. */
import { createHash } from "node:crypto";
import bs58 from "bs58";

export const SYSTEM_PROGRAM = "11111111111111111111111111111111";
export const COMPUTE_BUDGET_PROGRAM = "ComputeBudget111111111111111111111111111111";
export const TOKEN_PROGRAM = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA";
export const TOKEN_2022_PROGRAM = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb";
export const ASSOCIATED_TOKEN_PROGRAM = "ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL";
export const MEMO_PROGRAM = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr";
export const LOOKUP_TABLE_PROGRAM = "AddressLookupTab1e1111111111111111111111111";

export const TOKEN_PROGRAMS: readonly string[] = [TOKEN_PROGRAM, TOKEN_2022_PROGRAM];

const MARKER = Buffer.from("ProgramDerivedAddress");

/** From the highest down; nearly always one of the first is it. */
const BUMPS = Array.from({ length: 256 }, (_, index) => 255 - index);

/**
 * Whether `address` is the wallet's associated token account of the mint under the token program.
 *
 * Any bump counts, so that no curve has to be computed: of the hashes that are no derived address (points of the curve, or of
 * a lower bump than the first) nobody can have the key, and the associated token program opens none.
 */
export function isTokenAccount(address: string, wallet: string, mint: string, program: string): boolean {
  const seeds = Buffer.concat([wallet, program, mint].map((each) => bs58.decode(each)));
  const [wanted, owner] = [Buffer.from(bs58.decode(address)), bs58.decode(ASSOCIATED_TOKEN_PROGRAM)];
  return BUMPS.some((bump) =>
    createHash("sha256").update(seeds).update(Buffer.of(bump)).update(owner).update(MARKER).digest().equals(wanted),
  );
}

/** Under either program; a mint belongs to one of them. */
export const isTokenAccountOf = (address: string, wallet: string, mint: string): boolean =>
  TOKEN_PROGRAMS.some((program) => isTokenAccount(address, wallet, mint, program));
