import { type DagDescription, type DagFile, NO_LIMIT } from "./workload.ts";

/** A DAG file of Tradewind, as an author would write one who makes DAGs from a table. */
export function writeTradewindFile(file: DagFile): string {
  return `import { Dag } from "tradewind";

const sleep = (ms: number) => (ms === 0 ? () => {} : () => new Promise<void>((resolve) => setTimeout(resolve, ms)));

const DAGS: [id: string, options: object, tasks: [id: string, durationMs: number, upstream: number[], options: object][]][] = ${JSON.stringify(file.dags.map(row))};

export const dags = DAGS.map(([dagId, options, tasks]) => {
  const dag = new Dag(dagId, options);
  const made: any[] = [];
  for (const [taskId, durationMs, upstream, options] of tasks) {
    const task = dag.task(taskId, sleep(durationMs), options)();
    for (const index of upstream) made[index].before(task);
    made.push(task);
  }
  return dag;
});
`;
}

function row(dag: DagDescription): unknown[] {
  const options = {
    isPausedUponCreation: dag.isPausedUponCreation ?? false,
    maxActiveTasks: dag.maxActiveTasks ?? NO_LIMIT,
    maxActiveRuns: NO_LIMIT,
    ...(dag.schedule ? { schedule: dag.schedule.cron, startDate: dag.schedule.startAt, catchup: false } : {}),
  };
  return [dag.dagId, options, dag.tasks.map((task) => [task.taskId, task.durationMs, task.upstream, task.pool ? { pool: task.pool } : {}])];
}
