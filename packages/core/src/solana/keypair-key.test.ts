import { inspect } from "node:util";
import { Keypair } from "@solana/web3.js";
import bs58 from "bs58";
import { describe, expect, test } from "vitest";
import { key } from "../deps.ts";
import { keypairKey } from "./keypair-key.ts";

const wallet = Keypair.fromSeed(Buffer.alloc(32, 7));
const other = Keypair.fromSeed(Buffer.alloc(32, 8));
const WALLET_SECRET_KEY = bs58.encode(wallet.secretKey);

test("a key in memory has the wallet that web3.js would have", () => {
  expect(keypairKey(wallet.secretKey).wallet).toBe(wallet.publicKey.toBase58());
});

test("a secret that is too short, or whose halves do not belong together, is refused", () => {
  expect(() => keypairKey(wallet.secretKey.subarray(0, 32))).toThrow("a secret key has 64 bytes, not 32");
  const mixed = Buffer.concat([wallet.secretKey.subarray(0, 32), other.publicKey.toBytes()]);
  expect(() => keypairKey(mixed)).toThrow("its public half is not the one its seed makes");
});

describe("of an environment", () => {
  const failing = (env: Parameters<typeof key>[0]) =>
    key(env).then(
      () => expect.unreachable("it has a key"),
      (error: unknown) => error,
    );

  test("the secret is taken where no money is at stake", async () => {
    expect((await key({ WALLET_SECRET_KEY })).wallet).toBe(wallet.publicKey.toBase58());
    expect((await key({ WALLET_SECRET_KEY, BACKSTOP_STAGE: "dev" })).wallet).toBe(wallet.publicKey.toBase58());
  });

  test.each([
    [
      "in production",
      { WALLET_SECRET_KEY, BACKSTOP_STAGE: "production" },
      /^WALLET_SECRET_KEY is refused in production/,
    ],
    ["beside a key of KMS", { WALLET_SECRET_KEY, KMS_KEY_ID: "one" }, /^KMS_KEY_ID and WALLET_SECRET_KEY are both set/],
    [
      "cut short",
      { WALLET_SECRET_KEY: WALLET_SECRET_KEY.slice(2) },
      /^WALLET_SECRET_KEY must be .* 64 bytes, in base58$/,
    ],
    ["in another form", { WALLET_SECRET_KEY: `[${wallet.secretKey}]` }, /^WALLET_SECRET_KEY must be .*, in base58$/],
  ])("a secret %s is refused, and not told", async (_how, env, reason) => {
    const error = await failing(env);
    expect(error).toMatchObject({ message: expect.stringMatching(reason) });
    const told = inspect(error, { depth: 10, showHidden: true });
    expect(told).not.toContain(env.WALLET_SECRET_KEY);
    expect(told).not.toContain(WALLET_SECRET_KEY.slice(4, 40));
    expect(told).not.toContain(String(wallet.secretKey.subarray(0, 8)));
  });

  test("no key at all is told by both names", async () => {
    const error = await failing({ KMS_KEY_ID: "" });
    expect(error).toMatchObject({ message: "neither KMS_KEY_ID nor WALLET_SECRET_KEY is set" });
  });
});
