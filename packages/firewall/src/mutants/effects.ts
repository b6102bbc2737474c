/** Transactions that read well, and do something else when they are tried out. */
import type { ChainAccount } from "@backstop/core/solana/firewall/node";
import { FROZEN, someAddress, TOKEN_AT, tokenAccount, walletAccount, written } from "../chain/accounts.ts";
import { ATTACKER, accountOf, THIRD, WALLET } from "../chain/addresses.ts";
import { type AccountMap, withAccounts } from "../chain/snapshots.ts";
import type { Specimen } from "../corpus/specimen.ts";
import { type Mutant, mutant, otherwise } from "./mutant.ts";

const wallet = WALLET.toBase58();

type Change = (account: ChainAccount, specimen: Specimen) => ChainAccount | null;
type Which = (specimen: Specimen) => string;

const sourceOf: Which = ({ input }) => accountOf(WALLET, input).toBase58();
const destinationOf: Which = ({ output }) => accountOf(WALLET, output).toBase58();
const walletOf: Which = () => wallet;

const leaves = (name: string, does: string, by: Parameters<typeof otherwise>[2], which: Which, change: Change) =>
  otherwise(name, does, by, (after: AccountMap, specimen) => {
    const account = after.get(which(specimen));
    return account ? { [which(specimen)]: change(account, specimen) } : null;
  });

/** Of both token accounts of the swap. */
const leavesBoth = (name: string, does: string, change: Change): readonly Mutant[] => [
  leaves(`source-${name}`, `${does} the account that it spends from`, "authority", sourceOf, change),
  leaves(`destination-${name}`, `${does} the account that it brings to`, "authority", destinationOf, change),
];

/** With so many tokens more; wrapped SOL's are lamports. */
function plus(account: ChainAccount, many: bigint, isNative: boolean): ChainAccount {
  const amount = Buffer.from(account.data).readBigUInt64LE(TOKEN_AT.amount) + many;
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(amount);
  return { ...written(account, TOKEN_AT.amount, bytes), lamports: account.lamports + (isNative ? many : 0n) };
}

export const EFFECTS: readonly Mutant[] = [
  leaves("spends-more", "spends a base unit more when tried out", "spent", sourceOf, (account, { input }) =>
    plus(account, -1n, input.isNative),
  ),
  leaves("spends-all", "spends all there is", "spent", sourceOf, (account, { input }) =>
    plus(account, -200_000_000n, input.isNative),
  ),
  // A base unit below the minimum, which is 3 650 000 below the quote.
  leaves("brings-less", "brings a base unit less than the minimum", "received", destinationOf, (account, { output }) =>
    plus(account, -3_650_001n, output.isNative),
  ),
  leaves("brings-nothing", "brings nothing", "received", destinationOf, (account, { output }) =>
    plus(account, -730_000_000n, output.isNative),
  ),
  leaves("opens-nothing", "leaves no account of the output", ["received", "lamports"], destinationOf, () => null),
  leaves("takes-a-lamport", "takes a lamport more than its fee", "lamports", walletOf, (account) => ({
    ...account,
    lamports: account.lamports - 1n,
  })),
  leaves("takes-lamports", "takes a fifth of a SOL", "lamports", walletOf, (account) => ({
    ...account,
    lamports: account.lamports - 200_000_000n,
  })),
  otherwise(
    "takes-what-it-wraps",
    "takes as many lamports from the wallet as the account that it opens has wrapped",
    "lamports",
    (after, specimen) => {
      const account = after.get(wallet);
      const isOpened = specimen.output.isNative && !specimen.chain.before.has(destinationOf(specimen));
      return account && isOpened ? { [wallet]: { ...account, lamports: account.lamports - 730_000_000n } } : null;
    },
  ),
  mutant(
    "source-closed",
    "spends the last of what the trade spends, and closes the account to the attacker",
    "lamports",
    (specimen) => {
      const { chain, input, intent } = specimen;
      const all = { [sourceOf(specimen)]: tokenAccount(WALLET, input, intent.amountIn) };
      const none = { [sourceOf(specimen)]: null };
      const [before, after] = [withAccounts(chain.before, all), withAccounts(chain.after, none)];
      return { ...specimen, chain: { ...chain, before, after } };
    },
  ),
  leaves("wallet-assigned", "makes the wallet the attacker's program's", "authority", walletOf, (account) => ({
    ...account,
    owner: ATTACKER.toBase58(),
  })),
  leaves("wallet-with-data", "gives the wallet data", "authority", walletOf, (account) => ({
    ...account,
    data: Buffer.alloc(8),
  })),
  leaves("wallet-emptied", "empties the wallet", ["authority"], walletOf, () => null),
  leaves("wallet-of-nothing", "leaves the wallet a lamport", ["lamports"], walletOf, () => walletAccount(1n)),
  ...leavesBoth("delegated", "lets the attacker spend from", (account) =>
    written(
      written(account, TOKEN_AT.delegate, someAddress(ATTACKER)),
      TOKEN_AT.delegated,
      Buffer.from("ffffffffffffffff", "hex"),
    ),
  ),
  ...leavesBoth("owned-by-attacker", "makes the attacker the owner of", (account) =>
    written(account, TOKEN_AT.owner, ATTACKER.toBuffer()),
  ),
  ...leavesBoth("closable-by-attacker", "lets the attacker close", (account) =>
    written(account, TOKEN_AT.closeAuthority, someAddress(ATTACKER)),
  ),
  ...leavesBoth("frozen", "freezes", (account) => written(account, TOKEN_AT.state, Buffer.of(FROZEN))),
  ...leavesBoth("of-another-program", "makes the attacker's program the owner of", (account) => ({
    ...account,
    owner: ATTACKER.toBase58(),
  })),
  ...leavesBoth("replaced", "puts another mint's account in the place of", () =>
    tokenAccount(WALLET, THIRD, 1_000_000_000n),
  ),
  ...leavesBoth("cut-short", "cuts short", (account) => ({ ...account, data: account.data.subarray(0, 100) })),
];
