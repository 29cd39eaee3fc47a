import { Anchor, Badge, Box, Breadcrumbs, Button, Center, Group, Loader, SegmentedControl, Switch, Text, Title } from "@mantine/core";
import { IconPlayerPlay } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { type DagDetails, dagQuery, gridQuery } from "../api/queries.ts";
import { usePermissions } from "../api/use-permissions.ts";
import { GridView, type Selection } from "../grid/grid-view.tsx";
import { Empty } from "../parts/empty.tsx";
import { Problem } from "../parts/problem.tsx";
import { Distance } from "../time/instant.tsx";
import { usePause, useTrigger } from "./dag-changes.ts";
import { GridContext, SelectionPanel } from "./selection-panel.tsx";
import classes from "./dag-page.module.css";

const LIMITS = [10, 25, 50, 100] as const;
type Limit = (typeof LIMITS)[number];

/** The whole state of the page is in its address: what is selected, what is folded, how many runs there are. */
export interface DagPageSearch {
  run?: string;
  task?: string;
  runs?: Limit;
  folded?: string[];
}

export function readDagPageSearch({ run, task, runs, folded }: Record<string, unknown>): DagPageSearch {
  return {
    ...(typeof run === "string" ? { run } : {}),
    ...(typeof task === "string" ? { task } : {}),
    ...(LIMITS.includes(runs as Limit) && runs !== 25 ? { runs: runs as Limit } : {}),
    ...(Array.isArray(folded) && folded.length > 0 ? { folded: folded.map(String) } : {}),
  };
}

export function DagPage() {
  const { dagId } = useParams({ from: "/dags/$dagId" });
  const search = useSearch({ from: "/dags/$dagId" });
  const navigate = useNavigate({ from: "/dags/$dagId" });
  const { run, task, runs = 25 } = search;
  const folded = useMemo(() => new Set(search.folded), [search.folded]);
  const dag = useQuery(dagQuery(dagId));
  const grid = useQuery(gridQuery(dagId, { limit: runs, state: undefined, runType: undefined }));

  const change = useCallback(
    (next: DagPageSearch) => void navigate({ search: (before) => readDagPageSearch({ ...before, ...next }), replace: true }),
    [navigate],
  );
  const select = useCallback((selection: Selection) => change({ run: selection.run, task: selection.task }), [change]);
  const fold = useCallback(
    (groupId: string) => change({ folded: folded.has(groupId) ? [...folded].filter((id) => id !== groupId) : [...folded, groupId] }),
    [change, folded],
  );

  if (dag.data === undefined && dag.isError) return <Problem error={dag.error} retry={() => void dag.refetch()} />;
  const isOpen = run !== undefined || task !== undefined;
  return (
    <Box className={classes["page"]}>
      <Heading dagId={dagId} dag={dag.data} />
      <Group px="md" py={6} gap="sm" className={classes["tools"]}>
        <Text size="xs" c="dimmed">
          Runs
        </Text>
        <SegmentedControl
          size="xs"
          aria-label="How many runs"
          value={String(runs)}
          onChange={(value) => change({ runs: Number(value) as Limit })}
          data={LIMITS.map(String)}
        />
      </Group>
      <Box className={classes["split"]} data-open={isOpen || undefined}>
        <Box className={classes["grid"]}>
          {grid.data === undefined ? (
            grid.isError ? (
              <Problem error={grid.error} retry={() => void grid.refetch()} />
            ) : (
              <Center h="100%">
                <Loader aria-label="Loading" />
              </Center>
            )
          ) : grid.data.tasks.length === 0 ? (
            <Empty title="This DAG has no tasks" />
          ) : (
            <GridView grid={grid.data} folded={folded} selection={{ run, task }} onFold={fold} onSelect={select} />
          )}
        </Box>
        {isOpen && grid.data !== undefined && (
          <GridContext value={{ grid: grid.data, onSelect: select }}>
            <SelectionPanel dagId={dagId} runId={run} taskId={task} onClose={() => select({})} />
          </GridContext>
        )}
      </Box>
    </Box>
  );
}

function Heading({ dagId, dag }: { dagId: string; dag: DagDetails | undefined }) {
  const may = usePermissions();
  const pause = usePause();
  const trigger = useTrigger();
  return (
    <Group px="md" pt="sm" pb={4} justify="space-between" gap="sm">
      <div style={{ minWidth: 0 }}>
        <Breadcrumbs separator="/" fz="xs" separatorMargin={6}>
          <Anchor component={Link} to="/dags" size="xs">
            DAGs
          </Anchor>
        </Breadcrumbs>
        <Group gap="sm">
          <Title order={1} style={{ overflowWrap: "anywhere" }}>
            {dag?.dag_display_name ?? dagId}
          </Title>
          {dag?.tags.map(({ name }) => (
            <Badge key={name} variant="default" tt="none" fw={400}>
              {name}
            </Badge>
          ))}
        </Group>
        {dag?.description != null && (
          <Text size="sm" c="dimmed">
            {dag.description}
          </Text>
        )}
      </div>
      {dag !== undefined && (
        <Group gap="md">
          <Text size="sm" c="dimmed">
            {dag.timetable_summary ?? "by hand"}
            {dag.next_dagrun_run_after !== null && !dag.is_paused && (
              <>
                {" · next "}
                <Distance at={dag.next_dagrun_run_after} />
              </>
            )}
          </Text>
          <Switch
            checked={!dag.is_paused}
            label={dag.is_paused ? "Paused" : "On"}
            disabled={!may("dags:edit") || pause.isPending}
            onChange={(event) => pause.mutate({ dagId, isPaused: !event.currentTarget.checked })}
          />
          {may("dag_runs:create") && (
            <Button size="xs" leftSection={<IconPlayerPlay size={14} />} loading={trigger.isPending} onClick={() => trigger.mutate({ dagId })}>
              Trigger
            </Button>
          )}
        </Group>
      )}
    </Group>
  );
}
