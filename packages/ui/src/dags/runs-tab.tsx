import { Center, Loader } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useDeferredValue, useMemo } from "react";
import { gridQuery } from "../api/dag-runs-page.ts";
import type { Grid } from "../api/read-models.ts";
import { gridRows } from "../grid/grid-rows.ts";
import { GridView } from "../grid/grid-view.tsx";
import { createRowScroll } from "../grid/row-scroll.ts";
import type { Direction } from "../graph/graph-layout.ts";
import type { Selection } from "../grid/selection.ts";
import { Empty } from "../parts/empty.tsx";
import { Problem } from "../parts/problem.tsx";
import { stateSheet } from "../states/state-sheet.ts";
import { NarrowPanes, RunsPanes, type RunsParts } from "./runs-panes.tsx";
import { foldedGroups, gridFilterOf, readRunsSearch, type RunsChange, type RunsSearch, toggleFold, usualPane } from "./runs-search.ts";
import { RunsToolbar } from "./runs-toolbar.tsx";
import { SelectionPanel } from "./selection-panel.tsx";
import classes from "./runs-tab.module.css";

// Their libraries are fetched when they are shown.
const GraphView = lazy(async () => ({ default: (await import("../graph/graph-view.tsx")).GraphView }));
const GanttView = lazy(async () => ({ default: (await import("../gantt/gantt-view.tsx")).GanttView }));

function Waiting() {
  return (
    <Center flex={1}>
      <Loader size="sm" role="status" aria-label="Loading" />
    </Center>
  );
}

/** A DAG's tasks by its runs as a grid, as a graph and in time. */
export function RunsTab() {
  const { dagId } = useParams({ from: "/dags/$dagId" });
  const search = useSearch({ from: "/dags/$dagId/" });
  const { data: grid, error, refetch } = useQuery(gridQuery(dagId, gridFilterOf(search)));
  if (grid === undefined) {
    if (error !== null) return <Problem error={error} retry={() => void refetch()} />;
    return <Waiting />;
  }
  if (grid.tasks.length === 0) return <Empty title="This DAG has no tasks" />;
  return (
    <>
      <style href="state-sheet" precedence="default">
        {stateSheet()}
      </style>
      <Views dagId={dagId} grid={grid} search={search} />
    </>
  );
}

/** What is selected in one view is selected in all, what is folded is folded in all; and the facts of what is selected are beside them. */
function Views({ dagId, grid, search }: { dagId: string; grid: Grid; search: RunsSearch }) {
  const navigate = useNavigate({ from: "/dags/$dagId/" });
  const { run, task, map, fold, except, view = "both", dir, pane = usualPane(search) } = search;
  const { tasks, groups } = grid;
  const rowScroll = useMemo(() => createRowScroll(), []);
  const folded = useMemo(() => {
    const groupIds = groups.map((group) => group.group_id);
    return foldedGroups({ ...(fold === undefined ? {} : { fold }), ...(except === undefined ? {} : { except }) }, groupIds);
  }, [fold, except, groups]);
  const rows = useMemo(() => gridRows({ tasks, groups }, folded), [tasks, groups, folded]);
  const isNarrow = useMediaQuery("(max-width: 62em)", false, { getInitialValueInEffect: false });

  const change = useCallback(
    (next: RunsChange) => void navigate({ search: (old) => readRunsSearch({ ...old, ...next }), replace: true }),
    [navigate],
  );
  const select = useCallback(
    (selection: Selection) => change({ run: selection.run, task: selection.task, map: selection.map, pane: undefined }),
    [change],
  );
  const onFold = useCallback(
    (groupId: string) => void navigate({ search: (old) => readRunsSearch({ ...old, ...toggleFold(old, groupId) }), replace: true }),
    [navigate],
  );

  const onDirection = useCallback((direction: Direction) => change({ dir: direction }), [change]);
  const onClose = useCallback(() => select({}), [select]);

  const selection = useMemo<Selection>(() => ({ run, task, map }), [run, task, map]);
  // The grid marks what was clicked at once; what is beside it follows in pieces, between which one can go on clicking.
  const followed = useDeferredValue(selection);
  const shownRun = followed.run ?? grid.runs[0]?.dag_run_id;
  const { runs, state, type, before } = search;
  // All but what is selected, which the toolbar does not show.
  const shownSearch = useMemo<RunsSearch>(
    () => readRunsSearch({ runs, state, type, before, fold, except, view }),
    [runs, state, type, before, fold, except, view],
  );
  const parts: RunsParts = {
    grid: (
      <>
        <RunsToolbar grid={grid} search={shownSearch} change={change} hasViews={!isNarrow} />
        <div className={classes["body"]}>
          <GridView grid={grid} rows={rows} selection={selection} rowScroll={rowScroll} onFold={onFold} onSelect={select} />
        </div>
      </>
    ),
    graph: (
      <Suspense fallback={<Waiting />}>
        <GraphView
          dagId={dagId}
          grid={grid}
          runId={shownRun}
          selection={followed}
          folded={folded}
          direction={dir ?? (isNarrow ? "TB" : "LR")}
          onDirection={onDirection}
          onFold={onFold}
          onSelect={select}
        />
      </Suspense>
    ),
    gantt: (
      <Suspense fallback={<Waiting />}>
        <GanttView
          dagId={dagId}
          grid={grid}
          rows={rows}
          runId={shownRun}
          selection={followed}
          rowScroll={view === "gantt" && !isNarrow ? rowScroll : undefined}
          onFold={onFold}
          onSelect={select}
        />
      </Suspense>
    ),
    selected:
      followed.run === undefined && followed.task === undefined ? null : (
        <SelectionPanel dagId={dagId} grid={grid} selection={followed} onSelect={select} onClose={onClose} />
      ),
  };
  if (isNarrow) return <NarrowPanes parts={parts} pane={pane} onPane={(next) => change({ pane: next })} />;
  return <RunsPanes parts={parts} view={view} />;
}
