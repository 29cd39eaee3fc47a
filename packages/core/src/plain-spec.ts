/** Valid specs with every field at its default: recorded cases, benchmarks and tests say only what they are about. */
import { DAG_SPEC_VERSION, type DagSpec, type TaskGroupSpec, type TaskSpec } from "./dag-spec.ts";

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
    ignoreFirstDependsOnPast: true,
    isSetup: false,
    isTeardown: false,
    setups: [],
    onFailureFailDagRun: false,
    sensor: null,
    callbacks: [],
    isolation: "warm",
    memoryLimitMb: null,
    startDate: null,
    endDate: null,
    owner: "data",
    doc: null,
    ...fields,
  };
}

export function groupSpec(groupId: string, fields: Partial<TaskGroupSpec> = {}): TaskGroupSpec {
  return {
    groupId,
    displayName: null,
    parentId: null,
    tooltip: "",
    inputs: {},
    mapping: null,
    loop: null,
    retries: 0,
    retryDelayMs: 300_000,
    ...fields,
  };
}

export function dagSpec(fields: Partial<DagSpec> = {}): DagSpec {
  return {
    specVersion: DAG_SPEC_VERSION,
    dagId: "sales",
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
    callbacks: [],
    isPausedUponCreation: null,
    params: {},
    groups: [],
    tasks: [],
    ...fields,
  };
}
