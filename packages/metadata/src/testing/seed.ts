import { createHash } from "node:crypto";
import type { DagRunState, DagRunType, DagSpec, TaskInstanceState } from "@tradewind/core";
import { type Queryable, run } from "../database-handle.ts";

/**
 * Rows for tests of what only reads them. They are put where the engine would put them, without its decisions: for tests of behaviour let the engine make them.
 */

export interface SeedDag {
  spec: DagSpec;
  bundleName?: string;
  relativePath?: string;
  source?: string;
  isPaused?: boolean;
  isStale?: boolean;
  hasImportErrors?: boolean;
  owners?: string[];
  nextLogicalDate?: Date | null;
}

/** A DAG with one more version than it had. */
export async function seedDag(db: Queryable, dag: SeedDag): Promise<{ dagVersionId: number }> {
  const { spec, bundleName = "dags", relativePath = `${spec.dagId}.ts`, source = `// ${spec.dagId}\n` } = dag;
  const specText = JSON.stringify(spec);
  const sha256 = createHash("sha256").update(`${specText}\n${source}`).digest("hex");
  await run(db, { text: "insert into bundle (sha256, code) values ($1, $2) on conflict do nothing", values: [sha256, source] });
  const [version] = await run<{ id: number }>(db, {
    text: `insert into dag_version (dag_id, version_number, spec, spec_sha256, bundle_sha256, export_name, bundle_name, relative_path, source, resolve_from)
      select $1, coalesce(max(version_number), 0) + 1, $2, $3, $3, 'dag', $4, $5, $6, '{}' from dag_version where dag_id = $1 returning id`,
    values: [spec.dagId, specText, sha256, bundleName, relativePath, source],
  });
  const dagVersionId = version!.id;
  await run(db, {
    text: `insert into dag (dag_id, dag_display_name, dag_version_id, is_paused, is_stale, has_import_errors, description, owners, timetable_summary, timetable_description,
        timetable_periodic, max_active_runs, max_active_tasks, max_consecutive_failed_dag_runs, last_parsed_at, last_parse_duration_ms, next_logical_date)
      values ($1, $2, $3, $4, $5, $6, $7, $8, null, 'Never, external triggers only', false, $9, $10, $11, now(), 12.5, $12)
      on conflict (dag_id) do update
        set dag_version_id = excluded.dag_version_id, dag_display_name = excluded.dag_display_name, description = excluded.description`,
    values: [
      spec.dagId,
      spec.displayName ?? spec.dagId,
      dagVersionId,
      dag.isPaused ?? false,
      dag.isStale ?? false,
      dag.hasImportErrors ?? false,
      spec.description,
      dag.owners ?? [spec.owner],
      spec.maxActiveRuns,
      spec.maxActiveTasks,
      spec.maxConsecutiveFailedDagRuns,
      dag.nextLogicalDate ?? null,
    ],
  });
  await run(db, { text: "delete from dag_tag where dag_id = $1", values: [spec.dagId] });
  await run(db, { text: "insert into dag_tag (dag_id, name) select $1, unnest($2::text[])", values: [spec.dagId, spec.tags] });
  return { dagVersionId };
}

export interface SeedDagRun {
  dagId: string;
  runId: string;
  runType?: DagRunType;
  state?: DagRunState;
  logicalDate?: Date | null;
  runAfter?: Date;
  startDate?: Date | null;
  endDate?: Date | null;
  conf?: unknown;
  note?: string | null;
  triggeringUserName?: string | null;
}

/** A run of the latest version of its DAG. */
export async function seedDagRun(db: Queryable, seed: SeedDagRun): Promise<number> {
  const runAfter = seed.runAfter ?? seed.logicalDate ?? new Date("2026-01-01T00:00:00Z");
  const [row] = await run<{ id: number }>(db, {
    text: `insert into dag_run (dag_id, run_id, dag_version_id, run_type, state, logical_date, data_interval_start, data_interval_end, run_after, queued_at, start_date, end_date,
        conf, note, triggered_by, triggering_user_name)
      select $1, $2, d.dag_version_id, $3, $4, $5, $5, $5, $6, $6, $7, $8, $9, $10, 'test', $11 from dag d where d.dag_id = $1 returning id`,
    values: [
      seed.dagId,
      seed.runId,
      seed.runType ?? "manual",
      seed.state ?? "success",
      seed.logicalDate ?? null,
      runAfter,
      seed.startDate ?? null,
      seed.endDate ?? null,
      JSON.stringify(seed.conf ?? {}),
      seed.note ?? null,
      seed.triggeringUserName ?? null,
    ],
  });
  if (row === undefined) throw new Error(`Tried to make a run of DAG "${seed.dagId}", which is not seeded.`);
  return row.id;
}

export interface SeedTaskInstance {
  dagRunId: number;
  taskId: string;
  mapIndex?: number;
  state?: TaskInstanceState | null;
  tryNumber?: number;
  attemptId?: string | null;
  operator?: string;
  pool?: string;
  poolSlots?: number;
  queue?: string;
  startDate?: Date | null;
  endDate?: Date | null;
  /** Seconds. */
  duration?: number | null;
}

export async function seedTaskInstance(db: Queryable, seed: SeedTaskInstance): Promise<number> {
  const [row] = await run<{ id: number }>(db, {
    text: `insert into task_instance (dag_run_id, dag_id, task_id, map_index, dag_version_id, state, try_number, max_tries, attempt_id, up_total, operator, pool, pool_slots, queue,
        executor, priority_weight, start_date, end_date, duration)
      select r.id, r.dag_id, $2, $3, r.dag_version_id, $4, $5, 1, $6, 0, $7, $8, $9, $10, 'local', 1, $11, $12, $13 from dag_run r where r.id = $1 returning id`,
    values: [
      seed.dagRunId,
      seed.taskId,
      seed.mapIndex ?? -1,
      seed.state ?? null,
      seed.tryNumber ?? 0,
      seed.attemptId ?? null,
      seed.operator ?? "task",
      seed.pool ?? "default_pool",
      seed.poolSlots ?? 1,
      seed.queue ?? "default",
      seed.startDate ?? null,
      seed.endDate ?? null,
      seed.duration ?? null,
    ],
  });
  return row!.id;
}

/** A try before the present one. */
export async function seedTry(
  db: Queryable,
  seed: { taskInstanceId: number; tryNumber: number; state: TaskInstanceState; attemptId?: string | null },
): Promise<void> {
  await run(db, {
    text: `insert into task_instance_history (task_instance_id, try_number, attempt_id, state, max_tries, dag_version_id, operator, pool, pool_slots, queue, executor, priority_weight)
      select id, $2, $3, $4, max_tries, dag_version_id, operator, pool, pool_slots, queue, executor, priority_weight from task_instance where id = $1`,
    values: [seed.taskInstanceId, seed.tryNumber, seed.attemptId ?? null, seed.state],
  });
}

/** A leased attempt, which holds slots of its task instance's pool. */
export async function seedLease(db: Queryable, seed: { taskInstanceId: number; attemptId: string; state: "queued" | "running" }): Promise<void> {
  await run(db, {
    text: `insert into lease (attempt_id, task_instance_id, dag_run_id, dag_id, task_id, map_index, try_number, state, pool, pool_slots, executor, queue, priority_weight,
        bundle_sha256, scheduler_id, expires_at, queued_at)
      select $2, id, dag_run_id, dag_id, task_id, map_index, try_number, $3, pool, pool_slots, 'local', queue, 1, 'x', $2, now() + interval '1 minute', now()
      from task_instance where id = $1`,
    values: [seed.taskInstanceId, seed.attemptId, seed.state],
  });
}

export async function seedImportError(
  db: Queryable,
  seed: { bundleName?: string; relativePath: string; message: string; line?: number; frame?: string; stackTrace?: string },
): Promise<number> {
  const [file] = await run<{ id: number }>(db, {
    text: "insert into dag_file (bundle_name, relative_path) values ($1, $2) returning id",
    values: [seed.bundleName ?? "dags", seed.relativePath],
  });
  const [row] = await run<{ id: number }>(db, {
    text: "insert into import_error (dag_file_id, timestamp, kind, message, line, frame, stack_trace) values ($1, now(), 'load', $2, $3, $4, $5) returning id",
    values: [file!.id, seed.message, seed.line ?? null, seed.frame ?? null, seed.stackTrace ?? seed.message],
  });
  return row!.id;
}

export async function seedJob(db: Queryable, seed: { id: string; jobType: string; state?: string; heartbeatAgeSeconds?: number }): Promise<void> {
  await run(db, {
    text: `insert into job (id, job_type, state, hostname, pid, start_date, latest_heartbeat)
      values ($1, $2, $3, 'host', 1, now() - interval '1 hour', now() - make_interval(secs => $4))`,
    values: [seed.id, seed.jobType, seed.state ?? "running", seed.heartbeatAgeSeconds ?? 0],
  });
}
