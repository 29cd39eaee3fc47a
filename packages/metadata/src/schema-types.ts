import type { DagRunState, DagRunType, TaskInstanceState } from "@tradewind/core";
import type { ColumnType, Generated, GeneratedAlways } from "kysely";
import type { AccessTokenTable, DagFavoriteTable, DagGrantTable, UserAccountTable } from "./user-tables.ts";

/**
 * The tables as the query builder sees them, written by hand after `migrations/`; a test compares names, nullability and defaults with the catalog of a
 * real server. Rows in this form do not leave the package: stores give domain types.
 */
export interface Tables {
  bundle: BundleTable;
  dag_file: DagFileTable;
  import_error: ImportErrorTable;
  dag_warning: DagWarningTable;
  dag_version: DagVersionTable;
  dag: DagTable;
  dag_tag: DagTagTable;
  dag_run: DagRunTable;
  task_instance: TaskInstanceTable;
  task_instance_history: TaskInstanceHistoryTable;
  task_reschedule: TaskRescheduleTable;
  xcom: XcomTable;
  task_queue: TaskQueueTable;
  lease: LeaseTable;
  task_timer: TaskTimerTable;
  dag_run_timer: DagRunTimerTable;
  callback_request: CallbackRequestTable;
  dag_file_request: DagFileRequestTable;
  connection_test: ConnectionTestTable;
  rendered_task_instance_fields: RenderedTaskInstanceFieldsTable;
  pool: PoolTable;
  variable: VariableTable;
  connection: ConnectionTable;
  user_account: UserAccountTable;
  access_token: AccessTokenTable;
  dag_favorite: DagFavoriteTable;
  dag_grant: DagGrantTable;
  job: JobTable;
  runner_host: RunnerHostTable;
  event_log: EventLogTable;
  tradewind_migration: TradewindMigrationTable;
}

/** `bigint` arrives as a number (see `column-parsers.ts`), `timestamptz` as a `Date`. */
export type Timestamp = ColumnType<Date, Date | string, Date | string>;
/** Parsed when read; written as text made with `JSON.stringify`, since the driver would make a PostgreSQL array of a list. */
type Json = ColumnType<unknown, string, string>;

export interface BundleTable {
  sha256: string;
  code: string;
  source_map: string | null;
  created_at: Generated<Timestamp>;
}

export interface DagFileTable {
  id: GeneratedAlways<number>;
  bundle_name: string;
  relative_path: string;
  fingerprint: Json | null;
  bundle_sha256: string | null;
  last_parsed_at: Timestamp | null;
  last_parse_duration_ms: number | null;
  deleted_at: Timestamp | null;
}

export interface DagWarningTable {
  dag_id: string;
  warning_type: "asset conflict" | "non-existent pool" | "runtime varying value";
  message: string;
  timestamp: Timestamp;
}

export interface ImportErrorTable {
  id: GeneratedAlways<number>;
  dag_file_id: number;
  timestamp: Timestamp;
  kind: string;
  message: string;
  line: number | null;
  col: number | null;
  frame: string | null;
  stack_trace: string;
}

export interface DagVersionTable {
  id: GeneratedAlways<number>;
  dag_id: string;
  version_number: number;
  spec: string;
  spec_sha256: string;
  bundle_sha256: string;
  export_name: string;
  bundle_name: string;
  relative_path: string;
  source: string;
  resolve_from: string[];
  created_at: Generated<Timestamp>;
}

export interface DagTable {
  dag_id: string;
  dag_display_name: string;
  dag_file_id: number | null;
  dag_version_id: number;
  is_paused: boolean;
  is_draining: Generated<boolean>;
  is_stale: Generated<boolean>;
  has_import_errors: Generated<boolean>;
  description: string | null;
  owners: string[];
  timetable_summary: string | null;
  timetable_description: string | null;
  timetable_periodic: boolean;
  max_active_runs: number;
  max_active_tasks: number;
  max_consecutive_failed_dag_runs: number;
  last_parsed_at: Timestamp;
  last_parse_duration_ms: number | null;
  next_logical_date: Timestamp | null;
  next_data_interval_start: Timestamp | null;
  next_data_interval_end: Timestamp | null;
  next_run_at: Timestamp | null;
  creation_blocked: Generated<boolean>;
  created_at: Generated<Timestamp>;
}

export interface DagTagTable {
  dag_id: string;
  name: string;
}

export interface DagRunTable {
  id: GeneratedAlways<number>;
  dag_id: string;
  run_id: string;
  dag_version_id: number;
  run_type: DagRunType;
  state: DagRunState;
  state_reason: string | null;
  logical_date: Timestamp | null;
  data_interval_start: Timestamp | null;
  data_interval_end: Timestamp | null;
  run_after: Timestamp;
  queued_at: Timestamp | null;
  start_date: Timestamp | null;
  end_date: Timestamp | null;
  timeout_at: Timestamp | null;
  conf: Generated<string>;
  note: string | null;
  triggered_by: string;
  triggering_user_name: string | null;
  last_scheduling_decision: Timestamp | null;
  clear_number: Generated<number>;
  unfinished_count: Generated<number>;
  live_count: Generated<number>;
  awaited_tasks: string[] | null;
  machine_state: string | null;
  ended_unfinished: GeneratedAlways<boolean | null>;
}

export interface TaskInstanceTable {
  id: GeneratedAlways<number>;
  dag_run_id: number;
  dag_id: string;
  task_id: string;
  map_index: number;
  dag_version_id: number;
  state: TaskInstanceState | null;
  state_reason: string | null;
  try_number: Generated<number>;
  max_tries: number;
  attempt_id: string | null;
  up_total: number;
  up_success: Generated<number>;
  up_failed: Generated<number>;
  up_skipped: Generated<number>;
  up_upstream_failed: Generated<number>;
  up_removed: Generated<number>;
  branch_skipped: Generated<boolean>;
  operator: string;
  pool: string;
  pool_slots: number;
  queue: string;
  executor: string | null;
  priority_weight: number;
  scheduled_when: Timestamp | null;
  queued_when: Timestamp | null;
  start_date: Timestamp | null;
  end_date: Timestamp | null;
  duration: number | null;
  hostname: string | null;
  pid: number | null;
  failure: Json | null;
  progress: Json | null;
  note: string | null;
  rendered_map_index: string | null;
  updated_at: Generated<Timestamp>;
  first_started_at: Timestamp | null;
  reschedule_count: number | null;
  listed_state: GeneratedAlways<string | null>;
  long_duration: GeneratedAlways<number | null>;
}

export interface TaskInstanceHistoryTable {
  task_instance_id: number;
  try_number: number;
  attempt_id: string | null;
  state: TaskInstanceState | null;
  state_reason: string | null;
  max_tries: number;
  dag_version_id: number;
  operator: string;
  pool: string;
  pool_slots: number;
  queue: string;
  executor: string | null;
  priority_weight: number;
  scheduled_when: Timestamp | null;
  queued_when: Timestamp | null;
  start_date: Timestamp | null;
  end_date: Timestamp | null;
  duration: number | null;
  hostname: string | null;
  pid: number | null;
  failure: Json | null;
}

export interface TaskRescheduleTable {
  task_instance_id: number;
  try_number: number;
  attempt_id: string;
  start_date: Timestamp;
  end_date: Timestamp;
}

export interface XcomTable {
  dag_run_id: number;
  task_id: string;
  key: string;
  map_index: number;
  task_instance_id: number;
  value: string;
  length: number | null;
  timestamp: Generated<Timestamp>;
}

export interface TaskQueueTable {
  task_instance_id: number;
  dag_run_id: number;
  dag_id: string;
  task_id: string;
  map_index: number;
  executor: string;
  queue: string;
  pool: string;
  pool_slots: number;
  priority_weight: number;
  logical_date: Timestamp;
  max_active_tasks: number;
  max_active_tis_per_dag: number | null;
  max_active_tis_per_dagrun: number | null;
  parked_key: string | null;
  created_at: Generated<Timestamp>;
}

export interface LeaseTable {
  attempt_id: string;
  task_instance_id: number;
  dag_run_id: number;
  dag_id: string;
  task_id: string;
  map_index: number;
  try_number: number;
  state: "queued" | "running";
  pool: string;
  pool_slots: number;
  executor: string;
  queue: string;
  priority_weight: number;
  bundle_sha256: string;
  scheduler_id: string;
  host_id: string | null;
  expires_at: Timestamp;
  requeue_count: Generated<number>;
  stop_reason: string | null;
  queued_at: Timestamp;
  started_at: Timestamp | null;
}

export interface TaskTimerTable {
  task_instance_id: number;
  dag_run_id: number;
  kind: "retry" | "reschedule" | "group_retry";
  due_at: Timestamp;
}

export interface DagRunTimerTable {
  dag_run_id: number;
  kind: "past_wait" | "past_ended" | "past";
  due_at: Timestamp;
}

export interface CallbackRequestTable {
  id: GeneratedAlways<number>;
  dag_run_id: number;
  dag_id: string;
  dag_version_id: number;
  scope: "task" | "dag";
  callback: "execute" | "success" | "failure" | "retry" | "skipped";
  task_instance_id: number | null;
  attempt_id: string | null;
  try_number: number | null;
  reason: string | null;
  failure: Json | null;
  only_calls: number[] | null;
  tries: Generated<number>;
  due_at: Generated<Timestamp>;
  created_at: Generated<Timestamp>;
}

export interface DagFileRequestTable {
  bundle_name: string;
  relative_path: string;
  requested_at: Generated<Timestamp>;
}

export interface ConnectionTestTable {
  token: string;
  connection_id: string;
  /** Encrypted; null once it was tried. */
  connection: string | null;
  commit_on_success: boolean;
  executor: string;
  queue: string;
  username: string;
  state: Generated<"pending" | "running" | "success" | "failed">;
  result_message: string | null;
  host_id: string | null;
  created_at: Generated<Timestamp>;
  expires_at: Timestamp;
  claim_expires_at: Timestamp | null;
}

export interface RenderedTaskInstanceFieldsTable {
  dag_run_id: number;
  task_instance_id: number;
  try_number: number;
  /** JSON text. */
  fields: string;
}

export interface PoolTable {
  name: string;
  slots: number;
  description: string | null;
  include_deferred: Generated<boolean>;
}

export interface VariableTable {
  key: string;
  value: string;
  description: string | null;
  updated_at: Generated<Timestamp>;
}

export interface ConnectionTable {
  connection_id: string;
  conn_type: string;
  description: string | null;
  host: string | null;
  port: number | null;
  login: string | null;
  schema: string | null;
  password: string | null;
  extra: string | null;
}

export interface JobTable {
  id: string;
  job_type: string;
  state: "running" | "success" | "failed";
  hostname: string;
  pid: number;
  start_date: Timestamp;
  latest_heartbeat: Timestamp;
  end_date: Timestamp | null;
}

export interface RunnerHostTable {
  host_id: string;
  executor: string;
  hostname: string;
  pid: number;
  version: string;
  slots: number;
  queues: string[] | null;
  registered_at: Timestamp;
  last_heartbeat_at: Timestamp;
  name: string | null;
  state: Generated<"running" | "draining" | "drained" | "stopped">;
  wanted: Generated<"run" | "drain">;
  started_at: Timestamp | null;
}

export interface EventLogTable {
  id: GeneratedAlways<number>;
  when: Generated<Timestamp>;
  event: string;
  dag_id: string | null;
  run_id: string | null;
  task_id: string | null;
  map_index: number | null;
  try_number: number | null;
  owner: string | null;
  extra: Json | null;
}

export interface TradewindMigrationTable {
  id: number;
  name: string;
  checksum: string;
  applied_at: Generated<Timestamp>;
}
