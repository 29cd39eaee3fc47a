import { DAG_SPEC_VERSION, type DagSpec, type TaskSpec } from "@tradewind/core";

/** A valid task with every field at its default; a test says only what it is about. */
export function taskSpec(taskId: string, fields: Partial<TaskSpec> = {}): TaskSpec {
  return {
    taskId,
    upstream: [],
    displayName: null,
    operator: "task",
    kind: "task",
    respectDownstreamRules: false,
    groupId: null,
    triggerRule: "all_success",
    inputs: {},
    mapping: null,
    retries: 0,
    retryDelayMs: 300_000,
    retryBackoff: 0,
    maxRetryDelayMs: null,
    executionTimeoutMs: null,
    pool: "default_pool",
    poolSlots: 1,
    priorityWeight: 1,
    weightRule: "downstream",
    queue: "default",
    executor: null,
    maxActiveTisPerDag: null,
    maxActiveTisPerDagrun: null,
    dependsOnPast: false,
    waitForDownstream: false,
    isolation: "warm",
    memoryLimitMb: null,
    startDate: null,
    endDate: null,
    owner: "data",
    doc: null,
    ...fields,
  };
}

export function dagSpec(dagId: string, fields: Partial<DagSpec> = {}): DagSpec {
  return {
    specVersion: DAG_SPEC_VERSION,
    dagId,
    displayName: null,
    description: null,
    doc: null,
    owner: "data",
    tags: [],
    schedule: { kind: "none" },
    startDate: null,
    endDate: null,
    catchup: false,
    maxActiveRuns: 16,
    maxActiveTasks: 16,
    maxConsecutiveFailedDagRuns: 0,
    dagrunTimeoutMs: null,
    failFast: false,
    isPausedUponCreation: false,
    params: {},
    groups: [],
    tasks: [],
    ...fields,
  };
}

/** Tasks from "id" or "id < upstream, upstream", each with further fields by its id. */
export function tasksOf(lines: readonly string[], fields: Record<string, Partial<TaskSpec>> = {}): TaskSpec[] {
  return lines.map((line) => {
    const [taskId = "", upstream = ""] = line.split("<").map((part) => part.trim());
    const ids = upstream
      .split(",")
      .map((id) => id.trim())
      .filter((id) => id !== "");
    return taskSpec(taskId, { upstream: ids.sort(), ...fields[taskId] });
  });
}
