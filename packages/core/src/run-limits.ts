/** Whose running runs are counted against a limit: a DAG's own runs, or those of one backfill, which are not counted against the DAG. */
export function activeRunsKey(run: { dagId: string; backfillId: number | null }): string {
  return run.backfillId === null ? `dag:${run.dagId}` : `backfill:${run.backfillId}`;
}

export interface QueuedRun {
  id: number;
  dagId: string;
  backfillId: number | null;
  /** `maxActiveRuns` of the DAG, or of the backfill. */
  maxActiveRuns: number;
}

/**
 * Which queued runs may start: each in its turn, while fewer runs than `maxActiveRuns` are running under its key. Paused DAGs are left out by the caller.
 * @param queued In the order they should start.
 * @param running Running runs per `activeRunsKey`; none where absent.
 */
export function planRunStarts(queued: readonly QueuedRun[], running: ReadonlyMap<string, number>): number[] {
  const counts = new Map(running);
  return queued
    .filter((run) => {
      const key = activeRunsKey(run);
      const count = counts.get(key) ?? 0;
      if (count >= run.maxActiveRuns) return false;
      counts.set(key, count + 1);
      return true;
    })
    .map((run) => run.id);
}

/** Whether the schedule may create one more run: queued and running ones (backfills aside) are fewer than `maxActiveRuns`. */
export function mayCreateRun(dag: { queuedRuns: number; runningRuns: number; maxActiveRuns: number }): boolean {
  return dag.queuedRuns + dag.runningRuns < dag.maxActiveRuns;
}
