/**
 * A key held in memory: for the local stack, tests, and stages that trade for practice.
 *
 * Invariant: no error tells any of its bytes.
 */
import { createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import bs58 from "bs58";
import type { Key } from "./signer.ts";

/** RFC 8410: what is before the 32 bytes of a seed in the PKCS #8 form of an Ed25519 key. */
const PKCS8_PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

const SEED_BYTES = 32;

/** As Solana's tools write a secret key: the seed, and the public key that it makes. */
const SECRET_KEY_BYTES = 64;

export function keypairKey(secret: Uint8Array): Key {
  const privateKey = privateKeyOf(secret);
  return {
    wallet: bs58.encode(secret.subarray(SEED_BYTES)),
    sign: async (message) => bs58.encode(sign(null, Buffer.from(message, "base64"), privateKey)),
  };
}

/** @throws RangeError when it is not a seed and the public key that it makes. */
export function privateKeyOf(secret: Uint8Array): KeyObject {
  if (secret.length !== SECRET_KEY_BYTES) {
    throw new RangeError(`a secret key has ${SECRET_KEY_BYTES} bytes, not ${secret.length}`);
  }
  const pkcs8 = Buffer.concat([PKCS8_PREFIX, secret.subarray(0, SEED_BYTES)]);
  const privateKey = createPrivateKey({ key: pkcs8, format: "der", type: "pkcs8" });
  const made = createPublicKey(privateKey).export({ format: "der", type: "spki" }).subarray(-SEED_BYTES);
  if (!made.equals(secret.subarray(SEED_BYTES))) throw new RangeError("its public half is not the one its seed makes");
  return privateKey;
}
