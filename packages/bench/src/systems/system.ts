import type { ProcessUsage } from "../measure/processes.ts";
import type { DagFile, PoolDescription } from "../workload/workload.ts";
import type pg from "pg";

export type SystemKind = "tradewind" | "airflow";

/** How a system is set up for a shape, in words that both have. What is left out is the system's own setting, see docs/benchmarks.md. */
export interface SystemSetup {
  /** Further settings of Airflow, by the names of its environment variables. */
  readonly airflow?: Record<string, string>;
  /** Tasks that may run at the same time. */
  readonly slots?: number;
  /** Tradewind only: task instances that may be queued or running at once, in place of `scheduler.parallelism` and the slots of the default pool. Airflow is tuned for what does it best. */
  readonly atOnce?: number;
  /** Default 1. */
  readonly schedulers?: number;
  /** Tradewind only: no child process runs a second task. Airflow forks one for each task always. */
  readonly processPerTask?: boolean;
}

/** Processes of a system are found below these. */
export interface ProcessRoot {
  readonly pid: number;
  partOf(usage: ProcessUsage): string;
}

/** A whole installation of its own, of one of the systems that are compared. Everything that is measured is read the same way of both, from their tables. */
export interface System {
  readonly kind: SystemKind;
  /** Where DAG files go. */
  readonly dagsFolder: string;
  /** A folder that is removed with the system. */
  readonly folder: string;
  /** How long it took from its first process until it answered, with an empty database that was migrated before. */
  readonly startSeconds: number;
  /**
   * Queries that give, of every task instance and every run, the same columns for every system:
   * `tasks` has run_key, dag_id, task_id, state, started, ended; `runs` has run_key, dag_id, state, queued, run_after, started, ended.
   * `importErrors` has the problem of each file that does not load, `failures` that of each task that failed.
   */
  readonly sql: {
    readonly tasks: string;
    readonly runs: string;
    readonly knownDags: string;
    readonly importErrors: string;
    readonly failures: string;
  };
  /** The API's path of what the grid of a DAG shows, with so many runs. */
  gridPaths(dagId: string, runs: number): readonly string[];
  fileName(file: Pick<DagFile, "name">): string;
  /** The text of a DAG file. */
  write(file: DagFile): string;
  roots(): readonly ProcessRoot[];
  readonly query: <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) => Promise<Row[]>;
  /** Calls the REST API, at a path from the root of the server; throws on any status but 2xx. */
  request<T>(method: string, path: string, body?: unknown): Promise<T>;
  createPool(pool: PoolDescription): Promise<void>;
  close(): Promise<void>;
}
