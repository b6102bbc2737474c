/** `npm run admin`. */
import { Refused } from "@backstop/core/transfer/refused";
import { clock, ids, log } from "../../../functions/system.ts";
import { type Admin, connectAdmin } from "./connect.ts";
import { type AdminOptions, parseAdminOptions, USAGE } from "./options.ts";
import { run } from "./run.ts";

process.exitCode = await main();

async function main(): Promise<number> {
  let options: AdminOptions | "help";
  try {
    options = parseAdminOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${sentenceOf(error)}\n`);
    return 2;
  }
  if (options === "help") {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  const { command, json } = options;
  let admin: Admin;
  try {
    admin = await connectAdmin(process.env, { clock, ids, log });
  } catch (error) {
    return refuse(sentenceOf(error), json);
  }
  try {
    const told = await run(admin, command);
    process.stdout.write(json ? `${JSON.stringify(told.json)}\n` : told.lines.map((line) => `${line}\n`).join(""));
    return told.done ? 0 : 1;
  } catch (error) {
    const sentence = sentenceOf(error);
    if (error instanceof Refused) return refuse(sentence, json);
    return refuse(`${sentence} (what is on its way goes on with the same command)`, json);
  }
}

function refuse(sentence: string, json: boolean): number {
  if (json) process.stdout.write(`${JSON.stringify({ refused: sentence })}\n`);
  process.stderr.write(`${sentence}\n`);
  return 1;
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
