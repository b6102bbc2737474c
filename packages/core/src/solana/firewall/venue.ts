/**
 * Where swaps are made, and how its swap instructions are read: the program, the layouts of its exact-in routes, the fee that
 * it may take. The rules are the same whatever stands here.
 *
 * Source: the interface (IDL) of Jupiter's aggregator v6, `JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4`.
 */
import { Reader } from "./reader.ts";
import { skipPlan } from "./steps.ts";
import { Unsafe } from "./unsafe.ts";

/** Which of an instruction's accounts is which; null: there is none. */
interface RouteAccounts {
  readonly tokenPrograms: readonly number[];
  /** One more, or the program's own address where it is not needed. */
  readonly otherTokenProgram: number | null;
  readonly authority: number;
  readonly source: number;
  readonly destination: number;
  /** Where the output goes instead, or the program's own address for "nowhere else". */
  readonly elsewhere: number | null;
  readonly inputMint: number | null;
  readonly outputMint: number;
  /** Whom the platform fee goes to, or the program's own address for nobody. */
  readonly fee: number | null;
  readonly program: number;
}

interface Layout {
  readonly name: string;
  readonly accounts: RouteAccounts;
  /** Behind the discriminator. */
  readonly read: (reader: Reader) => RouteArguments;
}

export interface RouteArguments {
  readonly amountIn: bigint;
  readonly quotedOut: bigint;
  readonly slippageBps: number;
  readonly platformFeeBps: number;
  /** What is kept of an output above the quote; it does not touch the minimum. */
  readonly positiveSlippageBps: number;
}

export interface Venue {
  /** Base58. */
  readonly program: string;
  /** Discriminator in hex → layout: of exact-in routes, and nothing else that the program can do. */
  readonly routes: ReadonlyMap<string, Layout>;
  /** Null: none may be taken. `account`: base58, of the token account that gets it. */
  readonly platformFee: { readonly bps: number; readonly account: string } | null;
}

const older =
  (hasId: boolean) =>
  (reader: Reader): RouteArguments => {
    if (hasId) reader.u8();
    skipPlan(reader, "percent");
    const [amountIn, quotedOut] = [reader.u64(), reader.u64()];
    return { amountIn, quotedOut, slippageBps: reader.u16(), platformFeeBps: reader.u8(), positiveSlippageBps: 0 };
  };

const newer =
  (hasId: boolean) =>
  (reader: Reader): RouteArguments => {
    if (hasId) reader.u8();
    const [amountIn, quotedOut] = [reader.u64(), reader.u64()];
    const [slippageBps, platformFeeBps, positiveSlippageBps] = [reader.u16(), reader.u16(), reader.u16()];
    skipPlan(reader, "bps");
    return { amountIn, quotedOut, slippageBps, platformFeeBps, positiveSlippageBps };
  };

const JUPITER_ROUTES: ReadonlyMap<string, Layout> = new Map([
  [
    "e517cb977ae3ad2a",
    {
      name: "route",
      accounts: {
        tokenPrograms: [0],
        otherTokenProgram: null,
        authority: 1,
        source: 2,
        destination: 3,
        elsewhere: 4,
        inputMint: null,
        outputMint: 5,
        fee: 6,
        program: 8,
      },
      read: older(false),
    },
  ],
  [
    "c1209b3341d69c81",
    {
      name: "shared_accounts_route",
      accounts: {
        tokenPrograms: [0],
        otherTokenProgram: 10,
        authority: 2,
        source: 3,
        destination: 6,
        elsewhere: null,
        inputMint: 7,
        outputMint: 8,
        fee: 9,
        program: 12,
      },
      read: older(true),
    },
  ],
  [
    "bb64facc31c4af14",
    {
      name: "route_v2",
      accounts: {
        tokenPrograms: [5, 6],
        otherTokenProgram: null,
        authority: 0,
        source: 1,
        destination: 2,
        elsewhere: 7,
        inputMint: 3,
        outputMint: 4,
        fee: null,
        program: 9,
      },
      read: newer(false),
    },
  ],
  [
    "d19853937cfed8e9",
    {
      name: "shared_accounts_route_v2",
      accounts: {
        tokenPrograms: [8, 9],
        otherTokenProgram: null,
        authority: 1,
        source: 2,
        destination: 5,
        elsewhere: null,
        inputMint: 6,
        outputMint: 7,
        fee: null,
        program: 11,
      },
      read: newer(true),
    },
  ],
]);

/** No fee of ours is configured, so none may be taken. */
export const JUPITER: Venue = {
  program: "JUP6LkbZbjS1jKKwapdHNy74zcZ3tLUZoi5QNyVTaV4",
  routes: JUPITER_ROUTES,
  platformFee: null,
};

export interface Route {
  readonly name: string;
  readonly accounts: RouteAccounts;
  readonly arguments: RouteArguments;
}

const DISCRIMINATOR_BYTES = 8;

/** @throws Unsafe when the data is no exact-in route of the venue that can be read to its end. */
export function readRoute({ routes }: Venue, data: Buffer): Route {
  const discriminator = data.toString("hex", 0, DISCRIMINATOR_BYTES);
  const layout = routes.get(discriminator);
  if (!layout) throw new Unsafe("route", `the venue's instruction ${discriminator} is no exact-in route`);
  const reader = new Reader(data.subarray(DISCRIMINATOR_BYTES));
  try {
    const read = layout.read(reader);
    reader.end();
    return { name: layout.name, accounts: layout.accounts, arguments: read };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new Unsafe("route", `${layout.name}: ${error.message}`);
  }
}
