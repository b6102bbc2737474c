/** Reading the command lines of the tools: whatever is wrong with one is told in one clear line. */
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";

/** @param command - What to run for help. @throws Error with one clear line. */
export function parseCommandLine<const Options extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: Options,
  command: string,
) {
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    // The first sentence says what is wrong; those after it are about Node.
    const [line = ""] = (error instanceof Error ? error.message : String(error)).split(/\.\s/);
    throw new Error(`${line.replace(/\.$/, "")} (${command} --help lists the options)`);
  }
}

/** As text: a seed may be larger than a number is exact. @throws Error naming the option and its range. */
export function wholeNumber(name: string, text: string, min: number, max: number): string {
  if (!/^\d{1,16}$/.test(text) || Number(text) < min || Number(text) > max) {
    throw new Error(`--${name} takes a whole number from ${min} to ${max}, not "${text}"`);
  }
  return text;
}
