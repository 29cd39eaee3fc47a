import {
  ActionIcon,
  Alert,
  Anchor,
  Badge,
  Box,
  Group,
  Pagination,
  SegmentedControl,
  Skeleton,
  Switch,
  Table,
  Text,
  TextInput,
  Title,
  Tooltip,
} from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconAlertTriangle, IconPlayerPlay, IconSearch } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { DAGS_PER_PAGE, type DagRow, dagsQuery, importErrorsQuery, latestRunsQuery, type RunSummary } from "../api/queries.ts";
import { usePermissions } from "../api/use-permissions.ts";
import { Empty } from "../parts/empty.tsx";
import { Problem } from "../parts/problem.tsx";
import { StateBadge } from "../states/state-badge.tsx";
import { Distance } from "../time/instant.tsx";
import { useNow } from "../time/now.ts";
import { usePause, useTrigger } from "./dag-changes.ts";
import { RunBars } from "./run-bars.tsx";
import classes from "./dag-list.module.css";

const SHOWN = ["all", "active", "paused", "failed", "running"] as const;
type Shown = (typeof SHOWN)[number];

/** The whole state of the page is in its address. */
export interface DagListSearch {
  q?: string;
  show?: Shown;
  tag?: string;
  page?: number;
}

export function readDagListSearch(search: Record<string, unknown>): DagListSearch {
  const { q, show, tag, page } = search;
  return {
    ...(typeof q === "string" && q !== "" ? { q } : {}),
    ...(SHOWN.includes(show as Shown) && show !== "all" ? { show: show as Shown } : {}),
    ...(typeof tag === "string" ? { tag } : {}),
    ...(typeof page === "number" && page > 1 ? { page } : {}),
  };
}

export function DagListPage() {
  const search = useSearch({ from: "/dags" });
  const navigate = useNavigate({ from: "/dags" });
  const { q = "", show = "all", tag, page = 1 } = search;
  const dags = useQuery(
    dagsQuery({
      search: q,
      tags: tag === undefined ? [] : [tag],
      paused: show === "active" ? false : show === "paused" ? true : undefined,
      lastRun: show === "failed" || show === "running" ? show : undefined,
      page: page - 1,
    }),
  );
  const rows = dags.data?.dags ?? [];
  const runs = useQuery(latestRunsQuery(rows.map((dag) => dag.dag_id)));
  const change = (next: DagListSearch) => void navigate({ search: readDagListSearch({ ...search, page: 1, ...next }), replace: true });
  const total = dags.data?.total_entries ?? 0;
  const pages = Math.ceil(total / DAGS_PER_PAGE);

  return (
    <Box p="md" maw={1500} mx="auto">
      <Group justify="space-between" mb="sm" gap="sm">
        <Title order={1}>
          DAGs{" "}
          <Text span c="dimmed" fw={400} size="sm">
            {dags.data === undefined ? "" : total}
          </Text>
        </Title>
        <Group gap="sm" className={classes["tools"]}>
          <SearchField key={q} value={q} onChange={(text) => change({ q: text })} />
          <SegmentedControl
            size="xs"
            aria-label="Which DAGs"
            value={show}
            onChange={(value) => change({ show: value })}
            data={SHOWN.map((value) => ({
              value,
              label: value === "all" ? "All" : value === "failed" ? "Last failed" : value[0]!.toUpperCase() + value.slice(1),
            }))}
          />
        </Group>
      </Group>
      {tag !== undefined && (
        <Group mb="sm" gap="xs">
          <Text size="sm">With the tag</Text>
          <Badge variant="light" rightSection={<ClearTag onClick={() => change({ tag: undefined })} />}>
            {tag}
          </Badge>
        </Group>
      )}
      <ImportErrors />
      {dags.isError && dags.data === undefined && <Problem error={dags.error} retry={() => void dags.refetch()} />}
      {dags.isPending && <Loading />}
      {dags.data !== undefined &&
        (rows.length === 0 ? (
          <NoDags isFiltered={q !== "" || show !== "all" || tag !== undefined} />
        ) : (
          <DagTable rows={rows} runs={runs.data} onTag={(name) => change({ tag: name })} />
        ))}
      {pages > 1 && <Pagination total={pages} value={page} onChange={(value) => change({ page: value })} mt="md" />}
    </Box>
  );
}

function ClearTag({ onClick }: { onClick: () => void }) {
  return (
    <button type="button" className={classes["clear"]} aria-label="Without the tag" onClick={onClick}>
      ×
    </button>
  );
}

function SearchField({ value, onChange }: { value: string; onChange: (text: string) => void }) {
  const [text, setText] = useState(value);
  const tell = useDebouncedCallback(onChange, 250);
  return (
    <TextInput
      size="xs"
      w={220}
      aria-label="Search by DAG id"
      placeholder="Search by DAG id"
      leftSection={<IconSearch size={14} />}
      value={text}
      autoFocus={value !== ""}
      onChange={(event) => {
        setText(event.target.value);
        tell(event.target.value);
      }}
    />
  );
}

function ImportErrors() {
  const { data } = useQuery(importErrorsQuery);
  if (data === undefined || data.total_entries === 0) return null;
  const [first] = data.import_errors;
  return (
    <Alert
      color="red"
      icon={<IconAlertTriangle />}
      mb="sm"
      title={data.total_entries === 1 ? "One DAG file cannot be loaded" : `${data.total_entries} DAG files cannot be loaded`}
    >
      {data.import_errors.map((error) => (
        <details key={error.import_error_id} open={error === first && data.total_entries === 1}>
          <summary>{error.filename}</summary>
          <pre className={classes["trace"]}>{error.stack_trace}</pre>
        </details>
      ))}
    </Alert>
  );
}

function Loading() {
  return (
    <div aria-label="Loading" role="status">
      {[1, 2, 3, 4, 5, 6].map((line) => (
        <Skeleton key={line} h={44} mb={6} />
      ))}
    </div>
  );
}

function NoDags({ isFiltered }: { isFiltered: boolean }) {
  if (isFiltered) return <Empty title="No DAG is like that">Search for less, or look at all of them.</Empty>;
  return (
    <Empty title="There are no DAGs yet">
      Put a file that makes one into a folder that the dag-processor watches: it is here a moment after it was saved.
    </Empty>
  );
}

function DagTable({
  rows,
  runs,
  onTag,
}: {
  rows: readonly DagRow[];
  runs: ReadonlyMap<string, RunSummary[]> | undefined;
  onTag: (tag: string) => void;
}) {
  const now = useNow();
  return (
    <Table.ScrollContainer minWidth={340} type="native">
      <Table verticalSpacing={6} highlightOnHover highlightOnHoverColor="var(--tw-hover)">
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={56}>On</Table.Th>
            <Table.Th>DAG</Table.Th>
            <Table.Th className={classes["runs"]}>Runs</Table.Th>
            <Table.Th w={150} visibleFrom="sm">
              Last run
            </Table.Th>
            <Table.Th w={130} visibleFrom="sm">
              Next run
            </Table.Th>
            <Table.Th w={170} visibleFrom="sm">
              Schedule
            </Table.Th>
            <Table.Th w={44}>
              <span className="visually-hidden">Trigger</span>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((dag) => (
            <DagLine key={dag.dag_id} dag={dag} runs={runs?.get(dag.dag_id) ?? []} now={now} onTag={onTag} />
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function DagLine({ dag, runs, now, onTag }: { dag: DagRow; runs: readonly RunSummary[]; now: number; onTag: (tag: string) => void }) {
  const may = usePermissions();
  const pause = usePause();
  const trigger = useTrigger();
  const [last] = runs;
  return (
    <Table.Tr>
      <Table.Td>
        <Switch
          size="xs"
          checked={!dag.is_paused}
          disabled={!may("dags:edit") || pause.isPending}
          aria-label={`${dag.dag_id} is ${dag.is_paused ? "paused" : "on"}`}
          onChange={(event) => pause.mutate({ dagId: dag.dag_id, isPaused: !event.currentTarget.checked })}
        />
      </Table.Td>
      <Table.Td>
        <Anchor
          component={Link}
          to="/dags/$dagId"
          params={{ dagId: dag.dag_id } as never}
          fw={600}
          c="inherit"
          size="sm"
          style={{ overflowWrap: "anywhere" }}
        >
          {dag.dag_display_name}
        </Anchor>
        <Group gap={4} mt={2}>
          {dag.tags.map(({ name }) => (
            <Badge
              key={name}
              component="button"
              size="xs"
              variant="default"
              tt="none"
              fw={400}
              style={{ cursor: "pointer" }}
              onClick={() => onTag(name)}
            >
              {name}
            </Badge>
          ))}
          {dag.has_import_errors && (
            <Badge size="xs" color="red" variant="light" tt="none">
              file has errors
            </Badge>
          )}
        </Group>
      </Table.Td>
      <Table.Td className={classes["runs"]}>
        <RunBars dagId={dag.dag_id} runs={runs} now={now} />
      </Table.Td>
      <Table.Td visibleFrom="sm">
        {last === undefined ? (
          <Text size="sm" c="dimmed">
            never
          </Text>
        ) : (
          <>
            <StateBadge state={last.state} />
            <Text size="xs" c="dimmed">
              <Distance at={last.start_date ?? last.run_after} />
            </Text>
          </>
        )}
      </Table.Td>
      <Table.Td visibleFrom="sm">
        <Text size="sm" c={dag.is_paused ? "dimmed" : undefined}>
          {dag.next_dagrun_run_after === null ? "–" : dag.is_paused ? "paused" : <Distance at={dag.next_dagrun_run_after} />}
        </Text>
      </Table.Td>
      <Table.Td visibleFrom="sm">
        <Text size="sm" truncate title={dag.timetable_summary ?? ""}>
          {dag.timetable_summary ?? "by hand"}
        </Text>
      </Table.Td>
      <Table.Td>
        {may("dag_runs:create") && (
          <Tooltip label="Trigger a run now">
            <ActionIcon
              variant="subtle"
              aria-label={`Trigger ${dag.dag_id}`}
              loading={trigger.isPending}
              onClick={() => trigger.mutate({ dagId: dag.dag_id })}
            >
              <IconPlayerPlay size={16} />
            </ActionIcon>
          </Tooltip>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
