import pg from "pg";
import { until } from "./until.ts";

export interface RunFacts {
  id: number;
  dagId: string;
  runId: string;
  state: string;
}

/** One try of a task instance, the present one or one before; instants are the database's. */
export interface TryFacts {
  runId: string;
  taskId: string;
  mapIndex: number;
  tryNumber: number;
  attemptId: string | null;
  state: string | null;
  /** Of its failure. */
  reason: string | null;
  message: string | null;
  queuedAt: Date | null;
  startedAt: Date | null;
  endedAt: Date | null;
  isCurrent: boolean;
}

export interface LeaseFacts {
  attemptId: string;
  taskId: string;
  state: "queued" | "running";
  hostId: string | null;
  /** For how long it has run out, in milliseconds by the database's clock; negative: it lasts. */
  overForMs: number;
}

/** Of `lockDispatch` in the metadata package: a wrong number shows as a test that waits in vain. */
const DISPATCH_LOCK = 7_236_001;

/** What the metadata database says, read past all of Tradewind's own code. A server that is being restarted is waited for. */
export class MetadataFacts {
  readonly #pool: pg.Pool;

  constructor(url: string) {
    this.#pool = new pg.Pool({ connectionString: url, max: 2, connectionTimeoutMillis: 5_000 });
    this.#pool.on("error", () => undefined);
  }

  /** The database's clock. */
  async now(): Promise<Date> {
    const [row] = await this.#read<{ now: Date }>("select clock_timestamp() as now");
    return row!.now;
  }

  runs(dagIdPrefix: string): Promise<RunFacts[]> {
    return this.#read(`select id::int, dag_id as "dagId", run_id as "runId", state from dag_run where starts_with(dag_id, $1) order by id`, [
      dagIdPrefix,
    ]);
  }

  /** Every try of every task instance, in the order of runs, tasks and tries. Those that have not been granted yet have no attempt id. */
  tries(dagIdPrefix: string): Promise<TryFacts[]> {
    return this.#read(
      `select r.run_id as "runId", ti.task_id as "taskId", ti.map_index as "mapIndex", t.try_number as "tryNumber", t.attempt_id as "attemptId", t.state,
          t.failure ->> 'reason' as reason, t.failure ->> 'message' as message, t.queued_when as "queuedAt", t.start_date as "startedAt", t.end_date as "endedAt", t.is_current as "isCurrent"
        from dag_run r join task_instance ti on ti.dag_run_id = r.id
          cross join lateral (
            select try_number, attempt_id, state, failure, queued_when, start_date, end_date, true as is_current from task_instance where id = ti.id
            union all
            select try_number, attempt_id, state, failure, queued_when, start_date, end_date, false from task_instance_history where task_instance_id = ti.id
          ) t
        where starts_with(r.dag_id, $1) order by r.id, ti.id, t.is_current, t.try_number`,
      [dagIdPrefix],
    );
  }

  /** The stored XCom as JSON text; undefined: there is none. */
  async xcom(task: { dagId: string; runId: string; taskId: string; mapIndex: number; key: string }): Promise<string | undefined> {
    const [row] = await this.#read<{ value: string }>(
      `select x.value from xcom x join dag_run r on r.id = x.dag_run_id
        where r.dag_id = $1 and r.run_id = $2 and x.task_id = $3 and x.map_index = $4 and x.key = $5`,
      [task.dagId, task.runId, task.taskId, task.mapIndex, task.key],
    );
    return row?.value;
  }

  async countEnded(dagIdPrefix: string): Promise<number> {
    const [row] = await this.#read<{ count: number }>(
      "select count(*)::int as count from task_instance where starts_with(dag_id, $1) and state in ('success', 'failed', 'skipped', 'upstream_failed')",
      [dagIdPrefix],
    );
    return row!.count;
  }

  /** Attempts that hold slots now. */
  leases(): Promise<LeaseFacts[]> {
    return this.#read(
      `select attempt_id as "attemptId", task_id as "taskId", state, host_id as "hostId", (extract(epoch from clock_timestamp() - expires_at) * 1000)::float8 as "overForMs" from lease order by queued_at`,
    );
  }

  /** Runner hosts that have ever registered, the newest first. */
  hosts(): Promise<{ hostId: string; pid: number }[]> {
    return this.#read(`select host_id as "hostId", pid from runner_host order by registered_at desc`);
  }

  /** Whether new runs of the DAGs of a file would use this source. */
  async isCurrent(relativePath: string, source: string): Promise<boolean> {
    const rows = await this.#read<{ source: string }>(
      `select v.source from dag d join dag_version v on v.id = d.dag_version_id join dag_file f on f.id = d.dag_file_id
        where f.relative_path = $1 and not d.is_stale and not d.has_import_errors`,
      [relativePath],
    );
    return rows.length > 0 && rows.every((row) => row.source === source);
  }

  /** The process that runs an attempt's host; undefined: no host holds the attempt. */
  async hostPidOf(attemptId: string): Promise<number | undefined> {
    const [row] = await this.#read<{ pid: number }>("select h.pid from lease l join runner_host h on h.host_id = l.host_id where l.attempt_id = $1", [
      attemptId,
    ]);
    return row?.pid;
  }

  /** DAGs that can be run. */
  async dagIds(): Promise<string[]> {
    return (await this.#read<{ id: string }>("select dag_id as id from dag where not is_stale and not has_import_errors")).map((row) => row.id);
  }

  /** Takes the lock under which schedulers take from the queue, until the function that it gives is called. */
  async lockDispatch(): Promise<() => Promise<void>> {
    const client = await this.#pool.connect();
    await client.query("select pg_advisory_lock($1)", [DISPATCH_LOCK]);
    return async () => {
      await client.query("select pg_advisory_unlock($1)", [DISPATCH_LOCK]);
      client.release();
    };
  }

  /** Who is in the middle of a transaction, and who waits for whose locks: for the text of an error. */
  openTransactions(): Promise<{ waitsFor: string | null }[]> {
    return this.#read(
      `select pid, application_name as application, state, wait_event as "waitsFor", pg_blocking_pids(pid) as "blockedBy",
          round(extract(epoch from clock_timestamp() - xact_start) * 1000)::int as "sinceMs", left(query, 160) as query
        from pg_stat_activity a where datname = current_database() and xact_start is not null and pid <> pg_backend_pid() order by xact_start`,
    );
  }

  close(): Promise<void> {
    return this.#pool.end();
  }

  #read<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
    let last: unknown;
    return until(
      "an answer of the database",
      async () => {
        try {
          return (await this.#pool.query<Row>(text, values)).rows;
        } catch (error) {
          if (!isPassing(error)) throw error;
          last = error;
          return undefined;
        }
      },
      20_000,
    ).catch((error: unknown) => {
      throw last === undefined ? error : new Error("The database could not be read.", { cause: last });
    });
  }
}

/** The server is away, going down or coming up. */
function isPassing(error: unknown): boolean {
  const { code = "", message = "" } = error as { code?: string; message?: string };
  return /^(ECONN|EPIPE|08|57P0)/.test(code) || /connection|timeout/i.test(message);
}
