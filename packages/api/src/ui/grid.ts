import { DAG_RUN_STATES, DAG_RUN_TYPES } from "@tradewind/core";
import { findGraphVersion, type GridCellsRow, listGridCells, listGridRuns } from "@tradewind/metadata/rest";
import { z } from "zod";
import { instant, list } from "../http/query-values.ts";
import { dagNotFound, DagPath } from "../rest/dags.ts";
import type { RestContext, RestRoutes } from "../rest/route.ts";
import { type DagStructure, type FindStructures, StructureGroup, StructureTask } from "./dag-structure.ts";
import { type Counted, encodeCells, STATE_LETTERS } from "./grid-cells.ts";
import { RunSummary, toRunSummary } from "./run-summary.ts";

const GridQuery = z.object({
  limit: z.coerce.number().int().min(1).max(365).default(25),
  run_after_lte: instant,
  run_type: list.pipe(z.array(z.enum(DAG_RUN_TYPES)).optional()),
  state: list.pipe(z.array(z.enum(DAG_RUN_STATES)).optional()),
});

const GridTask = StructureTask.pick({
  task_id: true,
  display_name: true,
  group_id: true,
  operator: true,
  is_mapped: true,
  is_setup: true,
  is_teardown: true,
})
  .extend({ /** Only versions before the latest have it. */ is_removed: z.boolean() })
  .meta({ id: "GridTask" });

const GridRun = RunSummary.extend({
  /** A letter for each task, in the order of `tasks`; see `letters`. A space: the run has none of it. */
  states: z.string(),
  /** For the tasks whose letter is `*`, by their place in `tasks`: how many instances are in which state. */
  many: z.array(z.tuple([z.number(), z.array(z.tuple([z.string().nullable(), z.number()]))])),
}).meta({ id: "GridRun" });

const GridResponse = z
  .strictObject({
    dag_id: z.string(),
    version_number: z.number(),
    /** Of the latest version, upstreams first; then those that only the versions of these runs have. */
    tasks: z.array(GridTask),
    groups: z.array(StructureGroup),
    /** The state that each letter stands for; `none`: no state yet. */
    letters: z.record(z.string(), z.string()),
    /** Newest first. */
    runs: z.array(GridRun),
  })
  .meta({ id: "GridResponse" });

const LETTERS = Object.fromEntries(Object.entries(STATE_LETTERS).map(([state, letter]) => [letter, state]));

/** A DAG's tasks by its runs in one request. */
export function gridRoutes(routes: RestRoutes, { db }: RestContext, structures: FindStructures): void {
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
      const [latest, runs] = await Promise.all([
        findGraphVersion(db, { dagId: path.dag_id }),
        listGridRuns(db, { dagId: path.dag_id, limit, runAfterLte, runTypes, states }),
      ]);
      if (latest === undefined) throw dagNotFound(path.dag_id);
      const versionIds = [...new Set([latest.versionId, ...runs.map((run) => run.versionId)])];
      const [found, rows] = await Promise.all([structures(versionIds), listGridCells(db, { dagRunIds: runs.map(({ id }) => id) })]);
      const cells = readCells(rows);
      const { tasks, groups } = mergeStructures(
        versionIds.map((id) => found.get(id)!),
        new Set([...cells.values()].flatMap((counted) => counted.flatMap(({ taskIds }) => taskIds))),
      );
      const places = new Map(tasks.map((task, place) => [task.task_id, place]));
      return {
        dag_id: path.dag_id,
        version_number: latest.versionNumber,
        tasks,
        groups,
        letters: LETTERS,
        runs: runs.map((run) => ({ ...toRunSummary(run), ...encodeCells(cells.get(run.id) ?? [], places) })),
      };
    },
  );
}

function readCells(rows: readonly GridCellsRow[]): Map<number, Counted[]> {
  const cells = new Map<number, Counted[]>();
  for (const { dagRunId, state, taskIds, instances } of rows) {
    const counted = { state, taskIds: taskIds.split("\n"), instances: instances === null ? null : instances.split("\n").map(Number) };
    const ofRun = cells.get(dagRunId);
    if (ofRun === undefined) cells.set(dagRunId, [counted]);
    else ofRun.push(counted);
  }
  return cells;
}

/** What the latest version has, and after it what only earlier ones have and a run did: nothing that ran vanishes. */
function mergeStructures(
  [latest, ...earlier]: readonly DagStructure[],
  ran: ReadonlySet<string>,
): { tasks: z.infer<typeof GridTask>[]; groups: DagStructure["groups"] } {
  const tasks = new Map(latest!.tasks.map((task) => [task.task_id, toGridTask(task, false)]));
  const groups = new Map(latest!.groups.map((group) => [group.group_id, group]));
  for (const structure of earlier) {
    const parents = new Map(structure.groups.map((group) => [group.group_id, group]));
    for (const task of structure.tasks) {
      if (tasks.has(task.task_id) || !ran.has(task.task_id)) continue;
      tasks.set(task.task_id, toGridTask(task, true));
      for (let group = parents.get(task.group_id ?? ""); group !== undefined; group = parents.get(group.parent_id ?? "")) {
        if (!groups.has(group.group_id)) groups.set(group.group_id, group);
      }
    }
  }
  for (const taskId of [...ran].sort()) {
    if (!tasks.has(taskId)) tasks.set(taskId, { ...UNKNOWN_TASK, task_id: taskId, display_name: taskId });
  }
  return { tasks: [...tasks.values()], groups: [...groups.values()] };
}

const UNKNOWN_TASK = { group_id: null, operator: "", is_mapped: false, is_setup: false, is_teardown: false, is_removed: true };

function toGridTask(task: z.infer<typeof StructureTask>, isRemoved: boolean): z.infer<typeof GridTask> {
  const { task_id, display_name, group_id, operator, is_mapped, is_setup, is_teardown } = task;
  return { task_id, display_name, group_id, operator, is_mapped, is_setup, is_teardown, is_removed: isRemoved };
}
