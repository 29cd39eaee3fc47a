import { Anchor, Badge, Group, Text } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import type { DagWithRuns } from "../../api/dag-list.ts";
import { Clipped } from "../../parts/clipped.tsx";
import type { DataColumn } from "../../parts/data-table/columns.ts";
import { StateBadge } from "../../states/state-badge.tsx";
import { Distance } from "../../time/instant.tsx";
import { scheduleText, scheduleTip } from "../../time/schedule-text.ts";
import { DAG_FILTERS } from "./dag-list-search.ts";
import { PauseSwitch } from "./pause-switch.tsx";
import { LiveRunBars } from "./live-run-bars.tsx";
import { StarButton } from "./star-button.tsx";
import { TagList } from "./tag-list.tsx";
import { TriggerButton } from "./trigger-button.tsx";

export const DAG_COLUMNS: readonly DataColumn<DagWithRuns>[] = [
  {
    id: "starred",
    header: "Favourite",
    isHeaderHidden: true,
    width: 42,
    isFixed: true,
    card: "badge",
    filter: DAG_FILTERS.starred,
    cell: ({ dag }) => <StarButton dagId={dag.dag_id} />,
  },
  {
    id: "paused",
    header: "On",
    width: 66,
    isFixed: true,
    card: "badge",
    filter: DAG_FILTERS.paused,
    cell: ({ dag }) => <PauseSwitch dag={dag} />,
  },
  {
    id: "dag",
    header: "DAG",
    width: 300,
    orderBy: "dag_display_name",
    card: "title",
    filter: DAG_FILTERS.dag,
    cell: ({ dag }) => (
      <>
        <Group gap={6} wrap="nowrap">
          <Anchor
            component={Link}
            to="/dags/$dagId"
            params={{ dagId: dag.dag_id } as never}
            fw={600}
            c="inherit"
            size="sm"
            title={dag.dag_id}
            truncate
          >
            {dag.dag_display_name}
          </Anchor>
          {dag.has_import_errors && (
            <Badge size="xs" color="red" variant="light" tt="none" flex="none">
              file has errors
            </Badge>
          )}
        </Group>
        <TagList tags={dag.tags.map(({ name }) => name)} />
      </>
    ),
  },
  {
    id: "runs",
    header: "Runs",
    width: 172,
    isFixed: true,
    isEmpty: ({ runs }) => runs.length === 0,
    cell: ({ dag, runs }) => <LiveRunBars dagId={dag.dag_id} runs={runs} />,
  },
  {
    id: "state",
    header: "Last run",
    width: 130,
    isFixed: true,
    orderBy: "last_run_state",
    filter: DAG_FILTERS.state,
    cell: ({ runs }) => (runs[0] === undefined ? <Never /> : <StateBadge state={runs[0].state} />),
  },
  {
    id: "started",
    header: "Started",
    width: 110,
    isFixed: true,
    orderBy: "last_run_start_date",
    isGreatestFirst: true,
    filter: DAG_FILTERS.started,
    isEmpty: ({ runs }) => runs.length === 0,
    cell: ({ runs }) => <Distance at={runs[0] === undefined ? null : (runs[0].start_date ?? runs[0].run_after)} />,
  },
  {
    id: "next",
    header: "Next run",
    width: 110,
    isFixed: true,
    orderBy: "next_dagrun",
    isEmpty: ({ dag }) => dag.next_dagrun_run_after === null,
    cell: ({ dag }) =>
      dag.next_dagrun_run_after === null ? (
        "–"
      ) : dag.scheduling_state !== "active" ? (
        <Text span inherit c="dimmed">
          {dag.scheduling_state}
        </Text>
      ) : (
        <Distance at={dag.next_dagrun_run_after} />
      ),
  },
  {
    id: "schedule",
    header: "Schedule",
    width: 150,
    cell: ({ dag }) => <Clipped text={scheduleText(dag)} tip={scheduleTip(dag)} />,
  },
  {
    id: "owner",
    header: "Owner",
    width: 120,
    card: "none",
    filter: DAG_FILTERS.owner,
    cell: ({ dag }) => <Clipped text={dag.owners.join(", ") || "–"} />,
  },
  {
    id: "tags",
    header: "Tags",
    width: 160,
    isExtra: true,
    filter: DAG_FILTERS.tags,
    cell: ({ dag }) => <Clipped text={dag.tags.map(({ name }) => name).join(", ") || "–"} />,
  },
  { id: "file", header: "File", width: 200, isExtra: true, cell: ({ dag }) => <Clipped text={dag.relative_fileloc ?? dag.fileloc} /> },
  {
    id: "limits",
    header: "Limits",
    width: 150,
    isExtra: true,
    cell: ({ dag }) => (
      <span title={`At most ${dag.max_active_runs ?? "any number of"} runs and ${dag.max_active_tasks} tasks at a time`}>
        {dag.max_active_runs ?? "∞"} runs, {dag.max_active_tasks} tasks
      </span>
    ),
  },
  {
    id: "broken",
    header: "Import errors",
    width: 110,
    isExtra: true,
    filter: DAG_FILTERS.broken,
    cell: ({ dag }) => (dag.has_import_errors ? "yes" : "–"),
  },
  { id: "trigger", header: "Trigger", isHeaderHidden: true, width: 52, isFixed: true, card: "badge", cell: ({ dag }) => <TriggerButton dag={dag} /> },
];

function Never() {
  return (
    <Text span inherit c="dimmed">
      never
    </Text>
  );
}
