import type { Grid, GridGroup, GridTask } from "../api/queries.ts";
import { worstState } from "../states/state-look.ts";

/** One line of the grid: a task, or a group with everything in it. */
export type GridRow =
  | { kind: "task"; key: string; task: GridTask; depth: number }
  | { kind: "group"; key: string; group: GridGroup; depth: number; isFolded: boolean; taskIds: string[] };

/** What a cell shows: the state that most asks for attention, and how many instances it stands for. */
export interface CellSummary {
  state: string | null;
  instances: number;
  /** By state, worst first; more than one entry where instances differ. */
  counts: { state: string | null; instances: number }[];
}

/** Tasks that runs know and the DAG does not any more come last, so that nothing that ran vanishes. */
export function gridRows(grid: Grid, folded: ReadonlySet<string>): GridRow[] {
  const tasks = [...grid.tasks, ...goneTasks(grid)];
  const membersOf = new Map<string | null, (GridTask | GridGroup)[]>();
  const groups = new Map(grid.groups.map((group) => [group.group_id, group]));
  const placed = new Set<string>();
  const add = (parent: string | null, member: GridTask | GridGroup) => {
    const members = membersOf.get(parent);
    if (members === undefined) membersOf.set(parent, [member]);
    else members.push(member);
  };
  // A group stands where its first task does.
  const placeGroup = (groupId: string) => {
    const group = groups.get(groupId);
    if (group === undefined || placed.has(groupId)) return;
    placed.add(groupId);
    if (group.parent_id !== null) placeGroup(group.parent_id);
    add(group.parent_id, group);
  };
  for (const task of tasks) {
    if (task.group_id !== null) placeGroup(task.group_id);
    add(task.group_id, task);
  }

  const rows: GridRow[] = [];
  const walk = (parent: string | null, depth: number, isShown: boolean): string[] => {
    const taskIds: string[] = [];
    for (const member of membersOf.get(parent) ?? []) {
      if ("task_id" in member) {
        if (isShown) rows.push({ kind: "task", key: `t:${member.task_id}`, task: member, depth });
        taskIds.push(member.task_id);
        continue;
      }
      const isFolded = folded.has(member.group_id);
      const row: GridRow = { kind: "group", key: `g:${member.group_id}`, group: member, depth, isFolded, taskIds: [] };
      if (isShown) rows.push(row);
      row.taskIds = walk(member.group_id, depth + 1, isShown && !isFolded);
      taskIds.push(...row.taskIds);
    }
    return taskIds;
  };
  walk(null, 0, true);
  return rows;
}

function goneTasks(grid: Grid): GridTask[] {
  const known = new Set(grid.tasks.map((task) => task.task_id));
  const gone = new Set(grid.runs.flatMap((run) => run.cells.map(([taskId]) => taskId)).filter((taskId) => !known.has(taskId)));
  return [...gone]
    .sort()
    .map((taskId) => ({ task_id: taskId, display_name: taskId, group_id: null, operator: "", is_mapped: false, upstream_task_ids: [] }));
}

/** The cells of every run by task, for rows to be drawn from. */
export function indexCells(grid: Grid): Map<string, Map<string, CellSummary>> {
  return new Map(
    grid.runs.map((run) => {
      const byTask = new Map<string, CellSummary>();
      for (const [taskId, cells] of Map.groupBy(run.cells, ([taskId]) => taskId)) {
        byTask.set(taskId, summarise(cells.map(([, state, instances]) => ({ state, instances }))));
      }
      return [run.dag_run_id, byTask];
    }),
  );
}

/** What a row shows for a run; undefined: the run has none of its tasks. */
export function cellOf(row: GridRow, byTask: ReadonlyMap<string, CellSummary> | undefined): CellSummary | undefined {
  if (row.kind === "task") return byTask?.get(row.task.task_id);
  const inside = row.taskIds.flatMap((taskId) => byTask?.get(taskId)?.counts ?? []);
  return inside.length === 0 ? undefined : summarise(inside);
}

function summarise(counts: readonly { state: string | null; instances: number }[]): CellSummary {
  const byState = new Map<string | null, number>();
  for (const { state, instances } of counts) byState.set(state, (byState.get(state) ?? 0) + instances);
  const state = worstState([...byState.keys()]) ?? null;
  return {
    state,
    instances: [...byState.values()].reduce((sum, instances) => sum + instances, 0),
    counts: [...byState].map(([each, instances]) => ({ state: each, instances })),
  };
}
