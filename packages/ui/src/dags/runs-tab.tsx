import { Box, Center, Group, Loader, SegmentedControl, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useCallback, useMemo } from "react";
import { gridQuery } from "../api/queries.ts";
import { GridView, type Selection } from "../grid/grid-view.tsx";
import { Empty } from "../parts/empty.tsx";
import { Problem } from "../parts/problem.tsx";
import { DEFAULT_RUN_LIMIT, foldedGroups, readRunsSearch, RUN_LIMITS, type RunLimit, type RunsSearch, toggleFold } from "./runs-search.ts";
import { GridContext, SelectionPanel } from "./selection-panel.tsx";
import classes from "./runs-tab.module.css";

/** A DAG's tasks by its runs, and what is selected there beside it. */
export function RunsTab() {
  const { dagId } = useParams({ from: "/dags/$dagId" });
  const search = useSearch({ from: "/dags/$dagId/" });
  const navigate = useNavigate({ from: "/dags/$dagId/" });
  const { run, task, runs = DEFAULT_RUN_LIMIT } = search;
  const grid = useQuery(gridQuery(dagId, { limit: runs, state: search.state, runType: search.type }));
  const groups = grid.data?.groups;
  const folded = useMemo(
    () =>
      foldedGroups(
        search,
        (groups ?? []).map((group) => group.group_id),
      ),
    [search, groups],
  );
  const change = useCallback(
    (next: { [K in keyof RunsSearch]: RunsSearch[K] | undefined }) =>
      void navigate({ search: (before) => readRunsSearch({ ...before, ...next }), replace: true }),
    [navigate],
  );
  const select = useCallback((selection: Selection) => change({ run: selection.run, task: selection.task }), [change]);
  const fold = useCallback(
    (groupId: string) => void navigate({ search: (before) => readRunsSearch({ ...before, ...toggleFold(before, groupId) }), replace: true }),
    [navigate],
  );
  const isOpen = run !== undefined || task !== undefined;
  return (
    <>
      <Group px="md" py={6} gap="sm" className={classes["tools"]}>
        <Text size="xs" c="dimmed">
          Runs
        </Text>
        <SegmentedControl
          size="xs"
          aria-label="How many runs"
          value={String(runs)}
          onChange={(value) => change({ runs: Number(value) as RunLimit })}
          data={RUN_LIMITS.map(String)}
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
    </>
  );
}
