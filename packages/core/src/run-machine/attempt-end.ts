import { decidesBranch, planBranch, planShortCircuit } from "../branching.ts";
import type { Json } from "../dag-spec.ts";
import { TradewindError } from "../errors.ts";
import { DEFAULT_MAX_MAP_LENGTH, mapLength } from "../mapping.ts";
import { retryDelayMs, shouldRetry } from "../retry.ts";
import { showValue } from "../show-value.ts";
import { changeState, continueLoop } from "./changes.ts";
import { nodeOf, type RunInstance, type RunModel } from "./run-model.ts";

/** How an attempt came to its end. */
export type AttemptEnd =
  | { kind: "success"; result?: Json }
  | { kind: "skipped"; reason: string }
  /** `isFinal`: is not tried again. `failure`: JSON text, kept with the instance. */
  | { kind: "failed"; message: string; isFinal?: boolean; retryAfterMs?: number; failure?: string }
  | { kind: "reschedule"; resumeAfterMs: number; message?: string };

/** An attempt that ran has ended: its task instance becomes what the outcome and the retry rules say. What follows is for `settleRun`. */
export function endInstance(model: RunModel, instance: RunInstance, end: AttemptEnd): void {
  switch (end.kind) {
    case "skipped":
      return changeState(model, instance, "skipped", { reason: end.reason });
    case "failed":
      return failInstance(model, instance, end);
    case "reschedule":
      changeState(model, instance, "up_for_reschedule", { reason: end.message ?? null });
      instance.timerMs = end.resumeAfterMs;
      return;
    case "success": {
      const problem = tryResult(model, instance, end.result);
      if (problem !== null) return failInstance(model, instance, { message: problem.message, isFinal: problem.isFinal });
      return changeState(model, instance, "success");
    }
  }
}

/** What is wrong with a result where something depends on it, or null. */
function tryResult(model: RunModel, instance: RunInstance, result: Json | undefined): { message: string; isFinal: boolean } | null {
  const node = nodeOf(model, instance);
  try {
    if (decidesByResult(model, instance)) decideByResult(model, instance, result);
    checkResultLength(node.isMappedOver && node.spec.mapping === null ? mapLength(result) : null, model.limits.maxMapLength);
    return null;
  } catch (error) {
    if (!(error instanceof TradewindError)) throw error;
    return { message: error.message, isFinal: error.code === "loop_exhausted" };
  }
}

/** "Length > max_map_length → the pushing task fails." @throws TradewindError `mapping_too_long` */
export function checkResultLength(length: number | null, maxMapLength: number = DEFAULT_MAX_MAP_LENGTH): void {
  if (length === null || length <= maxMapLength) return;
  throw new TradewindError("mapping_too_long", `The result has ${length} members, and a task is mapped over it; ${maxMapLength} are allowed.`, {
    details: { length, maxMapLength },
  });
}

/** Whether the end of a task decides about others by its result: a branch, a short circuit, the gate of a loop. */
export function decidesByResult(model: RunModel, instance: RunInstance): boolean {
  const node = nodeOf(model, instance);
  return decidesBranch(node) || node.spec.kind === "loop_gate";
}

/**
 * A branch, short circuit or gate ended well: notes what it does not follow, or that its loop goes on.
 * @throws TradewindError `branch_invalid` when its result names no direct child, `loop_invalid` when it is not true or false: the attempt has failed then. `loop_exhausted`: the loop would go
 * on, but has had all its iterations; the gate has failed for good
 */
export function decideByResult(model: RunModel, instance: RunInstance, result: Json | undefined): void {
  const { spec } = nodeOf(model, instance);
  const { taskId: deciderId, mapIndex } = instance;
  if (spec.kind === "loop_gate") return decideGate(model, instance, result);
  const { skip } = spec.kind === "branch" ? planBranch(model.graph, deciderId, result) : planShortCircuit(model.graph, deciderId, result);
  for (const taskId of skip) model.skips.push({ taskId, deciderId, mapIndex });
}

function decideGate(model: RunModel, gate: RunInstance, result: Json | undefined): void {
  const { indexGroupId } = nodeOf(model, gate);
  const loopId = indexGroupId ?? "";
  if (typeof result !== "boolean") {
    throw new TradewindError(
      "loop_invalid",
      `The until of loop "${loopId}" must return true (stop) or false (go on); it returned ${showValue(result)}.`,
      {
        details: { groupId: loopId, iteration: gate.mapIndex },
      },
    );
  }
  if (result || continueLoop(model, gate)) return;
  const { maxIterations } = model.graph.groups.get(loopId)!.spec.loop!;
  throw new TradewindError("loop_exhausted", `Loop "${loopId}" has run ${maxIterations} times, as often as it may, and its until is still false.`, {
    details: { groupId: loopId, maxIterations },
  });
}

/** Another try if there are any left, else the end, which in a DAG with fail-fast is that of all others too. */
export function failInstance(
  model: RunModel,
  instance: RunInstance,
  { message, isFinal = false, retryAfterMs, failure }: Omit<Extract<AttemptEnd, { kind: "failed" }>, "kind">,
): void {
  const { spec } = nodeOf(model, instance);
  const change = { reason: message, failure: failure ?? null };
  const { tryNumber, maxTries, state } = instance;
  // A clear raises maxTries above the task's own retries.
  const retries = Math.max(spec.retries, maxTries);
  if (shouldRetry({ state, tryNumber, maxTries, retries, isFinal })) {
    changeState(model, instance, "up_for_retry", change);
    instance.timerMs = retryAfterMs ?? delayOf(model, instance);
    return;
  }
  changeState(model, instance, "failed", change);
  if (model.graph.spec.failFast && !spec.isTeardown) model.failsFast = true;
}

function delayOf({ run, limits, graph }: RunModel, { taskId, tryNumber }: RunInstance): number {
  const { retryDelayMs: delayMs, retryBackoff, maxRetryDelayMs } = graph.tasks.get(taskId)!.spec;
  const { maxTaskRetryDelayMs } = limits;
  return retryDelayMs({
    dagId: run.dagId,
    taskId,
    logicalDate: run.logicalDate,
    tryNumber,
    retryDelayMs: delayMs,
    retryBackoff,
    maxRetryDelayMs,
    maxTaskRetryDelayMs,
  });
}
