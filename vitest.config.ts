import { defineConfig } from "vitest/config";

/** What takes long and needs no daemon: it runs beside the others. */
const STORE = ["test/{cache-matrix,random,killed,shared-cache,cache-command}.root.test.ts"];

/**
 * `unit` needs nothing; `root` needs root and Linux (namespaces, Docker, apt) and runs one file at a time;
 * `store` needs root and tools, and runs one file at a time, too.
 */
// biome-ignore lint/style/noDefaultExport: vitest reads the default export
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["src/**/*.test.ts", "test/**/*.test.ts"],
          exclude: ["**/*.root.test.ts", "node_modules/**"],
          maxWorkers: 2,
        },
      },
      {
        test: {
          name: "root",
          include: ["src/**/*.root.test.ts", "test/**/*.root.test.ts"],
          exclude: [...STORE, "node_modules/**"],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "store",
          include: STORE,
          testTimeout: 120_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
