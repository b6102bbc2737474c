/**
 * A real swap on the local chain, some of its bytes changed: it is refused, or it does the same to all that is the wallet's.
 * Both are executed by the VM, on forks of one block, and what the wallet and its token accounts hold afterwards is compared.
 *
 * The fee may differ, within its cap: what a transaction paid for its place is added back. What cannot land does nothing.
 */
import { EngineError } from "@backstop/core/error";
import { mint } from "@backstop/core/market/mint";
import { type Firewall, inspect } from "@backstop/core/solana/firewall/firewall";
import type { SwapIntent } from "@backstop/core/solana/firewall/intent";
import { firewallNode } from "@backstop/core/solana/firewall/node";
import { JUPITER } from "@backstop/core/solana/firewall/venue";
import { capLamportsOf } from "@backstop/core/solana/priority-fee";
import { solanaRpc } from "@backstop/core/solana/rpc";
import { keypairKey } from "@backstop/core/solana/keypair-key";
import { buildMessage } from "@backstop/core/solana/transaction";
import { JUP, SOL, USDC } from "@backstop/local/chain/mints";
import { TOKEN_2022_PROGRAM, TOKEN_PROGRAM } from "@backstop/local/chain/token";
import { addressOf } from "@backstop/local/chain/wire-transaction";
import { World } from "@backstop/local/chain/world";
import type { Server } from "@backstop/local/listen";
import { LISTINGS } from "@backstop/local/listings";
import { API_KEY, openTrader } from "@backstop/local/venue/testing/trader";
import { Keypair } from "@solana/web3.js";
import bs58 from "bs58";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clock } from "../../../functions/system.ts";
import { flipped, flips } from "../testing/flips.ts";

const HUNDRED_USDC = 100_000_000n;
const SIGNATURE_LAMPORTS = 5_000n;
const ATTEMPT = "a trade.1";

/** The lowest and the highest bit. */
const MASKS = [0x01, 0x80];
const BLOCKHASH_BYTES = 32;

const keypair = Keypair.fromSeed(Buffer.alloc(32, 7));
const wallet = keypair.publicKey.toBase58();

let world: World;
let servers: readonly Server[];
let firewall: Firewall;
let message: string;
let intent: SwapIntent;

beforeAll(async () => {
  world = new World({ seed: "flips", markets: LISTINGS });
  const tokens = [USDC, JUP].map(({ address }) => ({ mint: address, amount: 10n * HUNDRED_USDC }));
  world.fund(keypair.publicKey, { lamports: 1_000_000_000n, tokens });
  const [node, venue] = await Promise.all([world.startRpc(), world.startVenue(API_KEY)]);
  servers = [node, venue];
  firewall = { venue: JUPITER, node: firewallNode(node.url, clock) };
  const trader = openTrader(keypair, node.url, venue.url);
  const quote = await trader.quote(USDC.address, SOL.address, HUNDRED_USDC, 50);
  const { setupInstructions, swapInstruction, addressLookupTableAddresses } = await trader.instructions(quote);
  const rpc = solanaRpc([node.url], clock);
  message = buildMessage({
    wallet,
    blockhash: world.chain.tip.blockhash,
    instructions: [...setupInstructions, swapInstruction],
    lookupTables: await rpc.lookupTables(addressLookupTableAddresses),
    attemptId: ATTEMPT,
    computeBudget: { unitLimit: 200_000, unitPriceMicroLamports: 50_000n },
  });
  const minimumOut = BigInt(quote.otherAmountThreshold);
  intent = {
    kind: "entry",
    attemptId: ATTEMPT,
    wallet,
    inputMint: mint(USDC.address.toBase58()),
    outputMint: mint(SOL.address.toBase58()),
    amountIn: HUNDRED_USDC,
    minimumOut,
    leastOut: minimumOut - 1n,
  };
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
});

/** Whether it would be signed; of a lookup table that our node does not know it cannot say anything, so it would not. */
async function isAccepted(given: string): Promise<boolean> {
  try {
    return (await inspect(firewall, given, intent)).type === "safe";
  } catch (error) {
    if (error instanceof EngineError && error.code === "NETWORK_ERROR") return false;
    throw error;
  }
}

/** Of the wallet, and of every token account that it owns. */
function held() {
  const { chain } = world;
  const { height } = chain.tip;
  const accounts = [TOKEN_PROGRAM, TOKEN_2022_PROGRAM].flatMap((program) =>
    chain.accounts.ownedBy(addressOf(program), height),
  );
  const ours = accounts.filter(({ data }) => bs58.encode(data.subarray(32, 64)) === wallet);
  const tokens = ours.map(({ address, programAddress, lamports, data }) => {
    return [address, programAddress, lamports, Buffer.from(data).toString("hex")] as const;
  });
  const account = chain.read(addressOf(keypair.publicKey));
  return {
    lamports: account?.lamports ?? 0n,
    owner: account?.programAddress,
    data: account?.data.length,
    tokens: tokens.toSorted(([one], [other]) => (one < other ? -1 : 1)),
  };
}

/** What a transaction leaves, on a fork that is given up; its fee added back, when it landed. */
async function executed(given: string) {
  const signature = bs58.decode(await keypairKey(keypair.secretKey).sign(given));
  world.chain.submitDirectly(Buffer.concat([Buffer.of(1), signature, Buffer.from(given, "base64")]));
  const { transactions } = world.chain.produceBlock();
  const left = held();
  world.chain.rollback(1);
  const [landed] = transactions;
  if (!landed) return { landed: false, error: null, left } as const;
  expect(landed.feeLamports).toBeLessThanOrEqual(SIGNATURE_LAMPORTS + capLamportsOf(intent.kind));
  return {
    landed: true,
    error: landed.error,
    left: { ...left, lamports: left.lamports + landed.feeLamports },
  } as const;
}

/** True: it landed, and did the same. */
async function expectSame(given: string): Promise<boolean> {
  const before = held();
  const [is, was] = [await executed(given), await executed(message)];
  const told = `accepted: ${given}`;
  expect(was).toMatchObject({ landed: true, error: null });
  expect(is.error, told).toBeNull();
  expect(is.left, told).toEqual(is.landed ? was.left : before);
  return is.landed;
}

describe("a swap of the local venue", () => {
  it("is accepted, and swaps", async () => {
    expect(await isAccepted(message)).toBe(true);
    expect(await expectSame(message)).toBe(true);
    expect((await executed(message)).left).not.toEqual(held());
  });

  it("with any one byte changed is refused, or does the same", { timeout: 120_000 }, async () => {
    const { length } = Buffer.from(message, "base64");
    let [same, idle] = [0, 0];
    for (const mask of MASKS) {
      for (let at = 0; at < length; at++) {
        const given = flipped(message, [{ at, mask }]);
        if (!(await isAccepted(given))) continue;
        if (await expectSame(given)) same++;
        else idle++;
      }
    }
    // Its blockhash cannot be told from another one; of the rest a little cannot matter: how the route goes, and the bid.
    expect(idle).toBe(MASKS.length * BLOCKHASH_BYTES);
    expect(same).toBeGreaterThan(5);
  });

  it("with some bytes changed is refused, or does the same", { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(flips, async (all) => {
        const given = flipped(message, all);
        if (await isAccepted(given)) await expectSame(given);
      }),
      { numRuns: 1_000 },
    );
  });
});
