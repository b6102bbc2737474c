import { defineConfig } from "vitest/config";

/** What shows only on a real PostgreSQL and a real Redis: `npm run test:real`. */
export default defineConfig({
  test: {
    include: ["{functions,packages}/**/*.real.test.ts"],
    globalSetup: ["packages/local/testing/real-services.ts"],
    // One file after another: they share a Redis, which each of them empties.
    fileParallelism: false,
    hookTimeout: 60_000,
    // One of them is twenty lives, one after another.
    testTimeout: 60_000,
  },
});
