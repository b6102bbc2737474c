/** What happens once, now or in the next block. */
import type { World } from "../chain/world.ts";
import type { Network } from "./network.ts";
import type { Payments } from "./payments.ts";
import type { Act } from "./schema.ts";

/** What there is outside of the engine, as far as acts are about it. */
export interface Outside {
  readonly world: World;
  readonly network: Network;
  readonly payments: Payments;
}

/** Answers with what there is to know of it. @throws Error with the reason, when it cannot happen. */
export function perform(act: Act, { world, network, payments }: Outside): Readonly<Record<string, unknown>> {
  switch (act.kind) {
    case "fork": {
      const lost = world.fork(act.blocks);
      const signatures = lost.map(({ signature }) => signature);
      world.chain.discard(signatures);
      if (act.again) for (const { bytes } of lost) world.chain.submitDirectly(bytes);
      else network.lose(signatures);
      return { signatures };
    }
    case "price":
      return { price: world.movePrice(act.symbol, act.factor) };
    case "empty":
      world.empty(act.symbol, act.left);
      return {};
    case "refill":
      world.refill(act.symbol);
      return {};
    case "pay":
      return { signature: payments.pay(act) };
    case "receive":
      return { signature: payments.receive(act) };
    default:
      return act satisfies never;
  }
}
