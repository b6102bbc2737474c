import { lamports } from "@solana/kit";
import {
  ComputeBudgetProgram,
  Keypair,
  type PublicKey,
  SystemProgram,
  Transaction,
  type TransactionInstruction,
} from "@solana/web3.js";
import { beforeEach, describe, expect, it } from "vitest";
import { signed } from "../venue/testing/trader.ts";
import { LAG_BLOCKS_MAX } from "./accounts.ts";
import { Chain } from "./chain.ts";
import { fund } from "./genesis.ts";
import { addressOf } from "./wire-transaction.ts";

const STORE = 1_000_000_000n;

let chain: Chain;
let payer: Keypair;
let receiver: PublicKey;

beforeEach(() => {
  chain = new Chain({ seed: "chain" });
  [payer, receiver] = [Keypair.generate(), Keypair.generate().publicKey];
  fund(chain, payer.publicKey, { lamports: STORE });
});

const transfer = (lamports: number): TransactionInstruction =>
  SystemProgram.transfer({ fromPubkey: payer.publicKey, toPubkey: receiver, lamports });

const send = (instructions: TransactionInstruction[], blockhash = chain.tip.blockhash): string =>
  chain.submit(signed(payer, instructions, blockhash)).signature;

const produce = (blocks: number): void => {
  for (let count = 0; count < blocks; count += 1) chain.produceBlock();
};

const lamportsOf = (key: PublicKey, commitment: "processed" | "confirmed" | "finalized" = "processed"): bigint =>
  chain.read(addressOf(key), commitment)?.lamports ?? 0n;

describe("blocks", () => {
  it("have consecutive heights, and slots that are now and then skipped", () => {
    const { slot, height } = chain.tip;
    produce(200);
    expect(chain.tip.height - height).toBe(200);
    expect(chain.tip.slot - slot).toBeGreaterThan(200);
    expect(chain.tip.slot - slot).toBeLessThan(230);
  });

  it("are the same for the same seed", () => {
    const other = new Chain({ seed: "chain" });
    expect(other.produceBlock().blockhash).toBe(chain.produceBlock().blockhash);
    expect(new Chain({ seed: "another" }).tip.blockhash).not.toBe(new Chain({ seed: "chain" }).tip.blockhash);
  });
});

describe("a transaction", () => {
  it("lands in the next block, in the order of arrival", () => {
    const signatures = [send([transfer(2_000_000)]), send([transfer(3_000_000)]), send([transfer(4_000_000)])];
    expect(chain.produceBlock().transactions.map(({ signature }) => signature)).toEqual(signatures);
    expect(lamportsOf(receiver)).toBe(9_000_000n);
  });

  it("may come first in its block, past the network, in order with those that do the same", () => {
    const direct = (lamports: number) =>
      chain.submitDirectly(signed(payer, [transfer(lamports)], chain.tip.blockhash), "first").signature;
    const waiting = send([transfer(2_000_000)]);
    const first = [direct(3_000_000), direct(4_000_000)];
    expect(chain.produceBlock().transactions.map(({ signature }) => signature)).toEqual([...first, waiting]);
  });

  it("lands once, however often its bytes arrive", () => {
    const bytes = signed(payer, [transfer(2_000_000)], chain.tip.blockhash);
    for (let block = 0; block < 3; block += 1) {
      chain.submit(bytes);
      chain.submit(bytes);
      chain.produceBlock();
    }
    expect(lamportsOf(receiver)).toBe(2_000_000n);
  });

  it("may be of the legacy format", () => {
    const legacy = new Transaction({ feePayer: payer.publicKey, recentBlockhash: chain.tip.blockhash });
    legacy.add(transfer(2_000_000)).sign(payer);
    chain.submit(legacy.serialize());
    expect(chain.produceBlock().transactions).toMatchObject([{ error: null, feeLamports: 5_000n }]);
  });

  it("may still land while the tip is 150 blocks past its blockhash, and not at 151", () => {
    const { blockhash } = chain.tip;
    produce(150);
    send([transfer(2_000_000)], blockhash);
    chain.produceBlock();
    expect(lamportsOf(receiver)).toBe(2_000_000n);
    send([transfer(3_000_000)], blockhash);
    chain.produceBlock();
    expect(lamportsOf(receiver)).toBe(2_000_000n);
  });

  it("is gone without a trace when its payer cannot pay or did not sign", () => {
    const [poor, unsigned] = [Keypair.generate(), new Uint8Array(signed(payer, [transfer(1)], chain.tip.blockhash))];
    unsigned.fill(0, 1, 65);
    const broken = Uint8Array.from(signed(payer, [transfer(2)], chain.tip.blockhash));
    broken.set([1, 2, 3], 1);
    for (const bytes of [signed(poor, [], chain.tip.blockhash), unsigned, broken]) chain.submit(bytes);
    expect(chain.produceBlock().transactions).toEqual([]);
  });
});

describe("the fee of a landed transaction", () => {
  const limit = (units: number) => ComputeBudgetProgram.setComputeUnitLimit({ units });
  const price = (microLamports: number) => ComputeBudgetProgram.setComputeUnitPrice({ microLamports });

  it.each([
    ["one signature", [], 5_000n],
    ["a priority, rounded up", [limit(100_001), price(12_345)], 5_000n + 1_235n],
    ["a price of nothing", [limit(100_000), price(0)], 5_000n],
  ])("for %s is what the VM charged", (_name, budget, feeLamports) => {
    send([...budget, transfer(3_000_000)]);
    expect(chain.produceBlock().transactions).toMatchObject([{ error: null, feeLamports }]);
    expect(lamportsOf(payer.publicKey)).toBe(STORE - feeLamports - 3_000_000n);
  });

  it("is paid by a failure too, and nothing else is", () => {
    send([limit(50_000), price(1_000_000), transfer(Number(10n * STORE))]);
    const error = { InstructionError: [2, { Custom: 1 }] };
    expect(chain.produceBlock().transactions).toMatchObject([{ error, feeLamports: 55_000n }]);
    expect(lamportsOf(payer.publicKey)).toBe(STORE - 55_000n);
  });
});

describe("a read", () => {
  it("answers from the block of its commitment", () => {
    chain.produceBlock();
    send([transfer(2_000_000)]);
    chain.produceBlock();
    const seen = () =>
      (["processed", "confirmed", "finalized"] as const).map((commitment) => lamportsOf(receiver, commitment));
    expect(seen()).toEqual([2_000_000n, 0n, 0n]);
    chain.produceBlock();
    expect(seen()).toEqual([2_000_000n, 2_000_000n, 0n]);
    produce(29);
    expect(seen()).toEqual([2_000_000n, 2_000_000n, 0n]);
    chain.produceBlock();
    expect(seen()).toEqual([2_000_000n, 2_000_000n, 2_000_000n]);
  });

  it("knows as much of the past as the node that lags the most can ask for", () => {
    send([transfer(2_000_000)]);
    const { height } = chain.produceBlock();
    produce(30 + LAG_BLOCKS_MAX);
    const at = addressOf(receiver);
    expect([height - 1, height].map((each) => chain.accounts.read(at, each)?.lamports ?? 0n)).toEqual([0n, 2_000_000n]);
  });

  it("tells every block's own state while several changed one account", () => {
    const heights: number[] = [];
    for (let block = 1; block <= 10; block += 1) {
      send([transfer(1_000_000)]);
      heights.push(chain.produceBlock().height);
    }
    const history = heights.map((height) => chain.accounts.read(addressOf(receiver), height)?.lamports);
    expect(history).toEqual(heights.map((_height, index) => BigInt(index + 1) * 1_000_000n));
  });

  it("sees funds at every commitment at once, also of an account that changed lately", () => {
    send([transfer(2_000_000)]);
    produce(2);
    fund(chain, receiver, { lamports: 5n });
    expect([lamportsOf(receiver), lamportsOf(receiver, "finalized")]).toEqual([2_000_005n, 5n]);
  });
});

describe("a simulation", () => {
  const simulate = (bytes: Uint8Array, commitment: "processed" | "confirmed") =>
    chain.simulate(chain.submit(bytes), { commitment, verifySignatures: true, ignoreBlockhash: false });

  it("runs on the state of its commitment and changes nothing", () => {
    const rich = Keypair.generate();
    send([SystemProgram.transfer({ fromPubkey: payer.publicKey, toPubkey: rich.publicKey, lamports: 10_000_000 })]);
    const { blockhash } = chain.tip;
    chain.produceBlock();
    const spend = signed(
      rich,
      [SystemProgram.transfer({ fromPubkey: rich.publicKey, toPubkey: receiver, lamports: 2_000_000 })],
      blockhash,
    );
    expect(simulate(spend, "processed").error).toBeNull();
    expect(simulate(spend, "confirmed").error).toBe("AccountNotFound");
    expect(lamportsOf(rich.publicKey)).toBe(10_000_000n);
  });
});

describe("a fork", () => {
  it("puts back the accounts, the heights and the blockhashes, and never repeats a slot", () => {
    produce(5);
    const { height, slot } = chain.tip;
    const signature = send([transfer(2_000_000)]);
    produce(3);
    const lost = chain.tip.blockhash;
    chain.rollback(3);
    expect(chain.tip.height).toBe(height);
    expect(lamportsOf(receiver)).toBe(0n);
    expect(lamportsOf(payer.publicKey)).toBe(STORE);
    expect(chain.ledger.find(signature)).toBeUndefined();
    expect(chain.ledger.isUsable(lost, height + 3)).toBe(false);
    expect(chain.produceBlock().slot).toBeGreaterThan(slot + 3);
  });

  it("answers with what was in the blocks, oldest first, and leaves what is on its way as far away as it was", () => {
    const { blockhash } = chain.tip;
    const signatures = [2_000_000, 3_000_000].map((lamports) => {
      const signature = send([transfer(lamports)]);
      produce(1);
      return signature;
    });
    const next = send([transfer(4_000_000)], blockhash);
    expect(chain.rollback(2).map(({ signature }) => signature)).toEqual(signatures);
    expect(chain.produceBlock().transactions.map(({ signature }) => signature)).toEqual([next]);
  });

  it("takes back what happened in a block without a transaction", () => {
    const at = addressOf(receiver);
    fund(chain, receiver, { lamports: 7n });
    chain.changeInNextBlock((accounts) =>
      accounts.change(at, (account) => ({ ...(account ?? expect.unreachable()), lamports: lamports(5n) })),
    );
    expect(lamportsOf(receiver)).toBe(7n);
    produce(2);
    expect([lamportsOf(receiver), lamportsOf(receiver, "finalized")]).toEqual([5n, 7n]);
    chain.rollback(2);
    expect(lamportsOf(receiver)).toBe(7n);
  });

  it("lets the same bytes land again", () => {
    const bytes = signed(payer, [transfer(2_000_000)], chain.tip.blockhash);
    chain.submit(bytes);
    chain.produceBlock();
    chain.rollback(1);
    chain.submit(bytes);
    expect(chain.produceBlock().transactions).toHaveLength(1);
    expect(lamportsOf(receiver)).toBe(2_000_000n);
  });

  it("never takes back what is finalized, and reads it as before", () => {
    send([transfer(2_000_000)]);
    produce(40);
    const finalized = chain.ledger.at("finalized");
    chain.rollback(20);
    expect(chain.ledger.at("finalized")).toBe(finalized);
    expect(lamportsOf(receiver, "finalized")).toBe(2_000_000n);
    chain.rollback(11);
    expect(chain.tip).toBe(finalized);
    expect(() => chain.rollback(1)).toThrow("finalized");
    produce(3);
    expect(() => chain.rollback(4)).toThrow("only 3 of 4");
    chain.rollback(3);
    expect(chain.tip).toBe(finalized);
    produce(5);
    expect(chain.ledger.at("finalized")).toBe(finalized);
    produce(27);
    expect(chain.ledger.at("finalized").height).toBe(finalized.height + 1);
  });
});

describe("delivery", () => {
  it("decides alone which blocks have the bytes", () => {
    const policy = { heights: [] as number[] };
    chain = new Chain({ seed: "delivery", deliver: () => policy.heights });
    fund(chain, payer.publicKey, { lamports: STORE });
    send([transfer(1_000_000)]); // lost
    policy.heights = [chain.tip.height + 3, chain.tip.height + 5];
    send([transfer(2_000_000)]); // late, and twice
    produce(2);
    expect(lamportsOf(receiver)).toBe(0n);
    produce(4);
    expect(lamportsOf(receiver)).toBe(2_000_000n);
  });
});
