/**
 * Jupiter Price v3: the last swap's price in USD. A mint without a reliable price is absent from the answer.
 *
 * Source: developers.jup.ag, "Price API V3": at most 50 mints a request.
 */
import * as z from "zod";
import type { Clock } from "../clock.ts";
import { EngineError } from "../error.ts";
import { type Mint, mint } from "../market/mint.ts";
import type { Observation, PriceSource } from "./accepted.ts";

const MINTS_MAX = 50;
/** A price that takes longer is of no use to a tick of two seconds. */
const DEADLINE_MS = 1_500;

const Answer = z.record(
  z.string(),
  z.looseObject({ usdPrice: z.number(), blockId: z.number().int().nullish() }).nullable(),
);

export interface JupiterPriceConfig {
  /** Such as `https://api.jup.ag`. */
  readonly baseUrl: string;
  readonly apiKey: string;
}

export function jupiterPrices(config: JupiterPriceConfig, clock: Clock): PriceSource {
  return {
    name: "jupiter",
    async fetch(mints) {
      const prices = new Map<Mint, Observation>();
      for (let from = 0; from < mints.length; from += MINTS_MAX) {
        const ids = mints.slice(from, from + MINTS_MAX).join(",");
        for (const [id, said] of Object.entries(await ask(config, ids, clock))) {
          if (said) prices.set(mint(id), { usdPrice: said.usdPrice, blockId: blockOf(said.blockId) });
        }
      }
      return prices;
    },
  };
}

const blockOf = (blockId: number | null | undefined): bigint | null => (blockId == null ? null : BigInt(blockId));

async function ask(config: JupiterPriceConfig, ids: string, clock: Clock): Promise<z.infer<typeof Answer>> {
  const unreachable = (detail: string, cause?: unknown) =>
    new EngineError("NETWORK_ERROR", { detail, upstream: "jupiter price", outcome: "known" }, { cause });
  let response: Response;
  try {
    response = await fetch(`${config.baseUrl}/price/v3?ids=${ids}`, {
      headers: { "x-api-key": config.apiKey },
      signal: clock.deadline(DEADLINE_MS),
    });
  } catch (cause) {
    throw unreachable("the price API could not be reached", cause);
  }
  if (!response.ok) throw unreachable(`the price API answered ${response.status}`);
  const answer = Answer.safeParse(await response.json().catch(() => null));
  if (!answer.success) throw unreachable("the price API's answer makes no sense", answer.error);
  return answer.data;
}
