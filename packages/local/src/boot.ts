/** A local run as its parent holds it: the services, and an engine among them that may die and come again. */
import { mkdirSync, openSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Side } from "@backstop/core/market/market";
import { beginStory, stageOf } from "./control.ts";
import { type Faults, faultsAt } from "./faults/client.ts";
import { type Child, startChild } from "./process.ts";
import type { ServicesOptions } from "./services.ts";
import type { Stage } from "./venue/reference.ts";

/** Where both processes write their logs. */
const LOGS = fileURLToPath(new URL("../../../.backstop", import.meta.url));

export interface BootOptions extends ServicesOptions {
  /** Of the API; 0: a free one. */
  readonly port: number;
  readonly tickSeconds: number;
  /** Variables that the engine's functions get besides those of the services. */
  readonly variables?: Readonly<Record<string, string>>;
  /** A directory in `.backstop/` for the logs of this run; without one they follow those of all others. */
  readonly logs?: string | undefined;
}

export interface LocalRun {
  /** Where everything is, as the functions read it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Of the API, as long as this engine lives. */
  readonly url: string;
  /** Lets the market of `symbol` tell its story, to a position of `side`. */
  beginStory(symbol: string, side: Side): Promise<void>;
  /** Where that story is. */
  stageOf(symbol: string): Promise<Stage>;
  /** What goes wrong outside of the engine. */
  readonly faults: Faults;
  /** `kill -9`: no hook, no goodbye. */
  killEngine(): Promise<void>;
  /** The engine and the services, in the same way. */
  kill(): Promise<void>;
  startEngine(): Promise<void>;
  /** Stops the engine where it is, until it thaws, and starts another one. */
  freezeEngine(): Promise<FrozenEngine>;
  stop(): Promise<void>;
}

/** It wakes up in the middle of what it did, and knows of nothing that has happened since. */
export type FrozenEngine = Pick<Child<string>, "thaw" | "kill">;

/** @throws Error with the reason, when one of the two does not start; nothing is left running then. */
export async function boot({ port, tickSeconds, variables, logs = "", ...options }: BootOptions): Promise<LocalRun> {
  const services = await startChild<Readonly<Record<string, string>>>(
    new URL("./services.process.ts", import.meta.url),
    { BACKSTOP_LOCAL_SERVICES: JSON.stringify(options) },
    logFile(logs, "services"),
  );
  const environment = services.ready;
  const start = (): Promise<Child<string>> =>
    startChild<string>(
      new URL("./engine.process.ts", import.meta.url),
      {
        ...environment,
        ...variables,
        BACKSTOP_EVALUATOR_TICK_SECONDS: process.env["BACKSTOP_EVALUATOR_TICK_SECONDS"] ?? String(tickSeconds),
        BACKSTOP_LOCAL_PORT: String(port),
        // One of the shell's own would be a second key.
        WALLET_SECRET_KEY: undefined,
      },
      logFile(logs, "engine"),
    );
  const controlUrl = environment["BACKSTOP_LOCAL_CONTROL_URL"] ?? "";
  let engine: Child<string>;
  const frozen: Child<string>[] = [];
  try {
    engine = await start();
  } catch (error) {
    await services.stop();
    throw error;
  }
  return {
    environment,
    get url() {
      return engine.ready;
    },
    beginStory: (symbol, side) => beginStory(controlUrl, symbol, side),
    stageOf: (symbol) => stageOf(controlUrl, symbol),
    faults: faultsAt(controlUrl),
    killEngine: () => engine.kill(),
    async kill() {
      await Promise.all([engine.kill(), services.kill()]);
    },
    async startEngine() {
      engine = await start();
    },
    async freezeEngine() {
      const left = engine;
      left.freeze();
      frozen.push(left);
      engine = await start();
      return left;
    },
    async stop() {
      await Promise.all(frozen.map((each) => each.kill()));
      await engine.stop();
      await services.stop();
    },
  };
}

function logFile(directory: string, name: string): number {
  const path = `${LOGS}/${directory}`;
  mkdirSync(path, { recursive: true });
  return openSync(`${path}/${name}.log`, "a");
}
