import { compileDag, DAG_RUN_STATES, DAG_RUN_TYPES, type DagSpec, getTaskNode, readDagSpec } from "@tradewind/core";
import { findDagSpec, listGridCells, listGridRuns } from "@tradewind/metadata/rest";
import { z } from "zod";
import { instant, list } from "../http/query-values.ts";
import { dagNotFound, DagPath } from "../rest/dags.ts";
import type { RestContext, RestRoutes } from "../rest/route.ts";
import { RunSummary, toRunSummary } from "./run-summary.ts";

const GridQuery = z.object({
  limit: z.coerce.number().int().min(1).max(365).default(25),
  run_after_lte: instant,
  run_type: list.pipe(z.array(z.enum(DAG_RUN_TYPES)).optional()),
  state: list.pipe(z.array(z.enum(DAG_RUN_STATES)).optional()),
});

const GridTask = z
  .strictObject({
    task_id: z.string(),
    display_name: z.string(),
    group_id: z.string().nullable(),
    operator: z.string(),
    is_mapped: z.boolean(),
    upstream_task_ids: z.array(z.string()),
  })
  .meta({ id: "GridTask" });
const GridGroup = z
  .strictObject({ group_id: z.string(), display_name: z.string(), parent_id: z.string().nullable(), tooltip: z.string() })
  .meta({ id: "GridGroup" });
/** A task id, a state (null: none yet), and how many instances of the task are in it. */
const GridCell = z.tuple([z.string(), z.string().nullable(), z.number()]);
const GridResponse = z
  .strictObject({
    dag_id: z.string(),
    /** Of the newest version, upstreams first. Cells may name tasks that are not in it any more. */
    tasks: z.array(GridTask),
    groups: z.array(GridGroup),
    /** Newest first. */
    runs: z.array(RunSummary.extend({ cells: z.array(GridCell) })),
  })
  .meta({ id: "GridResponse" });

/** A DAG's tasks by its runs in one request. */
export function gridRoutes(routes: RestRoutes, { db }: RestContext): void {
  routes.add(
    {
      method: "GET",
      path: "/grid/{dag_id}",
      access: "task_instances:read",
      pathSchema: DagPath,
      query: GridQuery,
      status: 200,
      answer: GridResponse,
    },
    async ({ path, query }) => {
      const { limit, run_after_lte: runAfterLte, run_type: runTypes, state: states } = query;
      const [found, runs] = await Promise.all([
        findDagSpec(db, { dagId: path.dag_id }),
        listGridRuns(db, { dagId: path.dag_id, limit, runAfterLte, runTypes, states }),
      ]);
      if (found === undefined) throw dagNotFound(path.dag_id);
      const cells = new Map((await listGridCells(db, { dagRunIds: runs.map(({ id }) => id) })).map((row) => [row.dagRunId, row.cells]));
      const spec = readDagSpec(found.spec);
      return {
        dag_id: path.dag_id,
        ...structureOf(spec),
        runs: runs.map((run) => ({ ...toRunSummary(run), cells: JSON.parse(cells.get(run.id) ?? "[]") as z.infer<typeof GridCell>[] })),
      };
    },
  );
}

function structureOf(spec: DagSpec): { tasks: z.infer<typeof GridTask>[]; groups: z.infer<typeof GridGroup>[] } {
  const graph = compileDag(spec);
  return {
    tasks: graph.topologicalOrder.map((taskId) => {
      const node = getTaskNode(graph, taskId);
      return {
        task_id: taskId,
        display_name: node.spec.displayName ?? taskId,
        group_id: node.spec.groupId,
        operator: node.spec.operator,
        is_mapped: node.spec.mapping !== null || node.indexGroupId !== null,
        upstream_task_ids: node.spec.upstream,
      };
    }),
    groups: spec.groups.map((group) => ({
      group_id: group.groupId,
      display_name: group.displayName ?? group.groupId,
      parent_id: group.parentId,
      tooltip: group.tooltip,
    })),
  };
}
