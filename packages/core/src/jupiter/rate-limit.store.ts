/**
 * The plan's calls in Redis, where concurrent functions share them.
 *
 * Invariants: taking and learning are one script each, so no call is given away twice; an absent key, a Redis that is slow
 * or away, and a window that has passed mean "unknown", and unknown means "go": a refusal by Jupiter is then the answer.
 * Milliseconds since 1970 go through Lua as text: a Redis may print no more than 14 digits of a number.
 */
import type { Redis } from "@upstash/redis";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { RateLimit, Told } from "./rate-limit.ts";

const KEY = "backstop:jupiter:calls";

/**
 * Of the plan's window, what entries leave to exits. An exit takes three calls (probe, quote, swap): on the free plan's 60 a
 * minute, of which prices take 30, a quarter closes five positions in the worst minute and leaves entries as much.
 */
const KEPT_FOR_EXITS = 1 / 4;

/** The documented window. A reset beyond it would be a clock that is wrong, and is not waited for. */
const WINDOW_MS = 60_000;

/**
 * After a refusal that does not say when: at first half of the second in which the free plan frees a call, doubled by each
 * refusal that follows a pause. The longest is four turns of an exit's message; none of it is documented, so it ends there.
 */
const PAUSES_MS = [500, 1_000, 2_000, 4_000, 8_000] as const;

/** Longer than any window and any pause: what is older tells nothing. */
const LIFE_MS = 120_000;

/** Answers until when there is no call for this priority; nothing: one was taken. */
const TAKE = `
  local now, priority = tonumber(ARGV[1]), ARGV[2]
  local paused, ends, remaining, kept = unpack(redis.call('HMGET', KEYS[1], 'paused', 'ends', 'remaining', 'kept'))
  if paused and now < tonumber(paused) then return paused end
  if not ends or now >= tonumber(ends) then return false end
  local floor = 0
  if priority == 'entry' then floor = tonumber(kept) end
  if tonumber(remaining) <= floor then return ends end
  redis.call('HINCRBY', KEYS[1], 'remaining', -1)
  return false`;

/** Answers of one window come in any order, and calls that are on their way are taken already: the least stays. */
const LEARN_WINDOW = `
  local ends, remaining, kept, life = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
  local known = redis.call('HMGET', KEYS[1], 'ends', 'remaining')
  if known[1] and tonumber(known[1]) > tonumber(ends) then return 0 end
  if known[1] == ends and tonumber(known[2]) < tonumber(remaining) then remaining = known[2] end
  redis.call('HSET', KEYS[1], 'ends', ends, 'remaining', remaining, 'kept', kept)
  redis.call('HDEL', KEYS[1], 'refusals')
  redis.call('PEXPIRE', KEYS[1], life)
  return 0`;

/** Refusals that come while a pause is on are of the same burst: they make it no longer. */
const LEARN_REFUSAL = `
  local now, life, pauses = tonumber(ARGV[1]), ARGV[2], #ARGV - 2
  local paused = redis.call('HGET', KEYS[1], 'paused')
  if paused and now < tonumber(paused) then return 0 end
  local refusals = redis.call('HINCRBY', KEYS[1], 'refusals', 1)
  if refusals > pauses then refusals = pauses end
  redis.call('HSET', KEYS[1], 'paused', ARGV[2 + refusals])
  redis.call('PEXPIRE', KEYS[1], life)
  return 0`;

export function redisRateLimit(redis: Redis, clock: Clock, log: Log): RateLimit {
  const orUnknown = async <Answer>(answer: Promise<Answer>): Promise<Answer | null> => {
    try {
      return await answer;
    } catch (error) {
      log.error("rate_limit_unknown", error);
      return null;
    }
  };

  return {
    async take(priority) {
      const now = String(clock.now().getTime());
      const until = await orUnknown(redis.eval<string[], string | number | null>(TAKE, [KEY], [now, priority]));
      return until === null ? null : new Date(Number(until));
    },

    async learn({ refused, window }: Told) {
      const now = clock.now().getTime();
      const endsAt = Math.min(window?.resetAt.getTime() ?? now, now + WINDOW_MS);
      if (window && endsAt > now) {
        const kept = Math.ceil((window.remaining + window.current) * KEPT_FOR_EXITS);
        // Refused, there is none left, whatever the header counts.
        const remaining = refused ? Math.min(window.remaining, 0) : window.remaining;
        await orUnknown(redis.eval(LEARN_WINDOW, [KEY], [endsAt, remaining, kept, LIFE_MS].map(String)));
      } else if (refused) {
        const pauses = PAUSES_MS.map((pause) => now + pause);
        await orUnknown(redis.eval(LEARN_REFUSAL, [KEY], [now, LIFE_MS, ...pauses].map(String)));
      }
    },
  };
}
