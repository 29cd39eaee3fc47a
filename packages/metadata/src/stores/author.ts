/** What author code reads and writes while its attempt runs. */
import { type Queryable, run, runCount } from "../database-handle.ts";

export interface RunningAttempt {
  taskInstanceId: number;
  dagRunId: number;
  dagId: string;
  runId: string;
  taskId: string;
  mapIndex: number;
}

/** The attempt with its place, while its lease is running and has not run out. */
export async function findRunningAttempt(db: Queryable, params: { attemptId: string }): Promise<RunningAttempt | null> {
  const [row] = await run<RunningAttempt>(db, {
    name: "find_running_attempt",
    text: `select l.task_instance_id as "taskInstanceId", l.dag_run_id as "dagRunId", l.dag_id as "dagId", r.run_id as "runId", l.task_id as "taskId", l.map_index as "mapIndex"
      from lease l join dag_run r on r.id = l.dag_run_id
      where l.attempt_id = $1::uuid and l.state = 'running' and l.stop_reason is null`,
    values: [params.attemptId],
  });
  return row ?? null;
}

/** The XComs of a task under a key in one run, by map index. Values are JSON text. */
export async function listTaskXComs(
  db: Queryable,
  params: { dagId: string; runId: string; taskId: string; key: string; mapIndex: number | null },
): Promise<{ mapIndex: number; value: string }[]> {
  return run<{ mapIndex: number; value: string }>(db, {
    name: "list_task_xcoms",
    text: `select x.map_index as "mapIndex", x.value from xcom x join dag_run r on r.id = x.dag_run_id
      where r.dag_id = $1 and r.run_id = $2 and x.task_id = $3 and x.key = $4 and ($5::int is null or x.map_index = $5) order by x.map_index`,
    values: [params.dagId, params.runId, params.taskId, params.key, params.mapIndex],
  });
}

/** Writes an XCom of a running attempt; false: the attempt does not hold its lease any more, and nothing was written. */
export async function putAttemptXCom(
  db: Queryable,
  params: { attemptId: string; key: string; value: string; length: number | null },
): Promise<boolean> {
  const written = await runCount(db, {
    name: "put_attempt_xcom",
    text: `insert into xcom (dag_run_id, task_id, key, map_index, task_instance_id, value, length)
      select l.dag_run_id, l.task_id, $2, l.map_index, l.task_instance_id, $3, $4
      from lease l where l.attempt_id = $1::uuid and l.state = 'running' and l.stop_reason is null for share of l
      on conflict (dag_run_id, task_id, key, map_index) do update set value = excluded.value, length = excluded.length, task_instance_id = excluded.task_instance_id, timestamp = now()`,
    values: [params.attemptId, params.key, params.value, params.length],
  });
  return written > 0;
}

/** The Fernet token of a variable. */
export async function findVariableToken(db: Queryable, params: { key: string }): Promise<string | null> {
  const [row] = await run<{ value: string }>(db, {
    name: "find_variable_token",
    text: "select value from variable where key = $1",
    values: [params.key],
  });
  return row?.value ?? null;
}

export async function putVariableToken(db: Queryable, params: { key: string; token: string; description: string | null }): Promise<void> {
  await runCount(db, {
    text: `insert into variable (key, value, description) values ($1, $2, $3)
      on conflict (key) do update set value = excluded.value, description = coalesce(excluded.description, variable.description), updated_at = now()`,
    values: [params.key, params.token, params.description],
  });
}

export async function removeVariable(db: Queryable, params: { key: string }): Promise<boolean> {
  return (await runCount(db, { text: "delete from variable where key = $1", values: [params.key] })) > 0;
}

export interface StoredConnection {
  connectionId: string;
  connType: string;
  description: string | null;
  host: string | null;
  port: number | null;
  login: string | null;
  schema: string | null;
  /** Fernet tokens. */
  password: string | null;
  extra: string | null;
}

export async function findStoredConnection(db: Queryable, params: { connectionId: string }): Promise<StoredConnection | null> {
  const [row] = await run<StoredConnection>(db, {
    name: "find_stored_connection",
    text: `select connection_id as "connectionId", conn_type as "connType", description, host, port, login, schema, password, extra from connection where connection_id = $1`,
    values: [params.connectionId],
  });
  return row ?? null;
}

export async function findDagRunState(db: Queryable, params: { dagId: string; runId: string }): Promise<string | null> {
  const [row] = await run<{ state: string }>(db, {
    name: "find_dag_run_state",
    text: "select state from dag_run where dag_id = $1 and run_id = $2",
    values: [params.dagId, params.runId],
  });
  return row?.state ?? null;
}

export interface FoundRun {
  id: number;
  runId: string;
  state: string;
  dagVersionId: number;
}

/** A run by its id, or by its logical date. */
export async function findRunOfDag(
  db: Queryable,
  params: { dagId: string; runId: string | null; logicalDate: Date | null },
): Promise<FoundRun | null> {
  const by = params.runId === null ? { column: "logical_date", value: params.logicalDate } : { column: "run_id", value: params.runId };
  const [row] = await run<FoundRun>(db, {
    name: `find_run_by_${by.column}`,
    text: `select id, run_id as "runId", state, dag_version_id as "dagVersionId" from dag_run where dag_id = $1 and ${by.column} = $2`,
    values: [params.dagId, by.value],
  });
  return row ?? null;
}

/** The newest version of a DAG; null: there is no such DAG. */
export async function findDagVersionId(db: Queryable, params: { dagId: string }): Promise<number | null> {
  const [row] = await run<{ id: number }>(db, {
    name: "find_dag_version_id",
    text: "select dag_version_id as id from dag where dag_id = $1",
    values: [params.dagId],
  });
  return row?.id ?? null;
}

/** All instances of tasks in one run, but those that were removed. */
export async function listTaskStates(
  db: Queryable,
  params: { dagRunId: number; taskIds: readonly string[] },
): Promise<{ taskId: string; mapIndex: number; state: string | null }[]> {
  return run<{ taskId: string; mapIndex: number; state: string | null }>(db, {
    name: "list_task_states",
    text: `select task_id as "taskId", map_index as "mapIndex", state from task_instance
      where dag_run_id = $1 and task_id = any($2::text[]) and state is distinct from 'removed' order by task_id, map_index`,
    values: [params.dagRunId, params.taskIds],
  });
}
