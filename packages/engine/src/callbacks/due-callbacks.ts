import type { AttemptFinish } from "@tradewind/contract";
import type { MaybeState, TaskCallback } from "@tradewind/core";
import type { NewCallbackRequest } from "@tradewind/metadata";
import { type Instance, nodeOf, type RunWork } from "../settle/run-work.ts";

/** Which callback an attempt's end asks for. "on_skipped fires only when a running task raises skip": other skips are no ends of attempts. */
const CALLBACK_OF_STATE: Partial<Record<NonNullable<MaybeState>, TaskCallback>> = {
  success: "success",
  failed: "failure",
  skipped: "skipped",
  up_for_retry: "retry",
};

/**
 * The callback that is due for an attempt which has just ended, and that its process has not run: the process died, or the engine decided otherwise than the process could know. null: none.
 *
 * "Task callbacks run in the worker; if the worker is dead a request goes to the Dag processor."
 */
export function findDueCallback(
  work: RunWork,
  instance: Instance,
  { outcome, callbackRan }: Pick<AttemptFinish, "outcome" | "callbackRan">,
): NewCallbackRequest | null {
  const callback = instance.state === null ? undefined : CALLBACK_OF_STATE[instance.state];
  if (callback === undefined || callback === callbackRan || !nodeOf(work, instance).spec.callbacks.includes(callback)) return null;
  return {
    dagRunId: work.run.id,
    dagId: work.run.dagId,
    dagVersionId: work.run.dagVersionId,
    scope: "task",
    callback,
    taskInstanceId: instance.id,
    attemptId: instance.attemptId,
    tryNumber: instance.tryNumber,
    reason: outcome.kind === "skipped" ? outcome.reason : outcome.kind === "failed" ? (outcome.retryReason ?? null) : null,
    failure: instance.failure,
  };
}
