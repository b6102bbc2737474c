/**
 * A person, or their bot, at the other end of the API: asks, and asks again until there is an answer.
 *
 * Invariant: what may have been done is asked for again in the same words and under the same key.
 */
import type { Lambda } from "../engine/lambda.ts";
import { type ApiAnswer, type ApiRequest, through } from "../engine/gateway.ts";
import type { World } from "../kernel/invocation.ts";

export interface PersonDeps {
  readonly world: World;
  readonly lambda: Lambda;
  readonly tell: (line: string) => void;
}

/** Until they ask again. */
const PATIENCE_MS = [1_000, 20_000] as const;

/** In bad weather every third request has no answer; so many in a row without one are a matter of the engine. */
const ASKED_MAX = 60;

/** The answer; null: none came, however often they asked. */
export async function ask(
  deps: PersonDeps,
  name: "trades" | "positions",
  request: ApiRequest,
): Promise<ApiAnswer | null> {
  const { world, tell } = deps;
  for (let asked = 0; asked < ASKED_MAX; asked++) {
    const answer = await askOnce(deps, name, request);
    const isAnswer = answer !== null && answer.status < 500 && answer.status !== 429;
    tell(`person  ${request.method} ${request.path}: ${told(answer)}`);
    if (isAnswer) return answer;
    await world.timeline.wait(world.dice.between(...PATIENCE_MS));
  }
  return null;
}

async function askOnce({ world, lambda }: PersonDeps, name: "trades" | "positions", request: ApiRequest) {
  const outcome = await lambda.invoke(name, (handler) => through(handler, request));
  if (outcome.type !== "answered" || world.weather.strikes("answerLost")) return null;
  return outcome.answer;
}

function told(answer: ApiAnswer | null): string {
  if (answer === null) return "no answer";
  const { code, detail } = answer.body;
  return code === undefined ? String(answer.status) : `${answer.status} ${String(code)}: ${String(detail)}`;
}
