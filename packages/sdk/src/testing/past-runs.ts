import { type DagSpec, type MaybeState, NO_PAST, type PastFacts, type RunInstance } from "@tradewind/core";
import type { MemoryRun } from "./memory-run.ts";

/** What a task sees of the runs before: with catchup of the last one that is not manual, else of the last of any kind. */
export function pastFactsOf(spec: DagSpec, earlier: readonly MemoryRun[], logicalDate: Date | null, taskId: string): PastFacts {
  if (logicalDate === null) return NO_PAST;
  const before = earlier
    .filter(({ options }) => options.plan.logicalDate !== null && options.plan.logicalDate < logicalDate)
    .sort((one, other) => one.options.plan.logicalDate!.getTime() - other.options.plan.logicalDate!.getTime());
  const previous = before.findLast(({ options }) => !spec.catchup || options.plan.runType !== "manual");
  const hasRunBefore = before.some((run) => instancesOf(run, taskId).length > 0);
  if (previous === undefined) return { previous: null, hasRunBefore };
  const task = spec.tasks.find((one) => one.taskId === taskId)!;
  const startDate = task.startDate ?? spec.startDate;
  const children = spec.tasks.filter(({ upstream }) => upstream.includes(taskId));
  return {
    previous: {
      hasTask: instancesOf(previous, taskId).length > 0,
      states: statesOf(previous, taskId),
      downstreamStates: children.flatMap((child) => statesOf(previous, child.taskId)),
      isBeforeStartDate: spec.catchup && startDate !== null && previous.options.plan.logicalDate! < new Date(startDate),
    },
    hasRunBefore,
  };
}

function instancesOf(run: MemoryRun, taskId: string): readonly RunInstance[] {
  return run.machine.instances.filter((instance) => instance.taskId === taskId);
}

function statesOf(run: MemoryRun, taskId: string): MaybeState[] {
  return instancesOf(run, taskId).map(({ state }) => state);
}
