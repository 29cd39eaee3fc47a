import type { TaskSpec } from "@tradewind/core";
import { formatDurationMs } from "../time/format.ts";

/** What the author chose for a task, in words; what is as it always is, is left out. */
export function taskOptions(spec: TaskSpec): [name: string, value: string][] {
  const all: [string, string | null][] = [
    ["Operator", spec.operator],
    ["Group", spec.groupId],
    ["Trigger rule", spec.triggerRule],
    ["Retries", retriesOf(spec)],
    ["Time limit of a try", spec.executionTimeoutMs === null ? null : formatDurationMs(spec.executionTimeoutMs)],
    ["Pool", `${spec.pool}, ${spec.poolSlots} ${spec.poolSlots === 1 ? "slot" : "slots"}`],
    ["Queue", spec.queue],
    ["Executor", spec.executor],
    ["Priority weight", `${spec.priorityWeight}, by ${spec.weightRule}`],
    ["At most at once", spec.maxActiveTisPerDag === null ? null : String(spec.maxActiveTisPerDag)],
    ["At most at once in a run", spec.maxActiveTisPerDagrun === null ? null : String(spec.maxActiveTisPerDagrun)],
    ["Skipped only after the past", spec.waitForPastDependsBeforeSkipping === true ? "yes" : null],
    ["Waits for the past", spec.waitForDownstream ? "with all directly below it" : spec.dependsOnPast ? "yes" : null],
    ["Setup or teardown", spec.isSetup ? "setup" : spec.isTeardown ? `teardown of ${spec.setups.join(", ")}` : null],
    ["Waits as a sensor", spec.sensor === null ? null : sensorOf(spec.sensor)],
    ["Callbacks", spec.callbacks.length === 0 ? null : spec.callbacks.map((name) => `on ${name}`).join(", ")],
    ["Process", spec.isolation === "process" ? "one of its own for each try" : null],
    ["Memory", spec.memoryLimitMb === null ? null : `${spec.memoryLimitMb} MB`],
    ["Owner", spec.owner],
  ];
  return all.filter((pair): pair is [string, string] => pair[1] !== null);
}

function retriesOf({ retries, retryDelayMs, retryBackoff, maxRetryDelayMs }: TaskSpec): string {
  if (retries === 0) return "none";
  const grows = retryBackoff > 1 ? `, times ${retryBackoff} for each` : "";
  const most = maxRetryDelayMs === null ? "" : `, at most ${formatDurationMs(maxRetryDelayMs)}`;
  return `${retries}, after ${formatDurationMs(retryDelayMs)}${grows}${most}`;
}

function sensorOf({ mode, pokeIntervalMs, timeoutMs, softFail }: NonNullable<TaskSpec["sensor"]>): string {
  return `${mode}, every ${formatDurationMs(pokeIntervalMs)} for ${formatDurationMs(timeoutMs)}${softFail ? ", then skipped" : ""}`;
}
