import { startEngine } from "./engine.ts";
import { beChild } from "./process.ts";

await beChild(async () => {
  const engine = await startEngine(process.env, Number(process.env["BACKSTOP_LOCAL_PORT"] ?? 0));
  return { ready: engine.url, close: engine.close };
});
