import { configDefaults, defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{functions,infra,lint,packages}/**/*.test.ts"],
    // They need a PostgreSQL and a Redis of the machine: `npm run test:real`.
    exclude: [...configDefaults.exclude, "**/*.real.test.ts"],
    // Two cores are the smallest machine the suite is promised to pass on.
    maxWorkers: 2,
    // Starting a PostgreSQL in the process takes up to 9 s on a cold cache and a busy machine.
    hookTimeout: 60_000,
    testTimeout: 30_000,
  },
});
