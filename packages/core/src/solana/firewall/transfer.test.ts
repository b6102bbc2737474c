/** Transfers as the engine builds them are signed; each of them spoiled in one way is not, by the rule that is meant for it. */
import { Keypair, PublicKey } from "@solana/web3.js";
import { describe, expect, test } from "vitest";
import { SOL_USDC } from "../../../testing/given.ts";
import { WRAPPED_SOL } from "../../market/mint.ts";
import { amount } from "../../money/amount.ts";
import { instructionsOf } from "../../transfer/instructions.ts";
import { tokenAccount } from "../token-account.ts";
import { buildMessage, type InstructionData } from "../transaction.ts";
import { TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "./addresses.ts";
import { inspectTransfer, type Token, TRANSFER_RULES, type TransferIntent } from "./transfer.ts";

const addressOf = (name: string): string => Keypair.fromSeed(Buffer.alloc(32, name)).publicKey.toBase58();

const [WALLET, COLD, THIEF] = [addressOf("wallet"), addressOf("cold"), addressOf("thief")];
const USDC = SOL_USDC.quoteMint;
const BLOCKHASH = addressOf("blockhash");
const TOKEN: Token = { program: TOKEN_PROGRAM, decimals: 6 };

const INTENTS: Readonly<Record<string, TransferIntent>> = {
  "a withdrawal of tokens": intent({ kind: "withdraw", mint: USDC, token: TOKEN, destination: COLD }),
  "a withdrawal of tokens of Token-2022": intent({
    kind: "withdraw",
    mint: USDC,
    token: { ...TOKEN, program: TOKEN_2022_PROGRAM },
    destination: COLD,
  }),
  "a withdrawal of lamports": intent({ kind: "withdraw", destination: COLD }),
  wrapping: intent({ kind: "wrap" }),
  unwrapping: intent({ kind: "unwrap", mint: WRAPPED_SOL, token: { program: TOKEN_PROGRAM, decimals: 9 } }),
  "reclaiming rent": intent({ kind: "reclaim_rent", mint: USDC, token: TOKEN }),
};

function intent(over: Pick<TransferIntent, "kind"> & Partial<TransferIntent>): TransferIntent {
  const none = { mint: null, token: null, destination: null };
  return { transferId: "tfr_1", wallet: WALLET, amount: 1_000_000n, ...none, ...over };
}

const build = async (over: TransferIntent): Promise<readonly InstructionData[]> =>
  instructionsOf({ ...over, amount: amount(over.amount) }, over.wallet, over.token);

interface Draft {
  readonly instructions: readonly InstructionData[];
  readonly memoOf?: string;
  readonly unitPrice?: bigint;
}

const messageOf = ({ instructions, memoOf = "tfr_1", unitPrice = 10_000n }: Draft): string =>
  buildMessage({
    wallet: WALLET,
    blockhash: BLOCKHASH,
    instructions,
    lookupTables: [],
    attemptId: memoOf,
    computeBudget: { unitLimit: 50_000, unitPriceMicroLamports: unitPrice },
  });

const ruleOn = async (draft: Draft, wanted: TransferIntent): Promise<string | null> => {
  const verdict = inspectTransfer(messageOf(draft), wanted);
  return verdict.type === "safe" ? null : verdict.rule;
};

const of = (name: string): TransferIntent => INTENTS[name] ?? expect.unreachable(name);

const each = Object.entries(INTENTS);

const refusedBy = new Set<string>();
const expectRefused = async (draft: Draft, wanted: TransferIntent, rule: string): Promise<void> => {
  expect(await ruleOn(draft, wanted)).toBe(rule);
  refusedBy.add(rule);
};

describe("a transfer", () => {
  test.each(each)("is signed as it is recorded: %s", async (_, wanted) => {
    expect(await ruleOn({ instructions: await build(wanted) }, wanted)).toBeNull();
  });

  test.each(each)("is not signed with an instruction more or less: %s", async (_, wanted) => {
    const instructions = await build(wanted);
    const [first, last] = [instructions.slice(1), instructions.slice(0, -1)];
    for (const fewer of [first, last]) await expectRefused({ instructions: fewer }, wanted, "steps");
    const theft = await build({ ...of("a withdrawal of lamports"), destination: THIEF });
    await expectRefused({ instructions: [...instructions, ...theft] }, wanted, "steps");
    await expectRefused({ instructions: [...instructions, ...instructions] }, wanted, "steps");
    const swapped = instructions.toReversed();
    if (instructions.length > 2) expect(await ruleOn({ instructions: swapped }, wanted)).not.toBeNull();
  });

  test.each(each.filter(([, { kind }]) => kind !== "reclaim_rent"))(
    "is not signed for a unit more or less: %s",
    async (_, wanted) => {
      for (const off of [-1n, 1n]) {
        const instructions = await build({ ...wanted, amount: wanted.amount + off });
        await expectRefused({ instructions }, wanted, "transfer");
      }
    },
  );

  test.each(each)(
    "is not signed with any of its accounts another one, or any byte of its data: %s",
    async (_, wanted) => {
      const instructions = await build(wanted);
      for (const [index, instruction] of instructions.entries()) {
        for (const at of instruction.accounts.keys()) {
          const accounts = instruction.accounts.map((account, place) =>
            place === at ? { ...account, pubkey: THIEF, isSigner: false } : account,
          );
          const spoiled = instructions.with(index, { ...instruction, accounts });
          expect(await ruleOn({ instructions: spoiled }, wanted), `account ${at} of ${index + 1}`).not.toBeNull();
        }
        const bytes = Buffer.from(instruction.data, "base64");
        for (const at of bytes.keys()) {
          const flipped = Buffer.from(bytes);
          flipped.writeUInt8(flipped.readUInt8(at) ^ 1, at);
          const spoiled = instructions.with(index, { ...instruction, data: flipped.toString("base64") });
          expect(await ruleOn({ instructions: spoiled }, wanted), `byte ${at} of ${index + 1}`).not.toBeNull();
        }
        const longer = { ...instruction, data: Buffer.concat([bytes, Buffer.of(0)]).toString("base64") };
        expect(await ruleOn({ instructions: instructions.with(index, longer) }, wanted)).not.toBeNull();
        const extra = { pubkey: THIEF, isSigner: false, isWritable: true };
        const more = { ...instruction, accounts: [...instruction.accounts, extra] };
        expect(await ruleOn({ instructions: instructions.with(index, more) }, wanted)).not.toBeNull();
      }
    },
  );

  test.each(each)("is not signed in the name, the place or the fee of another: %s", async (_, wanted) => {
    const instructions = await build(wanted);
    await expectRefused({ instructions, memoOf: "tfr_2" }, wanted, "memo");
    await expectRefused({ instructions, unitPrice: 21_000_000n }, wanted, "priority_fee");
    await expectRefused({ instructions }, { ...wanted, wallet: COLD }, "payer");
  });

  test("is not signed for another destination or another mint", async () => {
    for (const name of ["a withdrawal of tokens", "a withdrawal of lamports"]) {
      const wanted = of(name);
      const theft = await build({ ...wanted, destination: THIEF });
      await expectRefused({ instructions: theft }, wanted, wanted.mint === null ? "transfer" : "open");
    }
    const wanted = of("a withdrawal of tokens");
    const [open, move] = await build({ ...wanted, mint: SOL_USDC.baseMint });
    if (!open || !move) return expect.unreachable("it has two instructions");
    const [opens] = await build(wanted);
    await expectRefused({ instructions: [open, move] }, wanted, "open");
    await expectRefused({ instructions: [opens ?? open, move] }, wanted, "transfer");
    const decimals = { ...wanted, token: { ...TOKEN, decimals: 5 } };
    await expectRefused({ instructions: await build(decimals) }, wanted, "transfer");
  });

  test("unwraps in its own account of the moment and pays it to nobody else", async () => {
    const wanted = of("unwrapping");
    const instructions = await build(wanted);
    const another = await build({ ...wanted, transferId: "tfr_2" });
    await expectRefused({ instructions: another }, wanted, "temporary");
    const closing = instructions.at(-1) ?? expect.unreachable("it closes");
    const toThief = closing.accounts.with(1, { pubkey: THIEF, isSigner: false, isWritable: true });
    await expectRefused({ instructions: instructions.with(-1, { ...closing, accounts: toThief }) }, wanted, "close");
    const wrapped = tokenAccount(WALLET, WRAPPED_SOL, new PublicKey(TOKEN_PROGRAM));
    const all = closing.accounts.with(0, { pubkey: wrapped, isSigner: false, isWritable: true });
    await expectRefused({ instructions: instructions.with(-1, { ...closing, accounts: all }) }, wanted, "close");
  });

  test("closes our own account of the mint, and never the one of wrapped SOL", async () => {
    const wanted = of("reclaiming rent");
    const [closing] = await build(wanted);
    if (!closing) return expect.unreachable("it closes");
    const foreign = tokenAccount(COLD, USDC, new PublicKey(TOKEN_PROGRAM));
    const accounts = closing.accounts.with(0, { pubkey: foreign, isSigner: false, isWritable: true });
    await expectRefused({ instructions: [{ ...closing, accounts }] }, wanted, "close");
    const wrapped = { ...wanted, mint: WRAPPED_SOL };
    await expectRefused({ instructions: await build(wrapped) }, wrapped, "kind");
  });

  test("counts our wrapped SOL anew, and nobody else's", async () => {
    const wanted = of("wrapping");
    const instructions = await build(wanted);
    const syncing = instructions.at(-1) ?? expect.unreachable("it counts");
    const accounts = [{ pubkey: THIEF, isSigner: false, isWritable: true }];
    await expectRefused({ instructions: instructions.with(-1, { ...syncing, accounts }) }, wanted, "sync");
  });

  test("is not signed when its row does not say where it goes, or says that it goes to ourselves", async () => {
    const wanted = of("a withdrawal of lamports");
    const instructions = await build(wanted);
    for (const destination of [null, WALLET]) await expectRefused({ instructions }, { ...wanted, destination }, "kind");
    const unknown = { ...of("a withdrawal of tokens"), token: null };
    await expectRefused({ instructions }, unknown, "kind");
  });

  test("names no account that it does nothing with", async () => {
    const wanted = of("a withdrawal of lamports");
    const bytes = Buffer.from(messageOf({ instructions: await build(wanted) }), "base64");
    // The header counts one more that is only read, and it stands behind all others.
    const keys = bytes.readUInt8(4);
    const end = 5 + 32 * keys;
    const spoiled = Buffer.concat([bytes.subarray(0, end), new PublicKey(THIEF).toBuffer(), bytes.subarray(end)]);
    spoiled.writeUInt8(keys + 1, 4);
    spoiled.writeUInt8(spoiled.readUInt8(3) + 1, 3);
    expect(inspectTransfer(spoiled.toString("base64"), wanted)).toMatchObject({ type: "unsafe", rule: "accounts" });
    refusedBy.add("accounts");
  });

  test("was refused by each of the rules above", () => {
    expect([...refusedBy].filter((rule) => rule in TRANSFER_RULES).toSorted()).toEqual(
      Object.keys(TRANSFER_RULES).toSorted(),
    );
  });
});
