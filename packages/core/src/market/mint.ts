/** A token's identity: the base58 address of its mint. The symbol is for people, the mint is for code. */
import bs58 from "bs58";

declare const mintBrand: unique symbol;

export type Mint = string & { readonly [mintBrand]: true };

/** @throws RangeError when the text is not the base58 form of 32 bytes. */
export function mint(text: string): Mint {
  const bytes = bs58.decodeUnsafe(text);
  if (bytes?.length !== 32) throw new RangeError(`"${text}" is not a mint address`);
  return text as Mint;
}

/** Wrapped SOL: what a lot of SOL is held as, so that lamports are fees, rent and tips only. */
export const WRAPPED_SOL = mint("So11111111111111111111111111111111111111112");
