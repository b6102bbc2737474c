/** The markets of a local run: the engine's own, with a price to start from. Round figures of late 2025, not quotations. */
import { MARKET_SEED, type Market } from "@backstop/core/market/market";
import { mint } from "@backstop/core/market/mint";
import { PublicKey } from "@solana/web3.js";
import { FEE, USDC } from "./chain/mints.ts";
import type { Listing } from "./venue/pool.ts";

const STARTING_PRICES: Readonly<Record<string, number>> = {
  "SOL/USDC": 150,
  "JUP/USDC": 0.4,
  "BONK/USDC": 0.00002,
  "WIF/USDC": 0.5,
  "JTO/USDC": 1.2,
};

/** Five million USDC a side: the largest position allowed, 1 000, moves the price by 0.04 %. */
const QUOTE_DEPTH = 5_000_000n;

export const LISTINGS: readonly Listing[] = MARKET_SEED.flatMap((market) => {
  const price = STARTING_PRICES[market.symbol];
  if (price === undefined) return [];
  return [
    {
      symbol: market.symbol,
      base: { address: new PublicKey(market.baseMint), decimals: market.baseDecimals },
      quote: { address: new PublicKey(market.quoteMint), decimals: market.quoteDecimals },
      price,
      quoteDepth: QUOTE_DEPTH * 10n ** BigInt(market.quoteDecimals),
    },
  ];
});

/** A market of a token that withholds a fee from transfers; none of the engine's own. */
export const FEE_MARKET: Market = {
  symbol: "FEE/USDC",
  baseMint: mint(FEE.address.toBase58()),
  quoteMint: mint(USDC.address.toBase58()),
  baseDecimals: FEE.decimals,
  quoteDecimals: USDC.decimals,
};

export const FEE_LISTING: Listing = {
  symbol: FEE_MARKET.symbol,
  base: FEE,
  quote: USDC,
  price: 2,
  quoteDepth: QUOTE_DEPTH * 10n ** BigInt(USDC.decimals),
};

/** With another price to start from in one of them. */
export const listedAt = (symbol: string, price: number): readonly Listing[] =>
  LISTINGS.map((listing) => (listing.symbol === symbol ? { ...listing, price } : listing));
