/**
 * KMS: GetPublicKey, and Sign as a wallet needs it, with keys that are held here and told to nobody.
 *
 * As there, a key knows its spec and signs by no other algorithm, Ed25519 takes whole messages and no digests, and a key that
 * is disabled does nothing.
 */
import { createPublicKey, type KeyObject, sign } from "node:crypto";
import { MessageType, SigningAlgorithmSpec } from "@aws-sdk/client-kms";
import { Hono } from "hono";
import * as z from "zod";
import { type Front, startServer } from "../listen.ts";
import { ACCOUNT, REGION } from "./context.ts";

export interface Kms {
  readonly endpoint: string;
  /** Refuses that many calls as too many. */
  throttle(calls: number): void;
  disable(keyId: string): void;
  enable(keyId: string): void;
  /** Makes that many signatures of another message than the one it was given. */
  forge(signatures: number): void;
  close(): Promise<void>;
}

/** Of Sign, by the documentation. */
const MESSAGE_BYTES_MAX = 4_096;

interface Kind {
  readonly spec: string;
  readonly algorithms: readonly SigningAlgorithmSpec[];
}

/** By the names that Node has for them. */
const KINDS: Readonly<Record<string, Kind>> = {
  ed25519: { spec: "ECC_NIST_EDWARDS25519", algorithms: ["ED25519_SHA_512", "ED25519_PH_SHA_512"] },
  ec: { spec: "ECC_NIST_P256", algorithms: ["ECDSA_SHA_256"] },
};

const Asked = z.object({ KeyId: z.string().min(1) });

const SignAsked = Asked.extend({
  Message: z.base64().transform((text) => Buffer.from(text, "base64")),
  MessageType: z.enum(MessageType).default("RAW"),
  SigningAlgorithm: z.enum(SigningAlgorithmSpec),
});

class Refusal extends Error {
  constructor(type: string, message: string) {
    super(message);
    this.name = type;
  }
}

const arnOf = (keyId: string): string => `arn:aws:kms:${REGION}:${ACCOUNT}:key/${keyId}`;

/** `keys` by their ids, Ed25519 or P-256. */
export async function startKms({
  keys,
  front,
}: {
  keys: Readonly<Record<string, KeyObject>>;
  front?: Front;
}): Promise<Kms> {
  const disabled = new Set<string>();
  let throttled = 0;
  let forged = 0;

  function find(asked: string): { readonly arn: string; readonly privateKey: KeyObject; readonly kind: Kind } {
    const [keyId, privateKey] = Object.entries(keys).find(([id]) => id === asked || arnOf(id) === asked) ?? [];
    const kind = KINDS[privateKey?.asymmetricKeyType ?? ""];
    if (!keyId || !privateKey || !kind) throw new Refusal("NotFoundException", `Key '${asked}' does not exist`);
    if (disabled.has(keyId)) throw new Refusal("DisabledException", `${arnOf(keyId)} is disabled.`);
    return { arn: arnOf(keyId), privateKey, kind };
  }

  const operations: Readonly<Record<string, (body: unknown) => object>> = {
    "TrentService.GetPublicKey"(body) {
      const { arn, privateKey, kind } = find(valid(Asked, body).KeyId);
      return {
        KeyId: arn,
        PublicKey: createPublicKey(privateKey).export({ format: "der", type: "spki" }).toString("base64"),
        KeySpec: kind.spec,
        CustomerMasterKeySpec: kind.spec,
        KeyUsage: "SIGN_VERIFY",
        SigningAlgorithms: kind.algorithms,
      };
    },

    "TrentService.Sign"(body) {
      const { KeyId, Message, MessageType, SigningAlgorithm } = valid(SignAsked, body);
      if (Message.length > MESSAGE_BYTES_MAX) {
        throw new Refusal("ValidationException", `'message' must have at most ${MESSAGE_BYTES_MAX} bytes`);
      }
      const { arn, privateKey, kind } = find(KeyId);
      if (!kind.algorithms.includes(SigningAlgorithm)) {
        const detail = `Algorithm ${SigningAlgorithm} is incompatible with key spec ${kind.spec}.`;
        throw new Refusal("InvalidKeyUsageException", detail);
      }
      if (SigningAlgorithm !== "ED25519_SHA_512") {
        throw new Refusal("UnsupportedOperationException", `${SigningAlgorithm} is not modelled here`);
      }
      if (MessageType !== "RAW") {
        throw new Refusal("ValidationException", `${SigningAlgorithm} takes messages of type RAW, not ${MessageType}`);
      }
      const message = forged > 0 ? Buffer.concat([Message, Buffer.of(0)]) : Message;
      forged = Math.max(0, forged - 1);
      return { KeyId: arn, Signature: sign(null, message, privateKey).toString("base64"), SigningAlgorithm };
    },
  };

  const app = new Hono();
  app.post("/", async (c) => {
    c.header("content-type", "application/x-amz-json-1.1");
    try {
      if (throttled > 0) {
        throttled -= 1;
        throw new Refusal("ThrottlingException", "You have exceeded the rate at which you may call KMS.");
      }
      const target = c.req.header("x-amz-target") ?? "";
      const operation = Object.hasOwn(operations, target) ? operations[target] : undefined;
      if (!operation) throw new Refusal("UnknownOperationException", target);
      return c.body(JSON.stringify(operation(await c.req.json().catch(() => undefined))));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return c.body(JSON.stringify({ __type: error.name, message: error.message }), 400);
    }
  });

  const server = await startServer(app, front);
  return {
    endpoint: server.url,
    throttle(calls) {
      throttled = calls;
    },
    disable: (keyId) => void disabled.add(keyId),
    enable: (keyId) => void disabled.delete(keyId),
    forge(signatures) {
      forged = signatures;
    },
    close: server.close,
  };
}

function valid<Output>(schema: z.ZodType<Output>, body: unknown): Output {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new Refusal("ValidationException", z.prettifyError(parsed.error));
  return parsed.data;
}
