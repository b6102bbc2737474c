/**
 * A key that AWS KMS holds, and nobody else: what leaves it is its public half, and signatures.
 *
 * Invariants: the wallet is the key's own public half; a signature is handed out only after it was verified against that
 * half, so an alias that points to another key since then signs nothing; no error tells the message or what KMS made of it.
 */
import { createPublicKey, verify } from "node:crypto";
import {
  GetPublicKeyCommand,
  type GetPublicKeyCommandOutput,
  type KMSClient,
  KMSServiceException,
  SignCommand,
} from "@aws-sdk/client-kms";
import bs58 from "bs58";
import type { Key } from "./signer.ts";

/** RFC 8410: what is before the 32 bytes of the key in the SPKI form of an Ed25519 key. */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");

/** Of the prefix and the key. */
const SPKI_BYTES = 44;

const SIGNATURE_BYTES = 64;

/** Its refusals that a person has to do something about. */
const REFUSALS: Readonly<Record<string, string>> = {
  ThrottlingException: "it is asked too often",
  DisabledException: "the key is disabled",
  KMSInvalidStateException: "the key is in a state in which it is not used, such as pending deletion",
  KeyUnavailableException: "the key is not available at the moment",
  NotFoundException: "there is no such key in this account and region",
  AccessDeniedException: "this role is not allowed to",
  InvalidKeyUsageException: "the key is not for such signatures",
};

/** @throws Error when KMS does not answer, refuses, or has another kind of key under that id. */
export async function kmsKey(client: KMSClient, keyId: string): Promise<Key> {
  const answer = await client.send(new GetPublicKeyCommand({ KeyId: keyId })).catch((error: unknown) => {
    throw failure(`KMS did not give the public half of key ${keyId}`, error);
  });
  const spki = spkiOf(answer, keyId);
  const publicKey = createPublicKey({ key: spki, format: "der", type: "spki" });
  return {
    wallet: bs58.encode(spki.subarray(SPKI_PREFIX.length)),
    async sign(message) {
      const bytes = Buffer.from(message, "base64");
      const command = new SignCommand({
        KeyId: keyId,
        Message: bytes,
        // The bytes themselves: with DIGEST it would be Ed25519ph, which Solana does not know.
        MessageType: "RAW",
        SigningAlgorithm: "ED25519_SHA_512",
      });
      const { Signature: signature } = await client.send(command).catch((error: unknown) => {
        throw failure(`KMS did not sign with key ${keyId}`, error);
      });
      if (signature?.length !== SIGNATURE_BYTES) {
        const bytes = signature?.length ?? 0;
        throw new Error(`KMS answered for key ${keyId} with a signature of ${bytes} bytes, not ${SIGNATURE_BYTES}`);
      }
      if (!verify(null, bytes, publicKey, signature)) {
        throw new Error(`KMS answered for key ${keyId} with a signature that is not this key's of this message`);
      }
      return bs58.encode(signature);
    },
  };
}

function spkiOf({ KeySpec, KeyUsage, PublicKey }: GetPublicKeyCommandOutput, keyId: string): Buffer {
  if (KeySpec !== "ECC_NIST_EDWARDS25519") {
    throw new Error(`the KMS key ${keyId} has the key spec ${KeySpec}: a wallet needs ECC_NIST_EDWARDS25519`);
  }
  if (KeyUsage !== "SIGN_VERIFY") {
    throw new Error(`the KMS key ${keyId} has the key usage ${KeyUsage}: a wallet needs SIGN_VERIFY`);
  }
  const spki = Buffer.from(PublicKey ?? []);
  if (spki.length !== SPKI_BYTES || !spki.subarray(0, SPKI_PREFIX.length).equals(SPKI_PREFIX)) {
    throw new Error(`KMS answered for key ${keyId} with ${spki.length} bytes that are no Ed25519 public key`);
  }
  return spki;
}

const failure = (what: string, cause: unknown): Error => new Error(`${what}: ${reasonOf(cause)}`, { cause });

/** Not in AWS's words, which may hold what a request was signed with. */
function reasonOf(error: unknown): string {
  if (error instanceof KMSServiceException) return REFUSALS[error.name] ?? `it answers ${error.name}`;
  if (!(error instanceof Error)) return "the call failed";
  if (error instanceof SyntaxError) return "its answer makes no sense";
  if (error.name === "TimeoutError") return "it did not answer in time";
  return `it cannot be asked (${"code" in error ? error.code : error.name})`;
}
