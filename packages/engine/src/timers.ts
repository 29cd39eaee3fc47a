import { evaluateTriggerRule, isDagRunTimedOut, isTerminal } from "@tradewind/core";
import { listDueTimers, listTimedOutDagRuns, lockTaskInstances, takeDueTimers } from "@tradewind/metadata";
import { commit } from "./commit.ts";
import type { EngineContext } from "./context.ts";
import type { SchedulingUseCases } from "./engine.ts";
import { firePastTimers } from "./past/past-timers.ts";
import { finishRun } from "./settle/run-outcomes.ts";
import { addRecord, type Instance, nodeOf, type RunWork } from "./settle/run-work.ts";
import { settleAndFlush } from "./settle/settle.ts";
import { changeState, createSettlement, loadWholeRuns, lockRuns, makeReady, type Settlement, withdraw } from "./settle/settlement.ts";

/** What a retry waits when its upstreams were cleared meanwhile and are not done yet. */
const WAIT_AGAIN_MS = 30_000;

/** Retries and reschedules whose time has come. */
export function fireTimersUseCase(context: EngineContext): SchedulingUseCases["fireTimers"] {
  return async ({ limit }) => {
    const due = await listDueTimers(context.db, { limit, now: context.stampAt() });
    const past = await firePastTimers(context, { limit });
    if (due.length === 0) return past;
    const fired = await commit(context, async (tx, after) => {
      const settlement = createSettlement(context, tx, after);
      await lockRuns(settlement, [...new Set(due.map((timer) => timer.dagRunId))]);
      const taskInstanceIds = due.map((timer) => timer.taskInstanceId);
      const records = await lockTaskInstances(tx, { taskInstanceIds });
      const taken = new Set(await takeDueTimers(tx, { taskInstanceIds, now: context.stampAt() }));
      for (const record of records) {
        const work = settlement.runs.get(record.dagRunId);
        if (work === undefined || !taken.has(record.id)) continue;
        fire(settlement, work, addRecord(work, record));
      }
      await settleAndFlush(settlement);
      return taken.size;
    });
    return { fired: fired + past.fired, more: due.length === limit || past.more };
  };
}

/** The next try, or the next poke of the same try. Its trigger rule decides again, since upstreams may have been cleared meanwhile. */
function fire(settlement: Settlement, work: RunWork, instance: Instance): void {
  if (instance.state !== "up_for_retry" && instance.state !== "up_for_reschedule") return;
  const { spec } = nodeOf(work, instance);
  const verdict = evaluateTriggerRule({ rule: spec.triggerRule, counts: instance.counts, mapIndex: instance.mapIndex });
  if (verdict.verdict === "set") return changeState(settlement, work, instance, verdict.state, { reason: verdict.reason });
  if (verdict.verdict === "wait") {
    instance.stateChanged = true;
    instance.stateReason = verdict.reason;
    instance.timerMs = WAIT_AGAIN_MS;
    return;
  }
  if (instance.state === "up_for_retry") instance.keepsHistory = true;
  else instance.tryNumber -= 1;
  instance.attemptId = null;
  makeReady(settlement, work, instance);
}

/** Runs over their dagrun timeout fail; what is unfinished in them is skipped, and what runs is told to stop. */
export function timeOutRunsUseCase(context: EngineContext): SchedulingUseCases["timeOutRuns"] {
  return async ({ limit }) => {
    const dagRunIds = await listTimedOutDagRuns(context.db, { limit, now: context.stampAt() });
    if (dagRunIds.length === 0) return { timedOut: 0 };
    const timedOut = await commit(context, async (tx, after) => {
      const settlement = createSettlement(context, tx, after);
      const works = (
        await lockRuns(
          settlement,
          dagRunIds.sort((a, b) => a - b),
        )
      ).filter(isOutOfTime);
      await loadWholeRuns(settlement, works);
      for (const work of works) timeOut(settlement, work);
      await settleAndFlush(settlement);
      return works.length;
    });
    return { timedOut };
  };
}

function isOutOfTime({ run, graph }: RunWork): boolean {
  return run.state === "running" && isDagRunTimedOut({ startedAt: run.startDate, dagrunTimeoutMs: graph.spec.dagrunTimeoutMs }, run.now);
}

function timeOut(settlement: Settlement, work: RunWork): void {
  // First the run: in one that has ended nothing is evaluated any more.
  finishRun(settlement, work, "failed", "timed_out");
  for (const instance of work.instances.values()) {
    if (!isTerminal(instance.state)) withdraw(settlement, work, instance, "skipped", "the run was out of time");
  }
}
