/** The numbers of the deployment, each with its reason; the local stack runs with the same ones. */

export interface QueueSettings {
  readonly visibilityTimeoutSeconds: number;
  readonly maxReceiveCount: number;
  readonly batchSize: number;
  /** How many batches may run at once. */
  readonly concurrency: number;
}

/**
 * Longer than the function may run, so that no message is given out while it is being worked on; and shorter than a blockhash
 * lives (150 blocks, 30 s at 200 ms), so that a dead function's message comes back while its attempt can still land.
 */
const VISIBILITY_TIMEOUT_SECONDS = 25;

/**
 * A message that failed this often fails for a reason of its own: it belongs where a person looks. Until then it is harmless
 * in any number, and losing the one that drives an exit costs what the market falls until it is found. At a receive every
 * 25 s it outlives forty minutes without a database.
 */
const MAX_RECEIVE_COUNT = 100;

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
  // Nobody waits for it, so as few at once as Lambda allows.
  reconcile: {
    // A little longer than the function may run, and longer than a node or a database is away for a moment.
    visibilityTimeoutSeconds: 130,
    // At a receive every 130 s it outlives the same forty minutes.
    maxReceiveCount: 20,
    batchSize: 10,
    concurrency: 2,
  },
} as const satisfies Record<string, QueueSettings>;

/** How long a function may run. */
export const timeoutSeconds = {
  // Under 2 s when all is well. A trade that is planned and whose function died is taken over after 20 s.
  api: 18,
  // An attempt is about ten calls. Its turn is over after 18 s, and its message comes again after 25 s.
  executeTrades: 20,
  confirmTrades: 20,
  // A second when all is well: four statements, a price, three questions to a node and one signature. Whoever waits for longer
  // than this goes on without it.
  sign: 10,
  // The evaluator ticks for at most 150 s; the rest is for its last tick.
  evaluateStops: 180,
  // A thousand events at most, one after the other if they are all of one position, and 5 s of waiting for a bus that refuses.
  relayEvents: 60,
  // A hundred holdings at most, each about four questions to a node and as many statements, and eight pages of statuses.
  reconcile: 120,
} as const;

/** The Scheduler's smallest interval: an evaluator that died is replaced within it. */
export const EVALUATE_STOPS_EVERY_MS = 60_000;
