import type { AttemptGrant } from "@tradewind/contract";
import { errorMessage, type Json, listXComRefs, mappedInputs, resolveInputs, type TaskSpec, type XComRef } from "@tradewind/core";
import {
  type DagRunContext,
  deleteXComs,
  type GrantedAttempt,
  listDagRunContexts,
  listXComs,
  type Queryable,
  type Transaction,
} from "@tradewind/metadata";
import type { EngineContext } from "../context.ts";
import { type GatheredXComs, gatherXComs } from "./xcom-lookup.ts";

/** An attempt that was granted, ready to be told; or why its inputs cannot be had, so that it fails instead. */
export type BuiltGrant = { attemptId: string; grant: AttemptGrant } | { attemptId: string; problem: string };

/** Everything a runner needs for these attempts: two statements for all of them, both at once. What an earlier try left behind is taken away. */
export async function buildGrants(context: EngineContext, tx: Transaction, attempts: readonly GrantedAttempt[]): Promise<BuiltGrant[]> {
  if (attempts.length === 0) return [];
  const repeated = attempts.filter((attempt) => attempt.tryNumber > 1);
  const [runs] = await Promise.all([
    listDagRunContexts(tx, { dagRunIds: [...new Set(attempts.map((attempt) => attempt.dagRunId))] }),
    deleteXComs(tx, repeated),
  ]);
  const byId = new Map(runs.map((run) => [run.id, run]));
  await context.versions.load(
    tx,
    runs.map((run) => run.dagVersionId),
  );
  const parts = attempts.map((attempt) => {
    const run = byId.get(attempt.dagRunId)!;
    const version = context.versions.get(run.dagVersionId);
    return { attempt, run, version, spec: version.graph.tasks.get(attempt.taskId)!.spec };
  });
  const xcoms = await readXComs(
    tx,
    parts.map(({ run, spec }) => ({ dagRunId: run.id, refs: listXComRefs(spec) })),
    context.limits.maxInlineInputsBytes,
  );
  return parts.map(({ attempt, run, version, spec }) => {
    try {
      const inputs = xcoms.has(run.id, listXComRefs(spec)) ? inline(context, resolveAll(spec, xcoms, run.id, version.graph, attempt.mapIndex)) : null;
      return { attemptId: attempt.attemptId, grant: toGrant(context, attempt, run, version, spec, inputs) };
    } catch (error) {
      return { attemptId: attempt.attemptId, problem: errorMessage(error) };
    }
  });
}

export async function readXComs(
  db: Queryable,
  wanted: readonly { dagRunId: number; refs: readonly XComRef[] }[],
  maxBytes: number | null,
): Promise<GatheredXComs> {
  const refs = new Map<string, { dagRunId: number } & XComRef>();
  for (const { dagRunId, refs: own } of wanted)
    for (const ref of own) refs.set(JSON.stringify([dagRunId, ref.taskId, ref.key]), { dagRunId, ...ref });
  return gatherXComs(null, await listXComs(db, { refs: [...refs.values()], maxBytes }));
}

/** The handler's inputs by name, mapped ones and constants together. */
export function resolveAll(
  spec: TaskSpec,
  xcoms: GatheredXComs,
  dagRunId: number,
  graph: Parameters<GatheredXComs["ofRun"]>[1],
  mapIndex: number,
): Record<string, Json> {
  const lookup = xcoms.ofRun(dagRunId, graph);
  const constants = resolveInputs(spec.inputs, lookup, spec.taskId);
  if (spec.mapping === null || mapIndex < 0) return constants;
  const values = resolveInputs(spec.mapping.inputs, lookup, spec.taskId);
  return { ...constants, ...mappedInputs(spec.mapping, values, mapIndex, spec.taskId) };
}

function inline({ limits }: EngineContext, inputs: Record<string, Json>): string | null {
  const text = JSON.stringify(inputs);
  return text.length <= limits.maxInlineInputsBytes ? text : null;
}

function toGrant(
  context: EngineContext,
  attempt: GrantedAttempt,
  run: DagRunContext,
  version: ReturnType<EngineContext["versions"]["get"]>,
  spec: TaskSpec,
  inputs: string | null,
): AttemptGrant {
  const { leaseMs } = context.limits;
  const conf = JSON.parse(run.conf) as Record<string, Json>;
  const defaults = Object.entries(version.graph.spec.params).flatMap(([name, param]) =>
    param.default === undefined ? [] : [[name, param.default] as const],
  );
  return {
    attemptId: attempt.attemptId,
    taskInstanceId: attempt.taskInstanceId,
    token: context.issueAttemptToken({ attemptId: attempt.attemptId, ttlMs: leaseMs * 2 }),
    leaseMs,
    bundleSha256: attempt.bundleSha256,
    resolveFrom: version.resolveFrom,
    isolation: spec.isolation,
    memoryLimitMb: spec.memoryLimitMb,
    executionTimeoutMs: spec.executionTimeoutMs,
    inputs,
    context: {
      dagId: run.dagId,
      runId: run.runId,
      runType: run.runType,
      taskId: attempt.taskId,
      mapIndex: attempt.mapIndex,
      tryNumber: attempt.tryNumber,
      maxTries: attempt.maxTries,
      attemptId: attempt.attemptId,
      logicalDate: iso(run.logicalDate),
      dataIntervalStart: iso(run.dataIntervalStart),
      dataIntervalEnd: iso(run.dataIntervalEnd),
      runAfter: run.runAfter.toISOString(),
      runStartedAt: iso(run.startDate),
      conf,
      params: { ...Object.fromEntries(defaults), ...conf },
      dagVersion: version.versionNumber,
    },
  };
}

function iso(at: Date | null): string | null {
  return at?.toISOString() ?? null;
}
