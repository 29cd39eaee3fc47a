import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { whenNotLive } from "./live.ts";
import { readModel } from "./read-models.ts";

export interface HomeComponent {
  id: "scheduler" | "dag_processor" | "api" | "workers" | "database";
  /** `idle`: it is not there, and not needed now. */
  status: "healthy" | "unhealthy" | "idle";
  detail: string;
  last_heartbeat: string | null;
}

export interface HomeRun {
  dag_id: string;
  dag_run_id: string;
  run_type: string;
  state: string;
  start_date: string;
  end_date: string | null;
}

export interface RunningHomeRun extends HomeRun {
  total: number;
  unfinished: number;
  failed: number;
}

/** The first of a kind, and how many there are. */
interface Listed<T> {
  total: number;
  items: T[];
}

export interface RunBar {
  place: number;
  success: number;
  failed: number;
  running: number;
}

export interface Throughput {
  since: string;
  span_seconds: number;
  spans: number;
  bars: RunBar[];
}

export interface HomePool {
  name: string;
  slots: number;
  used: number;
  waiting: number;
}

export interface Home {
  now: string;
  components: HomeComponent[];
  counts: Record<"running_runs" | "queued_runs" | "running_tasks" | "queued_tasks" | "scheduled_tasks" | "active_dags" | "paused_dags", number>;
  failing: Listed<{
    dag_id: string;
    dag_run_id: string;
    end_date: string;
    failures: number;
    task_id: string | null;
    map_index: number | null;
    reason: string | null;
  }>;
  late: Listed<{ dag_id: string; next_run_at: string; is_blocked: boolean }>;
  stuck: Listed<{
    state: "queued" | "scheduled";
    place: string;
    queue: string | null;
    count: number;
    since: string;
    dag_id: string;
    dag_run_id: string;
    task_id: string;
    map_index: number;
  }>;
  import_errors: Listed<{ import_error_id: number; filename: string; line: number | null; message: string; timestamp: string }>;
  paused_by_failures: Listed<{ dag_id: string; at: string; reason: string | null }>;
  running: RunningHomeRun[];
  recent: HomeRun[];
  throughput: Throughput;
  pools: HomePool[];
}

/** Parts that fall silent tell nobody: looked at again also while changes come by themselves. */
const HEALTH_MS = 10_000;

export const homeQuery = queryOptions({
  queryKey: ["home"],
  queryFn: ({ signal }) => readModel<Home>("/ui/home", signal),
  placeholderData: keepPreviousData,
  refetchInterval: () => Math.min(HEALTH_MS, whenNotLive(3000)()),
});
