/**
 * What a benchmark runs, said once for every system that is measured. A writer per system (`tradewind-files.ts`, `airflow-files.ts`) turns the same description into DAG files, so that both
 * get the same DAGs, tasks, edges and durations.
 */
export interface Workload {
  /** All DAG ids begin with it: what belongs to the workload is found by it. */
  readonly prefix: string;
  readonly files: readonly DagFile[];
  readonly pools?: readonly PoolDescription[];
}

export interface DagFile {
  /** Without extension. */
  readonly name: string;
  readonly dags: readonly DagDescription[];
}

export interface DagDescription {
  readonly dagId: string;
  /** In topological order: an upstream stands before what waits for it. */
  readonly tasks: readonly TaskDescription[];
  /** Default: only by hand. */
  readonly schedule?: CronSchedule;
  /** Default: out of the way, since the machinery is measured and not the limits. */
  readonly maxActiveTasks?: number;
  /** Default false. */
  readonly isPausedUponCreation?: boolean;
}

export interface CronSchedule {
  readonly cron: string;
  /** First logical date, ISO 8601. */
  readonly startAt: string;
}

export interface TaskDescription {
  readonly taskId: string;
  /** Indexes of tasks of the same DAG. */
  readonly upstream: readonly number[];
  /** How long the task sleeps; 0 does nothing at all. */
  readonly durationMs: number;
  /** Default: the usual pool. */
  readonly pool?: string;
}

export interface PoolDescription {
  readonly name: string;
  readonly slots: number;
}

export const NO_LIMIT = 100_000;

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

const task = (taskId: string, upstream: readonly number[] = [], durationMs = 0): TaskDescription => ({ taskId, upstream, durationMs });

/** `length` tasks, one after the other. */
export function chain(dagId: string, length: number, durationMs = 0): DagDescription {
  return { dagId, tasks: range(length).map((index) => task(`t${index}`, index === 0 ? [] : [index - 1], durationMs)) };
}

/** `width` tasks without edges. */
export function parallel(dagId: string, width: number, durationMs = 0): DagDescription {
  return { dagId, tasks: range(width).map((index) => task(`t${index}`, [], durationMs)) };
}

/** `first`, `width` tasks below it, and `last`, which joins them. */
export function fanOut(dagId: string, width: number): DagDescription {
  const middle = range(width);
  return {
    dagId,
    tasks: [task("first"), ...middle.map((index) => task(`t${index}`, [0])), task("last", middle.map((index) => index + 1))], // prettier-ignore
  };
}

/** One root; every task has `branching` tasks below it; `levels` levels in all. */
export function tree(dagId: string, branching: number, levels: number): DagDescription {
  const tasks = [task("t0")];
  let level = [0];
  for (let depth = 1; depth < levels; depth += 1) {
    const next: number[] = [];
    for (const parent of level) {
      for (let branch = 0; branch < branching; branch += 1) next.push(tasks.push(task(`t${tasks.length}`, [parent])) - 1);
    }
    level = next;
  }
  return { dagId, tasks };
}

/** `gate`, which never gets a slot of `pool`, and `width` tasks that wait for it. */
export function blockedBehindGate(dagId: string, width: number, pool: string): DagDescription {
  return { dagId, tasks: [{ ...task("gate"), pool }, ...range(width).map((index) => task(`t${index}`, [0]))] };
}

/** `count` DAGs over `files` files, evenly. */
export function spreadOverFiles(prefix: string, count: number, files: number, make: (dagId: string) => DagDescription): DagFile[] {
  const dags = range(count).map((index) => make(`${prefix}_${String(index).padStart(5, "0")}`));
  return range(files).map((file) => ({ name: `${prefix}_file_${file}`, dags: dags.filter((_, index) => index % files === file) }));
}

/** One file with these DAGs. */
export function inOneFile(prefix: string, ...dags: DagDescription[]): Workload {
  return { prefix, files: [{ name: prefix, dags }] };
}

export const dagIdsOf = (workload: Workload): string[] => workload.files.flatMap((file) => file.dags.map((dag) => dag.dagId));

export const tasksOf = (workload: Workload): number =>
  workload.files.reduce((sum, file) => sum + file.dags.reduce((inner, dag) => inner + dag.tasks.length, 0), 0);
