/** A world with everything that can go wrong in it, and nobody who makes blocks: the test does. */
import { Connection, Keypair, type PublicKey, SystemProgram } from "@solana/web3.js";
import { Hono } from "hono";
import { SOL, USDC } from "../../chain/mints.ts";
import { LaggingNode } from "../../chain/node.ts";
import { startRpc } from "../../chain/rpc/server.ts";
import { World } from "../../chain/world.ts";
import { startServer } from "../../listen.ts";
import { API_KEY, openTrader, signed, type Trader } from "../../venue/testing/trader.ts";
import { type Faults, faultsAt } from "../client.ts";
import { faultsEndpoint } from "../endpoint.ts";
import { Network } from "../network.ts";
import { Payments } from "../payments.ts";
import { frontOf } from "../requests.ts";
import { StandingFaults } from "../standing-faults.ts";

export const SYMBOL = "SOL/USDC";
export const WALLET_USDC = 5_000_000_000n;
export const WALLET_LAMPORTS = 1_000_000_000n;

export interface Stage {
  readonly world: World;
  readonly wallet: Keypair;
  readonly faults: Faults;
  /** Of the control server. */
  readonly url: string;
  /** To the first node, and to the second. */
  readonly connections: readonly [Connection, Connection];
  readonly trader: Trader;
  produce(blocks: number): void;
  /** The bytes of a transfer to that wallet; another amount, another transaction. */
  transfer(to: PublicKey, lamports: number): Uint8Array;
  close(): Promise<void>;
}

export async function openStage(seed: string): Promise<Stage> {
  const faults = new StandingFaults(seed);
  const network = new Network(faults);
  const world = new World({
    seed,
    deliver: network.deliver,
    reverts: network.reverts,
    markets: [{ symbol: SYMBOL, base: SOL, quote: USDC, price: 150, quoteDepth: 1_000_000_000_000n }],
  });
  const wallet = Keypair.generate();
  world.fund(wallet.publicKey, {
    lamports: WALLET_LAMPORTS,
    tokens: [{ mint: USDC.address, amount: WALLET_USDC }],
  });
  const payments = new Payments(world.chain, wallet, seed);
  const servers = await Promise.all([
    startServer(new Hono().route("/faults", faultsEndpoint(faults, { world, network, payments }))),
    startRpc(new LaggingNode(world.chain, () => faults.lagOf(1)), frontOf(faults, "rpc")),
    startRpc(new LaggingNode(world.chain, () => faults.lagOf(2)), frontOf(faults, "rpc2")),
    world.startVenue(API_KEY, frontOf(faults, "jupiter")),
  ]);
  const [control, rpc, rpc2, venue] = servers.map(({ url }) => url) as [string, string, string, string];
  const connect = (url: string) => new Connection(url, { commitment: "confirmed", disableRetryOnRateLimit: true });
  return {
    world,
    wallet,
    faults: faultsAt(control),
    url: control,
    connections: [connect(rpc), connect(rpc2)],
    trader: openTrader(wallet, rpc, venue),
    produce(blocks) {
      for (let count = 0; count < blocks; count += 1) world.produceBlock();
    },
    transfer: (to, lamports) =>
      signed(
        wallet,
        [SystemProgram.transfer({ fromPubkey: wallet.publicKey, toPubkey: to, lamports })],
        world.chain.ledger.at("confirmed").blockhash,
      ),
    async close() {
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}
