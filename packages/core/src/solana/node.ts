/**
 * One RPC node: web3.js's connection, with a deadline on every call and its failures in words.
 *
 * Invariants: no call outlives its deadline, its body included; a failure says which call it was and why, and never the
 * node's address, which may carry a key; a failure says nothing about what the chain did.
 */
import { Connection } from "@solana/web3.js";
import type { Clock } from "../clock.ts";
import { EngineError } from "../error.ts";

/** One call. Longer than a healthy node ever needs, short enough that a function can make several. */
const DEADLINE_MS = 5_000;

/** A node's words go into logs and answers: the first sentences tell why, what follows are program logs. */
const REASON_LENGTH_MAX = 300;

export interface Node {
  /**
   * Makes one call; `method` is for its name in the error.
   *
   * @throws EngineError NETWORK_ERROR with what the node said, if anything.
   */
  ask<Answer>(method: string, call: (connection: Connection) => Promise<Answer>): Promise<Answer>;
}

export function rpcNode(endpoint: string, name: string, clock: Clock): Node {
  const connection = new Connection(endpoint, {
    commitment: "confirmed",
    // The library's own five retries would outlive the deadline; what is worth a retry is retried by the queue.
    disableRetryOnRateLimit: true,
    fetch: (url, init) => post(url as string, init as RequestInit, clock),
  });
  return {
    async ask(method, call) {
      try {
        return await call(connection);
      } catch (cause) {
        const detail = `${name} ${failureOf(method, cause)}`;
        // A question changes nothing, whatever becomes of it; of what was sent nobody says that it failed.
        const outcome = method === "sendTransaction" ? "unknown" : "known";
        throw new EngineError("NETWORK_ERROR", { detail, upstream: "rpc", outcome }, { cause });
      }
    },
  };
}

/** The node did not answer, and why. */
class Unanswered extends Error {}

async function post(url: string, init: RequestInit, clock: Clock): Promise<Response> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(url, { ...init, signal: clock.deadline(DEADLINE_MS) });
    text = await response.text();
  } catch (cause) {
    const isLate = cause instanceof DOMException && cause.name === "TimeoutError";
    throw new Unanswered(isLate ? `nothing came within ${DEADLINE_MS / 1000} s` : "it cannot be reached", { cause });
  }
  if (response.status === 429) throw new Unanswered("it is asked too often (429)");
  if (!response.ok) throw new Unanswered(`it says ${response.status} ${response.statusText}`.trimEnd());
  return new Response(text);
}

function failureOf(method: string, cause: unknown): string {
  if (cause instanceof Unanswered) return `did not answer ${method}: ${cause.message}`;
  // How web3.js and the JSON parser say that an answer is not of the documented shape.
  if (cause instanceof TypeError || cause instanceof SyntaxError) return `answered ${method} with what makes no sense`;
  const said = cause instanceof Error ? cause.message : String(cause);
  return `refused ${method}: ${said.slice(0, REASON_LENGTH_MAX)}`;
}
