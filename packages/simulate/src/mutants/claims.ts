/** Breaks of claiming: a stop fires once, by the rule that is armed, and what it fired is driven. */
import type { Fired } from "@backstop/core/stop/stop.store";
import { all, type Mutant, type Tools } from "./mutant.ts";

export const claimWithoutCondition: Mutant = {
  name: "claim-without-condition",
  breaks: "a claim names no version: what was changed or fired meanwhile fires all the same",
  ports: ({ stops }, { db }) => ({
    stops: {
      ...all(stops),
      claim: (fired, at) => {
        const asArmed = ({ armed, ...rest }: Fired): Fired => ({
          ...rest,
          armed: { ...armed, version: db.positions.get(armed.positionId)?.version ?? armed.version },
        });
        return stops.claim(fired.map(asArmed), at);
      },
    },
  }),
  // Redis does not tell what was changed.
  scenario: { chances: { redisTimeout: 0.4, peopleRace: 0.5, priceGap: 0.02 } },
};

export const leaseAsLock: Mutant = {
  name: "lease-as-lock",
  breaks: "who has the lease fires without asking the rows: the lease is taken for a lock",
  ports: ({ stops }, tools) => ({
    stops: {
      ...all(stops),
      async claim(fired, at) {
        const claims = await stops.claim(fired, at);
        return claims.map((claim, index) => {
          const one = fired[index];
          return claim.claimed || !one ? claim : { ...claim, claimed: fireAnyhow(tools, one, at), current: null };
        });
      },
    },
  }),
};

/** Another trigger and another exit, whatever there is already. */
function fireAnyhow({ db }: Tools, { armed, exitTradeId, reason, acceptedPrice, stopPrice }: Fired, at: Date): boolean {
  const position = db.positions.get(armed.positionId);
  const exit = [...db.trades.ascending("position", armed.positionId)].find(({ kind }) => kind === "exit");
  if (!position || !exit) return false;
  const again = db.triggers.size + 1_000;
  const { positionId } = position;
  const { highWaterMark } = armed;
  db.triggers.insert({ positionId, version: again, reason, acceptedPrice, stopPrice, highWaterMark, triggeredAt: at });
  db.trades.insert({
    ...exit,
    tradeId: `${exitTradeId}_${again}`,
    status: "planned",
    plannedAt: at,
    idempotencyKey: null,
  });
  return true;
}

export const exitIdNotDerived: Mutant = {
  name: "exit-id-not-derived",
  breaks: "an exit gets a new name at each claim, so that its messages name another one",
  ports: ({ stops }, { dice }) => ({
    stops: {
      ...all(stops),
      claim: (fired, at) =>
        stops.claim(
          fired.map((each) => ({ ...each, exitTradeId: `${each.exitTradeId}_${dice.whole(0, 1_000_000)}` })),
          at,
        ),
    },
  }),
};

export const triggerNotLatched: Mutant = {
  name: "trigger-not-latched",
  breaks: "what fired is known to the evaluator alone until it is claimed",
  ports: ({ watched }) => ({
    watched: {
      ...all(watched),
      latch: async () => {},
      load: async () => {
        const loaded = await watched.load();
        return loaded && { ...loaded, fired: [] };
      },
    },
  }),
  scenario: {
    chances: { priceGap: 0.01 },
    // Postgres is away for whoever claims, for longer than an evaluator ticks, and the price comes back meanwhile.
    ports: ({ stops, clock }, { weather }) => ({
      stops: {
        ...all(stops),
        claim: async (fired, at) => {
          const isAway = !weather.isCalm && Math.floor(clock.now().getTime() / CLAIMS_AWAY_MS) % 2 === 0;
          if (isAway) throw new Error("Postgres did not answer");
          return stops.claim(fired, at);
        },
      },
    }),
  },
};

/** Longer than the minute that an evaluator ticks, and shorter than any bound of a stop. */
const CLAIMS_AWAY_MS = 150_000;

export const wakeUpAfter: Mutant = {
  name: "wake-up-after",
  breaks: "the messages that drive a thing are queued when it is done, and not before",
  ports: ({ queues }) => ({
    queues: {
      async send(queue, tradeId, delaySeconds) {
        const isGuard = (queue === "execute" && delaySeconds >= 15) || queue === "reconcile";
        if (!isGuard) await queues.send(queue, tradeId, delaySeconds);
      },
    },
  }),
};

export const armNotTold: Mutant = {
  name: "arm-not-told",
  breaks: "the book is not told of a stop when it is armed",
  ports: ({ watched }) => ({
    watched: {
      ...all(watched),
      append: async (change) => (change.type === "arm" ? undefined : watched.append(change)),
    },
  }),
};

export const answerUnread: Mutant = {
  name: "claim-answer-unread",
  breaks: "a claim whose answer was lost counts as not made, and the stop as gone",
  ports: ({ stops }) => ({
    stops: {
      ...all(stops),
      claim: async (fired, at) => {
        try {
          return await stops.claim(fired, at);
        } catch {
          return fired.map(({ armed }) => ({
            armed: { ...armed, version: armed.version },
            claimed: false,
            current: null,
          }));
        }
      },
    },
  }),
  scenario: { chances: { postgresTimeout: 0.2, postgresReplyLost: 0.05, priceGap: 0.01 } },
};
