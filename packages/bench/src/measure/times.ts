import type { System } from "../systems/system.ts";

export interface RunTimes {
  readonly dagId: string;
  /** From the creation of the run to its end. */
  readonly queuedToEndMs: number;
  /** From its start to its end, as the system's own tables say. */
  readonly runMs: number;
  /** From the first start of a task to the last end. */
  readonly tasksMs: number;
}

/** The runs of DAGs with this prefix that were created since, in that order. */
export async function readRunTimes(system: System, prefix: string, since: Date): Promise<RunTimes[]> {
  return system.query<RunTimes & Record<string, unknown>>(
    `select run.dag_id as "dagId", ${ms("run.ended - run.queued")} as "queuedToEndMs", ${ms("run.ended - run.started")} as "runMs", ${ms("max(task.ended) - min(task.started)")} as "tasksMs"
      from (${system.sql.runs}) run join (${system.sql.tasks}) task using (run_key)
      where starts_with(run.dag_id, $1) and run.queued >= $2 group by run.run_key, run.dag_id, run.ended, run.queued, run.started order by run.run_key`,
    [prefix, since],
  );
}

/** From the start of a task to the start of the one after it, in chains (`t0`, `t1`, …) that were created since. */
export async function readTransitions(system: System, prefix: string, since: Date): Promise<number[]> {
  const rows = await system.query<{ ms: number }>(
    `with step as (
        select task.run_key, substr(task.task_id, 2)::int as n, task.started from (${system.sql.tasks}) task join (${system.sql.runs}) run using (run_key)
        where starts_with(run.dag_id, $1) and run.queued >= $2)
      select ${ms("b.started - a.started")} as ms from step a join step b on b.run_key = a.run_key and b.n = a.n + 1`,
    [prefix, since],
  );
  return rows.map((row) => row.ms);
}

export interface Makespan {
  readonly tasks: number;
  /** From the first start of a task to the last end. */
  readonly seconds: number;
}

/** All tasks of DAGs with this prefix that began since. */
export async function readMakespan(system: System, prefix: string, since: Date): Promise<Makespan> {
  const [row] = await system.query<{ tasks: number; seconds: number }>(
    `select count(*)::int as tasks, extract(epoch from max(ended) - min(started))::float8 as seconds from (${system.sql.tasks}) task
      where starts_with(dag_id, $1) and started >= $2`,
    [prefix, since],
  );
  return row!;
}

export const ms = (interval: string): string => `extract(epoch from ${interval})::float8 * 1000`;
