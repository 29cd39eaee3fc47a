import type { MaybeState, UpstreamCounts } from "@tradewind/core";
import { type Queryable, run, type Transaction } from "../database-handle.ts";

/** A task instance as decisions see it. */
export interface TaskInstanceRecord {
  id: number;
  dagRunId: number;
  taskId: string;
  mapIndex: number;
  state: MaybeState;
  tryNumber: number;
  maxTries: number;
  attemptId: string | null;
  counts: UpstreamCounts;
  branchSkipped: boolean;
  pool: string;
  poolSlots: number;
  queue: string;
  executor: string | null;
  priorityWeight: number;
  operator: string;
}

type Row = Omit<TaskInstanceRecord, "counts"> & {
  total: number;
  success: number;
  skipped: number;
  failed: number;
  upstreamFailed: number;
  removed: number;
};

/** Of `task_instance ti`. */
export const taskInstanceColumns = `ti.id, ti.dag_run_id as "dagRunId", ti.task_id as "taskId", ti.map_index as "mapIndex", ti.state, ti.try_number as "tryNumber",
  ti.max_tries as "maxTries", ti.attempt_id as "attemptId", ti.up_total as total, ti.up_success as success, ti.up_skipped as skipped, ti.up_failed as failed,
  ti.up_upstream_failed as "upstreamFailed", ti.up_removed as removed, ti.branch_skipped as "branchSkipped", ti.pool, ti.pool_slots as "poolSlots", ti.queue, ti.executor,
  ti.priority_weight as "priorityWeight", ti.operator`;

export function toTaskInstance<R extends Row>({ total, success, skipped, failed, upstreamFailed, removed, ...rest }: R) {
  return { ...rest, counts: { total, success, skipped, failed, upstreamFailed, removed } };
}

/**
 * All instances of tasks in runs whose locks the caller holds. Their own rows are not locked: under the run's lock nobody else ends, resets or evaluates them, only dispatch and
 * start move them from scheduled to queued to running. Uses the unique index on (dag_run_id, task_id, map_index).
 */
export async function listTaskInstances(
  tx: Queryable,
  params: { tasks: readonly { dagRunId: number; taskId: string }[] },
): Promise<TaskInstanceRecord[]> {
  const rows = await run<Row>(tx, {
    name: "list_task_instances",
    text: `select ${taskInstanceColumns} from unnest($1::bigint[], $2::text[]) as t (dag_run_id, task_id)
      join task_instance ti on ti.dag_run_id = t.dag_run_id and ti.task_id = t.task_id`,
    values: [params.tasks.map((task) => task.dagRunId), params.tasks.map((task) => task.taskId)],
  });
  return rows.map(toTaskInstance);
}

/** All instances of runs, their rows locked by id: for changes that may hit what dispatch and start move meanwhile. */
export async function lockTaskInstancesOfRuns(tx: Transaction, params: { dagRunIds: readonly number[] }): Promise<TaskInstanceRecord[]> {
  const rows = await run<Row>(tx, {
    name: "lock_task_instances_of_runs",
    text: `select ${taskInstanceColumns} from task_instance ti where ti.dag_run_id = any($1::bigint[]) order by ti.id for no key update of ti`,
    values: [params.dagRunIds],
  });
  return rows.map(toTaskInstance);
}

/** These instances, their rows locked by id. */
export async function lockTaskInstances(tx: Transaction, params: { taskInstanceIds: readonly number[] }): Promise<TaskInstanceRecord[]> {
  const rows = await run<Row>(tx, {
    name: "lock_task_instances",
    text: `select ${taskInstanceColumns} from task_instance ti where ti.id = any($1::bigint[]) order by ti.id for no key update of ti`,
    values: [params.taskInstanceIds],
  });
  return rows.map(toTaskInstance);
}

export interface NewTaskInstance extends TaskInstanceRecord {
  dagId: string;
  dagVersionId: number;
  stateReason: string | null;
}

/** Inserts instances in the state that was worked out for them, with the stamps that go with it. */
export async function insertTaskInstances(tx: Transaction, params: { instances: readonly NewTaskInstance[]; now: Date | null }): Promise<void> {
  const { instances } = params;
  if (instances.length === 0) return;
  const column = <K extends keyof NewTaskInstance>(key: K): NewTaskInstance[K][] => instances.map((item) => item[key]);
  const count = (key: keyof UpstreamCounts): number[] => instances.map((item) => item.counts[key]);
  await run(tx, {
    name: "insert_task_instances",
    text: `insert into task_instance (id, dag_run_id, dag_id, task_id, map_index, dag_version_id, state, state_reason, try_number, max_tries,
        up_total, up_success, up_failed, up_skipped, up_upstream_failed, up_removed, branch_skipped, operator, pool, pool_slots, queue, executor, priority_weight,
        scheduled_when, start_date, end_date, duration)
      overriding system value
      select v.*, case when v.state = 'scheduled' then t.now end, case when t.ended then t.now end, case when t.ended then t.now end, case when t.ended then 0 end
      from unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::int[], $6::bigint[], $7::text[], $8::text[], $9::int[], $10::int[], $11::int[], $12::int[], $13::int[],
        $14::int[], $15::int[], $16::int[], $17::boolean[], $18::text[], $19::text[], $20::int[], $21::text[], $22::text[], $23::int[])
        as v (id, dag_run_id, dag_id, task_id, map_index, dag_version_id, state, state_reason, try_number, max_tries, up_total, up_success, up_failed, up_skipped,
          up_upstream_failed, up_removed, branch_skipped, operator, pool, pool_slots, queue, executor, priority_weight),
        lateral (select coalesce($24::timestamptz, now()) as now, v.state in ('success', 'failed', 'skipped', 'upstream_failed', 'removed') as ended) t`,
    values: [
      column("id"),
      column("dagRunId"),
      column("dagId"),
      column("taskId"),
      column("mapIndex"),
      column("dagVersionId"),
      column("state"),
      column("stateReason"),
      column("tryNumber"),
      column("maxTries"),
      count("total"),
      count("success"),
      count("failed"),
      count("skipped"),
      count("upstreamFailed"),
      count("removed"),
      column("branchSkipped"),
      column("operator"),
      column("pool"),
      column("poolSlots"),
      column("queue"),
      column("executor"),
      column("priorityWeight"),
      params.now,
    ],
  });
}

export interface TaskInstanceCountsChange {
  id: number;
  counts: UpstreamCounts;
  branchSkipped: boolean;
}

/** Counters alone: never touches the state, which dispatch or start may be changing. The caller holds the run's lock. */
export async function writeTaskInstanceCounts(tx: Transaction, changes: readonly TaskInstanceCountsChange[]): Promise<void> {
  if (changes.length === 0) return;
  const count = (key: keyof UpstreamCounts): number[] => changes.map((item) => item.counts[key]);
  await run(tx, {
    name: "write_task_instance_counts",
    text: `update task_instance ti set up_total = v.up_total, up_success = v.up_success, up_failed = v.up_failed, up_skipped = v.up_skipped,
        up_upstream_failed = v.up_upstream_failed, up_removed = v.up_removed, branch_skipped = v.branch_skipped
      from unnest($1::bigint[], $2::int[], $3::int[], $4::int[], $5::int[], $6::int[], $7::int[], $8::boolean[])
        as v (id, up_total, up_success, up_failed, up_skipped, up_upstream_failed, up_removed, branch_skipped)
      where ti.id = v.id`,
    values: [
      changes.map((item) => item.id),
      count("total"),
      count("success"),
      count("failed"),
      count("skipped"),
      count("upstreamFailed"),
      count("removed"),
      changes.map((item) => item.branchSkipped),
    ],
  });
}

export interface TaskInstanceChange extends TaskInstanceCountsChange {
  mapIndex: number;
  state: MaybeState;
  stateReason: string | null;
  tryNumber: number;
  maxTries: number;
  attemptId: string | null;
  /** JSON text of a `TaskFailure`, or null. */
  failure: string | null;
  /** Given to one that becomes scheduled: it begins at once, as this attempt, on this host. Its lease is for the caller to insert. */
  begins?: { attemptId: string; hostId: string } | undefined;
}

/**
 * State, counters and the stamps that go with the state, for instances whose state the caller may change: it holds the run's lock, and the row's own where dispatch or start could
 * be at it.
 *
 * Stamps: scheduled: a new try, nothing happened yet, unless it was rescheduled: then its try goes on. none: as never begun. Ended or waiting for a retry: it ended now; what never
 * started has a duration of 0. The first start is kept over retries and reschedules, until it is cleared, which raises its tries.
 */
export async function writeTaskInstances(tx: Transaction, params: { changes: readonly TaskInstanceChange[]; now: Date | null }): Promise<void> {
  const { changes } = params;
  if (changes.length === 0) return;
  const column = <K extends keyof TaskInstanceChange>(key: K): TaskInstanceChange[K][] => changes.map((item) => item[key]);
  const count = (key: keyof UpstreamCounts): number[] => changes.map((item) => item.counts[key]);
  await run(tx, {
    name: "write_task_instances",
    text: `update task_instance ti set map_index = v.map_index, state = case when v.host_id is null then v.state else 'running' end, state_reason = v.state_reason, try_number = v.try_number, max_tries = v.max_tries,
        attempt_id = v.attempt_id, failure = v.failure::json, up_total = v.up_total, up_success = v.up_success, up_failed = v.up_failed, up_skipped = v.up_skipped,
        up_upstream_failed = v.up_upstream_failed, up_removed = v.up_removed, branch_skipped = v.branch_skipped,
        scheduled_when = case when t.fresh then case when v.state = 'scheduled' then t.now end else ti.scheduled_when end,
        queued_when = case when v.host_id is not null then t.now when not t.fresh then ti.queued_when end,
        start_date = case when v.host_id is not null then t.now when v.state = 'scheduled' and ti.state = 'up_for_reschedule' and v.try_number = ti.try_number then ti.start_date when t.fresh then null when t.ended then coalesce(ti.start_date, t.now) else ti.start_date end,
        end_date = case when t.ended then t.now end,
        duration = case when t.ended then extract(epoch from greatest(t.now - coalesce(ti.start_date, t.now), interval '0')) end,
        hostname = case when v.host_id is not null then (select h.hostname from runner_host h where h.host_id = v.host_id) when not t.fresh then ti.hostname end,
        pid = case when not t.fresh then ti.pid end,
        progress = case when not t.fresh then ti.progress end,
        first_started_at = case when v.state is null or v.max_tries > ti.max_tries then null when v.state in ('up_for_retry', 'up_for_reschedule') then coalesce(ti.first_started_at, ti.start_date)
          else ti.first_started_at end,
        reschedule_count = case when v.state is null or v.state = 'up_for_retry' or v.try_number <> ti.try_number then null
          when v.state = 'up_for_reschedule' and ti.state <> v.state then coalesce(ti.reschedule_count, 0) + 1 else ti.reschedule_count end,
        updated_at = t.now
      from unnest($1::bigint[], $2::int[], $3::text[], $4::text[], $5::int[], $6::int[], $7::uuid[], $8::text[], $9::int[], $10::int[], $11::int[], $12::int[], $13::int[],
        $14::int[], $15::boolean[], $16::text[])
        as v (id, map_index, state, state_reason, try_number, max_tries, attempt_id, failure, up_total, up_success, up_failed, up_skipped, up_upstream_failed, up_removed,
          branch_skipped, host_id),
        lateral (select coalesce($17::timestamptz, now()) as now, v.state is null or v.state = 'scheduled' as fresh,
          coalesce(v.state in ('success', 'failed', 'skipped', 'upstream_failed', 'removed', 'up_for_retry'), false) as ended) t
      where ti.id = v.id`,
    values: [
      column("id"),
      column("mapIndex"),
      column("state"),
      column("stateReason"),
      column("tryNumber"),
      column("maxTries"),
      changes.map(({ attemptId, begins }) => begins?.attemptId ?? attemptId),
      column("failure"),
      count("total"),
      count("success"),
      count("failed"),
      count("skipped"),
      count("upstreamFailed"),
      count("removed"),
      column("branchSkipped"),
      changes.map(({ begins }) => begins?.hostId ?? null),
      params.now,
    ],
  });
}

/**
 * Keeps the try that a new one replaces. A try that is there already stays as it was. As in Airflow, a try that was not in a final state (it will be tried again, or was cleared while
 * it ran) is kept as failed, and has ended.
 */
export async function insertTaskInstanceHistory(tx: Transaction, params: { taskInstanceIds: readonly number[] }): Promise<void> {
  if (params.taskInstanceIds.length === 0) return;
  await run(tx, {
    name: "insert_task_instance_history",
    text: `insert into task_instance_history (task_instance_id, try_number, attempt_id, state, state_reason, max_tries, dag_version_id, operator, pool, pool_slots, queue,
        executor, priority_weight, scheduled_when, queued_when, start_date, end_date, duration, hostname, pid, failure)
      select id, try_number, attempt_id, case when state in ('success', 'failed', 'skipped', 'upstream_failed', 'removed') then state else 'failed' end, state_reason, max_tries,
        dag_version_id, operator, pool, pool_slots, queue, executor, priority_weight, scheduled_when, queued_when, start_date, coalesce(end_date, now()),
        coalesce(duration, extract(epoch from now() - start_date)), hostname, pid, failure
      from task_instance where id = any($1::bigint[]) and try_number > 0
      on conflict do nothing`,
    values: [params.taskInstanceIds],
  });
}

/** Labels of instances of mapped tasks, which people see in place of the index. The caller holds the runs' locks. */
export async function writeMapIndexLabels(tx: Transaction, labels: readonly { taskInstanceId: number; label: string }[]): Promise<void> {
  if (labels.length === 0) return;
  await run(tx, {
    name: "write_map_index_labels",
    text: `update task_instance ti set rendered_map_index = v.label from unnest($1::bigint[], $2::text[]) as v (id, label) where ti.id = v.id`,
    values: [labels.map((item) => item.taskInstanceId), labels.map((item) => item.label)],
  });
}
