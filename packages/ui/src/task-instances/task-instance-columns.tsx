import { Anchor } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { TaskInstance } from "../api/queries.ts";
import { TaskInstanceActions } from "../changes/task-instance-actions.tsx";
import { Clipped } from "../parts/clipped.tsx";
import type { DataColumn } from "../parts/data-table/columns.ts";
import { StateBadge } from "../states/state-badge.tsx";
import { formatDurationMs } from "../time/format.ts";
import { Instant } from "../time/instant.tsx";
import { Took } from "../time/took.tsx";
import { INSTANCE_FILTERS } from "./task-instance-search.ts";

const WHEN = { width: 172, isFixed: true, isGreatestFirst: true } as const;
const NUMBER = { width: 80, isFixed: true, align: "right" } as const;

export const INSTANCE_COLUMNS: readonly DataColumn<TaskInstance>[] = [
  {
    id: "state",
    header: "State",
    width: 165,
    isFixed: true,
    orderBy: "state",
    card: "badge",
    filter: INSTANCE_FILTERS.state,
    cell: (one) => <StateBadge state={one.state} />,
  },
  {
    id: "task",
    header: "Task",
    width: 190,
    card: "title",
    filter: INSTANCE_FILTERS.task,
    cell: (one) => (
      <Anchor
        component={Link}
        to="/dags/$dagId/runs/$runId/tasks/$taskId"
        params={{ dagId: one.dag_id, runId: one.dag_run_id, taskId: one.task_id } as never}
        search={(one.map_index < 0 ? {} : { map_index: one.map_index }) as never}
        c="inherit"
        fw={600}
        size="sm"
        title={one.task_id}
      >
        {one.task_display_name}
        {one.map_index >= 0 && ` [${one.rendered_map_index ?? one.map_index}]`}
      </Anchor>
    ),
  },
  {
    id: "dag",
    header: "DAG",
    width: 150,
    filter: INSTANCE_FILTERS.dag,
    cell: (one) => (
      <Anchor component={Link} to="/dags/$dagId" params={{ dagId: one.dag_id } as never} c="inherit" inherit title={one.dag_id}>
        {one.dag_display_name}
      </Anchor>
    ),
  },
  {
    id: "run",
    header: "Run id",
    width: 200,
    filter: INSTANCE_FILTERS.run,
    cell: (one) => (
      <Anchor
        component={Link}
        to="/dags/$dagId"
        params={{ dagId: one.dag_id } as never}
        search={{ run: one.dag_run_id } as never}
        size="xs"
        title={one.dag_run_id}
      >
        {one.dag_run_id}
      </Anchor>
    ),
  },
  {
    id: "index",
    header: "Map index",
    ...NUMBER,
    width: 90,
    isExtra: true,
    orderBy: "map_index",
    filter: INSTANCE_FILTERS.index,
    cell: (one) => (one.map_index < 0 ? "–" : one.map_index),
  },
  {
    id: "label",
    header: "Map label",
    isExtra: true,
    orderBy: "rendered_map_index",
    filter: INSTANCE_FILTERS.label,
    cell: (one) => one.rendered_map_index ?? "–",
  },
  {
    id: "started",
    header: "Started",
    ...WHEN,
    orderBy: "start_date",
    filter: INSTANCE_FILTERS.started,
    cell: (one) => <Instant at={one.start_date} />,
  },
  {
    id: "ended",
    header: "Ended",
    ...WHEN,
    isExtra: true,
    orderBy: "end_date",
    filter: INSTANCE_FILTERS.ended,
    cell: (one) => <Instant at={one.end_date} />,
  },
  {
    id: "took",
    header: "Took",
    ...NUMBER,
    width: 90,
    isGreatestFirst: true,
    orderBy: "duration",
    filter: INSTANCE_FILTERS.took,
    cell: (one) =>
      one.duration !== null && one.state !== "running" ? (
        <span title={`${one.duration.toLocaleString("en")} s`}>{formatDurationMs(one.duration * 1000)}</span>
      ) : (
        <Took from={one.state === "running" ? one.start_date : null} to={null} />
      ),
  },
  {
    id: "try",
    header: "Try",
    ...NUMBER,
    width: 70,
    isGreatestFirst: true,
    orderBy: "try_number",
    filter: INSTANCE_FILTERS.try,
    cell: (one) => <span title={`try ${one.try_number} of ${one.max_tries + 1}`}>{one.try_number}</span>,
  },
  {
    id: "operator",
    card: "none",
    header: "Operator",
    width: 110,
    orderBy: "operator",
    filter: INSTANCE_FILTERS.operator,
    cell: (one) => <Clipped text={one.operator ?? "–"} />,
  },
  {
    id: "pool",
    header: "Pool",
    width: 120,
    filter: INSTANCE_FILTERS.pool,
    card: "none",
    cell: (one) => <Clipped text={one.pool_slots > 1 ? `${one.pool} (${one.pool_slots})` : one.pool} />,
  },
  { id: "queue", header: "Queue", width: 110, isExtra: true, filter: INSTANCE_FILTERS.queue, cell: (one) => one.queue ?? "–" },
  { id: "executor", header: "Executor", width: 110, isExtra: true, filter: INSTANCE_FILTERS.executor, cell: (one) => one.executor ?? "–" },
  { id: "host", header: "Host", isExtra: true, cell: (one) => <Clipped text={one.hostname ?? "–"} /> },
  { id: "why", header: "Why this state", width: 220, isExtra: true, cell: (one) => <Clipped text={one.state_reason ?? "–"} /> },
  { id: "note", header: "Note", width: 200, isExtra: true, cell: (one) => <Clipped text={one.note ?? "–"} /> },
  {
    id: "after",
    header: "Run after",
    ...WHEN,
    isExtra: true,
    orderBy: "run_after",
    filter: INSTANCE_FILTERS.after,
    cell: (one) => <Instant at={one.run_after} />,
  },
  {
    id: "logical",
    header: "Logical date",
    ...WHEN,
    isExtra: true,
    orderBy: "logical_date",
    filter: INSTANCE_FILTERS.logical,
    cell: (one) => <Instant at={one.logical_date} />,
  },
  { id: "queued", header: "Queued", ...WHEN, isExtra: true, cell: (one) => <Instant at={one.queued_when} /> },
  {
    id: "version",
    header: "Version",
    ...NUMBER,
    isExtra: true,
    filter: INSTANCE_FILTERS.version,
    cell: (one) => one.dag_version?.version_number ?? "–",
  },
  { id: "priority", header: "Priority", ...NUMBER, isExtra: true, cell: (one) => one.priority_weight ?? "–" },
  {
    id: "actions",
    header: "Actions",
    isHeaderHidden: true,
    width: 54,
    isFixed: true,
    card: "badge",
    cell: (one) => (
      <TaskInstanceActions
        instances={[{ dagId: one.dag_id, runId: one.dag_run_id, taskId: one.task_id, mapIndex: one.map_index }]}
        note={one.note}
        buttons={0}
      />
    ),
  },
];

/** An instance's key in the address: no id can have a space. */
export function instanceKey(one: TaskInstance): string {
  return `${one.dag_id} ${one.dag_run_id} ${one.task_id} ${one.map_index}`;
}
