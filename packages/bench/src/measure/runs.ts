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

/** Waits until so many runs of the DAGs with this prefix have ended; fails when one did not succeed. */
export async function untilRunsEnded(system: System, prefix: string, count: number, pollMs = 50): Promise<void> {
  await until(
    `${count} ended runs of "${prefix}…"`,
    ENDED_TIMEOUT_MS,
    async () => {
      const [row] = await system.query<{ ended: number; failed: number }>(
        `select count(*) filter (where state in ('success', 'failed'))::int as ended, count(*) filter (where state = 'failed')::int as failed
          from (${system.sql.runs}) run where starts_with(dag_id, $1)`,
        [prefix],
      );
      if (row!.failed > 0) throw new Error(`${row!.failed} runs of "${prefix}…" failed: the benchmark says nothing`);
      return row!.ended >= count;
    },
    pollMs,
  );
}

/** How many runs there are by now: what is measured later is counted from here. */
export async function countRuns(system: System, prefix: string): Promise<number> {
  const [row] = await system.query<{ count: number }>(`select count(*)::int as count from (${system.sql.runs}) run where starts_with(dag_id, $1)`, [
    prefix,
  ]);
  return row!.count;
}

/** By SQL, so that a thousand requests are no part of what is measured; the scheduler's next look finds the runs that may start. */
export async function pauseAll(system: System, prefix: string, isPaused: boolean): Promise<void> {
  await system.query("update dag set is_paused = $2 where starts_with(dag_id, $1)", [prefix, isPaused]);
}

export async function databaseNow(system: System): Promise<Date> {
  const [row] = await system.query<{ now: Date }>("select clock_timestamp() as now");
  return row!.now;
}
