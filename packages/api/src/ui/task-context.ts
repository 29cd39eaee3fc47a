import { readDagSpec } from "@tradewind/core";
import { countTaskStates, findRunSpec } from "@tradewind/metadata/rest";
import { z } from "zod";
import { dagRunNotFound, DagRunPath } from "../rest/dag-runs.ts";
import type { RestContext, RestRoutes } from "../rest/route.ts";

const Neighbour = z
  .strictObject({
    task_id: z.string(),
    display_name: z.string(),
    /** How many of its instances are in which state; none when there are none yet. */
    states: z.array(z.tuple([z.string().nullable(), z.number()])),
  })
  .meta({ id: "Neighbour" });

const TaskContextResponse = z
  .strictObject({
    version_number: z.number(),
    /** How many instances of the task are in which state. */
    states: z.array(z.tuple([z.string().nullable(), z.number()])),
    upstream: z.array(Neighbour),
    downstream: z.array(Neighbour),
    /** What the DAG file said about the task, as `TaskSpec` of packages/core; null: the run's version has no such task. */
    spec: z.looseObject({ taskId: z.string() }).nullable(),
  })
  .meta({ id: "TaskContextResponse" });

/** What is around a task in a run: what it waits for, what waits for it, and what the version of the DAG says about it. */
export function taskContextRoutes(routes: RestRoutes, { db }: RestContext): void {
  routes.add(
    {
      method: "GET",
      path: "/task/{dag_id}/{dag_run_id}/{task_id}",
      access: "task_instances:read",
      pathSchema: DagRunPath.extend({ task_id: z.string() }),
      status: 200,
      answer: TaskContextResponse,
    },
    async ({ path: { dag_id: dagId, dag_run_id: runId, task_id: taskId } }) => {
      const found = await findRunSpec(db, { dagId, runId });
      if (found === undefined) throw dagRunNotFound(dagId, runId);
      const { tasks } = readDagSpec(found.spec);
      const task = tasks.find((one) => one.taskId === taskId);
      const upstreamIds = new Set(task?.upstream);
      const upstream = tasks.filter((one) => upstreamIds.has(one.taskId));
      const downstream = tasks.filter((one) => one.upstream.includes(taskId));
      const taskIds = [taskId, ...[...upstream, ...downstream].map((one) => one.taskId)];
      const states = Map.groupBy(await countTaskStates(db, { dagRunId: found.dagRunId, taskIds }), (row) => row.taskId);
      const statesOf = (id: string): [string | null, number][] => (states.get(id) ?? []).map(({ state, instances }) => [state, instances]);
      const toNeighbour = (one: (typeof tasks)[number]): z.infer<typeof Neighbour> => ({
        task_id: one.taskId,
        display_name: one.displayName ?? one.taskId,
        states: statesOf(one.taskId),
      });
      return {
        version_number: found.versionNumber,
        states: statesOf(taskId),
        upstream: upstream.map(toNeighbour),
        downstream: downstream.map(toNeighbour),
        spec: task === undefined ? null : { ...task },
      };
    },
  );
}
