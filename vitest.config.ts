import { configDefaults, defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{functions,infra,lint,packages}/**/*.test.ts"],
    // They need a PostgreSQL and a Redis of the machine: `npm run test:real`.
    exclude: [...configDefaults.exclude, "**/*.real.test.ts"],
    // Two cores are the smallest machine the suite is promised to pass on, and what runs longest mostly waits for blocks: with three
    // at once the cores are busy, with more the local runs are late.
    maxWorkers: 3,
    // Starting a PostgreSQL in the process takes up to 9 s on a cold cache and a busy machine.
    hookTimeout: 60_000,
    testTimeout: 30_000,
  },
});
