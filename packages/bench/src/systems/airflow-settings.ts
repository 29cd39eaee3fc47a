import { availableParallelism } from "node:os";
import type { SystemSetup } from "./system.ts";

/** `tuned`: as Airflow's documentation advises for speed on one machine. `default`: only what it needs to run here. */
export type AirflowTuning = "tuned" | "default";

export interface AirflowPlace {
  readonly home: string;
  readonly dagsFolder: string;
  readonly databaseUrl: string;
  readonly port: number;
}

/** Airflow's configuration by the names of its environment variables. */
export function airflowSettings(place: AirflowPlace, setup: SystemSetup, tuning: AirflowTuning): Record<string, string> {
  return {
    ...needed(place),
    ...(tuning === "tuned" ? TUNED : {}),
    ...(setup.slots === undefined ? {} : { AIRFLOW__CORE__PARALLELISM: String(setup.slots) }),
    ...setup.airflow,
  };
}

function needed({ home, dagsFolder, databaseUrl, port }: AirflowPlace): Record<string, string> {
  return {
    AIRFLOW_HOME: home,
    AIRFLOW__DATABASE__SQL_ALCHEMY_CONN: databaseUrl.replace(/^postgres:/u, "postgresql+psycopg2:"),
    AIRFLOW__CORE__EXECUTOR: "LocalExecutor",
    AIRFLOW__CORE__DAGS_FOLDER: dagsFolder,
    AIRFLOW__CORE__LOAD_EXAMPLES: "False",
    AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS: "True",
    AIRFLOW__CORE__EXECUTION_API_SERVER_URL: `http://127.0.0.1:${port}/execution/`,
    AIRFLOW__API__HOST: "127.0.0.1",
    AIRFLOW__API__PORT: String(port),
    AIRFLOW__API__SECRET_KEY: "signs the sessions of a benchmark",
    AIRFLOW__API_AUTH__JWT_SECRET: "signs the tokens of a benchmark's tasks and of its one user, for an hour or so",
    AIRFLOW__LOGGING__BASE_LOG_FOLDER: `${home}/logs`,
    // New files are seen soon; by default they are looked for every five minutes, which says nothing about speed.
    AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL: "5",
  };
}

const TUNED: Record<string, string> = {
  // The scheduler looks again sooner when it found nothing to do; default 1 s.
  AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME: "0.1",
  // More runs in one pass; defaults 10 and 20.
  AIRFLOW__SCHEDULER__MAX_DAGRUNS_TO_CREATE_PER_LOOP: "100",
  AIRFLOW__SCHEDULER__MAX_DAGRUNS_PER_LOOP_TO_SCHEDULE: "100",
  // As many tasks in one query as may run; default 16.
  AIRFLOW__SCHEDULER__MAX_TIS_PER_QUERY: "0",
  // Best of 4, 8, 16 and 32 on two cores; default 32.
  AIRFLOW__CORE__PARALLELISM: String(8 * availableParallelism()),
  // One parser per core; default 2.
  AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES: String(Math.max(2, availableParallelism())),
  // Files that did not change are not parsed again while something else is measured; default 30 s, which `files` and `idle` keep.
  AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL: "600",
  AIRFLOW__DAG_PROCESSOR__FILE_PARSING_SORT_MODE: "modified_time",
  // Services write what matters; tasks keep their logs.
  AIRFLOW__LOGGING__LOGGING_LEVEL: "WARNING",
  // A token of a task that waits longer in the queue is refused; default 600 s.
  AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT: "3600",
};

/** The default for files that did not change, where re-reading them is part of what is measured. */
export const REREADS_FILES: Record<string, string> = { AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL: "30" };
