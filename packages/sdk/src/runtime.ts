import { AsyncLocalStorage } from "node:async_hooks";
import type { DagRunState, DagRunType, Json, TaskInstanceState } from "@tradewind/core";

/** What the runner knows of an attempt before it runs. Instants are ISO 8601 in UTC; the shape is that of the grant's context. */
export interface AttemptContextData {
  dagId: string;
  runId: string;
  runType: DagRunType | (string & {});
  taskId: string;
  /** -1: not mapped. */
  mapIndex: number;
  /** From 1. */
  tryNumber: number;
  /** The try number up to which failures are tried again. */
  maxTries: number;
  attemptId: string;
  /** When the task first began since it was last cleared, over reschedules and retries; null or absent: it begins now. */
  firstStartedAt?: string | null;
  /** How often this try has been rescheduled. Absent: 0. */
  rescheduleCount?: number;
  /** null: a run without a date. */
  logicalDate: string | null;
  dataIntervalStart: string | null;
  dataIntervalEnd: string | null;
  runAfter: string;
  runStartedAt: string | null;
  /** As given at trigger. */
  conf: Record<string, Json>;
  /** The DAG's defaults with the run's conf over them. */
  params: Record<string, Json>;
  dagVersion: number;
}

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One entry of a task's log. `stream` is absent for what the author's `log` wrote, and names the pipe for what a process it started printed. */
export interface LogEntry {
  level: LogLevel;
  message: string;
  fields?: Record<string, unknown>;
  stream?: "stdout" | "stderr";
}

export interface ProgressReport {
  /** From 0 to 1; null: unknown. */
  fraction: number | null;
  message: string | null;
}

/** A connection with its secrets, under Airflow's names. */
export interface Connection {
  connectionId: string;
  connType: string;
  description: string | null;
  host: string | null;
  port: number | null;
  login: string | null;
  password: string | null;
  schema: string | null;
  extra: Record<string, Json>;
}

export interface XComAddress {
  taskId: string;
  key: string;
  dagId?: string;
  runId?: string;
  /** Absent: of a mapped task the list of all instances' values. */
  mapIndex?: number;
}

export interface TriggerRequest {
  dagId: string;
  runId?: string;
  logicalDate?: string | null;
  conf?: Record<string, Json>;
}

/** Which states to look at: of a run of any DAG, by its run id or its logical date (ISO 8601), and of tasks in it. */
export interface TaskStatesQuery {
  dagId: string;
  runId?: string;
  logicalDate?: string;
  /** Absent, and no group: of the run alone. */
  taskIds?: string[];
  taskGroupId?: string;
}

export interface TaskStatesAnswer {
  dagFound: boolean;
  /** null: there is no such run (yet). */
  run: { runId: string; state: DagRunState } | null;
  /** What was asked for and is neither a task nor a group of the DAG: in the version the run is of, without a run in the newest one. */
  unknownIds: string[];
  /** Every instance of the tasks asked for; `state` null: not scheduled yet. */
  tasks: { taskId: string; mapIndex: number; state: TaskInstanceState | null }[];
}

/**
 * What the process that runs an attempt supplies to author code. `getContext()` and `getClient()` are built on it, so whoever implements this interface
 * (the runner's child, `dags test`, an author's own test) can run any task.
 *
 * "Not found" is an answer (`undefined` or `null`), never an exception; the client turns it into the error that the author sees.
 */
export interface TaskRuntime {
  context: AttemptContextData;
  /** Aborted when the attempt must stop: cancelled, cleared, timed out. Its reason says why. */
  signal: AbortSignal;
  /** The present moment in epoch milliseconds. Absent: the clock of the machine. A test may have one of its own. */
  now?(): number;
  /** Waits in author code of ours (a sensor between two pokes). Absent: for real. Rejects with the signal's reason when that is aborted. */
  sleep?(ms: number, signal: AbortSignal): Promise<void>;
  log(entry: LogEntry): void;
  progress(report: ProgressReport): void;
  getVariable(key: string): Promise<string | undefined>;
  setVariable(key: string, value: string, description: string | null): Promise<void>;
  /** False: there was none. */
  deleteVariable(key: string): Promise<boolean>;
  getConnection(connectionId: string): Promise<Connection | undefined>;
  /** How people set a variable or a connection that a task misses, as the beginning of a sentence. Absent: in the installation. */
  howToSet?(kind: "variable" | "connection", name: string): string;
  getXCom(address: XComAddress): Promise<Json | undefined>;
  setXCom(key: string, value: Json): Promise<void>;
  triggerDagRun(request: TriggerRequest): Promise<{ runId: string; state: DagRunState | null }>;
  /** undefined: there is no such run. */
  getDagRunState(dagId: string, runId: string): Promise<DagRunState | undefined>;
  /** What an option of the task came out as, for people to see. Absent: nobody looks. */
  noteRendered?(name: string, value: unknown): void;
  /** How a run and tasks in it stand. Absent: whoever runs the task knows no other runs. */
  getTaskInstanceStates?(query: TaskStatesQuery): Promise<TaskStatesAnswer>;
}

/** What is around a running handler. */
export interface TaskScope {
  runtime: TaskRuntime;
  dag: DagInfo;
  operator: string;
}

/** What author code sees of its DAG. */
export interface DagInfo {
  dagId: string;
  description: string | null;
  tags: string[];
  owner: string;
  /** Number of the DAG version that the run is pinned to. */
  version: number;
}

// One storage for all loaded copies of this package: the author's copy must find what the runner's copy has set.
const STORAGE = Symbol.for("tradewind.task-scope");
type Holder = { [STORAGE]?: AsyncLocalStorage<TaskScope> };
const storage: AsyncLocalStorage<TaskScope> = ((globalThis as Holder)[STORAGE] ??= new AsyncLocalStorage<TaskScope>());

/** Runs `body`, and everything it awaits, with this scope around it. */
export function withTaskScope<T>(scope: TaskScope, body: () => T): T {
  return storage.run(scope, body);
}

export function currentTaskScope(): TaskScope | undefined {
  return storage.getStore();
}
