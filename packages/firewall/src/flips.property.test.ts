/**
 * Whatever bytes of a benign message are changed: it is refused, or it still says what matters. What matters is read here by
 * web3.js and from the instruction's own bytes, not by the firewall.
 *
 * What may differ, and cannot matter to the wallet: the blockhash (then it cannot land); the bid and the tip, within their
 * caps; which of our two accounts is opened; how a route goes, and through whose accounts, as long as none of them is ours;
 * the accounts that the venue's program derives and checks itself; what is asserted besides; whether our accounts of the two
 * mints are written (if not, it fails).
 */

import { VersionedMessage } from "@solana/web3.js";
import fc from "fast-check";
import { expect, it } from "vitest";
import { flipped, flips } from "../testing/flips.ts";
import { JUPITER_PROGRAM, OUR_OTHERS } from "./chain/addresses.ts";
import { CORPUS } from "./corpus/corpus.ts";
import type { Specimen } from "./corpus/specimen.ts";
import { isNewer, isShared, type Layout } from "./corpus/swap.ts";
import { judge } from "./run.ts";

/** Where what matters stands among the accounts of each route. */
const MATTERING: Readonly<Record<Layout, readonly number[]>> = {
  route: [0, 1, 2, 3, 5, 8],
  shared_accounts_route: [0, 2, 3, 6, 7, 8, 12],
  route_v2: [0, 1, 2, 3, 4, 9],
  shared_accounts_route_v2: [1, 2, 5, 6, 7, 11],
};

/** At the end of an older route's data, and after the name, and the id, of a newer one. */
const NUMBERS_BYTES = 19;

function numbersOf(layout: Layout, data: Buffer): Buffer {
  if (!isNewer(layout)) return data.subarray(data.length - NUMBERS_BYTES);
  return data.subarray(isShared(layout) ? 9 : 8);
}

/** What a transaction does to the wallet, as the library reads it. */
function essence(message: string, { draft }: Specimen) {
  const decoded = VersionedMessage.deserialize(Buffer.from(message, "base64"));
  const keys = decoded.getAccountKeys({ addressLookupTableAccounts: [...draft.tables] });
  const others = Object.values(OUR_OTHERS).map(String);
  const all = Array.from({ length: keys.length }, (_, index) => index);
  const swaps = decoded.compiledInstructions.filter(({ programIdIndex }) =>
    keys.get(programIdIndex)?.equals(JUPITER_PROGRAM),
  );
  const layout = draft.swap?.layout ?? "route";
  return {
    signers: all.filter((index) => decoded.isAccountSigner(index)).map((index) => keys.get(index)?.toBase58()),
    othersWritten: all
      .filter((index) => decoded.isAccountWritable(index))
      .map((index) => String(keys.get(index)))
      .filter((address) => others.includes(address)),
    swaps: swaps.map(({ accountKeyIndexes, data }) => {
      const numbers = numbersOf(layout, Buffer.from(data));
      const [amountIn, quotedOut] = [numbers.readBigUInt64LE(0), numbers.readBigUInt64LE(8)];
      const slippageBps = BigInt(numbers.readUInt16LE(16));
      return {
        accounts: MATTERING[layout].map((index) => keys.get(accountKeyIndexes[index] ?? 255)?.toBase58()),
        amountIn,
        minimumOut: (quotedOut * (10_000n - slippageBps)) / 10_000n,
      };
    }),
  };
}

it("is refused, or says the same", { timeout: 60_000 }, async () => {
  let accepted = 0;
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: CORPUS.length - 1 }), flips, async (index, all) => {
      const specimen = CORPUS[index];
      if (!specimen) throw new Error(`there is no specimen ${index}`);
      const message = flipped(specimen.message, all);
      const verdict = await judge({ ...specimen, message });
      if (verdict.type === "unsafe") return;
      expect(verdict.type).toBe("safe");
      accepted++;
      expect(essence(message, specimen), `accepted: ${message}`).toEqual(essence(specimen.message, specimen));
    }),
    { numRuns: 6_000 },
  );
  // A tenth of a message is its blockhash: were nothing accepted, nothing would have been shown.
  expect(accepted).toBeGreaterThan(50);
});

it("would be seen to say something else", () => {
  const [specimen] = CORPUS;
  if (!specimen?.draft.swap) throw new Error("there is no specimen");
  const bytes = Buffer.from(specimen.message, "base64");
  const amount = Buffer.alloc(8);
  amount.writeBigUInt64LE(specimen.intent.amountIn);
  const other = Buffer.from(bytes);
  other.writeUInt8(7, bytes.indexOf(amount));
  expect(essence(other.toString("base64"), specimen)).not.toEqual(essence(specimen.message, specimen));
});
