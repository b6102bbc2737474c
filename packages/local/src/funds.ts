/** What the local wallet is given, once in the life of its chain: the ledger's starting balances. */
import { mint } from "@backstop/core/market/mint";
import type { Holdings } from "./ledger.ts";
import { LISTINGS } from "./listings.ts";
import { baseFor, ratioOf } from "./venue/ratio.ts";

/** 5 SOL: fees for years. */
const LAMPORTS = 5_000_000_000n;

/** A hundred first trades. */
const QUOTE = 10_000n;

/** Inventory to sell, in quote at the listed price: five of the largest trades that are allowed. */
const BASE_WORTH = 5_000n;

export const FUNDS: Holdings = {
  lamports: LAMPORTS,
  tokens: new Map(
    LISTINGS.flatMap(({ base, quote, price }) => {
      const unit = 10n ** BigInt(quote.decimals);
      return [
        [mint(quote.address.toBase58()), QUOTE * unit],
        [mint(base.address.toBase58()), baseFor(BASE_WORTH * unit, ratioOf(price, base, quote))],
      ] as const;
    }),
  ),
};
