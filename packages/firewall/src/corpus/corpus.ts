/** What must pass: every exact-in route of the venue, and what the engine may put around one. */
import { JUP, OTHER_2022, PYUSD, SOL, USDC } from "../chain/addresses.ts";
import { chained, SWAPS } from "./plan.ts";
import { type Specimen, specimen } from "./specimen.ts";

const { tokenSwap, whirlpool, raydiumClmmV2, sanctumS, whirlpoolV2, whirlpoolV2Plain, dlmmV2, humidiFi, dynamicV1 } =
  SWAPS;

const usdcToSol = { input: USDC, output: SOL } as const;
const solToUsdc = { input: SOL, output: USDC } as const;

/** Half by each of two venues. */
const SPLIT = [
  { swap: whirlpool, percent: 50, from: 0, to: 1 },
  { swap: raydiumClmmV2, percent: 50, from: 0, to: 1 },
];

export const CORPUS: readonly Specimen[] = [
  specimen({ name: "route, entry", layout: "route", kind: "entry", ...usdcToSol, plan: chained(tokenSwap) }),
  specimen({ name: "route, exit", layout: "route", kind: "exit", ...solToUsdc, plan: chained(whirlpool) }),
  specimen({
    name: "route over three venues",
    layout: "route",
    kind: "exit",
    input: JUP,
    output: USDC,
    plan: chained(whirlpoolV2, dlmmV2, humidiFi),
  }),
  specimen({
    name: "route over a dynamic step",
    layout: "route",
    kind: "entry",
    input: USDC,
    output: JUP,
    plan: chained(dynamicV1, sanctumS),
  }),
  specimen({ name: "route with our fee", layout: "route", kind: "entry", ...usdcToSol, plan: SPLIT, feeBps: 20 }),
  specimen({
    name: "route that opens wrapped SOL",
    layout: "route",
    kind: "entry",
    ...usdcToSol,
    plan: chained(humidiFi),
    opens: true,
  }),
  specimen({
    name: "route that opens an account of Token-2022",
    layout: "route",
    kind: "entry",
    input: USDC,
    output: PYUSD,
    plan: chained(whirlpoolV2Plain),
    opens: true,
    namesDestinationTwice: true,
  }),
  specimen({
    name: "route out of Token-2022, looked up",
    layout: "route",
    kind: "exit",
    input: PYUSD,
    output: USDC,
    plan: chained(raydiumClmmV2),
    looksUp: true,
  }),
  specimen({
    name: "shared route, entry",
    layout: "shared_accounts_route",
    kind: "entry",
    ...usdcToSol,
    plan: SPLIT,
    opens: true,
  }),
  specimen({
    name: "shared route out of Token-2022",
    layout: "shared_accounts_route",
    kind: "exit",
    input: OTHER_2022,
    output: USDC,
    plan: chained(whirlpoolV2, tokenSwap),
  }),
  specimen({
    name: "shared route, looked up, with our fee",
    layout: "shared_accounts_route",
    kind: "exit",
    ...solToUsdc,
    plan: chained(dlmmV2),
    looksUp: true,
    feeBps: 50,
  }),
  specimen({
    name: "newer route, entry",
    layout: "route_v2",
    kind: "entry",
    ...usdcToSol,
    plan: chained(tokenSwap),
    opens: true,
  }),
  specimen({
    name: "newer route over four venues, looked up",
    layout: "route_v2",
    kind: "exit",
    input: JUP,
    output: USDC,
    plan: chained(sanctumS, dynamicV1, whirlpoolV2, humidiFi),
    looksUp: true,
  }),
  specimen({
    name: "newer route within Token-2022",
    layout: "route_v2",
    kind: "exit",
    input: PYUSD,
    output: OTHER_2022,
    plan: chained(dlmmV2),
    namesDestinationTwice: true,
  }),
  specimen({
    name: "newer route with assertions and a tip",
    layout: "route_v2",
    kind: "exit",
    ...solToUsdc,
    plan: SPLIT,
    asserts: true,
    tipLamports: 10_000n,
  }),
  specimen({
    name: "newer shared route, entry, with assertions",
    layout: "shared_accounts_route_v2",
    kind: "entry",
    input: USDC,
    output: JUP,
    plan: chained(whirlpoolV2Plain, raydiumClmmV2),
    asserts: true,
  }),
  specimen({
    name: "newer shared route, exit, with a tip",
    layout: "shared_accounts_route_v2",
    kind: "exit",
    ...solToUsdc,
    plan: chained(humidiFi),
    tipLamports: 1_000_000n,
  }),
  specimen({
    name: "newer shared route into Token-2022, looked up",
    layout: "shared_accounts_route_v2",
    kind: "entry",
    input: USDC,
    output: OTHER_2022,
    plan: chained(dynamicV1, tokenSwap),
    opens: true,
    looksUp: true,
  }),
];
