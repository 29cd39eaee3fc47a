import type { AttemptContext, AttemptGrant } from "@tradewind/contract";
import { errorMessage, type Json, listXComRefs, type ResolvedInputs, resolveTaskInputs, type TaskSpec, type XComRef } from "@tradewind/core";
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
  const repeated = attempts.filter((attempt) => attempt.tryNumber > 1 || attempt.rescheduleCount !== null);
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
    const node = version.graph.tasks.get(attempt.taskId)!;
    return { attempt, run, version, node, refs: listXComRefs(version.graph, node) };
  });
  const xcoms = await readXComs(
    tx,
    parts.map(({ run, refs }) => ({ dagRunId: run.id, refs })),
    context.limits.maxInlineInputsBytes,
  );
  return parts.map(({ attempt, run, version, node, refs }) => {
    try {
      const inputs = xcoms.has(run.id, refs) ? inline(context, resolveTaskInputs(version.graph, node, attempt.mapIndex, xcoms.ofRun(run.id))) : null;
      return { attemptId: attempt.attemptId, grant: toGrant(context, attempt, run, version, node.spec, inputs) };
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
  return gatherXComs(await listXComs(db, { refs: [...refs.values()], maxBytes }));
}

interface InlineInputs {
  text: string;
  inputMaps: ResolvedInputs["inputMaps"];
}

function inline({ limits }: EngineContext, { inputs, inputMaps }: ResolvedInputs): InlineInputs | null {
  const text = JSON.stringify(inputs);
  return text.length <= limits.maxInlineInputsBytes ? { text, inputMaps } : null;
}

function toGrant(
  context: EngineContext,
  attempt: GrantedAttempt,
  run: DagRunContext,
  version: ReturnType<EngineContext["versions"]["get"]>,
  spec: TaskSpec,
  inputs: InlineInputs | null,
): AttemptGrant {
  const { leaseMs } = context.limits;
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
    inputs: inputs?.text ?? null,
    ...(inputs !== null && inputs.inputMaps.length > 0 && { inputMaps: inputs.inputMaps }),
    ...(spec.callbacks.length > 0 && { callbacks: spec.callbacks }),
    context: attemptContext(run, version, attempt),
  };
}

/** What author code sees of its attempt. */
export function attemptContext(
  run: DagRunContext,
  version: ReturnType<EngineContext["versions"]["get"]>,
  attempt: Pick<GrantedAttempt, "attemptId" | "taskId" | "mapIndex" | "tryNumber" | "maxTries" | "firstStartedAt" | "rescheduleCount">,
): AttemptContext {
  const conf = JSON.parse(run.conf) as Record<string, Json>;
  const defaults = Object.entries(version.graph.spec.params).flatMap(([name, param]) =>
    param.default === undefined ? [] : [[name, param.default] as const],
  );
  return {
    dagId: run.dagId,
    runId: run.runId,
    runType: run.runType,
    taskId: attempt.taskId,
    mapIndex: attempt.mapIndex,
    tryNumber: attempt.tryNumber,
    maxTries: attempt.maxTries,
    attemptId: attempt.attemptId,
    firstStartedAt: iso(attempt.firstStartedAt),
    rescheduleCount: attempt.rescheduleCount ?? 0,
    logicalDate: iso(run.logicalDate),
    dataIntervalStart: iso(run.dataIntervalStart),
    dataIntervalEnd: iso(run.dataIntervalEnd),
    runAfter: run.runAfter.toISOString(),
    runStartedAt: iso(run.startDate),
    conf,
    params: { ...Object.fromEntries(defaults), ...conf },
    dagVersion: version.versionNumber,
  };
}

function iso(at: Date | null): string | null {
  return at?.toISOString() ?? null;
}
