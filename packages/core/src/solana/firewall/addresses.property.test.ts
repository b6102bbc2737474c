/** Addresses that are derived without a library are those that the library derives. */
import { PublicKey } from "@solana/web3.js";
import bs58 from "bs58";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { tokenAccounts } from "../token-account.ts";
import { mint } from "../../market/mint.ts";
import { isOnCurve, isTokenAccount, TOKEN_PROGRAMS, tokenAccountOf } from "./addresses.ts";

const keys = fc.uint8Array({ minLength: 32, maxLength: 32 });

test("whether bytes are a point of the curve", () => {
  fc.assert(
    fc.property(keys, (bytes) => {
      expect(isOnCurve(bytes)).toBe(PublicKey.isOnCurve(bytes));
    }),
  );
});

test("a wallet's token accounts of a mint", () => {
  fc.assert(
    fc.property(keys, keys, (one, other) => {
      const [wallet, of] = [bs58.encode(one), mint(bs58.encode(other))];
      const own = TOKEN_PROGRAMS.map((program) => tokenAccountOf(wallet, of, program));
      expect(own).toEqual(tokenAccounts(wallet, of));
      expect(TOKEN_PROGRAMS.map((program, at) => isTokenAccount(own[at] ?? "", wallet, of, program))).toEqual([
        true,
        true,
      ]);
      expect(isTokenAccount(own[0] ?? "", wallet, of, TOKEN_PROGRAMS[1] ?? "")).toBe(false);
    }),
    { numRuns: 20 },
  );
});
