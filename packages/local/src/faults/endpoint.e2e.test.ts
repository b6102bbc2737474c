/** The endpoint as a person finds it. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { ACT_KINDS, Fault, STANDING_KINDS } from "./schema.ts";
import { openStage, type Stage } from "./testing/stage.ts";

const DOCS = new URL("../../../../docs/local-faults.md", import.meta.url);

let stage: Stage;
beforeAll(async () => {
  stage = await openStage("endpoint");
});
afterAll(() => stage.close());

async function post(body: unknown): Promise<{ status: number; message: string }> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(`${stage.url}/faults`, { method: "POST", body: text });
  return { status: response.status, message: JSON.stringify(await response.json()) };
}

describe("what cannot be is refused with its reason", () => {
  it.each([
    ["a body that is not JSON", "{", "not JSON"],
    ["no kind", {}, "kind"],
    ["a kind that is none", { kind: "earthquake" }, "'http' | 'transactions' | 'lag' | 'fork'"],
    ["a service that is none", { kind: "http", service: "mail", action: "cut" }, "service"],
    ["an action that is none", { kind: "http", service: "rpc", action: "explode" }, "action"],
    ["a field too many", { kind: "http", service: "rpc", action: "cut", ms: 1 }, "ms"],
    ["a status that is none", { kind: "http", service: "rpc", action: "status", status: 99 }, "status"],
    [
      "an answer without a body",
      { kind: "http", service: "rpc", action: "status", status: 200 },
      "say what is answered",
    ],
    ["no times", { kind: "http", service: "rpc", action: "cut", times: 0 }, "times"],
    [
      "times that are neither a number nor always",
      { kind: "http", service: "rpc", action: "cut", times: "often" },
      "always",
    ],
    ["no probability", { kind: "transactions", action: "drop", probability: 0 }, "probability"],
    ["blocks that are not whole", { kind: "transactions", action: "late", blocks: 1.5 }, "blocks"],
    ["a node that is none", { kind: "lag", node: 3, blocks: 1 }, "node"],
    ["a lag beyond what is known", { kind: "lag", node: 1, blocks: 201 }, "200"],
    ["a fork without a word about what it loses", { kind: "fork", blocks: 1 }, "again"],
    ["a price of nothing", { kind: "price", symbol: "SOL/USDC", factor: 0 }, "factor"],
    ["a market that is none", { kind: "empty", symbol: "SOL/EUR" }, "SOL/EUR"],
    ["an amount that is a number", { kind: "pay", amount: 5 }, "amount"],
    ["lamports that no JSON can tell", { kind: "receive", amount: "1000000000000001" }, "lamports"],
  ])("%s", async (_what, body, words) => {
    const { status, message } = await post(body);
    expect(status).toBe(400);
    expect(message).toContain(words);
    expect(await stage.faults.list()).toEqual([]);
  });

  it("a fault that was not set", async () => {
    const response = await fetch(`${stage.url}/faults/flt_99`, { method: "DELETE" });
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ message: "there is no fault flt_99" });
  });

  it("one fault too many", async () => {
    const cut = { kind: "http", service: "rpc", action: "cut" } as const;
    for (let count = 0; count < 1_000; count += 1) await stage.faults.set(cut);
    expect(await post(cut)).toMatchObject({ status: 400, message: expect.stringContaining("DELETE /faults") });
    await stage.faults.calm();
    expect(await stage.faults.list()).toEqual([]);
  });
});

describe("docs/local-faults.md", () => {
  const page = readFileSync(DOCS, "utf8");
  const sections = page.split(/^### /m).slice(1);
  const kinds = { ...STANDING_KINDS, ...ACT_KINDS };

  test("has a section for each kind, in their order", () => {
    expect(sections.map((section) => section.split("\n")[0])).toEqual(Object.keys(kinds));
  });

  test.each(Object.entries(kinds))("names every field and every action of %s, and no other", (kind, schema) => {
    const section = sections.find((each) => each.startsWith(`${kind}\n`)) ?? expect.unreachable();
    const variants = "options" in schema ? schema.options : [schema];
    const fields = new Set(variants.flatMap(({ shape }) => Object.keys(shape)));
    fields.delete("kind");
    const rows = [...section.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
    const actions = variants
      .flatMap(({ shape }) => ("action" in shape ? shape.action.values : []))
      .map((values) => [...values][0]);
    expect(new Set(rows)).toEqual(new Set([...fields, ...actions]));
  });

  test("shows a call of each kind that is taken as it is", () => {
    const calls = [...page.matchAll(/^curl .*-d '(.*)'$/gm)].map(([, body = ""]) => Fault.parse(JSON.parse(body)));
    expect(new Set(calls.map(({ kind }) => kind))).toEqual(new Set(Object.keys(kinds)));
  });
});
