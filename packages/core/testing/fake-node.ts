/** The node that whoever signs asks, over what a fake chain holds. */
import bs58 from "bs58";
import { SYSTEM_PROGRAM, TOKEN_PROGRAM } from "../src/solana/firewall/addresses.ts";
import type { Firewall } from "../src/solana/firewall/firewall.ts";
import type { ChainAccount } from "../src/solana/firewall/node.ts";
import { JUPITER } from "../src/solana/firewall/venue.ts";
import type { FakeChain } from "./fake-chain.ts";
import { type FakeSwap, mintAt, swapIn } from "./fake-swap.ts";

/** What a wallet holds at a moment. */
export interface Holdings {
  readonly wallet: string;
  readonly lamports: bigint;
  tokens(mint: string): bigint;
}

const RENT_LAMPORTS = 2_039_280n;

/** The accounts at these addresses: the wallet's own, and nothing of everybody else's. */
export const accountsOf = (holdings: Holdings, addresses: readonly string[]): readonly (ChainAccount | null)[] =>
  addresses.map((address) => {
    if (address === holdings.wallet)
      return { owner: SYSTEM_PROGRAM, lamports: holdings.lamports, data: Buffer.alloc(0) };
    const mint = mintAt(holdings.wallet, address);
    return mint === undefined ? null : tokensOf(holdings.wallet, mint, holdings.tokens(mint));
  });

/** What it holds when the swap has brought this much. */
export const swapped = (holdings: Holdings, { inputMint, outputMint, amountIn }: FakeSwap, out: bigint): Holdings => ({
  ...holdings,
  tokens: (mint) => holdings.tokens(mint) + (mint === outputMint ? out : mint === inputMint ? -amountIn : 0n),
});

/** SPL Token's layout: mint, owner, amount, no delegate, initialized, not native, no close authority. */
function tokensOf(wallet: string, mint: string, held: bigint): ChainAccount {
  const data = Buffer.alloc(165);
  data.set(bs58.decode(mint), 0);
  data.set(bs58.decode(wallet), 32);
  data.writeBigUInt64LE(held < 0n ? 0n : held, 64);
  data.writeUInt8(1, 108);
  return { owner: TOKEN_PROGRAM, lamports: RENT_LAMPORTS, data };
}

const SLOT = 1_000n;

/** Over a chain on which nothing else moves. */
export function fakeFirewall(chain: Pick<FakeChain, "lamports" | "tokens" | "simulate">, wallet: string): Firewall {
  const holdings = async (addresses: readonly string[]): Promise<Holdings> => {
    const mints = addresses.flatMap((address) => mintAt(wallet, address) ?? []);
    const held = await Promise.all(
      mints.map(async (mint) => [String(mint), await chain.tokens(wallet, mint, "confirmed")] as const),
    );
    const amounts = new Map(held);
    return { wallet, lamports: await chain.lamports(wallet, "confirmed"), tokens: (mint) => amounts.get(mint) ?? 0n };
  };
  return {
    venue: JUPITER,
    node: {
      tables: async () => new Map(),
      accounts: async (addresses) => ({ slot: SLOT, accounts: accountsOf(await holdings(addresses), addresses) }),
      async simulate(message, addresses) {
        const { error, logs } = await chain.simulate(message);
        const swap = swapIn(Buffer.from(message, "base64"));
        const after = swapped(await holdings(addresses), swap, swap.amountOut);
        return { slot: SLOT, error, logs, accounts: accountsOf(after, addresses) };
      },
    },
  };
}
