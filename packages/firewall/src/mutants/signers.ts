/** Who pays, and who signs. */
import { ATTACKER } from "../chain/addresses.ts";
import { type Mutant, redrafted, reswapped, rewritten } from "./mutant.ts";

export const SIGNERS: readonly Mutant[] = [
  redrafted("payer-swapped", "has another account pay, so that ours signs as a mere authority", "payer", () => ({
    payer: ATTACKER,
  })),
  rewritten("payer-renamed", "writes another address where the payer stands", "payer", (bytes) => {
    const changed = Buffer.from(bytes);
    changed.set(ATTACKER.toBuffer(), 5);
    return changed;
  }),
  reswapped("extra-signer", "asks for the signature of a second account", "signers", ({ remaining }) => ({
    remaining: [...remaining, { pubkey: ATTACKER, isSigner: true, isWritable: false }],
  })),
];
