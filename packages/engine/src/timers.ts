import { isDagRunTimedOut, timeOutRun } from "@tradewind/core";
import { listDueTimers, listTimedOutDagRuns, lockTaskInstances, takeDueTimers } from "@tradewind/metadata";
import { commit } from "./commit.ts";
import type { EngineContext } from "./context.ts";
import type { SchedulingUseCases } from "./scheduling-use-cases.ts";
import { firePastTimers } from "./past/past-timers.ts";
import { addRecord, type RunWork } from "./settle/run-work.ts";
import { settleAndFlush } from "./settle/settle.ts";
import { createSettlement, fireTimer, loadWholeRuns, lockRuns } from "./settle/settlement.ts";

/** Retries and reschedules, of tasks and groups, whose time has come. */
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
        fireTimer(settlement, work, addRecord(work, record, { isLocked: true }));
      }
      await settleAndFlush(settlement);
      return taken.size;
    });
    return { fired: fired + past.fired, more: due.length === limit || past.more };
  };
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
      for (const work of works) timeOutRun(work);
      await settleAndFlush(settlement);
      return works.length;
    });
    return { timedOut };
  };
}

function isOutOfTime({ run, graph }: RunWork): boolean {
  return run.state === "running" && isDagRunTimedOut({ startedAt: run.startDate, dagrunTimeoutMs: graph.spec.dagrunTimeoutMs }, run.now);
}
