import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openDataDirectory } from "./data-directory.ts";

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), "data-directory-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const inRoot = (name: string) => path.join(root, name);

describe("a data directory", () => {
  it("is made, and opened again by the same version", async () => {
    const opened = await openDataDirectory(inRoot("state"), "1");
    expect(opened).toEqual({ database: inRoot("state/postgres"), world: inRoot("state/world.sqlite") });
    expect(await openDataDirectory(inRoot("state"), "1")).toEqual(opened);
  });

  it.each([
    ["schema", "another version of the database schema"],
    ["world", "another version of the swap program or of the markets"],
  ])("of another %s is refused in one line", async (key, reason) => {
    await openDataDirectory(root, "1");
    const file = inRoot("version.json");
    writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, "utf8")), [key]: "earlier" }));
    const refused = openDataDirectory(root, "1");
    await expect(refused).rejects.toThrow(`--data ${root}: its state comes from ${reason} (made by earlier, this is `);
    await expect(refused).rejects.not.toThrow(/\n/);
  });

  it("of another seed is refused with both", async () => {
    await openDataDirectory(root, "1");
    await expect(openDataDirectory(root, "2")).rejects.toThrow("another --seed (made by 1, this is 2)");
  });

  it("is not made of somebody's other files, nor of what is no directory", async () => {
    writeFileSync(inRoot("letter.txt"), "Dear");
    await expect(openDataDirectory(root, "1")).rejects.toThrow("it holds other files");
    await expect(openDataDirectory(inRoot("letter.txt"), "1")).rejects.toThrow(`--data ${inRoot("letter.txt")}: `);
    writeFileSync(inRoot("version.json"), "{}");
    await expect(openDataDirectory(root, "1")).rejects.toThrow("its version.json is not one of a local run");
  });
});
