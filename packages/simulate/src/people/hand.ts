/** Somebody with the wallet's key who moves what is in it, past the engine. */
import type { World } from "../kernel/invocation.ts";
import type { Chain } from "../world/chain.ts";
import type { Market } from "../world/market.ts";

export interface HandDeps {
  readonly world: World;
  readonly chain: Chain;
  readonly markets: readonly Market[];
  readonly tell: (line: string) => void;
}

const EVERY_MS = 60_000;

export async function moveByHand({ world, chain, markets, tell }: HandDeps): Promise<void> {
  const { timeline, weather, dice } = world;
  for (let moves = 1; !weather.isCalm; moves++) {
    await timeline.wait(EVERY_MS);
    if (!weather.strikes("walletMoved")) continue;
    const mint = dice.pick(markets).pair.baseMint;
    const held = chain.tokens(mint, chain.tip);
    const part = BigInt(dice.whole(1, 100));
    const gained = dice.chance(0.3) ? (held * part) / 100n : -(held * part) / 100n;
    if (gained === 0n) continue;
    chain.moveByHand(`by hand ${moves}`, mint, gained);
    tell(`hand    ${gained} of ${mint}`);
  }
}
