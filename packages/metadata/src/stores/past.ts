import type { MaybeState } from "@tradewind/core";
import { type Queryable, run, type Transaction } from "../database-handle.ts";

/** What an instance that depends on the past has to know of it. */
export interface PastFacts {
  /** null: there is no run before. */
  previous: {
    dagRunId: number;
    logicalDate: Date;
    /** Of all instances of the same task. */
    states: MaybeState[];
    /** Of the tasks directly below it that were asked for. */
    downstreamStates: MaybeState[];
  } | null;
  /** The task had an instance in any earlier run. */
  ranBefore: boolean;
}

export interface PastQuestion {
  /** The run that asks; it may be one that is just being made. */
  dagRunId: number;
  dagId: string;
  logicalDate: Date | null;
  taskId: string;
  /** "catchup on: previous scheduled run; off: previous run of any kind." */
  isCatchup: boolean;
  /** Tasks directly below, when these are waited for too. */
  downstream: readonly string[];
}

/**
 * The previous run of each of these runs, and how the same task ended there. A run without a logical date has no previous one. Uses `dag_run_logical_date` and the unique index of
 * task instances.
 */
export async function listPastFacts(
  db: Queryable,
  params: { tasks: readonly PastQuestion[] },
): Promise<(PastFacts & { dagRunId: number; taskId: string })[]> {
  const { tasks } = params;
  if (tasks.length === 0) return [];
  type Row = {
    dagRunId: number;
    taskId: string;
    previousId: number | null;
    logicalDate: Date | null;
    states: string[];
    below: string[];
    ranBefore: boolean;
  };
  const rows = await run<Row>(db, {
    name: "list_past_facts",
    text: `select v.dag_run_id as "dagRunId", v.task_id as "taskId", p.id as "previousId", p.logical_date as "logicalDate", s.states,
        coalesce((select array_agg(coalesce(b.state, '')) from task_instance b
          where b.dag_run_id = p.id and b.task_id = any(array(select json_array_elements_text(v.downstream::json)))), '{}') as below,
        case when p.id is null then false when cardinality(s.states) > 0 then true
          else exists (select 1 from task_instance e join dag_run er on er.id = e.dag_run_id
            where e.dag_id = v.dag_id and e.task_id = v.task_id and er.logical_date < v.logical_date) end as "ranBefore"
      from unnest($1::bigint[], $2::text[], $3::boolean[], $4::text[], $5::text[], $6::timestamptz[])
        as v (dag_run_id, task_id, is_catchup, downstream, dag_id, logical_date)
      left join lateral (select q.id, q.logical_date from dag_run q
        where q.dag_id = v.dag_id and q.logical_date < v.logical_date and (not v.is_catchup or q.run_type <> 'manual')
        order by q.logical_date desc limit 1) p on true
      cross join lateral (select coalesce(array_agg(coalesce(i.state, '')), '{}') as states from task_instance i where i.dag_run_id = p.id and i.task_id = v.task_id) s`,
    values: [
      tasks.map((item) => item.dagRunId),
      tasks.map((item) => item.taskId),
      tasks.map((item) => item.isCatchup),
      tasks.map((item) => JSON.stringify(item.downstream)),
      tasks.map((item) => item.dagId),
      tasks.map((item) => item.logicalDate),
    ],
  });
  return rows.map(({ dagRunId, taskId, previousId, logicalDate, states, below, ranBefore }) => ({
    dagRunId,
    taskId,
    previous:
      previousId === null
        ? null
        : { dagRunId: previousId, logicalDate: logicalDate!, states: states.map(toState), downstreamStates: below.map(toState) },
    ranBefore,
  }));
}

function toState(state: string): MaybeState {
  return state === "" ? null : (state as MaybeState);
}

export interface NewDagRunTimer {
  dagRunId: number;
  kind: "past_wait" | "past_ended" | "past";
}

/** Has runs looked at in a transaction of its own, after this one is committed. A run that is being deleted meanwhile needs no look. */
export async function insertDagRunTimers(tx: Transaction, params: { timers: readonly NewDagRunTimer[]; now: Date | null }): Promise<void> {
  const { timers } = params;
  if (timers.length === 0) return;
  const sorted = timers.toSorted((one, other) => one.dagRunId - other.dagRunId || (one.kind < other.kind ? -1 : 1));
  await run(tx, {
    name: "insert_dag_run_timers",
    text: `insert into dag_run_timer (dag_run_id, kind, due_at)
      select distinct v.dag_run_id, v.kind, coalesce($3::timestamptz, now()) from unnest($1::bigint[], $2::text[]) as v (dag_run_id, kind) order by 1, 2
      on conflict (dag_run_id, kind) do update set due_at = excluded.due_at`,
    values: [sorted.map((item) => item.dagRunId), sorted.map((item) => item.kind), params.now],
  });
}

export interface DueDagRunTimer extends NewDagRunTimer {
  dueAt: Date;
}

/** Uses `dag_run_timer_due`. */
export async function listDueDagRunTimers(db: Queryable, params: { limit: number; now: Date | null }): Promise<DueDagRunTimer[]> {
  return run(db, {
    name: "list_due_dag_run_timers",
    text: `select dag_run_id as "dagRunId", kind, due_at as "dueAt" from dag_run_timer where due_at <= coalesce($2::timestamptz, now()) order by due_at limit $1`,
    values: [params.limit, params.now],
  });
}

/** Takes timers of one run away; false: another process did. A timer that was set anew since it was listed stays for its own look. */
export async function takeDagRunTimers(tx: Transaction, params: { dagRunId: number; kind: NewDagRunTimer["kind"] }): Promise<boolean> {
  const rows = await run(tx, {
    name: "take_dag_run_timers",
    text: "delete from dag_run_timer where dag_run_id = $1 and kind = $2 returning 1",
    values: [params.dagRunId, params.kind],
  });
  return rows.length > 0;
}

/** Tasks of a run that a later one waits for from now on. Locks the run. */
export async function addAwaitedTasks(tx: Transaction, params: { dagRunId: number; taskIds: readonly string[] }): Promise<void> {
  await run(tx, {
    name: "add_awaited_tasks",
    text: `update dag_run set awaited_tasks = (select array_agg(distinct t order by t) from unnest(coalesce(awaited_tasks, '{}') || $2::text[]) as t) where id = $1
      and not coalesce(awaited_tasks, '{}') @> $2::text[]`,
    values: [params.dagRunId, params.taskIds],
  });
}

/**
 * The running runs that may have this one as their previous run: those up to the next one that is not manual, since with catchup each of them looks back past manual runs. Uses
 * `dag_run_logical_date` and `dag_run_active`.
 */
export async function listNextRuns(db: Queryable, params: { dagRunId: number }): Promise<number[]> {
  const rows = await run<{ id: number }>(db, {
    name: "list_next_runs",
    text: `select n.id from dag_run r
      left join lateral (select q.logical_date from dag_run q
        where q.dag_id = r.dag_id and q.logical_date > r.logical_date and q.run_type <> 'manual' order by q.logical_date limit 1) last on true
      join dag_run n on n.dag_id = r.dag_id and n.state = 'running' and n.logical_date > r.logical_date and n.logical_date <= coalesce(last.logical_date, 'infinity')
      where r.id = $1 order by n.id`,
    values: [params.dagRunId],
  });
  return rows.map((row) => row.id);
}
