import { Button, Loader, SegmentedControl, Select, Text } from "@mantine/core";
import { IconX } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { runTimesQuery, taskRunsQuery } from "../api/dag-times.ts";
import { usePermissions } from "../api/use-permissions.ts";
import { Empty } from "../parts/empty.tsx";
import { Problem } from "../parts/problem.tsx";
import { lookOf } from "../states/state-look.ts";
import { formatDurationMs, formatInstant } from "../time/format.ts";
import { useNow } from "../time/now.ts";
import { useTimeZone } from "../time/time-zone.tsx";
import { type Bar, BarChart } from "./bar-chart.tsx";
import { type DurationsSearch, type Measure, MEASURES, readDurationsSearch, RUN_COUNTS, type RunCount } from "./durations-search.ts";
import { MEASURE_NAMES, MEASURE_TELLS, measureOf } from "./measures.ts";
import { quantile, trendOf } from "./scale.ts";
import { TaskTable } from "./task-table.tsx";
import classes from "./durations.module.css";

const ROUTE = "/dags/$dagId/durations";

/** How long the runs of a DAG, or one of its tasks, took: one by one, usually, and whether that changes. */
export function DurationsPage() {
  const { dagId } = useParams({ from: ROUTE });
  const search = useSearch({ from: ROUTE });
  const navigate = useNavigate({ from: ROUTE });
  const may = usePermissions();
  const { runs = 100, task, by = "took" } = search;
  const change = (next: Partial<DurationsSearch>): void =>
    void navigate({ search: readDurationsSearch({ ...search, ...next }), replace: true, resetScroll: false });
  return (
    <div className={classes["page"]}>
      <div className={classes["tools"]}>
        {task === undefined ? (
          <SegmentedControl
            size="xs"
            aria-label="What is measured"
            value={by}
            data={MEASURES.map((value) => ({ value, label: MEASURE_NAMES[value] }))}
            onChange={(value) => change({ by: value })}
          />
        ) : (
          <Button
            size="xs"
            variant="light"
            rightSection={<IconX size={13} />}
            onClick={() => change({ task: undefined })}
            aria-label={`Task ${task}: back to whole runs`}
          >
            Task {task}
          </Button>
        )}
        <Text size="xs" c="dimmed">
          {task === undefined ? MEASURE_TELLS[by] : "of its longest instance, from start to end"}
        </Text>
        <span className={classes["space"]} />
        <Select
          size="xs"
          w={150}
          aria-label="How many runs"
          allowDeselect={false}
          value={String(runs)}
          data={RUN_COUNTS.map((count) => ({ value: String(count), label: `Latest ${count} runs` }))}
          onChange={(value) => change({ runs: Number(value) as RunCount })}
        />
      </div>
      {task === undefined ? <RunChart dagId={dagId} runs={runs} measure={by} /> : <TaskChart key={task} dagId={dagId} taskId={task} runs={runs} />}
      {may("task_instances:read") && (
        <TaskTable dagId={dagId} runs={runs} chosen={task} onChoose={(next) => change({ task: next === task ? undefined : next })} />
      )}
    </div>
  );
}

function RunChart({ dagId, runs, measure }: { dagId: string; runs: number; measure: Measure }) {
  const { data, error, refetch } = useQuery(runTimesQuery(dagId, runs));
  const navigate = useNavigate();
  const { zone } = useTimeZone();
  const now = useNow(data?.some((run) => run.state === "running") === true ? 1000 : 60_000);
  if (data === undefined)
    return error === null ? <Loader size="sm" m="xl" aria-label="Loading" /> : <Problem error={error} retry={() => void refetch()} />;
  const bars = data.toReversed().flatMap((run): Bar[] => {
    const ms = measureOf(run, measure, now);
    return ms === null ? [] : [barOf({ id: run.dag_run_id, ms, state: run.state, at: run.run_after, type: run.run_type }, zone)];
  });
  const open = (runId: string): void => void navigate({ to: "/dags/$dagId", params: { dagId }, search: { run: runId } });
  // What still runs is drawn, and says nothing yet about how long runs take.
  const ended = bars.filter(({ state }) => state === "success" || state === "failed" || measure === "waited");
  return <Chart label={`${MEASURE_NAMES[measure]} of the latest runs of ${dagId}`} bars={bars} ended={ended} onOpen={open} />;
}

function TaskChart({ dagId, taskId, runs }: { dagId: string; taskId: string; runs: number }) {
  const { data, error, refetch } = useQuery(taskRunsQuery(dagId, taskId, runs));
  const navigate = useNavigate();
  const { zone } = useTimeZone();
  if (data === undefined)
    return error === null ? <Loader size="sm" m="xl" aria-label="Loading" /> : <Problem error={error} retry={() => void refetch()} />;
  const bars = data
    .toReversed()
    .map((run) =>
      barOf({ id: run.dag_run_id, ms: run.seconds * 1000, state: run.state, at: run.run_after, type: run.run_type, instances: run.instances }, zone),
    );
  const open = (runId: string): void => void navigate({ to: "/dags/$dagId/runs/$runId/tasks/$taskId", params: { dagId, runId, taskId } });
  return <Chart label={`Duration of ${taskId} in the latest runs`} bars={bars} ended={bars} onOpen={open} />;
}

interface Measured {
  id: string;
  ms: number;
  state: string | null;
  at: string;
  type: string;
  instances?: number;
}

function barOf({ id, ms, state, at, type, instances = 1 }: Measured, zone: string): Bar {
  const when = formatInstant(at, zone, { seconds: false });
  const took = formatDurationMs(ms);
  const { label } = lookOf(state);
  return {
    id,
    ms,
    state,
    name: when.slice(5),
    label: `${when}, ${label}, ${took}`,
    tip: (
      <>
        <b>{took}</b>, {label.toLowerCase()}
        {instances > 1 && `, ${instances} instances`}
        <br />
        {when}, {type.replaceAll("_", " ")}
      </>
    ),
  };
}

function Chart({ label, bars, ended, onOpen }: { label: string; bars: readonly Bar[]; ended: readonly Bar[]; onOpen: (id: string) => void }) {
  if (bars.length === 0) return <Empty title="Nothing has run yet">The durations of runs are drawn here as they end.</Empty>;
  const all = ended.map(({ ms }) => ms);
  const median = quantile(all, 0.5);
  const p95 = quantile(all, 0.95);
  const failed = ended.filter(({ state }) => state === "failed").length;
  const trend = trendOf(all);
  return (
    <>
      <dl className={classes["figures"]}>
        <Figure name="Median" value={median === undefined ? "–" : formatDurationMs(median)} />
        <Figure name="95 of 100 within" value={p95 === undefined ? "–" : formatDurationMs(p95)} />
        <Figure name="Longest" value={all.length === 0 ? "–" : formatDurationMs(Math.max(...all))} />
        <Figure name="Failed" value={String(failed)} detail={`of ${ended.length}`} />
        <Figure
          name="Newer half"
          value={trend === undefined ? "as before" : `${Math.round(Math.abs(trend) * 100)} % ${trend > 0 ? "longer" : "shorter"}`}
        />
      </dl>
      <BarChart
        label={label}
        bars={bars}
        {...(median === undefined ? {} : { line: { ms: median, name: `median ${formatDurationMs(median)}` } })}
        onOpen={onOpen}
      />
    </>
  );
}

function Figure({ name, value, detail }: { name: string; value: string; detail?: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value} {detail !== undefined && <small>{detail}</small>}
      </dd>
    </div>
  );
}
