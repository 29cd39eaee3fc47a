import { whenNotLive } from "./live.ts";
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { type Grid, readModel, type StructureGroup } from "./read-models.ts";

/** What changes by itself is looked at again so often while changes are not told. */
const LIVE_MS = 2000;

export interface GridFilter {
  limit: number;
  state: string | undefined;
  runType: string | undefined;
  /** Only runs at or before this instant. */
  before: string | undefined;
}

export function gridQuery(dagId: string, { limit, state, runType, before }: GridFilter) {
  return queryOptions({
    queryKey: ["grid", dagId, { limit, state, runType, before }],
    queryFn: ({ signal }) => {
      const query = new URLSearchParams({
        limit: String(limit),
        ...(state === undefined ? {} : { state }),
        ...(runType === undefined ? {} : { run_type: runType }),
        ...(before === undefined ? {} : { run_after_lte: before }),
      });
      return readModel<Grid>(`/ui/grid/${encodeURIComponent(dagId)}?${query}`, signal);
    },
    placeholderData: keepPreviousData,
    refetchInterval: whenNotLive(LIVE_MS),
  });
}

export interface GraphTask {
  task_id: string;
  display_name: string;
  group_id: string | null;
  operator: string;
  kind: "task" | "branch" | "short_circuit" | "empty" | "loop_gate";
  trigger_rule: string;
  is_mapped: boolean;
  is_setup: boolean;
  is_teardown: boolean;
  is_sensor: boolean;
  retries: number;
  /** What it waits for; of each, which of its inputs come from there. */
  upstream: { task_id: string; inputs: string[] }[];
}

export interface Graph {
  dag_id: string;
  version_number: number;
  /** Upstreams first. */
  tasks: GraphTask[];
  groups: StructureGroup[];
}

/** The tasks of a version and what leads from which to which. A version never changes. */
export function graphQuery(dagId: string, version: number | undefined) {
  return queryOptions({
    queryKey: ["graph", dagId, version],
    queryFn: ({ signal }) => readModel<Graph>(`/ui/graph/${encodeURIComponent(dagId)}?version_number=${version}`, signal),
    enabled: version !== undefined,
    staleTime: Infinity,
    placeholderData: keepPreviousData,
  });
}

export interface GanttTry {
  try_number: number;
  state: string | null;
  scheduled_when: string | null;
  queued_when: string | null;
  start_date: string | null;
  /** null: it is not over, or has not begun. */
  end_date: string | null;
  reschedules: number;
  first_start: string | null;
}

export interface GanttTask {
  task_id: string;
  instances: number;
  counts: [state: string | null, instances: number][];
  /** In order. Of a task with several instances one, from the first start of any to the last end of any. */
  tries: GanttTry[];
}

export interface Gantt {
  dag_id: string;
  dag_run_id: string;
  tasks: GanttTask[];
}

/** When the tasks of a run waited and ran. What is over does not change by itself. */
export function ganttQuery(dagId: string, runId: string | undefined, isLive: boolean) {
  return queryOptions({
    queryKey: ["gantt", dagId, runId],
    queryFn: ({ signal }) => readModel<Gantt>(`/ui/gantt/${encodeURIComponent(dagId)}/${encodeURIComponent(runId!)}`, signal),
    enabled: runId !== undefined,
    refetchInterval: isLive ? whenNotLive(LIVE_MS) : false,
  });
}

interface Counted {
  name: string;
  tasks: number;
}

export interface DagFacts {
  dag_id: string;
  next_runs: { logical_date: string; run_after: string }[];
  tasks: number;
  groups: number;
  operators: Counted[];
  pools: Counted[];
  queues: Counted[];
  fail_fast: boolean;
  callbacks: string[];
  retries: number[];
}

export function dagFactsQuery(dagId: string) {
  return queryOptions({
    queryKey: ["dag", dagId, "facts"],
    queryFn: ({ signal }) => readModel<DagFacts>(`/ui/dag_facts/${encodeURIComponent(dagId)}`, signal),
    refetchInterval: whenNotLive(LIVE_MS * 5),
  });
}
