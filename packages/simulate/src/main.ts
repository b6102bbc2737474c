/** `npm run simulate`. */
import { performance } from "node:perf_hooks";
import { FAULT_KINDS } from "./kernel/weather.ts";
import { MUTANTS } from "./mutants/mutants.ts";
import { INVARIANTS } from "./oracle/violations.ts";
import { parseSimulateOptions, type SimulateOptions, USAGE } from "./options.ts";
import { report, succeeded, tellWrong } from "./report.ts";
import { runAll } from "./run.ts";
import { mutantOf, raisedIn, runSeed } from "./seeds.ts";
import { isCaught, type Shown, showMutants } from "./show-mutants.ts";

Error.stackTraceLimit = 0;

process.exitCode = await main();

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

function print(value: object, json: boolean): void {
  process.stdout.write(`${json ? JSON.stringify(value) : JSON.stringify(value, null, 2)}\n`);
}

async function main(): Promise<number> {
  let options: SimulateOptions | "help";
  try {
    options = parseSimulateOptions(process.argv.slice(2));
    if (options !== "help" && options.run !== "seeds" && options.mutant !== null) mutantOf(options.mutant);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return 2;
  }
  if (options === "help") {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  switch (options.run) {
    case "seeds":
      return seeds(options);
    case "story":
      return story(options);
    case "mutants":
      return mutants(options);
    default:
      return options satisfies never;
  }
}

async function seeds(options: Extract<SimulateOptions, { run: "seeds" }>): Promise<number> {
  const began = performance.now();
  const { from, seeds: count, positions, swarm, json } = options;
  const tenth = Math.ceil(count / 10);
  const tally = await runAll({ from, count, positions, swarm, mutant: null }, (done) => {
    if (done % tenth === 0 && done < count) say(`${done} of ${count} seeds`);
  });
  const told = report(tally, (performance.now() - began) / 1000);
  tellWrong(told, tally, (seed) => commandOf(seed, options), say);
  print(told, json);
  const isWell = succeeded(told, tally);
  say(isWell ? `${count} seeds, and nothing was seen that must never be` : "something is wrong: see above");
  return isWell ? 0 : 1;
}

function commandOf(seed: number, { positions, swarm }: { positions: number; swarm: boolean }): string {
  const changed = `${positions === 20 ? "" : ` --positions ${positions}`}${swarm ? " --swarm" : ""}`;
  return `npm run simulate -- --seed ${seed}${changed}`;
}

async function story({ seed, positions, swarm, mutant }: Extract<SimulateOptions, { run: "story" }>): Promise<number> {
  const simulated = await runSeed(seed, positions, swarm, mutant === null ? null : mutantOf(mutant), (atMs, line) => {
    process.stdout.write(`${(atMs / 1000).toFixed(1).padStart(8)} s  ${line}\n`);
  });
  if (swarm) say(`${raisedIn(seed)} is raised`);
  const struck = FAULT_KINDS.flatMap((fault) =>
    simulated.faults.get(fault) ? `${fault} ${simulated.faults.get(fault)}` : [],
  );
  say(`${simulated.positions} positions, ${simulated.operations} operations; ${struck.join(", ")}`);
  for (const { atMs, invariant, told } of simulated.violations) {
    say(`${(atMs / 1000).toFixed(1)} s: ${INVARIANTS[invariant]}: ${told}`);
  }
  if (simulated.violations.length === 0) say("nothing was seen that must never be");
  return simulated.violations.length === 0 ? 0 : 1;
}

async function mutants({ mutant, positions, json }: Extract<SimulateOptions, { run: "mutants" }>): Promise<number> {
  const names = MUTANTS.map(({ name }) => name).filter((name) => mutant === null || name === mutant);
  const shown = await showMutants(names, positions, (one, seconds) => say(toldOf(one, seconds)));
  const caught = shown.filter(isCaught).length;
  print({ mutants: shown.length, caught, shown }, json);
  return caught === shown.length ? 0 : 1;
}

function toldOf({ name, breaks, caughtBy, seeds, control }: Shown, seconds: number): string {
  const caught =
    caughtBy.length > 0 ? `caught in seed ${seeds}: ${caughtBy.join(", ")}` : `NOT CAUGHT in ${seeds} seeds`;
  const without = control.length > 0 ? `; WITHOUT IT: ${control.join(", ")}` : "";
  return `${name.padEnd(32)} ${breaks}\n${" ".repeat(33)}${caught}${without} (${seconds.toFixed(1)} s)`;
}
