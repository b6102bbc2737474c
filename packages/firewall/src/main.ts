/** `npm run firewall`. */
import { performance } from "node:perf_hooks";
import { CORPUS } from "./corpus/corpus.ts";
import { MUTANTS } from "./mutants/mutants.ts";
import { type FirewallOptions, parseFirewallOptions, USAGE } from "./options.ts";
import { report, table, wrongIn } from "./report.ts";
import { judgeAll } from "./run.ts";

Error.stackTraceLimit = 0;

process.exitCode = await main();

async function main(): Promise<number> {
  let options: FirewallOptions | "help";
  try {
    options = parseFirewallOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
  if (options === "help") {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const began = performance.now();
  const tally = await judgeAll(CORPUS, MUTANTS);
  const told = report(tally, (performance.now() - began) / 1000);
  const wrong = wrongIn(tally, MUTANTS);
  for (const line of wrong) process.stderr.write(`${line}\n`);
  const { benignAccepted, mutantsRejected } = told;
  process.stdout.write(
    options.json
      ? `${JSON.stringify(told)}\n`
      : `${table(tally.spoiled)}\n\nbenign accepted ${benignAccepted}, mutants rejected ${mutantsRejected} (${MUTANTS.length} ways)\n`,
  );
  return wrong.length === 0 ? 0 : 1;
}
