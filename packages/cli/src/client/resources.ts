/** What the commands read of the REST API's answers. Field names are the API's. */

export interface DagResource {
  dag_id: string;
  dag_display_name: string;
  description: string | null;
  is_paused: boolean;
  scheduling_state: "active" | "draining" | "paused";
  is_stale: boolean;
  has_import_errors: boolean;
  timetable_summary: string | null;
  timetable_description: string | null;
  tags: { name: string }[];
  owners: string[];
  fileloc: string;
  relative_fileloc: string | null;
  last_parsed_time: string | null;
  max_active_tasks: number;
  max_active_runs: number | null;
  next_dagrun_logical_date: string | null;
  next_dagrun_data_interval_start: string | null;
  next_dagrun_data_interval_end: string | null;
  next_dagrun_run_after: string | null;
}

export interface DagRunResource {
  dag_run_id: string;
  dag_id: string;
  logical_date: string | null;
  queued_at: string | null;
  start_date: string | null;
  end_date: string | null;
  duration: number | null;
  data_interval_start: string | null;
  data_interval_end: string | null;
  run_after: string;
  run_type: string;
  state: string;
  triggered_by: string | null;
  conf: Record<string, unknown> | null;
  note: string | null;
  dag_versions?: { version_number: number }[];
}

export interface TaskInstanceResource {
  id: string;
  task_id: string;
  dag_id: string;
  dag_run_id: string;
  map_index: number;
  start_date: string | null;
  end_date: string | null;
  duration: number | null;
  state: string | null;
  try_number: number;
  max_tries: number;
  operator: string | null;
  pool: string;
  queue: string | null;
  hostname: string | null;
  note: string | null;
}

export interface DagWarningResource {
  dag_id: string;
  warning_type: string;
  message: string;
  timestamp: string;
}

export interface ImportErrorResource {
  import_error_id: number;
  timestamp: string;
  filename: string;
  bundle_name: string | null;
  stack_trace: string;
}

export interface PoolResource {
  name: string;
  slots: number;
  description: string | null;
  include_deferred: boolean;
  occupied_slots: number;
  running_slots: number;
  queued_slots: number;
  scheduled_slots: number;
  open_slots: number;
  deferred_slots: number;
}

export interface VariableResource {
  key: string;
  value: string | null;
  description: string | null;
  is_encrypted: boolean;
}

export interface ConnectionResource {
  connection_id: string;
  conn_type: string;
  description: string | null;
  host: string | null;
  login: string | null;
  schema: string | null;
  port: number | null;
  password: string | null;
  extra: string | null;
}

/** One entry of a task's log; further members are the author's fields. */
export type LogMessage = { timestamp?: string; event: string; level?: string } & Record<string, unknown>;

export interface HealthResource {
  metadatabase: { status: string | null };
  scheduler: { status: string | null; latest_scheduler_heartbeat: string | null };
  dag_processor: { status: string | null; latest_dag_processor_heartbeat: string | null } | null;
}

/** A task instance for people: `load`, `load[3]`. */
export function taskName(instance: Pick<TaskInstanceResource, "task_id" | "map_index">): string {
  return instance.map_index < 0 ? instance.task_id : `${instance.task_id}[${instance.map_index}]`;
}

export const FINISHED_RUN_STATES: ReadonlySet<string> = new Set(["success", "failed"]);

export interface WorkerResource {
  host_id: string;
  name: string;
  executor: string;
  hostname: string;
  pid: number;
  version: string;
  /** null: all. */
  queues: string[] | null;
  slots: number;
  running: number;
  state: "running" | "draining" | "drained" | "offline";
  wanted: "run" | "drain";
  started_at: string;
  registered_at: string;
  last_heartbeat: string;
}

export interface WorkerDetailsResource extends WorkerResource {
  running_tasks: {
    dag_id: string;
    dag_run_id: string;
    task_id: string;
    map_index: number;
    try_number: number;
    queue: string;
    started_at: string | null;
  }[];
}

export interface UserResource {
  username: string;
  first_name: string;
  last_name: string;
  email: string;
  role: string;
  active: boolean;
  last_login: string | null;
}

export interface RoleResource {
  name: string;
  permissions: string[];
}

export interface TokenResource {
  id: string;
  name: string;
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
}

export interface GrantResource {
  id: number;
  username: string | null;
  role: string | null;
  dag_id: string | null;
  dag_tag: string | null;
  actions: string[];
}
