import type { System } from "../systems/system.ts";
import { until } from "./until.ts";

const CLIENTS = 8;
const ENDED_TIMEOUT_MS = 60 * 60_000;

/** Starts one run of each DAG over the REST API, a few requests at a time. */
export async function triggerEach(system: System, dagIds: readonly string[]): Promise<void> {
  const waiting = [...dagIds].reverse();
  const client = async (): Promise<void> => {
    for (let dagId = waiting.pop(); dagId !== undefined; dagId = waiting.pop()) await trigger(system, dagId);
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
}

/** Starts a run; gives its id. */
export async function trigger(system: System, dagId: string): Promise<string> {
  const run = await system.request<{ dag_run_id: string }>("POST", `/api/v2/dags/${dagId}/dagRuns`, { logical_date: null });
  return run.dag_run_id;
}

/** Runs of the DAGs with this prefix that have not ended. Both systems find them by an index, so that asking often costs little however much history there is. */
export async function countActiveRuns(system: System, prefix: string): Promise<number> {
  const [row] = await system.query<{ active: number }>(
    `select count(*)::int as active from (${system.sql.runs}) run where state in ('queued', 'running') and starts_with(dag_id, $1)`,
    [prefix],
  );
  return row!.active;
}

/** Waits until all runs of the DAGs with this prefix have ended; fails when one that was made since did not succeed. */
export async function untilRunsEnded(system: System, prefix: string, since: Date, pollMs = 50): Promise<void> {
  await until(`the end of the runs of "${prefix}…"`, ENDED_TIMEOUT_MS, async () => (await countActiveRuns(system, prefix)) === 0, pollMs);
  const [row] = await system.query<{ failed: number }>(
    `select count(*)::int as failed from (${system.sql.runs}) run where state = 'failed' and queued >= $2 and starts_with(dag_id, $1)`,
    [prefix, since],
  );
  if (row!.failed > 0) throw new Error(`${row!.failed} runs of "${prefix}…" failed: the benchmark says nothing. ${await whyFailed(system)}`);
}

/** What the first failed tasks say. */
export async function whyFailed(system: System): Promise<string> {
  const rows = await system.query<{ problem: string }>(`select problem from (${system.sql.failures}) failure limit 3`);
  return rows.map(({ problem }) => problem).join("; ");
}

/** By SQL, so that a thousand requests are no part of what is measured; the scheduler's next look finds the runs that may start. */
export async function pauseAll(system: System, prefix: string, isPaused: boolean): Promise<void> {
  await system.query("update dag set is_paused = $2 where starts_with(dag_id, $1)", [prefix, isPaused]);
}

export async function databaseNow(system: System): Promise<Date> {
  const [row] = await system.query<{ now: Date }>("select clock_timestamp() as now");
  return row!.now;
}
