import { isFinishedDagRun, isWithinDates } from "@tradewind/core";
import { markDagRunsCleared } from "@tradewind/metadata";
import { commit } from "../commit.ts";
import type { EngineContext } from "../context.ts";
import type { PeopleUseCases } from "../engine.ts";
import { settleAndFlush } from "../settle/settle.ts";
import { createSettlement, recount } from "../settle/settlement.ts";
import { audit, dagRunNotFound, getDag, getDagRun, lockWholeRuns, requeueRun } from "./change-runs.ts";
import { moveToVersion } from "./move-to-version.ts";

type AddNewTasksOptions = Parameters<PeopleUseCases["addNewTasks"]>[0];

/**
 * "only_new: add tasks of the newest version without clearing": the run goes on with the newest version of its DAG, in which only what is new has to be run. A finished run begins again when
 * there is anything new.
 * @returns the tasks that are new in the run; for a dry run those that would be
 * @throws TradewindError `dag_not_found`, `dag_run_not_found`
 */
export async function addNewTasks(
  context: EngineContext,
  { dagId, runId, dryRun, actor }: AddNewTasksOptions,
): Promise<{ taskId: string; displayName: string }[]> {
  const { dagVersionId } = await getDag(context.db, dagId);
  return commit(context, async (tx, after) => {
    const settlement = createSettlement(context, tx, after);
    const { id } = await getDagRun(tx, dagId, runId);
    const [work] = await lockWholeRuns(settlement, [id]);
    if (work === undefined) throw dagRunNotFound(dagId, runId);
    await context.versions.load(tx, [dagVersionId]);
    const known = new Set([...work.instances.values()].filter(({ state }) => state !== "removed").map(({ taskId }) => taskId));
    const added = [...context.versions.get(dagVersionId).graph.tasks.values()]
      .filter(({ taskId, spec }) => !known.has(taskId) && isWithinDates(spec, work.run))
      .map(({ taskId, spec }) => ({ taskId, displayName: spec.displayName ?? taskId }));
    if (dryRun || work.run.dagVersionId === dagVersionId) return added;
    await moveToVersion(settlement, work, dagVersionId, []);
    recount(settlement, work);
    if (added.length > 0) {
      await markDagRunsCleared(tx, { dagRunIds: [id], now: work.run.now });
      work.run.queuedAt = work.run.now;
      if (isFinishedDagRun(work.run.state)) requeueRun(settlement, work);
    }
    await settleAndFlush(settlement);
    await audit(tx, {
      event: "post_clear_task_instances",
      actor,
      dagId,
      runId,
      extra: { asked: { only_new: true }, tasks: added.map(({ taskId }) => taskId) },
    });
    return added;
  });
}
