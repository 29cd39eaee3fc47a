import { dagRunTimeoutAt, stateAfterRunIsMarked } from "../run-outcome.ts";
import { isTerminal } from "../state-transitions.ts";
import { withdraw } from "./changes.ts";
import { finishRun } from "./outcome.ts";
import type { RunInstance, RunModel } from "./run-model.ts";

/**
 * What becomes of the instances when a person marks a run: "Mark run success: every TI → success except unfinished teardowns. Mark run failed: running/deferred/up_for_reschedule → failed, other
 * unfinished → skipped, teardowns left to run."
 */
export function planRunMark(model: RunModel, mark: "success" | "failed"): { instance: RunInstance; to: "success" | "failed" | "skipped" }[] {
  return [...model.instances.values()].flatMap((instance) => {
    if (isTeardown(model, instance) && !isTerminal(instance.state)) return [];
    const to = stateAfterRunIsMarked(instance.state, mark);
    return to === null ? [] : [{ instance, to }];
  });
}

/** "Run set only when no teardown is left": ends the run, or notes how it is to end when its last teardown has. */
export function endMarkedRun(model: RunModel, mark: "success" | "failed", reason: string): void {
  const { run } = model;
  const waits =
    run.state === "running" && [...model.instances.values()].some((instance) => isTeardown(model, instance) && !isTerminal(instance.state));
  if (waits) {
    run.markedState = mark;
    model.stateReason = reason;
    // It is written with the state, and the run may still run out of time.
    model.timeoutAt = dagRunTimeoutAt({ startedAt: run.startDate, dagrunTimeoutMs: model.graph.spec.dagrunTimeoutMs });
    model.changed.state = true;
  } else if (run.state !== mark) finishRun(model, mark, reason, { byPerson: true });
}

/** Both, for a run that is in memory whole. */
export function markRun(model: RunModel, mark: "success" | "failed", reason: string): void {
  for (const { instance, to } of planRunMark(model, mark)) withdraw(model, instance, to, reason);
  endMarkedRun(model, mark, reason);
}

function isTeardown(model: RunModel, instance: RunInstance): boolean {
  return model.graph.tasks.get(instance.taskId)?.spec.isTeardown ?? false;
}
