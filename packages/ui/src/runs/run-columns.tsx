import { Anchor, Text, Tooltip } from "@mantine/core";
import { IconNote } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { DagRun } from "../api/dag-runs.ts";
import type { DataColumn } from "../parts/data-table/columns.ts";
import { StateBadge } from "../states/state-badge.tsx";
import { Took } from "../time/took.tsx";
import { Instant } from "../time/instant.tsx";
import { Clipped } from "../parts/clipped.tsx";
import { RunRowActions } from "./run-row-actions.tsx";
import { RUN_FILTERS } from "./run-search.ts";

export const RUN_COLUMNS: readonly DataColumn<DagRun>[] = [
  {
    id: "state",
    header: "State",
    width: 120,
    isFixed: true,
    orderBy: "state",
    card: "badge",
    filter: RUN_FILTERS.state,
    cell: (run) => <StateBadge state={run.state} />,
  },
  {
    id: "dag",
    header: "DAG",
    width: 190,
    orderBy: "dag_id",
    card: "title",
    filter: RUN_FILTERS.dag,
    cell: (run) => (
      <Anchor component={Link} to="/dags/$dagId" params={{ dagId: run.dag_id } as never} c="inherit" fw={600} size="sm" title={run.dag_id}>
        {run.dag_display_name}
      </Anchor>
    ),
  },
  {
    id: "run",
    header: "Run id",
    width: 260,
    orderBy: "run_id",
    card: "title",
    filter: RUN_FILTERS.run,
    cell: (run) => (
      <>
        <Anchor
          component={Link}
          to="/dags/$dagId"
          params={{ dagId: run.dag_id } as never}
          search={{ run: run.dag_run_id } as never}
          size="xs"
          title={run.dag_run_id}
        >
          {run.dag_run_id}
        </Anchor>
        {run.note !== null && run.note !== "" && (
          <Tooltip label={run.note} multiline maw={320}>
            <IconNote size={14} aria-label={`Note: ${run.note}`} style={{ marginLeft: 6, verticalAlign: -2, flex: "none" }} />
          </Tooltip>
        )}
      </>
    ),
  },
  { id: "type", header: "Type", width: 110, filter: RUN_FILTERS.type, cell: (run) => run.run_type.replaceAll("_", " ") },
  {
    id: "after",
    header: "Run after",
    width: 172,
    isFixed: true,
    orderBy: "run_after",
    isGreatestFirst: true,
    filter: RUN_FILTERS.after,
    cell: (run) => <Instant at={run.run_after} />,
  },
  {
    id: "logical",
    header: "Logical date",
    width: 172,
    isFixed: true,
    isExtra: true,
    orderBy: "logical_date",
    isGreatestFirst: true,
    filter: RUN_FILTERS.logical,
    cell: (run) => <Instant at={run.logical_date} />,
  },
  {
    id: "started",
    header: "Started",
    width: 172,
    isFixed: true,
    orderBy: "start_date",
    isGreatestFirst: true,
    card: "none",
    filter: RUN_FILTERS.started,
    cell: (run) => <Instant at={run.start_date} />,
  },
  {
    id: "ended",
    header: "Ended",
    width: 172,
    isFixed: true,
    isExtra: true,
    orderBy: "end_date",
    isGreatestFirst: true,
    filter: RUN_FILTERS.ended,
    cell: (run) => <Instant at={run.end_date} />,
  },
  {
    id: "took",
    header: "Took",
    width: 90,
    isFixed: true,
    align: "right",
    orderBy: "duration",
    isGreatestFirst: true,
    filter: RUN_FILTERS.took,
    cell: (run) => <Took from={run.start_date} to={run.end_date} />,
  },
  {
    id: "by",
    header: "Triggered by",
    width: 130,
    filter: RUN_FILTERS.by,
    cell: (run) =>
      run.triggering_user_name ?? (
        <Text span inherit c="dimmed">
          {(run.triggered_by ?? "–").replaceAll("_", " ")}
        </Text>
      ),
  },
  {
    id: "version",
    header: "Version",
    width: 90,
    isFixed: true,
    align: "right",
    isExtra: true,
    filter: RUN_FILTERS.version,
    cell: (run) => run.dag_versions.map(({ version_number }) => version_number).join(", "),
  },
  {
    id: "conf",
    header: "Conf",
    width: 200,
    isExtra: true,
    filter: RUN_FILTERS.conf,
    cell: (run) => <Clipped text={Object.keys(run.conf ?? {}).length === 0 ? "–" : JSON.stringify(run.conf)} isCode />,
  },
  { id: "note", header: "Note", width: 200, isExtra: true, cell: (run) => <Clipped text={run.note ?? "–"} /> },
  {
    id: "interval",
    header: "Data interval",
    width: 300,
    isExtra: true,
    cell: (run) =>
      run.data_interval_start === null ? (
        "–"
      ) : (
        <>
          <Instant at={run.data_interval_start} seconds={false} /> – <Instant at={run.data_interval_end} seconds={false} />
        </>
      ),
  },
  {
    id: "queued",
    header: "Queued",
    width: 172,
    isFixed: true,
    isExtra: true,
    cell: (run) => <Instant at={run.queued_at} />,
  },
  { id: "actions", header: "Actions", isHeaderHidden: true, width: 54, isFixed: true, card: "badge", cell: (run) => <RunRowActions run={run} /> },
];

/** A run's key in the address: neither id can have a space. */
export function runKey({ dag_id: dagId, dag_run_id: runId }: Pick<DagRun, "dag_id" | "dag_run_id">): string {
  return `${dagId} ${runId}`;
}
