import { createHash } from "node:crypto";
import { canonicalJson, DAG_SPEC_VERSION, type DagSpec, type TaskSpec } from "@tradewind/core";
import { createFernet, type Fernet, generateFernetKey } from "@tradewind/metadata";

/** What the database says of a DAG: the text of a version, the newest one when none is named. */
export { findDagSource } from "@tradewind/metadata/rest";
export { type TestDatabase, useTestDatabase } from "@tradewind/metadata/testing";

/** Encrypts with a key that nobody else has. */
export function freshFernet(): Fernet {
  return createFernet(generateFernetKey());
}

/** A task with every option at its default. */
export function taskSpec(taskId: string, fields: Partial<TaskSpec> = {}): TaskSpec {
  return {
    taskId,
    displayName: null,
    operator: "task",
    kind: "task",
    respectDownstreamRules: false,
    groupId: null,
    upstream: [],
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

/** A DAG that runs by hand only, and is not paused. */
export function dagSpec(dagId: string, tasks: TaskSpec[], fields: Partial<DagSpec> = {}): DagSpec {
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
    tasks,
    ...fields,
  };
}

/** What a dag-processor would tell the engine of a file with this one DAG. */
export function loadedDagFile(spec: DagSpec) {
  const code = `// the bundle of ${spec.dagId}`;
  const specJson = canonicalJson(spec);
  return {
    bundleName: "dags",
    relativePath: `${spec.dagId}.ts`,
    fingerprint: {},
    parseDurationMs: 1,
    resolveFrom: ["/dags"],
    result: {
      ok: true as const,
      bundle: { sha256: sha256(code), code, sourceMap: null },
      source: code,
      dags: [{ dagId: spec.dagId, exportName: "dag", spec, specJson, specSha256: sha256(specJson) }],
    },
  };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
