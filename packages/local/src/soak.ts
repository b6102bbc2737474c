/** `npm run soak`. */
import { parseSoakOptions, type SoakOptions, USAGE } from "./soak/options.ts";
import { report, succeeded, tellWrong } from "./soak/report.ts";
import { soak } from "./soak/run.ts";

const say = (text: string): void => {
  process.stderr.write(`${text}\n`);
};

process.exitCode = await main();

async function main(): Promise<number> {
  let options: SoakOptions | "help";
  try {
    options = parseSoakOptions(process.argv.slice(2));
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return 2;
  }
  if (options === "help") {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  try {
    const soaked = await soak(options, say);
    const told = report(soaked);
    tellWrong(soaked, options, say);
    process.stdout.write(options.json ? `${JSON.stringify(told)}\n` : `${JSON.stringify(told, null, 2)}\n`);
    return succeeded(told, options) ? 0 : 1;
  } catch (error) {
    say(`${error instanceof Error ? error.message : String(error)} (see .backstop/soak/*.log)`);
    return 1;
  }
}
