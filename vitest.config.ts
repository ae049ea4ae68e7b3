import { defineConfig } from "vitest/config";

/** `unit` needs nothing; `root` needs root and Linux (namespaces, Docker, apt) and runs one file at a time. */
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
          testTimeout: 120_000,
          hookTimeout: 180_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
