import { beChild } from "./process.ts";
import { type ServicesOptions, startServices } from "./services.ts";

await beChild(async () => {
  // Written by the parent, a part of the same program.
  const options: ServicesOptions = JSON.parse(process.env["BACKSTOP_LOCAL_SERVICES"] ?? "{}");
  const services = await startServices(options);
  return { ready: services.environment, close: services.close };
});
