import type { BuiltDag } from "../generate/build-dag.ts";
import { endOf, resultOf } from "../generate/case.ts";
import type { ClearChoice, Outcome } from "../model/changes.ts";
import type { DagModel } from "../model/dag-model.ts";
import type { ModelInstance } from "../model/run-model.ts";

// What the numbers of a generated case stand for once its DAG is there.

/** How the attempt of an instance that runs now ends. */
export function outcomeOf(built: BuiltDag, dag: DagModel, { taskId, mapIndex, tryNumber }: ModelInstance): { outcome: Outcome; isLost: boolean } {
  const task = dag.task(taskId);
  const section = built.sectionOf.get(taskId)!;
  const end = endOf(section, task, mapIndex, tryNumber);
  if (end === "skipped") return { outcome: { kind: "skipped" }, isLost: false };
  if (end !== "success") return { outcome: { kind: "failed", retryable: end !== "failed_for_good" }, isLost: end === "lost" };
  const children = dag.children(taskId).map((child) => child.taskId);
  return { outcome: { kind: "success", result: resultOf(section, task, children, mapIndex, tryNumber) }, isLost: false };
}

export function chooseToClear({ spec }: DagModel, pick: number, flags: number): ClearChoice {
  const first = spec.tasks[pick % spec.tasks.length]!;
  const others = spec.tasks.filter((_, index) => flags % 3 === 0 && index % 2 === flags % 2);
  return {
    taskIds: [...new Set([first.taskId, ...others.map(({ taskId }) => taskId)])],
    onlyFailed: (flags & 4) !== 0,
    includeUpstream: (flags & 24) === 24,
    includeDownstream: (flags & 8) !== 0,
  };
}
