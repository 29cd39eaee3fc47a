import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeExecutor } from "@tradewind/executor/conformance";
import { startWholeTradewind } from "@tradewind/executor-testkit";
import { HOST_MAIN_PATH } from "@tradewind/runner/host-main-path";
import { assertNoProcesses } from "@tradewind/testkit";
import * as vitest from "vitest";
import { createLocalExecutor } from "../src/index.ts";

const makeExecutor = (home: string) => createLocalExecutor({ home, slots: 4, hostCommand: [process.execPath, HOST_MAIN_PATH], idleExitMs: 1_000 });

describeExecutor(vitest, "local", async () => {
  const home = await mkdtemp(join(tmpdir(), "tw-conform-"));
  // Hosts and their children inherit it: they are known by it.
  process.env["TMPDIR"] = home;
  const harness = await startWholeTradewind(home, {
    makeExecutor,
    // A host that no scheduler is connected to ends by itself.
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
