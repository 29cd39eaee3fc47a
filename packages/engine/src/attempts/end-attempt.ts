import type { AttemptFinish, TaskOutcome } from "@tradewind/contract";
import {
  checkResultLength,
  decidesByResult,
  errorMessage,
  failInstance,
  hasErrorCode,
  isTerminal,
  type Json,
  mapLength,
  RETURN_VALUE_KEY,
} from "@tradewind/core";
import type { LeasedAttempt, NewXCom } from "@tradewind/metadata";
import { findDueCallback } from "../callbacks/due-callbacks.ts";
import { addRecord, type Instance, nodeOf, type RunWork } from "../settle/run-work.ts";
import type { Leavings } from "./leavings.ts";
import { changeState, decideBranch, type Settlement } from "../settle/settlement.ts";

/** How an attempt came to its end, and whether that counts. */
export interface EndedAttempt {
  accepted: boolean;
  reason?: string;
}

/**
 * Ends an attempt: its lease goes in any case, and its task instance becomes what the outcome and the retry rules say, unless it has moved on (cleared, marked, its run timed out).
 * The run and the task instance are locked. @param leavings takes what the attempt leaves behind
 */
export function endAttempt(
  settlement: Settlement,
  attempt: LeasedAttempt,
  finish: Pick<AttemptFinish, "outcome" | "callbackRan"> & { durationMs: number | null },
  leavings: Leavings,
): EndedAttempt {
  const { outcome } = finish;
  const work = settlement.runs.get(attempt.instance.dagRunId)!;
  const instance = addRecord(work, attempt.instance);
  settlement.endedLeases.push({ attemptId: attempt.attemptId, instance, work });
  if (instance.attemptId !== attempt.attemptId) return { accepted: false, reason: "another attempt has taken over" };
  if (instance.state === "restarting") {
    beginAgain(settlement, work, instance);
    return { accepted: false, reason: "the task was cleared while it ran" };
  }
  if (instance.state !== attempt.leaseState) return { accepted: false, reason: `the task instance is ${instance.state ?? "cleared"} by now` };
  if (outcome.mapIndexLabel !== undefined) leavings.labels.push({ taskInstanceId: instance.id, label: outcome.mapIndexLabel });
  if (outcome.kind === "reschedule") leavings.rescheduled.push(attempt.attemptId);
  applyOutcome(settlement, work, instance, outcome, leavings);
  const callback = findDueCallback(work, instance, finish);
  if (callback !== null) leavings.callbacks.push(callback);
  tellFinished(settlement, work, instance, finish.durationMs);
  return { accepted: true };
}

/** It was cleared while it ran, and its process has ended: nothing is decided about it any more. */
function beginAgain(settlement: Settlement, work: RunWork, instance: Instance): void {
  instance.keepsHistory = true;
  instance.attemptId = null;
  changeState(settlement, work, instance, null);
}

function applyOutcome(settlement: Settlement, work: RunWork, instance: Instance, outcome: TaskOutcome, leavings: Leavings): void {
  switch (outcome.kind) {
    case "skipped":
      return changeState(settlement, work, instance, "skipped", { reason: outcome.reason });
    case "failed":
      return failAttempt(settlement, work, instance, outcome);
    case "reschedule":
      return reschedule(settlement, work, instance, outcome);
    case "success":
      return succeed(settlement, work, instance, outcome, leavings.xcoms);
  }
}

/** The same try begins again later: nothing of it is over, so it uses up no retry, and no entry is made in the history. */
function reschedule(settlement: Settlement, work: RunWork, instance: Instance, outcome: Extract<TaskOutcome, { kind: "reschedule" }>): void {
  changeState(settlement, work, instance, "up_for_reschedule", { reason: outcome.message ?? null });
  instance.timerMs = outcome.resumeAfterMs;
}

function succeed(
  settlement: Settlement,
  work: RunWork,
  instance: Instance,
  outcome: Extract<TaskOutcome, { kind: "success" }>,
  xcoms: NewXCom[],
): void {
  const problem = tryResult(settlement, work, instance, outcome);
  if (problem !== null)
    return failAttempt(settlement, work, instance, { failure: { reason: "error", message: problem.message }, retryable: problem.retryable });
  if (outcome.result !== undefined) {
    const { dagRunId, taskId, mapIndex, id } = instance;
    xcoms.push({
      dagRunId,
      taskId,
      mapIndex,
      taskInstanceId: id,
      key: RETURN_VALUE_KEY,
      value: outcome.result,
      length: outcome.resultLength ?? null,
    });
  }
  changeState(settlement, work, instance, "success");
}

/** What is wrong with a result, where something depends on it: a branch, or tasks that are mapped over it. Only there is it looked into. */
function tryResult(
  settlement: Settlement,
  work: RunWork,
  instance: Instance,
  outcome: Extract<TaskOutcome, { kind: "success" }>,
): { message: string; retryable: boolean } | null {
  const node = nodeOf(work, instance);
  try {
    if (decidesByResult(work, instance)) decideBranch(settlement, work, instance, parseResult(outcome.result));
    const length = node.isMappedOver && node.spec.mapping === null ? (outcome.resultLength ?? mapLength(parseResult(outcome.result))) : null;
    checkResultLength(length, settlement.context.limits.maxMapLength);
    return null;
  } catch (error) {
    return { message: errorMessage(error), retryable: !hasErrorCode(error, "loop_exhausted") };
  }
}

function parseResult(result: string | undefined): Json | undefined {
  return result === undefined ? undefined : (JSON.parse(result) as Json);
}

/** Another try if there are any left, else the end, which in a DAG with fail-fast is that of all others too. */
export function failAttempt(
  _settlement: Settlement,
  work: RunWork,
  instance: Instance,
  { failure, retryable, retryAfterMs, retryReason }: Omit<Extract<TaskOutcome, { kind: "failed" }>, "kind">,
): void {
  failInstance(work, instance, {
    // What a retry policy said counts for more than what went wrong, which the failure tells.
    message: retryReason ?? failure.message,
    failure: JSON.stringify(failure),
    isFinal: !retryable,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
}

function tellFinished(settlement: Settlement, work: RunWork, instance: Instance, durationMs: number | null): void {
  const { events } = settlement.context;
  const { state } = instance;
  if (events.taskInstanceFinished === undefined || state === null || !isTerminal(state)) return;
  const event = { dagId: work.run.dagId, taskId: instance.taskId, operator: instance.operator, state, durationMs };
  settlement.after.events.push(() => events.taskInstanceFinished?.(event));
}
