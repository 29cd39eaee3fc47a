/** What keeps an installation in shape: removal of old runs, rotation of keys, and the gauges of pools and runs. Used by the command line and by daemons, not by requests. */
import { type Queryable, run, runCount, type Transaction } from "../database-handle.ts";
import type { Fernet } from "../fernet.ts";

export interface FinishedRunFilter {
  /** Runs that ended before this. */
  endedBefore: Date;
  /** Only of this DAG. */
  dagId?: string | undefined;
}

/** A DAG's latest automated run stays, however old: the next one is planned from it, and without it a DAG with catchup would begin anew. Uses `dag_run_by_run_after`. */
const removable = `r.state in ('success', 'failed') and r.end_date < $1 and ($2::text is null or r.dag_id = $2)
  and (r.run_type not in ('scheduled', 'backfill') or exists (
    select from dag_run later
    where later.dag_id = r.dag_id and later.run_type in ('scheduled', 'backfill') and (later.run_after, later.id) > (r.run_after, r.id)))`;

/** How many runs, by DAG, `deleteFinishedRuns` would remove. */
export async function countFinishedRuns(db: Queryable, { endedBefore, dagId }: FinishedRunFilter): Promise<{ dagId: string; runs: number }[]> {
  return run(db, {
    text: `select r.dag_id as "dagId", count(*) as runs from dag_run r where ${removable} group by r.dag_id order by r.dag_id`,
    values: [endedBefore, dagId ?? null],
  });
}

/** Removes at most `limit` of them, with all that belongs to them. Locks runs only, oldest first; a run that somebody clears at this moment stays. */
export async function deleteFinishedRuns(
  tx: Transaction,
  { endedBefore, dagId, limit }: FinishedRunFilter & { limit: number },
): Promise<{ deleted: number; attemptIds: string[] }> {
  const chosen = await run<{ id: number }>(tx, {
    text: `select r.id from dag_run r where ${removable} order by r.id limit $3 for update skip locked`,
    values: [endedBefore, dagId ?? null, limit],
  });
  const ids = chosen.map((row) => row.id);
  const attempts = await run<{ attemptId: string }>(tx, {
    text: `select attempt_id as "attemptId" from task_instance where dag_run_id = any($1::bigint[]) and attempt_id is not null
      union select h.attempt_id from task_instance_history h join task_instance t on t.id = h.task_instance_id
      where t.dag_run_id = any($1::bigint[]) and h.attempt_id is not null`,
    values: [ids],
  });
  const deleted = await runCount(tx, { text: "delete from dag_run where id = any($1::bigint[])", values: [ids] });
  return { deleted, attemptIds: attempts.map((row) => row.attemptId) };
}

const SECRET_COLUMNS = [
  { table: "connection", key: "connection_id", column: "password" },
  { table: "connection", key: "connection_id", column: "extra" },
  { table: "variable", key: "key", column: "value" },
  { table: "connection_test", key: "token", column: "connection" },
] as const;

/** Encrypts every secret anew that the first key did not make. Locks all of them; they are few. */
export async function rotateSecrets(tx: Transaction, fernet: Pick<Fernet, "rotate" | "isCurrent">): Promise<{ rotated: number; current: number }> {
  const counts = { rotated: 0, current: 0 };
  for (const { table, key, column } of SECRET_COLUMNS) {
    const rows = await run<{ id: string; token: string }>(tx, {
      text: `select ${key} as id, ${column} as token from ${table} where ${column} is not null order by ${key} for update`,
    });
    for (const { id, token } of rows) {
      if (fernet.isCurrent(token)) counts.current += 1;
      else {
        await runCount(tx, { text: `update ${table} set ${column} = $2 where ${key} = $1`, values: [id, fernet.rotate(token)] });
        counts.rotated += 1;
      }
    }
  }
  return counts;
}

export interface PoolGauge {
  name: string;
  slots: number;
  running: number;
  queued: number;
  scheduled: number;
}

/** Slots in use by pool, from the small tables of live work. */
export async function readPoolGauges(db: Queryable): Promise<PoolGauge[]> {
  return run(db, {
    text: `select p.name, p.slots, coalesce(l.running, 0)::int as running, coalesce(l.queued, 0)::int as queued, coalesce(q.scheduled, 0)::int as scheduled
      from pool p
      left join (select pool, sum(pool_slots) filter (where state = 'running') as running, sum(pool_slots) filter (where state = 'queued') as queued from lease group by pool) l
        on l.pool = p.name
      left join (select pool, sum(pool_slots) as scheduled from task_queue group by pool) q on q.pool = p.name
      order by p.name`,
  });
}

/** Runs that are not over, by the partial index of active runs. */
export async function countActiveRuns(db: Queryable): Promise<{ running: number; queued: number }> {
  const [row] = await run<{ running: number; queued: number }>(db, {
    text: `select (count(*) filter (where state = 'running'))::int as running, (count(*) filter (where state = 'queued'))::int as queued
      from dag_run where state in ('queued', 'running')`,
  });
  return row!;
}
