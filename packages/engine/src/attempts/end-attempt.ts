import type { AttemptFinish, TaskOutcome } from "@tradewind/contract";
import {
  decidesBranch,
  errorMessage,
  isTerminal,
  type Json,
  mapLength,
  retryDelayMs,
  RETURN_VALUE_KEY,
  shouldRetry,
  stateAfterFailFast,
  type TaskSpec,
} from "@tradewind/core";
import type { LeasedAttempt, NewXCom } from "@tradewind/metadata";
import { findDueCallback } from "../callbacks/due-callbacks.ts";
import { addRecord, type Instance, nodeOf, type RunWork } from "../settle/run-work.ts";
import type { Leavings } from "./leavings.ts";
import { changeState, decideBranch, loadWholeRuns, type Settlement, withdraw } from "../settle/settlement.ts";

/** How an attempt came to its end, and whether that counts. */
export interface EndedAttempt {
  accepted: boolean;
  reason?: string;
}

/**
 * Ends an attempt: its lease goes in any case, and its task instance becomes what the outcome and the retry rules say, unless it has moved on (cleared, marked, its run timed out).
 * The run and the task instance are locked. @param leavings takes what the attempt leaves behind
 */
export async function endAttempt(
  settlement: Settlement,
  attempt: LeasedAttempt,
  finish: Pick<AttemptFinish, "outcome" | "callbackRan"> & { durationMs: number | null },
  leavings: Leavings,
): Promise<EndedAttempt> {
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
  await applyOutcome(settlement, work, instance, outcome, leavings);
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

async function applyOutcome(settlement: Settlement, work: RunWork, instance: Instance, outcome: TaskOutcome, leavings: Leavings): Promise<void> {
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

async function succeed(
  settlement: Settlement,
  work: RunWork,
  instance: Instance,
  outcome: Extract<TaskOutcome, { kind: "success" }>,
  xcoms: NewXCom[],
): Promise<void> {
  const problem = await tryResult(settlement, work, instance, outcome);
  if (problem !== null) return failAttempt(settlement, work, instance, { failure: { reason: "error", message: problem }, retryable: true });
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
async function tryResult(
  settlement: Settlement,
  work: RunWork,
  instance: Instance,
  outcome: Extract<TaskOutcome, { kind: "success" }>,
): Promise<string | null> {
  const node = nodeOf(work, instance);
  const { maxMapLength } = settlement.context.limits;
  try {
    if (decidesBranch(node)) await decideBranch(settlement, work, instance, parseResult(outcome.result));
    const length = node.isMappedOver && node.spec.mapping === null ? (outcome.resultLength ?? mapLength(parseResult(outcome.result))) : null;
    if (length !== null && length > maxMapLength)
      return `The result has ${length} members, and a task is mapped over it; ${maxMapLength} are allowed.`;
    return null;
  } catch (error) {
    return errorMessage(error);
  }
}

function parseResult(result: string | undefined): Json | undefined {
  return result === undefined ? undefined : (JSON.parse(result) as Json);
}

/** Another try if there are any left, else the end, which in a DAG with fail-fast is that of all others too. */
export async function failAttempt(
  settlement: Settlement,
  work: RunWork,
  instance: Instance,
  { failure, retryable, retryAfterMs, retryReason }: Omit<Extract<TaskOutcome, { kind: "failed" }>, "kind">,
): Promise<void> {
  const { spec } = nodeOf(work, instance);
  // What a retry policy said counts for more than what went wrong, which the failure tells.
  const change = { reason: retryReason ?? failure.message, failure: JSON.stringify(failure) };
  const { tryNumber, maxTries, state } = instance;
  // A clear raises maxTries above the task's own retries.
  const retries = Math.max(spec.retries, maxTries);
  if (shouldRetry({ state, tryNumber, maxTries, retries, isFinal: !retryable })) {
    changeState(settlement, work, instance, "up_for_retry", change);
    instance.timerMs = retryAfterMs ?? delayOf(settlement, work, instance, spec);
    return;
  }
  changeState(settlement, work, instance, "failed", change);
  if (work.graph.spec.failFast) await failFast(settlement, work);
}

function delayOf({ context }: Settlement, work: RunWork, instance: Instance, spec: TaskSpec): number {
  return retryDelayMs({
    dagId: work.run.dagId,
    taskId: instance.taskId,
    logicalDate: work.run.logicalDate,
    tryNumber: instance.tryNumber,
    retryDelayMs: spec.retryDelayMs,
    retryBackoff: spec.retryBackoff,
    maxRetryDelayMs: spec.maxRetryDelayMs,
    maxTaskRetryDelayMs: context.limits.maxTaskRetryDelayMs,
  });
}

async function failFast(settlement: Settlement, work: RunWork): Promise<void> {
  await loadWholeRuns(settlement, [work]);
  for (const instance of work.instances.values()) {
    const state = stateAfterFailFast(instance.state);
    if (state !== null) withdraw(settlement, work, instance, state, "another task of this DAG failed, and it fails fast");
  }
}

function tellFinished(settlement: Settlement, work: RunWork, instance: Instance, durationMs: number | null): void {
  const { events } = settlement.context;
  const { state } = instance;
  if (events.taskInstanceFinished === undefined || state === null || !isTerminal(state)) return;
  const event = { dagId: work.run.dagId, taskId: instance.taskId, operator: instance.operator, state, durationMs };
  settlement.after.events.push(() => events.taskInstanceFinished?.(event));
}
