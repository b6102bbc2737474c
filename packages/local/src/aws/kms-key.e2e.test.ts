/** A wallet whose key is in KMS, through the AWS client as it is deployed: what it signs lands, and what is wrong is told. */
import { generateKeyPairSync } from "node:crypto";
import { inspect } from "node:util";
import { KMSClient, SignCommand, type SignCommandInput } from "@aws-sdk/client-kms";
import * as Deps from "@backstop/core/deps";
import { privateKeyOf } from "@backstop/core/solana/keypair-key";
import { kmsKey } from "@backstop/core/solana/kms-key";
import { solanaRpc } from "@backstop/core/solana/rpc";
import { buildMessage } from "@backstop/core/solana/transaction";
import { assemble } from "@backstop/core/solana/wire";
import { type AnsweringServer, startAnsweringServer } from "@backstop/core/testing/answering-server";
import { Keypair, SystemProgram } from "@solana/web3.js";
import bs58 from "bs58";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { clock } from "../../../../functions/system.ts";
import { World } from "../chain/world.ts";
import { type Kms, startKms } from "./kms.ts";

const keypair = Keypair.fromSeed(Buffer.alloc(32, 5));
const wallet = keypair.publicKey.toBase58();

/** In base64; what it says does not matter to KMS. */
const MESSAGE = Buffer.from("a message that nobody has to see").toString("base64");

const CREDENTIALS = { accessKeyId: "local", secretAccessKey: "the secret of the role" };

const KEYS = {
  wallet: privateKeyOf(keypair.secretKey),
  other: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey,
};

let kms: Kms;
beforeEach(async () => {
  kms = await startKms({ keys: KEYS });
  at(kms.endpoint);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await kms.close();
});

/** Where the client that `Deps` makes looks for KMS. */
function at(endpoint: string): void {
  vi.stubEnv("AWS_ENDPOINT_URL_KMS", endpoint);
  vi.stubEnv("AWS_REGION", "us-east-1");
  vi.stubEnv("AWS_ACCESS_KEY_ID", CREDENTIALS.accessKeyId);
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", CREDENTIALS.secretAccessKey);
}

const keyOf = (keyId: string) => Deps.key({ KMS_KEY_ID: keyId, BACKSTOP_STAGE: "production" });

/** The sentence, of an error that has its cause unless it is the first to know, and holds nothing that is not to be told. */
async function told(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => expect.unreachable("nothing was wrong"),
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Error)) return expect.unreachable(String(error));
  const whole = inspect(error, { depth: 10, showHidden: true });
  const secrets = [MESSAGE, CREDENTIALS.secretAccessKey, bs58.encode(keypair.secretKey)];
  for (const secret of secrets) expect(whole).not.toContain(secret);
  return error.message;
}

describe("what it signs", () => {
  test("lands on the chain, paid for by the wallet that its public half is", async () => {
    const world = new World({ seed: "kms", markets: [] });
    world.fund(keypair.publicKey, { lamports: 1_000_000_000n, tokens: [] });
    const node = await world.startRpc();
    try {
      const key = await keyOf("wallet");
      expect(key.wallet).toBe(wallet);
      const rpc = solanaRpc([node.url], clock);
      const { blockhash } = await rpc.latestBlockhash();
      const toPubkey = Keypair.generate().publicKey;
      const transfer = SystemProgram.transfer({ fromPubkey: keypair.publicKey, toPubkey, lamports: 5_000_000 });
      const message = buildMessage({
        wallet,
        blockhash,
        instructions: [
          {
            programId: transfer.programId.toBase58(),
            accounts: transfer.keys.map((each) => ({ ...each, pubkey: each.pubkey.toBase58() })),
            data: transfer.data.toString("base64"),
          },
        ],
        lookupTables: [],
        attemptId: "trd_1.1",
        computeBudget: { unitLimit: 50_000, unitPriceMicroLamports: 0n },
      });
      const signature = await key.sign(message);
      await rpc.send(assemble(message, signature));
      for (let blocks = 0; blocks < 2; blocks++) world.produceBlock();
      expect((await rpc.statuses([signature])).statuses).toMatchObject([{ commitment: "confirmed", error: null }]);
      expect(await rpc.lamports(toPubkey.toBase58(), "confirmed")).toBe(5_000_000n);
    } finally {
      await node.close();
    }
  });

  test("is the same for the same message, by the key's id and by its name in the account", async () => {
    const byId = await (await keyOf("wallet")).sign(MESSAGE);
    expect(await (await keyOf("arn:aws:kms:us-east-1:000000000000:key/wallet")).sign(MESSAGE)).toBe(byId);
    expect(bs58.decode(byId)).toHaveLength(64);
  });
});

describe("a key that KMS does not give", () => {
  test("because it is asked too often, more often than the client tries, is there a moment later", async () => {
    kms.throttle(3);
    expect(await told(keyOf("wallet"))).toBe("KMS did not give the public half of key wallet: it is asked too often");
    kms.throttle(2);
    expect((await keyOf("wallet")).wallet).toBe(wallet);
  });

  test("because it is disabled, is there when it is enabled", async () => {
    kms.disable("wallet");
    expect(await told(keyOf("wallet"))).toBe("KMS did not give the public half of key wallet: the key is disabled");
    kms.enable("wallet");
    expect((await keyOf("wallet")).wallet).toBe(wallet);
  });

  test("because there is none, or it is of another kind, says which it is", async () => {
    expect(await told(keyOf("none"))).toBe(
      "KMS did not give the public half of key none: there is no such key in this account and region",
    );
    expect(await told(keyOf("other"))).toBe(
      "the KMS key other has the key spec ECC_NIST_P256: a wallet needs ECC_NIST_EDWARDS25519",
    );
  });

  test("because KMS is away, is there when it is back", async () => {
    await kms.close();
    expect(await told(keyOf("wallet"))).toBe(
      "KMS did not give the public half of key wallet: it cannot be asked (ECONNREFUSED)",
    );
    kms = await startKms({ keys: KEYS });
    at(kms.endpoint);
    expect((await keyOf("wallet")).wallet).toBe(wallet);
  });
});

describe("a signature", () => {
  test("that KMS does not make, because it is asked too often or the key is disabled, is made a moment later", async () => {
    const key = await keyOf("wallet");
    const signature = await key.sign(MESSAGE);
    kms.throttle(3);
    expect(await told(key.sign(MESSAGE))).toBe("KMS did not sign with key wallet: it is asked too often");
    kms.disable("wallet");
    expect(await told(key.sign(MESSAGE))).toBe("KMS did not sign with key wallet: the key is disabled");
    kms.enable("wallet");
    expect(await key.sign(MESSAGE)).toBe(signature);
  });

  test("of another message is handed out to nobody", async () => {
    const key = await keyOf("wallet");
    kms.forge(1);
    expect(await told(key.sign(MESSAGE))).toBe(
      "KMS answered for key wallet with a signature that is not this key's of this message",
    );
    expect(bs58.decode(await key.sign(MESSAGE))).toHaveLength(64);
  });

  test("that KMS refuses by the length of the message is not tried again", async () => {
    const key = await keyOf("wallet");
    const tooLong = Buffer.alloc(4_097).toString("base64");
    expect(await told(key.sign(tooLong))).toBe("KMS did not sign with key wallet: it answers ValidationException");
    expect(bs58.decode(await key.sign(Buffer.alloc(4_096).toString("base64")))).toHaveLength(64);
  });
});

describe("an answer that makes no sense", () => {
  let answering: AnsweringServer;
  beforeAll(async () => {
    answering = await startAnsweringServer();
  });
  afterAll(() => answering.close());

  const client = (endpoint: string) =>
    new KMSClient({ endpoint, region: "us-east-1", credentials: CREDENTIALS, maxAttempts: 1 });
  const answer = (body: object) => answering.answer({ status: 200, body: JSON.stringify(body) });
  const SPKI = KEYS.other.export({ format: "der", type: "pkcs8" });
  const half = {
    KeySpec: "ECC_NIST_EDWARDS25519",
    KeyUsage: "SIGN_VERIFY",
    PublicKey: Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), keypair.publicKey.toBytes()]),
  };
  const given = (over: object) => {
    const { PublicKey, ...rest } = { ...half, ...over };
    answer({ ...rest, PublicKey: Buffer.from(PublicKey).toString("base64") });
    return kmsKey(client(answering.url), "wallet");
  };

  test("in place of a public half is refused", async () => {
    expect((await given({})).wallet).toBe(wallet);
    expect(await told(given({ KeyUsage: "KEY_AGREEMENT" }))).toBe(
      "the KMS key wallet has the key usage KEY_AGREEMENT: a wallet needs SIGN_VERIFY",
    );
    const noKey = (bytes: number) => `KMS answered for key wallet with ${bytes} bytes that are no Ed25519 public key`;
    expect(await told(given({ PublicKey: half.PublicKey.subarray(0, 43) }))).toBe(noKey(43));
    expect(await told(given({ PublicKey: SPKI.subarray(0, 44) }))).toBe(noKey(44));
    expect(await told(given({ PublicKey: [] }))).toBe(noKey(0));
  });

  test.each([63, 65, 0])("in place of a signature, of %s bytes, is refused", async (bytes) => {
    const key = await given({});
    answer({ Signature: Buffer.alloc(bytes, 1).toString("base64") });
    expect(await told(key.sign(MESSAGE))).toBe(
      `KMS answered for key wallet with a signature of ${bytes} bytes, not 64`,
    );
  });

  test("from something else than KMS, or none at all, is told for what it is", async () => {
    const key = await given({});
    answering.answer({ status: 503, body: "<html>" });
    expect(await told(key.sign(MESSAGE))).toBe("KMS did not sign with key wallet: its answer makes no sense");
    answering.answer("never");
    at(answering.url);
    expect(await told(keyOf("wallet"))).toBe(
      "KMS did not give the public half of key wallet: it did not answer in time",
    );
    expect(answering.asked).toHaveLength(3);
  });
});

describe("KMS itself", () => {
  const asked = (input: Partial<SignCommandInput>) => {
    const client = new KMSClient({ endpoint: kms.endpoint, region: "us-east-1", credentials: CREDENTIALS });
    const Message = Buffer.from(MESSAGE, "base64");
    return client.send(new SignCommand({ KeyId: "wallet", Message, SigningAlgorithm: "ED25519_SHA_512", ...input }));
  };

  test.each([
    [{ MessageType: "DIGEST" }, "ValidationException"],
    [{ SigningAlgorithm: "ECDSA_SHA_256" }, "InvalidKeyUsageException"],
    [{ KeyId: "other" }, "InvalidKeyUsageException"],
    [{ SigningAlgorithm: "ROT13" as "ED25519_SHA_512" }, "ValidationException"],
    [{ KeyId: "none" }, "NotFoundException"],
  ] as const)("refuses %o with %s", async (input, name) => {
    await expect(asked(input)).rejects.toMatchObject({ name, $metadata: { httpStatusCode: 400 } });
  });

  test("takes a message as raw when nobody says what it is", async () => {
    expect((await asked({})).Signature).toHaveLength(64);
  });
});
