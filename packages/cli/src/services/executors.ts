import { type ExecutorChoice, executorsOf } from "@tradewind/config";
import type { Executor } from "@tradewind/executor";
import type { Installation } from "./installation.ts";
import { loadExecutorPackage } from "./executor-package.ts";
import { redisSettings } from "./redis-settings.ts";
import { runnerSettings } from "./runner-settings.ts";

/** Whether the runner host ends with this process, when that is stopped in order. A killed process always leaves it, for the next one to find. */
export type OwnHost = "bound" | "detached";

/** The executors that are configured, the default one first. Each is loaded only where it is wanted: clients of what carries tasks are large. */
export function makeExecutors(installation: Installation, ownHost: OwnHost): Promise<Executor[]> {
  return Promise.all(executorsOf(installation.config).map((choice) => makeExecutor(choice, installation, ownHost)));
}

async function makeExecutor(choice: ExecutorChoice, installation: Installation, ownHost: OwnHost): Promise<Executor> {
  if (choice.package !== null) return loadExecutorPackage({ ...choice, package: choice.package }, installation);
  return choice.name === "bullmq" ? makeBullMqExecutor(installation) : makeLocalExecutor(installation, ownHost);
}

async function makeBullMqExecutor({ config }: Installation): Promise<Executor> {
  const { createBullMqExecutor } = await import("@tradewind/executor-bullmq");
  return createBullMqExecutor({ redis: redisSettings(config) });
}

async function makeLocalExecutor({ config, home }: Installation, ownHost: OwnHost): Promise<Executor> {
  const [{ createLocalExecutor }, { HOST_MAIN_PATH }] = await Promise.all([
    import("@tradewind/executor-local"),
    import("@tradewind/runner/host-main-path"),
  ]);
  const { slots, prefetch, hostIdleSeconds, hostUnreachableSeconds } = config.localExecutor;
  return createLocalExecutor({
    ...runnerSettings(config),
    home,
    slots,
    ...(prefetch === null ? {} : { prefetch }),
    hostCommand: [process.execPath, HOST_MAIN_PATH],
    ownHost,
    idleExitMs: hostIdleSeconds * 1000,
    unreachableExitMs: hostUnreachableSeconds * 1000,
    drainTimeoutMs: config.runner.drainSeconds * 1000,
  });
}
