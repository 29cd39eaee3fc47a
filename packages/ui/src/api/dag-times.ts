import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { whenNotLive } from "./live.ts";
import { readModel } from "./read-models.ts";

const LIVE_MS = 5000;

export interface CalendarCell {
  /** The beginning of the day or hour on the wall clock of the zone: `2026-11-21T00:00`. */
  starts_at: string;
  runs: Partial<Record<"queued" | "running" | "success" | "failed", number>>;
  /** Runs that the schedule will make. */
  planned: number;
}

export interface Calendar {
  dag_id: string;
  is_paused: boolean;
  cells: CalendarCell[];
  is_cut: boolean;
}

export interface CalendarWindow {
  from: string;
  to: string;
  unit: "day" | "hour";
  zone: string;
}

/** The runs of a DAG by day or hour, and those that are planned. */
export function calendarQuery(dagId: string, { from, to, unit, zone }: CalendarWindow) {
  return queryOptions({
    queryKey: ["dag-runs", "calendar", dagId, { from, to, unit, zone }],
    queryFn: ({ signal }) =>
      readModel<Calendar>(`/ui/calendar/${encodeURIComponent(dagId)}?${new URLSearchParams({ from, to, unit, zone })}`, signal),
    placeholderData: keepPreviousData,
    refetchInterval: whenNotLive(LIVE_MS),
  });
}

export interface RunTimes {
  dag_run_id: string;
  run_type: string;
  state: string;
  run_after: string;
  data_interval_end: string | null;
  start_date: string | null;
  end_date: string | null;
}

/** The latest runs of a DAG, newest first. */
export function runTimesQuery(dagId: string, runs: number) {
  return queryOptions({
    queryKey: ["dag-runs", "times", dagId, runs],
    queryFn: async ({ signal }) => (await readModel<{ runs: RunTimes[] }>(`/ui/run_times/${encodeURIComponent(dagId)}?runs=${runs}`, signal)).runs,
    placeholderData: keepPreviousData,
    refetchInterval: whenNotLive(LIVE_MS),
  });
}

export interface TaskDurations {
  task_id: string;
  instances: number;
  failed: number;
  median_seconds: number;
  p95_seconds: number;
  longest_seconds: number;
  total_seconds: number;
  median_wait_seconds: number | null;
}

/** How long each task took in the latest runs; what took longest in all first. */
export function taskDurationsQuery(dagId: string, runs: number) {
  return queryOptions({
    queryKey: ["task-instances", "durations", dagId, runs],
    queryFn: async ({ signal }) =>
      (await readModel<{ tasks: TaskDurations[] }>(`/ui/durations/${encodeURIComponent(dagId)}?runs=${runs}`, signal)).tasks,
    placeholderData: keepPreviousData,
    refetchInterval: whenNotLive(LIVE_MS * 2),
  });
}

export interface TaskRun {
  dag_run_id: string;
  run_after: string;
  run_type: string;
  state: string | null;
  instances: number;
  start_date: string;
  end_date: string | null;
  /** Of the longest instance. */
  seconds: number;
}

/** A task in the latest runs of its DAG, newest first. */
export function taskRunsQuery(dagId: string, taskId: string, runs: number) {
  return queryOptions({
    queryKey: ["task-instances", "runs", dagId, taskId, runs],
    queryFn: async ({ signal }) => {
      const path = [dagId, taskId].map(encodeURIComponent).join("/");
      return (await readModel<{ runs: TaskRun[] }>(`/ui/durations/${path}?runs=${runs}`, signal)).runs;
    },
    placeholderData: keepPreviousData,
    refetchInterval: whenNotLive(LIVE_MS),
  });
}
