/** The page of the operator says what the firewall of transfers demands, in the firewall's own words. */
import { readFileSync } from "node:fs";
import { TRANSFER_RULES } from "@backstop/core/solana/firewall/transfer";
import { expect, test } from "vitest";

test("every rule of a transfer is on the page", () => {
  const page = readFileSync(new URL("../../../docs/admin.md", import.meta.url), "utf8");
  const rows = Object.entries(TRANSFER_RULES).map(([name, demands]) => `| \`${name}\` | ${demands} |`);
  expect(page).toContain(rows.join("\n"));
});
