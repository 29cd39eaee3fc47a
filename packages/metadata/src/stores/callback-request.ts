import type { MaybeState, TaskCallback } from "@tradewind/core";
import { type Queryable, run, runCount, type Transaction } from "../database-handle.ts";

/** A callback that is due and that no attempt can run. */
export interface NewCallbackRequest {
  dagRunId: number;
  dagId: string;
  dagVersionId: number;
  scope: "task" | "dag";
  callback: TaskCallback;
  /** Whose context the callback sees; null: the run has none that fits. */
  taskInstanceId: number | null;
  attemptId: string | null;
  tryNumber: number | null;
  reason: string | null;
  /** JSON text of a `TaskFailure`, or null. */
  failure: string | null;
}

/** In the transaction that made them due. */
export async function insertCallbackRequests(tx: Transaction, requests: readonly NewCallbackRequest[], now: Date | null): Promise<void> {
  if (requests.length === 0) return;
  const column = <K extends keyof NewCallbackRequest>(key: K): NewCallbackRequest[K][] => requests.map((item) => item[key]);
  await run(tx, {
    name: "insert_callback_requests",
    text: `insert into callback_request (dag_run_id, dag_id, dag_version_id, scope, callback, task_instance_id, attempt_id, try_number, reason, failure, due_at)
      select v.dag_run_id, v.dag_id, v.dag_version_id, v.scope, v.callback, v.task_instance_id, v.attempt_id, v.try_number, v.reason, v.failure::json,
        coalesce($11::timestamptz, now())
      from unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::uuid[], $8::int[], $9::text[], $10::text[])
        as v (dag_run_id, dag_id, dag_version_id, scope, callback, task_instance_id, attempt_id, try_number, reason, failure)`,
    values: [
      column("dagRunId"),
      column("dagId"),
      column("dagVersionId"),
      column("scope"),
      column("callback"),
      column("taskInstanceId"),
      column("attemptId"),
      column("tryNumber"),
      column("reason"),
      column("failure"),
      now,
    ],
  });
}

/** Of a DAG, after its run has ended; the states of its instances are written before it, in the same transaction. */
export interface NewRunCallbackRequest {
  dagRunId: number;
  dagId: string;
  dagVersionId: number;
  callback: "success" | "failure";
  reason: string | null;
  /** Whose context the callback sees; null: of the last instance that ended as the run did. */
  taskInstanceId: number | null;
}

/** "Dag failure context: last failed task; success: last succeeded", where no other instance is named. */
export async function insertRunCallbackRequests(tx: Transaction, requests: readonly NewRunCallbackRequest[], now: Date | null): Promise<void> {
  if (requests.length === 0) return;
  const column = <K extends keyof NewRunCallbackRequest>(key: K): NewRunCallbackRequest[K][] => requests.map((item) => item[key]);
  await run(tx, {
    name: "insert_run_callback_requests",
    text: `insert into callback_request (dag_run_id, dag_id, dag_version_id, scope, callback, reason, task_instance_id, attempt_id, try_number, due_at)
      select v.dag_run_id, v.dag_id, v.dag_version_id, 'dag', v.callback, v.reason, i.id, i.attempt_id, i.try_number, coalesce($7::timestamptz, now())
      from unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::bigint[])
        as v (dag_run_id, dag_id, dag_version_id, callback, reason, task_instance_id)
      left join lateral (select ti.id, ti.attempt_id, ti.try_number from task_instance ti where ti.dag_run_id = v.dag_run_id and case
          when v.task_instance_id is not null then ti.id = v.task_instance_id
          when v.callback = 'success' then ti.state = 'success'
          else ti.state in ('failed', 'upstream_failed') end
        order by ti.state = 'failed' desc, ti.end_date desc nulls last, ti.id desc limit 1) i on true`,
    values: [column("dagRunId"), column("dagId"), column("dagVersionId"), column("callback"), column("reason"), column("taskInstanceId"), now],
  });
}

/** A request that somebody has taken, with what its context tells of the instance as it is now. */
export interface TakenCallbackRequest extends Omit<NewCallbackRequest, "failure"> {
  id: number;
  /** The number of this try, from 1. */
  tries: number;
  failure: unknown;
  /** Places in the author's list that are yet to be called; null: all. */
  onlyCalls: number[] | null;
  taskId: string | null;
  mapIndex: number | null;
  taskState: MaybeState;
  maxTries: number | null;
  firstStartedAt: Date | null;
}

const takenColumns = `c.id, c.tries, c.dag_run_id as "dagRunId", c.dag_id as "dagId", c.dag_version_id as "dagVersionId", c.scope, c.callback,
  c.task_instance_id as "taskInstanceId", c.attempt_id as "attemptId", c.try_number as "tryNumber", c.reason, c.failure,
  c.only_calls as "onlyCalls"`;

/** Takes requests that are due, oldest first, for `takenForMs`: when nobody has ended them by then they are due again. Uses `callback_request_due`. */
export async function takeCallbackRequests(
  db: Queryable,
  params: { limit: number; takenForMs: number; now: Date | null },
): Promise<TakenCallbackRequest[]> {
  return run<TakenCallbackRequest>(db, {
    name: "take_callback_requests",
    text: `with due as materialized (
        select id from callback_request where due_at <= coalesce($3::timestamptz, now()) order by due_at, id limit $1 for update skip locked
      ), c as (
        update callback_request r set tries = r.tries + 1, due_at = coalesce($3::timestamptz, now()) + $2::double precision * interval '1 millisecond'
        from due where r.id = due.id returning r.*
      )
      select ${takenColumns}, ti.task_id as "taskId", ti.map_index as "mapIndex", ti.state as "taskState", ti.max_tries as "maxTries", ti.first_started_at as "firstStartedAt"
      from c left join task_instance ti on ti.id = c.task_instance_id order by c.id`,
    values: [params.limit, params.takenForMs, params.now],
  });
}

/** Whether a request is still there, and what it belongs to: whoever runs it may ask for variables and connections meanwhile. */
export async function findCallbackHolder(db: Queryable, params: { id: number }): Promise<{ dagId: string; runId: string; taskId: string } | null> {
  const [row] = await run<{ dagId: string; runId: string; taskId: string | null }>(db, {
    text: `select c.dag_id as "dagId", r.run_id as "runId", ti.task_id as "taskId" from callback_request c join dag_run r on r.id = c.dag_run_id
      left join task_instance ti on ti.id = c.task_instance_id where c.id = $1`,
    values: [params.id],
  });
  return row === undefined ? null : { ...row, taskId: row.taskId ?? "" };
}

/** It has been run, or is given up. @returns what it was; null: somebody else ended it. */
export async function deleteCallbackRequest(tx: Transaction, params: { id: number }): Promise<{ runId: string } | null> {
  const [row] = await run<{ runId: string }>(tx, {
    text: `delete from callback_request c using dag_run r where c.id = $1 and r.id = c.dag_run_id returning r.run_id as "runId"`,
    values: [params.id],
  });
  return row ?? null;
}

/** It is tried again after `delayMs`; `onlyCalls`: what of it is yet to be called. */
export async function postponeCallbackRequest(
  db: Queryable,
  params: { id: number; delayMs: number; onlyCalls: readonly number[] | null; now: Date | null },
): Promise<void> {
  await runCount(db, {
    text: `update callback_request set only_calls = $3::int[], due_at = coalesce($4::timestamptz, now()) + $2::double precision * interval '1 millisecond' where id = $1`,
    values: [params.id, params.delayMs, params.onlyCalls, params.now],
  });
}

/** When the earliest request is due; null: there is none. */
export async function findNextCallbackDueAt(db: Queryable): Promise<Date | null> {
  const [row] = await run<{ at: Date | null }>(db, { text: "select min(due_at) as at from callback_request" });
  return row?.at ?? null;
}
