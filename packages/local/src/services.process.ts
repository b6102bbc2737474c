import { beChild } from "./process.ts";
import { startServices } from "./services.ts";

await beChild(async () => {
  const services = await startServices({ seed: process.env["BACKSTOP_LOCAL_SEED"] ?? "" });
  return { ready: services.environment, close: services.close };
});
