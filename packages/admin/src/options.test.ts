import { expect, test } from "vitest";
import { parseAdminOptions } from "./options.ts";

const parse = (line: string) => parseAdminOptions(line.split(" "));

test.each([
  ["deposit-address", { name: "deposit-address", mint: null, symbol: null }],
  ["deposit-address --symbol USDC", { name: "deposit-address", mint: null, symbol: "USDC" }],
  ["destinations", { name: "destinations" }],
  ["register-destination A --label L --by ann", { name: "register-destination", address: "A", label: "L", by: "ann" }],
  ["revoke-destination A --by ann", { name: "revoke-destination", address: "A", by: "ann" }],
  ["withdraw 1.5 SOL --to A --by ann", { name: "withdraw", amount: "1.5", asset: "SOL", to: "A", by: "ann" }],
  ["wrap 1 --by ann", { name: "wrap", amount: "1", by: "ann" }],
  ["unwrap 1 --by ann", { name: "unwrap", amount: "1", by: "ann" }],
  ["reclaim-rent --by ann", { name: "reclaim-rent", by: "ann" }],
  ["transfers", { name: "transfers", resume: false }],
  ["transfers --resume", { name: "transfers", resume: true }],
])("%s is understood", (line, command) => {
  expect(parse(line)).toEqual({ command, json: false });
  expect(parse(`${line} --json`)).toEqual({ command, json: true });
});

test.each([
  ["--json", /^"" is none of deposit-address, /],
  ["drain --by ann", /^"drain" is none of deposit-address, .*\(npm run admin -- --help\)$/],
  ["withdraw 1 --to A --by ann", /^withdraw takes AMOUNT ASSET, not "1"$/],
  ["withdraw 1 SOL USDC --to A --by ann", /^withdraw takes AMOUNT ASSET, not "1 SOL USDC"$/],
  ["withdraw 1 SOL --by ann", /^withdraw needs --to$/],
  ["wrap 1", /^wrap needs --by$/],
  ["wrap 1 --by ann --to A", /^wrap takes no --to$/],
  ["destinations A", /^destinations takes no words, not "A"$/],
  ["deposit-address --mint M --symbol S", /name the same thing/],
  ["wrap --by ann 1", /\(npm run admin -- --help lists the options\)$/],
  ["wrap 1 --by", /\(npm run admin -- --help lists the options\)$/],
])("%s is refused in one line", (line, sentence) => {
  expect(() => parse(line)).toThrow(sentence);
});

test("help is asked for with or without a command", () => {
  expect(parse("--help")).toBe("help");
  expect(parse("wrap -h")).toBe("help");
});
