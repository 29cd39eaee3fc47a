import { deleteTaskInstanceRow, insertDagRunTimers, listNextRuns } from "@tradewind/metadata";
import { commit } from "../commit.ts";
import type { EngineContext } from "../context.ts";
import type { PeopleUseCases } from "../engine.ts";
import { flush } from "../settle/flush.ts";
import type { Instance, RunWork } from "../settle/run-work.ts";
import { settleAndFlush } from "../settle/settle.ts";
import { changeState, createSettlement, recount } from "../settle/settlement.ts";
import { audit, dagRunNotFound, getDagRun, lockWholeRuns } from "./change-runs.ts";
import { stopAttempts } from "./reset-instances.ts";
import { taskInstanceNotFound } from "./set-note.ts";

const REASON = "its task instance was deleted";

/**
 * Deletes a task instance with its tries and XComs, whatever its state, as Airflow does: what runs is told to stop, and what it reports is refused. For the rest of the run it is as if there
 * had never been one: what comes after it waits for it no more, and a run that only it held up ends.
 * @throws TradewindError `dag_run_not_found`, `task_instance_not_found`
 */
export async function deleteTaskInstance(context: EngineContext, options: Parameters<PeopleUseCases["deleteTaskInstance"]>[0]): Promise<void> {
  const { dagId, runId, taskId, mapIndex, actor } = options;
  const { id: dagRunId } = await getDagRun(context.db, dagId, runId);
  await commit(context, async (tx, after) => {
    const settlement = createSettlement(context, tx, after);
    const [work] = await lockWholeRuns(settlement, [dagRunId]);
    if (work === undefined) throw dagRunNotFound(dagId, runId);
    const instance = work.byTask.get(taskId)?.find((one) => one.mapIndex === mapIndex);
    if (instance === undefined) throw taskInstanceNotFound({ dagId, runId, taskId, mapIndex });
    const before = { state: instance.state, try_number: instance.tryNumber };
    // Out of everything that moves it, by the usual way; its lease ends at once, since nothing is left that its end could be told to.
    const leases = await stopAttempts(settlement, [instance], REASON);
    for (const { attemptId } of leases.values()) settlement.endedLeases.push({ attemptId, instance, work });
    changeState(settlement, work, instance, "removed", { reason: REASON });
    await flush(settlement);
    await deleteTaskInstanceRow(tx, { ...instance, anchorId: findOtherOfGroup(work, instance)?.id ?? null });
    work.instances.delete(instance.id);
    work.byTask.set(
      taskId,
      work.byTask.get(taskId)!.filter((one) => one !== instance),
    );
    recount(settlement, work);
    await settleAndFlush(settlement);
    const next = await listNextRuns(tx, { dagRunId });
    await insertDagRunTimers(tx, { timers: next.map((id) => ({ dagRunId: id, kind: "past" })), now: context.stampAt() });
    if (next.length > 0) after.wakes.add("timers");
    await audit(tx, { event: "delete_task_instance", actor, dagId, runId, taskId, mapIndex, extra: { before } });
    after.changes.runs.add(dagRunId);
    after.wakes.add("state");
  });
}

/** Who keeps the timer of a group's next try in its place. */
function findOtherOfGroup({ graph, byTask }: RunWork, instance: Instance): Instance | undefined {
  const groupIds = graph.tasks.get(instance.taskId)?.groupIds ?? [];
  const retried = groupIds.map((id) => graph.groups.get(id)!).filter(({ spec }) => spec.retries > 0);
  return retried.flatMap(({ taskIds }) => taskIds.flatMap((id) => byTask.get(id) ?? [])).find((one) => one !== instance);
}
