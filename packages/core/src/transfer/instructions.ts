/** The instructions of a transfer, as the chain's own library writes them; whoever signs compares them with its own. */
import { PublicKey, SystemProgram, type TransactionInstruction } from "@solana/web3.js";
import { type Mint, WRAPPED_SOL } from "../market/mint.ts";
import type { Token } from "../solana/firewall/transfer.ts";
import { memoOf } from "../solana/memo.ts";
import { ASSOCIATED_TOKEN_PROGRAM, TOKEN_PROGRAM, tokenAccount } from "../solana/token-account.ts";
import type { InstructionData } from "../solana/transaction.ts";
import type { TransferFacts } from "./transfer.ts";

/** What a token account has to hold, and how large it is; all of it comes back when it is closed. */
const RENT_LAMPORTS = 2_039_280;
const ACCOUNT_BYTES = 165;

const CREATE_IDEMPOTENT = 1;
const [CLOSE_ACCOUNT, TRANSFER_CHECKED, SYNC_NATIVE, INITIALIZE_ACCOUNT_3] = [9, 12, 17, 18];

const SOL: Token = { program: TOKEN_PROGRAM.toBase58(), decimals: 9 };

type Asked = Pick<TransferFacts, "transferId" | "kind" | "mint" | "amount" | "destination">;

/**
 * @param token - Of the transfer's mint.
 * @throws TypeError when the transfer lacks what its kind needs.
 */
export async function instructionsOf(
  { transferId, kind, mint, amount, destination }: Asked,
  wallet: string,
  token: Token | null,
): Promise<readonly InstructionData[]> {
  const wrapped = accountOf(wallet, WRAPPED_SOL, SOL);
  switch (kind) {
    case "withdraw": {
      const to = needed(destination, "destination", transferId);
      if (mint === null) return [lamports(wallet, to, amount)];
      const checked = needed(token, "token", transferId);
      const account = accountOf(to, mint, checked);
      return [
        open(wallet, account, to, mint, checked),
        tokens(accountOf(wallet, mint, checked), account, wallet, mint, checked, amount),
      ];
    }
    case "wrap":
      return [
        open(wallet, wrapped, wallet, WRAPPED_SOL, SOL),
        lamports(wallet, wrapped, amount),
        of(SOL, [written(wrapped)], Buffer.of(SYNC_NATIVE)),
      ];
    case "unwrap": {
      const seed = memoOf(transferId);
      const key = await PublicKey.createWithSeed(new PublicKey(wallet), seed, TOKEN_PROGRAM);
      const moment = key.toBase58();
      return [
        plain(
          SystemProgram.createAccountWithSeed({
            fromPubkey: new PublicKey(wallet),
            basePubkey: new PublicKey(wallet),
            newAccountPubkey: key,
            seed,
            lamports: RENT_LAMPORTS,
            space: ACCOUNT_BYTES,
            programId: TOKEN_PROGRAM,
          }),
        ),
        of(
          SOL,
          [written(moment), read(WRAPPED_SOL)],
          Buffer.concat([Buffer.of(INITIALIZE_ACCOUNT_3), new PublicKey(wallet).toBuffer()]),
        ),
        tokens(wrapped, moment, wallet, WRAPPED_SOL, SOL, amount),
        close(moment, wallet, SOL),
      ];
    }
    case "reclaim_rent": {
      const checked = needed(token, "token", transferId);
      return [close(accountOf(wallet, needed(mint, "mint", transferId), checked), wallet, checked)];
    }
    default:
      return kind satisfies never;
  }
}

function needed<Value>(value: Value | null, what: string, transferId: string): Value {
  if (value === null) throw new TypeError(`the ${what} of ${transferId} is not known`);
  return value;
}

const accountOf = (owner: string, mint: Mint, { program }: Token): string =>
  tokenAccount(owner, mint, new PublicKey(program));

type Account = InstructionData["accounts"][number];
const read = (pubkey: string): Account => ({ pubkey, isSigner: false, isWritable: false });
const written = (pubkey: string): Account => ({ pubkey, isSigner: false, isWritable: true });
const signs = (pubkey: string): Account => ({ pubkey, isSigner: true, isWritable: true });

const of = ({ program }: Token, accounts: readonly Account[], data: Buffer): InstructionData => ({
  programId: program,
  accounts,
  data: data.toString("base64"),
});

const lamports = (from: string, to: string, amount: bigint): InstructionData =>
  plain(SystemProgram.transfer({ fromPubkey: new PublicKey(from), toPubkey: new PublicKey(to), lamports: amount }));

function tokens(from: string, to: string, owner: string, mint: Mint, token: Token, amount: bigint): InstructionData {
  const data = Buffer.alloc(10);
  data.writeUInt8(TRANSFER_CHECKED);
  data.writeBigUInt64LE(amount, 1);
  data.writeUInt8(token.decimals, 9);
  return of(token, [written(from), read(mint), written(to), signs(owner)], data);
}

const open = (payer: string, account: string, owner: string, mint: Mint, { program }: Token): InstructionData => ({
  programId: ASSOCIATED_TOKEN_PROGRAM.toBase58(),
  accounts: [
    signs(payer),
    written(account),
    read(owner),
    read(mint),
    read(SystemProgram.programId.toBase58()),
    read(program),
  ],
  data: Buffer.of(CREATE_IDEMPOTENT).toString("base64"),
});

const close = (account: string, owner: string, token: Token): InstructionData =>
  of(token, [written(account), written(owner), signs(owner)], Buffer.of(CLOSE_ACCOUNT));

const plain = ({ programId, keys, data }: TransactionInstruction): InstructionData => ({
  programId: programId.toBase58(),
  accounts: keys.map((key) => ({ ...key, pubkey: key.pubkey.toBase58() })),
  data: Buffer.from(data).toString("base64"),
});
