import type { BuiltDag } from "../generate/build-dag.ts";
import { endOf, resultOf } from "../generate/case.ts";
import type { ClearChoice, MarkChoice, Outcome } from "../model/changes.ts";
import type { DagModel } from "../model/dag-model.ts";
import type { ModelInstance, RunModel } from "../model/run-model.ts";

// What the numbers of a generated case stand for once its DAG is there.

/** How the attempt of an instance that runs now ends. */
export function outcomeOf(
  built: BuiltDag,
  dag: DagModel,
  { taskId, mapIndex, tryNumber, reschedules }: ModelInstance,
): { outcome: Outcome; isLost: boolean } {
  const task = dag.task(taskId);
  const section = built.sectionOf.get(taskId)!;
  const end = endOf(section, task, mapIndex, tryNumber);
  if (end === "skipped") return { outcome: { kind: "skipped" }, isLost: false };
  if (end === "rescheduled" && reschedules === 0) return { outcome: { kind: "rescheduled" }, isLost: false };
  if (end !== "success" && end !== "rescheduled")
    return { outcome: { kind: "failed", retryable: end !== "failed_for_good" }, isLost: end === "lost" };
  const children = dag.children(taskId).map((child) => child.taskId);
  return { outcome: { kind: "success", result: resultOf(section, task, children, mapIndex, tryNumber) }, isLost: false };
}

/** What a person clears, and in which runs around the one that is named. */
export interface ClearStep extends ClearChoice {
  includePast: boolean;
  includeFuture: boolean;
  preventRunningTask: boolean;
}

export function chooseToClear(run: RunModel, pick: number, flags: number): ClearStep {
  const { tasks } = run.dag.spec;
  const first = tasks[pick % tasks.length]!;
  const others = tasks.filter((_, index) => flags % 3 === 0 && index % 2 === flags % 2);
  return {
    taskIds: [...new Set([first.taskId, ...others.map(({ taskId }) => taskId)])],
    mapIndex: (flags & 0x4000) === 0 ? null : chooseIndex(run, first.taskId, flags),
    onlyFailed: (flags & 4) !== 0,
    onlyRunning: (flags & 0x30) === 0x30,
    includeUpstream: (flags & 24) === 24,
    includeDownstream: (flags & 8) !== 0,
    resetDagRuns: (flags & 0xc00) !== 0xc00,
    preventRunningTask: (flags & 0x3000) === 0x3000,
    ...chooseWindow(flags),
  };
}

export function chooseToMark(run: RunModel, pick: number, flags: number): MarkChoice & { includePast: boolean; includeFuture: boolean } {
  const { taskId } = run.dag.spec.tasks[pick % run.dag.spec.tasks.length]!;
  return {
    taskIds: [taskId],
    mapIndex: (flags & 0x4000) === 0 ? null : chooseIndex(run, taskId, flags),
    state: (["success", "failed", "skipped"] as const)[flags % 3]!,
    includeUpstream: (flags & 24) === 24,
    includeDownstream: (flags & 8) !== 0,
    ...chooseWindow(flags),
  };
}

function chooseWindow(flags: number): { includePast: boolean; includeFuture: boolean } {
  return { includePast: (flags & 0xc0) === 0xc0, includeFuture: (flags & 0x300) === 0x300 };
}

function chooseIndex(run: RunModel, taskId: string, flags: number): number {
  const instances = run.of(taskId);
  return instances[flags % instances.length]!.mapIndex;
}

/** The runs a clear or a mark is about: "past/future walk the schedule's logical dates". A single run is one without a logical date. */
export function runsAround<R>(
  runs: readonly R[],
  place: number,
  { includePast, includeFuture }: { includePast: boolean; includeFuture: boolean },
): R[] {
  return runs.filter((_, other) => other === place || (other < place && includePast) || (other > place && includeFuture));
}
