import { describe, expect, test } from "vitest";
import { entry, exit, world } from "../../testing/trade-world.ts";
import { configFrom } from "../config.ts";
import { failureOf } from "../jupiter/program-error.ts";
import { decodeMessage } from "../solana/firewall/message.ts";
import { isAssertion, LIGHTHOUSE_PROGRAM } from "../solana/lighthouse.ts";
import { driveTrade } from "./drive.ts";

const config = (assertions: string) =>
  configFrom({ BACKSTOP_JUPITER_RPC_ENDPOINT: "https://rpc.invalid", BACKSTOP_JUPITER_ASSERTIONS: assertions });

describe("what a transaction asserts", () => {
  test.each([
    ["an entry", entry, "lighthouse", 3],
    ["an exit", exit, "lighthouse", 3],
    ["an entry", entry, "off", 0],
  ] as const)("%s with %3$s: %4$s assertions, and it is signed", async (_kind, record, assertions, count) => {
    const made = world(record());
    await driveTrade({ ...made.deps, config: config(assertions) }, "trd_1");
    const [attempt] = made.rows.of("trd_1").attempts;
    expect(attempt?.status).toBe("live");
    const { instructions } = decodeMessage(Buffer.from(attempt?.message ?? "", "base64"), new Map());
    const asserted = instructions.filter(({ program }) => program === LIGHTHOUSE_PROGRAM);
    expect(asserted.map(({ data }) => isAssertion(data))).toEqual(Array.from({ length: count }, () => true));
    // Whatever it asserts, it asserts of what the swap has left.
    const swap = instructions.findIndex(({ program }) => program.startsWith("JUP"));
    expect(instructions.slice(0, swap).map(({ program }) => program)).not.toContain(LIGHTHOUSE_PROGRAM);
  });

  test("that fails says that the transaction was not safe", () => {
    const logs = [`Program ${LIGHTHOUSE_PROGRAM} failed: custom program error: 0x1900`];
    expect(failureOf('{"InstructionError":[4,{"Custom":6400}]}', logs)).toMatchObject({
      kind: "unsafe",
      code: "UNSAFE_TRANSACTION",
    });
  });
});
