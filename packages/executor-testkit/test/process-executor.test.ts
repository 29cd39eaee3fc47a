import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeExecutor, type TestApi } from "@tradewind/executor/conformance";
import { assertNoProcesses } from "@tradewind/testkit";
import * as vitest from "vitest";
import { startWholeTradewind } from "../src/index.ts";
import { createExecutor } from "./process-executor.ts";

/** What says most in little time; `TRADEWIND_CONFORMANCE=all` for all. */
const SHORT = ["runs a task", "drain:", "lose a worker", "duplicate delivery", "adopt after a killed"];
const isWanted = (name: string): boolean => process.env["TRADEWIND_CONFORMANCE"] === "all" || SHORT.some((start) => name.startsWith(start));
const api = { ...vitest, test: (...[name, ...rest]: Parameters<TestApi["test"]>) => void (isWanted(name) && vitest.test(name, ...rest)) };

// What docs/executors.md shows is an executor.
describeExecutor(api, "of one process per attempt", async () => {
  const home = await mkdtemp(join(tmpdir(), "tw-conform-"));
  process.env["TMPDIR"] = home;
  const harness = await startWholeTradewind(home, {
    name: "process",
    makeExecutor: () => createExecutor({ name: "process", options: { slots: 4 }, home }),
    awaitNoWorkers: () => assertNoProcesses(home),
  });
  return {
    ...harness,
    async close() {
      try {
        await harness.close();
      } finally {
        await rm(home, { recursive: true, force: true });
      }
    },
  };
});
