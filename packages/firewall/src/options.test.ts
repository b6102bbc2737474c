import { describe, expect, it } from "vitest";
import { parseFirewallOptions, USAGE } from "./options.ts";

describe("the command line of the firewall's proof", () => {
  it("prints for people, or JSON", () => {
    expect(parseFirewallOptions([])).toEqual({ json: false });
    expect(parseFirewallOptions(["--json"])).toEqual({ json: true });
  });

  it("is told in full by --help", () => {
    expect(parseFirewallOptions(["--help"])).toBe("help");
    for (const option of ["json", "help"]) expect(USAGE).toContain(`  --${option} `);
  });

  it.each([
    ["--jsno", /^Unknown option '--jsno' \(npm run firewall -- --help lists the options\)$/],
    ["--json=1", /--json/],
    ["swap", /swap/],
  ])("refuses %s in one line", (args, line) => {
    const refused = () => parseFirewallOptions(args.split(" "));
    expect(refused).toThrow(line);
    expect(refused).not.toThrow(/\n/);
  });
});
