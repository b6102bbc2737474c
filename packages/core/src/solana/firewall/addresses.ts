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
  const [wanted, hashOf] = [Buffer.from(bs58.decode(address)), derivation(wallet, mint, program)];
  return BUMPS.some((bump) => hashOf(bump).equals(wanted));
}

const PROGRAM = Buffer.from(bs58.decode(ASSOCIATED_TOKEN_PROGRAM));

/** Of each bump its hash. */
function derivation(wallet: string, mint: string, program: string): (bump: number) => Buffer {
  const seeds = createHash("sha256").update(Buffer.concat([wallet, program, mint].map((each) => bs58.decode(each))));
  return (bump) => seeds.copy().update(Buffer.of(bump)).update(PROGRAM).update(MARKER).digest();
}

/** Under either program; a mint belongs to one of them. */
export const isTokenAccountOf = (address: string, wallet: string, mint: string): boolean =>
  TOKEN_PROGRAMS.some((program) => isTokenAccount(address, wallet, mint, program));

/**
 * The wallet's associated token account of the mint under the token program, base58: of the hashes the first that is no point
 * of the curve.
 */
export function tokenAccountOf(wallet: string, mint: string, program: string): string {
  const hashOf = derivation(wallet, mint, program);
  const bump = BUMPS.find((each) => !isOnCurve(hashOf(each)));
  if (bump === undefined) throw new RangeError(`there is no token account of ${wallet} for ${mint}`);
  return bs58.encode(hashOf(bump));
}

/** The field of Ed25519, and its curve: −x² + y² = 1 + d·x²·y². Source: RFC 8032, 5.1. */
const P = 2n ** 255n - 19n;
const D = 37095705934669439343138083508754565189542113879843219016388785533085940283555n;

/** Whether the bytes are the compressed form of a point: whether x² = (y² − 1) ÷ (d·y² + 1) has a root. */
export function isOnCurve(bytes: Uint8Array): boolean {
  const hex = Buffer.from(bytes).reverse().toString("hex");
  const y = BigInt(`0x${hex}`) & (2n ** 255n - 1n);
  const [u, v] = [modulo(y * y - 1n), modulo(D * y * y + 1n)];
  // A quotient is a square where the product is: they differ by the square of the divisor.
  return u === 0n || power(modulo(u * v), (P - 1n) / 2n) === 1n;
}

const modulo = (value: bigint): bigint => ((value % P) + P) % P;

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let [square, left] = [base, exponent]; left > 0n; square = modulo(square * square), left >>= 1n) {
    if (left & 1n) result = modulo(result * square);
  }
  return result;
}
