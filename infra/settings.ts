/** The numbers of the deployment, each with its reason; the local stack runs with the same ones. */

export interface QueueSettings {
  readonly visibilityTimeoutSeconds: number;
  readonly maxReceiveCount: number;
  readonly batchSize: number;
  /** How many batches may run at once. */
  readonly concurrency: number;
}

/**
 * Longer than an invocation takes when every call of it runs into its deadline, so that no message is given out while it is
 * being worked on; and about a blockhash's life (30 s), so that a dead function's message comes back while that matters.
 */
const VISIBILITY_TIMEOUT_SECONDS = 30;

/** A message that failed this often fails for a reason of its own: it belongs where a person looks. */
const MAX_RECEIVE_COUNT = 5;

export const queues = {
  // Exits must not wait for each other's quotes.
  execute: {
    visibilityTimeoutSeconds: VISIBILITY_TIMEOUT_SECONDS,
    maxReceiveCount: MAX_RECEIVE_COUNT,
    batchSize: 1,
    concurrency: 4,
  },
  // One batch is one question to the RPC, so more of them in a batch is cheaper.
  confirm: {
    visibilityTimeoutSeconds: VISIBILITY_TIMEOUT_SECONDS,
    maxReceiveCount: MAX_RECEIVE_COUNT,
    batchSize: 10,
    concurrency: 2,
  },
} as const satisfies Record<string, QueueSettings>;

/** How long a function may run. */
export const timeoutSeconds = {
  // Two statements and one signature, with room for a database that has to wake up.
  sign: 10,
  // The evaluator ticks for at most 150 s; the rest is for its last tick.
  evaluateStops: 180,
  // A thousand events at most, one after the other if they are all of one position, and 5 s of waiting for a bus that refuses.
  relayEvents: 60,
} as const;

/** The Scheduler's smallest interval: an evaluator that died is replaced within it. */
export const EVALUATE_STOPS_EVERY_MS = 60_000;
