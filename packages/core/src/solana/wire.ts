/**
 * A transaction on the wire: one signature, and behind it the message, byte for byte as it is recorded.
 *
 * Invariant: nothing is read out of a message and written anew: what goes out is what was inspected and signed.
 */
import bs58 from "bs58";

const SIGNATURES = Buffer.of(1);
const SIGNATURE_BYTES = 64;

/** @param signature - Base58; null: it has not been made, as a node is asked what would be. */
export const assemble = (message: string, signature: string | null): Buffer =>
  Buffer.concat([
    SIGNATURES,
    signature === null ? Buffer.alloc(SIGNATURE_BYTES) : bs58.decode(signature),
    Buffer.from(message, "base64"),
  ]);
