import { type DagGraph, getTaskNode, isFinishedDagRun } from "@tradewind/core";
import { type DagRunTarget, listDagRunTargets, listTaskInstancesOfRuns } from "@tradewind/metadata";
import { commit } from "../commit.ts";
import type { EngineContext } from "../context.ts";
import type { PeopleUseCases, TouchedTaskInstance } from "../engine.ts";
import type { RunWork } from "../settle/run-work.ts";
import { settleAndFlush } from "../settle/settle.ts";
import { createSettlement, recount, type Settlement } from "../settle/settlement.ts";
import { audit, getDag, getDagRun, lockWholeRuns, toTouched } from "./change-runs.ts";
import { clearAsConsequence } from "./clear-task-instances.ts";
import { markInstance, stopAttempts } from "./reset-instances.ts";
import { isSelected, type SelectableInstance, selectFailedBelow, selectTasksByVersion, windowAround } from "./select-targets.ts";
import { taskInstanceNotFound } from "./set-note.ts";

type MarkOptions = Parameters<PeopleUseCases["setTaskInstanceState"]>[0];

/**
 * Sets the state of a task instance, or of all in a group of tasks, and with the options of the tasks above and below it and of the same in earlier and later runs. Those that have that state already stay as they are.
 *
 * "Setting a TI's state also clears the failed and upstream_failed tasks below it, so they are re-evaluated"; a finished run in which that clears something begins again. What runs is told to
 * stop, and what it reports is refused.
 * @returns the instances that got the state, and those that were cleared below them; for a dry run those that would get it.
 * @throws TradewindError `dag_not_found`, `dag_run_not_found`, `task_not_found`, `task_instance_not_found`
 */
export async function setTaskInstanceState(context: EngineContext, options: MarkOptions): Promise<TouchedTaskInstance[]> {
  const { dagId, runId, taskId, mapIndex, state } = options;
  await getDag(context.db, dagId);
  const run = await getDagRun(context.db, dagId, runId);
  const window = windowAround(run.logicalDate, options);
  const runs = window === null ? [run] : await listDagRunTargets(context.db, { dagId, ...window });
  const versionIds = new Set(runs.map(({ dagVersionId }) => dagVersionId));
  await context.versions.load(context.db, versionIds);
  const graphs = new Map([...versionIds].map((id) => [id, context.versions.get(id).graph]));
  const taskIds = tasksNamed(graphs.get(run.dagVersionId)!, taskId);
  const selections = selectTasksByVersion(graphs, { ...options, targets: [mapIndex === undefined ? taskId : [taskId, mapIndex]] });
  const matches = (inRun: Pick<DagRunTarget, "dagVersionId">, instance: SelectableInstance): boolean =>
    instance.state !== state && instance.state !== "removed" && isSelected(selections.get(inRun.dagVersionId)!, instance);

  const byId = new Map(runs.map((item) => [item.id, item]));
  const instances = await listTaskInstancesOfRuns(context.db, { dagRunIds: [...byId.keys()] });
  const exists = instances.some(
    (instance) => instance.dagRunId === run.id && taskIds.includes(instance.taskId) && (mapIndex === undefined || instance.mapIndex === mapIndex),
  );
  if (!exists) throw taskInstanceNotFound({ dagId, runId, taskId, mapIndex });
  if (options.dryRun) {
    return instances
      .filter((instance) => matches(byId.get(instance.dagRunId)!, instance))
      .map((instance) => toTouched(byId.get(instance.dagRunId)!, instance));
  }
  return commit(context, async (tx, after) =>
    mark(createSettlement(context, tx, after), [...byId.keys()], { ...options, taskIds }, (work, instance) => matches(work.run, instance)),
  );
}

/** A group stands for all tasks in it. */
function tasksNamed(graph: DagGraph, id: string): readonly string[] {
  return graph.tasks.has(id) ? [id] : (graph.groups.get(id)?.taskIds ?? [getTaskNode(graph, id).taskId]);
}

async function mark(
  settlement: Settlement,
  dagRunIds: readonly number[],
  options: MarkOptions & { taskIds: readonly string[] },
  matches: (work: RunWork, instance: SelectableInstance) => boolean,
): Promise<TouchedTaskInstance[]> {
  const { dagId, runId, taskId, taskIds, mapIndex, state, actor, dryRun, ...asked } = options;
  void dryRun;
  const reason = `marked ${state} by ${actor.name}`;
  const works = await lockWholeRuns(settlement, dagRunIds);
  const marked = works.flatMap((work) =>
    [...work.instances.values()].filter((instance) => matches(work, instance)).map((instance) => ({ work, instance })),
  );
  const before = marked.map(({ work, instance }) => toTouched(work.run, instance));
  const markedIds = new Set(marked.map(({ instance }) => instance.id));
  const below = new Map(
    marked.map(({ work }) => [work, selectFailedBelow(work.graph, [...work.instances.values()], { taskIds, taskInstanceIds: markedIds })]),
  );
  const stopped = [...marked.map(({ instance }) => instance), ...[...below.values()].flat()];
  const leases = await stopAttempts(settlement, stopped, reason);
  for (const { work, instance } of marked) markInstance(settlement, work, instance, { state, reason, leases });
  const cleared = await clearAsConsequence(settlement, below, leases);
  for (const work of below.keys()) if (!isFinishedDagRun(work.run.state)) recount(settlement, work);
  await settleAndFlush(settlement);
  if (marked.length > 0) {
    const place = { dagId, runId, taskId, ...(mapIndex !== undefined && { mapIndex }) };
    const states = before.map((instance) => ({
      run_id: instance.runId,
      task_id: instance.taskId,
      map_index: instance.mapIndex,
      state: instance.state,
    }));
    await audit(settlement.tx, {
      event: "patch_task_instance",
      actor,
      ...place,
      extra: { before: states, after: { state, cleared: cleared.length }, asked },
    });
  }
  return [...marked, ...cleared].map(({ work, instance }) => toTouched(work.run, instance));
}
