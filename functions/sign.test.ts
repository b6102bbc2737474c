/** The only function that holds the key: it takes an id and nothing else, and little code of others has a part in it. */
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { make } from "./sign.ts";

const asked: string[] = [];
const find = async (attemptId: string) => {
  asked.push(attemptId);
  return null;
};
const sign = make({ attempts: { find } } as unknown as Parameters<typeof make>[0]);

test("an attempt is named by its id", async () => {
  expect(await sign({ attemptId: "trd_1.1" })).toMatchObject({ outcome: "refused", rule: "known_attempt" });
  expect(asked).toEqual(["trd_1.1"]);
});

test.each([
  ["nothing", {}],
  ["no object", "trd_1.1"],
  ["a message", { attemptId: "trd_1.1", message: "AQ==" }],
  ["a minimum", { attemptId: "trd_1.1", minimumOut: "0" }],
  ["an id that is none", { attemptId: 1 }],
  ["a list", { attemptId: ["trd_1.1"] }],
])("whoever brings %s is refused", async (_words, event) => {
  asked.length = 0;
  await expect(sign(event)).rejects.toThrow();
  expect(asked).toEqual([]);
});

/** The packages whose code runs beside the key. Whatever is added here is trusted with every wallet: look at it first. */
const PACKAGES = [
  "@aws-sdk/client-kms",
  "@aws-sdk/core",
  "@aws-sdk/credential-provider-env",
  "@aws-sdk/credential-provider-http",
  "@aws-sdk/credential-provider-ini",
  "@aws-sdk/credential-provider-login",
  "@aws-sdk/credential-provider-node",
  "@aws-sdk/credential-provider-process",
  "@aws-sdk/credential-provider-sso",
  "@aws-sdk/credential-provider-web-identity",
  "@aws-sdk/nested-clients",
  "@aws-sdk/signature-v4-multi-region",
  "@aws-sdk/token-providers",
  "@aws-sdk/xml-builder",
  "@aws/lambda-invoke-store",
  "@neondatabase/serverless",
  "@smithy/core",
  "@smithy/credential-provider-imds",
  "@smithy/node-http-handler",
  "@smithy/signature-v4",
  "@smithy/types",
  "@upstash/redis",
  "base-x",
  "bs58",
  "drizzle-orm",
  "uncrypto",
  "zod",
];

test("its bundle holds these packages, and no library that builds or sends transactions", {
  timeout: 60_000,
}, async () => {
  const { metafile } = await build({
    entryPoints: [fileURLToPath(new URL("sign.ts", import.meta.url))],
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    platform: "node",
    format: "esm",
    target: "node24",
    mainFields: ["module", "main"],
    logLevel: "silent",
  });
  const [bundle] = Object.values(metafile.outputs);
  const packages = Object.entries(bundle?.inputs ?? {})
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .flatMap(([file]) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1] ?? []);
  expect([...new Set(packages)].toSorted()).toEqual(PACKAGES);
});
