export { type CallbackJob, type CallbackResult, CallbackRunner, type CallbackRunnerOptions } from "./callbacks/callback-runner.ts";
export { testConnectionInChild } from "./connection-tests/test-in-child.ts";
export { RunnerHost } from "./host/runner-host.ts";
export {
  type ChildPolicy,
  type CommandSource,
  DEFAULT_CHILD_POLICY,
  DEFAULT_STOP_LADDER,
  type HostChange,
  type HostLogger,
  type PausePoint,
  type RunnerHostOptions,
  type StopLadder,
} from "./host/host-options.ts";
export { isSensitiveName, SecretMasker } from "./host/secret-masker.ts";
export { processStartTime } from "./host/process-facts.ts";
export { HOST_MAIN_PATH } from "./host-main-path.ts";
