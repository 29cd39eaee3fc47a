import { availableParallelism } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

const everyProject = {
  // Processes, not threads: tests spawn children, send signals and change the working directory.
  pool: "forks",
  testTimeout: 20_000,
  hookTimeout: 60_000,
  teardownTimeout: 15_000,
  // No result may depend on the machine's zone.
  env: { TZ: "UTC" },
  setupFiles: join(import.meta.dirname, "scripts/test-setup.ts"),
  restoreMocks: true,
  unstubEnvs: true,
} as const;

export default defineConfig({
  test: {
    // One PostgreSQL for the whole run, started when a test first asks; each test file clones its own database from a migrated template.
    globalSetup: ["./packages/metadata/src/testing/global-setup.ts"],
    // Two at least: most slow tests wait for Postgres or for child processes, not for a core.
    maxWorkers: Math.max(2, availableParallelism()),
    projects: [
      {
        test: {
          ...everyProject,
          name: "unit",
          include: ["packages/*/src/**/*.test.ts"],
          // Tests beside the source are about plain functions and leave nothing behind, so files may share a process: imports dominate otherwise.
          isolate: false,
        },
      },
      {
        test: {
          ...everyProject,
          name: "integration",
          include: ["packages/*/test/**/*.test.ts", "scripts/**/*.test.ts"],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          ...everyProject,
          name: "e2e",
          include: ["e2e/*.test.ts"],
          // Every test starts a whole installation of processes, on a machine that runs other tests too.
          testTimeout: 180_000,
        },
      },
    ],
  },
});
