import type { TradewindConfig } from "@tradewind/config";

/** How attempts are run, the same for the local runner host and for workers. */
export function runnerSettings({ localExecutor: local, executionApi, runner }: Pick<TradewindConfig, "localExecutor" | "executionApi" | "runner">) {
  return {
    memoryLimitMb: local.childMemoryMb,
    maxResultBytes: executionApi.maxXcomBytes,
    stopLadder: { abortGraceMs: runner.killGraceSeconds * 1000, termGraceMs: runner.killGraceSeconds * 1000 },
    maxLogBytes: runner.maxLogBytes,
    passEnv: runner.passEnvironment,
    childPolicy: {
      maxAttempts: local.childMaxTasks,
      maxAgeMs: local.childMaxAgeSeconds * 1000,
      maxIdleMs: local.idleSeconds * 1000,
      // What earlier tasks left behind must not count against the limit of the next one.
      maxRssBytes: (local.childMemoryMb / 2) * 1024 * 1024,
      bundlesPerChild: local.bundlesPerChild,
    },
  };
}
