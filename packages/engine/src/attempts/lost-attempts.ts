import type { TaskCommand, TaskFailure } from "@tradewind/contract";
import {
  type LeaseCommand,
  type LeasedAttempt,
  listExpiredLeases,
  lockAttempts,
  lockDagRunsOfAttempts,
  replaceAttempt,
  requeueLeases,
  type Transaction,
} from "@tradewind/metadata";
import { commit } from "../commit.ts";
import type { AfterCommit, EngineContext } from "../context.ts";
import type { SchedulingUseCases } from "../scheduling-use-cases.ts";
import { settleAndFlush } from "../settle/settle.ts";
import { addRuns, createSettlement } from "../settle/settlement.ts";
import { endAttempt } from "./end-attempt.ts";
import { createLeavings, writeLeavings } from "./leavings.ts";

/** A refused launch is tried again after this, doubled each time. */
const LAUNCH_PAUSE_MS = 1_000;
/** Longer than any of these pauses. */
export const LONGEST_LAUNCH_PAUSE_MS = 10_000;

/** How each attempt is to end; null: leave it as it is. */
type Verdict = (attempt: LeasedAttempt) => { failure: TaskFailure; retryable: boolean } | null;

/** Locks attempts with their runs and ends those that the verdict ends. Gives their ids. */
async function endAll(
  context: EngineContext,
  tx: Transaction,
  after: AfterCommit,
  attemptIds: readonly string[],
  verdict: Verdict,
): Promise<string[]> {
  if (attemptIds.length === 0) return [];
  const now = context.stampAt();
  const [runs, attempts] = await Promise.all([lockDagRunsOfAttempts(tx, { attemptIds, now }), lockAttempts(tx, { attemptIds, now })]);
  const settlement = createSettlement(context, tx, after);
  await addRuns(settlement, runs);
  const ended: string[] = [];
  const leavings = createLeavings();
  for (const attempt of attempts) {
    // A run that came in between the two statements is not locked; the next call sees to it.
    const end = settlement.runs.has(attempt.instance.dagRunId) ? verdict(attempt) : null;
    if (end === null) continue;
    endAttempt(settlement, attempt, { outcome: { kind: "failed", ...end }, durationMs: null }, leavings);
    ended.push(attempt.attemptId);
  }
  await writeLeavings(context, tx, after, leavings);
  await settleAndFlush(settlement);
  return ended;
}

/** Attempts that were granted and cannot be run: their inputs cannot be had. */
export async function failUnstartable(
  context: EngineContext,
  tx: Transaction,
  after: AfterCommit,
  problems: readonly { attemptId: string; problem: string }[],
): Promise<void> {
  const messages = new Map(problems.map(({ attemptId, problem }) => [attemptId, problem]));
  await endAll(context, tx, after, [...messages.keys()], ({ attemptId }) => ({
    failure: { reason: "rejected", message: messages.get(attemptId)! },
    retryable: true,
  }));
}

export function expireLeasesUseCase(context: EngineContext): SchedulingUseCases["expireLeases"] {
  return async ({ limit, isAwake = () => true }) => {
    if (!isAwake()) return { lost: [] };
    const expired = await listExpiredLeases(context.db, { state: "running", limit, now: context.stampAt() });
    if (expired.length === 0) return { lost: [] };
    const lost = await commit(context, (tx, after) =>
      endAll(context, tx, after, expired, (attempt) => {
        // Once more: the database may have been away between the question and here, and hosts could renew nothing meanwhile.
        if (attempt.leaseState !== "running" || !attempt.isExpired || !isAwake()) return null;
        const message = `The runner "${attempt.hostId}" stopped renewing its lease: it died, hangs, or cannot reach the API.`;
        return { failure: { reason: "lost", message }, retryable: true };
      }),
    );
    return { lost };
  };
}

/**
 * What an executor says it lost or could not launch. What had not begun costs no try: a refused launch up to a bound, since it may be refused for ever; what was lost with a host that
 * only kept it waiting however often that happens, since it is no fault of the task.
 */
export function loseAttemptsUseCase(context: EngineContext): SchedulingUseCases["loseAttempts"] {
  return async (reports) => {
    if (reports.length === 0) return { lost: [] };
    const byId = new Map(reports.map((report) => [report.attemptId, report]));
    const lost = await commit(context, async (tx, after) => {
      const again: LeasedAttempt[] = [];
      const ended = await endAll(context, tx, after, [...byId.keys()], (attempt) => {
        const { reason, message } = byId.get(attempt.attemptId)!;
        const isFree =
          attempt.leaseState === "queued" && attempt.stopReason === null && (reason === "lost" || attempt.requeueCount < context.limits.maxRequeues);
        if (isFree) again.push(attempt);
        return isFree ? null : { failure: { reason, message }, retryable: true };
      });
      for (const { attemptId, requeueCount } of again) {
        const isLost = byId.get(attemptId)!.reason === "lost";
        await replaceAttempt(tx, {
          attemptId,
          newAttemptId: context.newAttemptId(),
          delayMs: isLost ? 0 : LAUNCH_PAUSE_MS * 2 ** requeueCount,
          counts: !isLost,
          now: context.stampAt(),
        });
      }
      if (again.length > 0) after.wakes.add("timers");
      return ended;
    });
    return { lost };
  };
}

/** Attempts that nobody started in time: handed out again a few times, then failed. */
export function requeueStuckUseCase(context: EngineContext): SchedulingUseCases["requeueStuck"] {
  return async ({ limit }) => {
    const stuck = await listExpiredLeases(context.db, { state: "queued", limit, now: context.stampAt() });
    if (stuck.length === 0) return { resubmit: [], failed: [] };
    return commit(context, async (tx, after) => {
      const { maxRequeues, taskQueuedTimeoutMs } = context.limits;
      const commands = await requeueLeases(tx, { attemptIds: stuck, maxRequeues, expiresInMs: taskQueuedTimeoutMs, now: context.stampAt() });
      const again = new Set(commands.map((command) => command.attemptId));
      const failed = await endAll(
        context,
        tx,
        after,
        stuck.filter((attemptId) => !again.has(attemptId)),
        (attempt) => {
          if (attempt.leaseState !== "queued" || !attempt.isExpired) return null;
          return {
            failure: {
              reason: "rejected",
              message: `It was queued and handed to executor "${attempt.executor}" ${maxRequeues + 1} times, and never started.`,
            },
            retryable: false,
          };
        },
      );
      return { resubmit: commands.map(toCommand), failed };
    });
  };
}

export function toCommand({ state: _state, ...command }: LeaseCommand): TaskCommand {
  return command;
}
