import type { TaskStatesAnswer, TaskStatesQuery } from "@tradewind/contract";
import { type DagGraph, TradewindError } from "@tradewind/core";
import { type Database, findDagVersionId, findRunOfDag, listTaskStates } from "@tradewind/metadata";
import type { DagVersions } from "../dag-versions.ts";

/** How a run and tasks in it stand, for tasks of other DAGs that wait for them. Ids are looked up in the version that the run is of. */
export async function findTaskStates(db: Database, versions: DagVersions, query: TaskStatesQuery): Promise<TaskStatesAnswer> {
  const { dagId, runId, logicalDate } = query;
  const newest = await findDagVersionId(db, { dagId });
  if (newest === null) return { dagFound: false, run: null, unknownIds: [], tasks: [] };
  const run = await findRunOfDag(db, { dagId, ...runAddress(runId, logicalDate) });
  const versionId = run?.dagVersionId ?? newest;
  await versions.load(db, [versionId]);
  const { taskIds, unknownIds } = selectTasks(versions.get(versionId).graph, query);
  const tasks = run === null || taskIds.length === 0 ? [] : await listTaskStates(db, { dagRunId: run.id, taskIds });
  return { dagFound: true, run: run && { runId: run.runId, state: run.state }, unknownIds, tasks };
}

function runAddress(runId: string | undefined, logicalDate: string | undefined): { runId: string | null; logicalDate: Date | null } {
  if (runId !== undefined) return { runId, logicalDate: null };
  const date = logicalDate === undefined ? null : new Date(logicalDate);
  if (date !== null && !Number.isNaN(date.getTime())) return { runId: null, logicalDate: date };
  throw new TradewindError(
    "invalid_request",
    `The states of a run were asked for with ${logicalDate === undefined ? "neither a run id nor a logical date" : `the logical date "${logicalDate}"`}. Give a run id, or an ISO 8601 date.`,
  );
}

function selectTasks(graph: DagGraph, { taskIds = [], taskGroupId }: TaskStatesQuery): { taskIds: string[]; unknownIds: string[] } {
  const unknownIds = taskIds.filter((taskId) => !graph.tasks.has(taskId));
  const known = taskIds.filter((taskId) => graph.tasks.has(taskId));
  if (taskGroupId === undefined) return { taskIds: known, unknownIds };
  const group = graph.groups.get(taskGroupId);
  if (group === undefined) return { taskIds: known, unknownIds: [...unknownIds, taskGroupId] };
  return { taskIds: [...new Set([...known, ...group.taskIds])], unknownIds };
}
