/** A soak of a few trades, as it is typed. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";

/** Half a minute when all goes well; an exit that bad luck holds up comes again after up to a minute, and so does a hidden message. */
vi.setConfig({ testTimeout: 300_000 });

const SOAK = fileURLToPath(new URL("./soak.ts", import.meta.url));

async function soak(...args: string[]) {
  const child = spawn(process.execPath, [SOAK, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  return { stdout, stderr, status };
}

describe("a soak", () => {
  test("moves the wallet once for each trade whatever befalls it, and prints one object", async () => {
    const { stdout, stderr, status } = await soak("--trades", "10", "--faults", "0.1", "--json");
    const told = JSON.parse(stdout);
    expect(Object.keys(told)).toEqual(["trades", "attempts", "doubleLanded", "stuck", "ledgerEqualsChain", "byCause"]);
    expect(told, stderr).toMatchObject({ doubleLanded: 0, stuck: 0, ledgerEqualsChain: true });
    expect(told.trades).toBeGreaterThanOrEqual(10);
    expect(Object.keys(told.byCause)).toEqual(["trades", "attempts", "refusals", "faults"]);
    const { trades, attempts, faults } = told.byCause;
    expect(sum(trades)).toBe(told.trades);
    expect(sum(attempts)).toBe(told.attempts);
    expect(attempts.landed).toBe(trades.finalized);
    expect(Object.keys(faults).length).toBeGreaterThan(5);
    expect(status).toBe(0);
  });

  test("that is asked for what it cannot do ends with 2 and one line", async () => {
    const { stdout, stderr, status } = await soak("--faults", "2");
    expect({ stdout, stderr, status }).toEqual({
      stdout: "",
      stderr: '--faults takes a number from 0 to 1 such as 0.2, not "2"\n',
      status: 2,
    });
  });
});

const sum = (counts: Readonly<Record<string, number>>): number =>
  Object.values(counts).reduce((total, count) => total + count, 0);
