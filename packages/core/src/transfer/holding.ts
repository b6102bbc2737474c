/** What a wallet has of what a transfer moves, as our own node tells it at `confirmed`. */
import type { Mint } from "../market/mint.ts";
import { TOKEN_PROGRAMS, tokenAccountOf } from "../solana/firewall/addresses.ts";
import { tokensIn } from "../solana/firewall/effects.ts";
import type { ChainAccount, FirewallNode } from "../solana/firewall/node.ts";
import type { Token } from "../solana/firewall/transfer.ts";

export interface WalletHolding {
  /** Of the wallet itself. */
  readonly lamports: bigint;
  /** What the mint is; null: no mint was asked for, or there is none at that address. */
  readonly token: Token | null;
  /** Base units of the mint in the wallet's associated account. */
  readonly balance: bigint;
  /** What that account would pay back; null: it is not there. */
  readonly rentLamports: bigint | null;
}

/**
 * @throws EngineError NETWORK_ERROR when the node does not answer.
 * @throws Unsafe when the account is handed over, or may be moved or closed by somebody else.
 */
export async function holdingOf(
  node: Pick<FirewallNode, "accounts">,
  wallet: string,
  mint: Mint | null,
): Promise<WalletHolding> {
  const held = mint === null ? [] : TOKEN_PROGRAMS.map((program) => tokenAccountOf(wallet, mint, program));
  const addresses = mint === null ? [wallet] : [wallet, mint, ...held];
  const { accounts } = await node.accounts(addresses, 0n);
  const [account = null, minted = null, ...opening] = accounts;
  const opened = opening.find((each) => each && TOKEN_PROGRAMS.includes(each.owner)) ?? null;
  return {
    lamports: account?.lamports ?? 0n,
    token: tokenOf(minted),
    balance: mint === null ? 0n : tokensIn(opened, wallet, mint),
    rentLamports: opened?.lamports ?? null,
  };
}

/** SPL Token's mint, with which those of Token-2022 begin. Source: spl-token, `state::Mint`. */
const MINT = { decimals: 44, isInitialized: 45, length: 82 } as const;

function tokenOf(account: ChainAccount | null): Token | null {
  if (!account || !TOKEN_PROGRAMS.includes(account.owner) || account.data.length < MINT.length) return null;
  const bytes = Buffer.from(account.data);
  if (bytes.readUInt8(MINT.isInitialized) !== 1) return null;
  return { program: account.owner, decimals: bytes.readUInt8(MINT.decimals) };
}
