/**
 * The engine: every use case that changes what Postgres knows, each one transaction (or a named sequence of them), each a pure decision of core between a read and a guarded write.
 *
 * Everything that schedules, serves or processes holds an engine; they coordinate through Postgres alone, so any number of them may run.
 */
import type {
  AttemptContext,
  AttemptInputs,
  ConnectionAnswer,
  ConnectionTestReport,
  ConnectionValue,
  ExchangeRequest,
  ExchangeResponse,
  HeartbeatRequest,
  HeartbeatResponse,
  HostRegistration,
  HostRegistrationResponse,
  RunAnswer,
  TaskCommand,
  TaskFailure,
  TaskStatesAnswer,
  TaskStatesQuery,
  TriggerRequest,
  VariableAnswer,
  VariableWrite,
  XComAnswer,
  XComQuery,
  RenderedFieldsWrite,
  XComWrite,
} from "@tradewind/contract";
import type { DagRunState, DagSpec, Json, TaskCallback, TaskInstanceState, Why } from "@tradewind/core";
import type { SchedulingUseCases } from "./scheduling-use-cases.ts";

/** Who asked, for the audit log: a user name, or a component ("scheduler", "dag_processor"). */
export interface Actor {
  name: string;
}

// DAG files ---------------------------------------------------------------------------------------------------------

/** What a loaded DAG file brought. */
export interface LoadedDagFile {
  /** Name of the configured folder, and the path below it with forward slashes. */
  bundleName: string;
  relativePath: string;
  fingerprint: Json;
  parseDurationMs: number;
  resolveFrom: string[];
  result:
    | {
        ok: true;
        /** `sourceMap`: source map v3 as JSON, with names relative to the DAG folder; absent or null: none. */
        bundle: { sha256: string; code: string; sourceMap?: string | null };
        source: string;
        /** `specJson` is the canonical JSON of `spec`. */
        /** `yields`: another file that has the DAG without yielding it owns it, whichever came first. Default false. */
        dags: { dagId: string; exportName: string; yields?: boolean; spec: DagSpec; specJson: string; specSha256: string }[];
      }
    | { ok: false; error: { kind: string; message: string; line: number | null; column: number | null; frame: string | null; stack: string } };
}

export interface RecordedDagFile {
  /** DAGs that are new or got a new version (`versionNumber`), unchanged ones, and those this file no longer has. */
  changed: {
    dagId: string;
    versionNumber: number;
    /** Spec of the version before, as JSON, when its code was the same: what the file gives depends on something else than its source. */
    previousSpecJson?: string;
  }[];
  unchanged: string[];
  stale: string[];
  /** Problems with single DAGs of the file (an id that another file owns): kept as import errors. */
  rejected: { dagId: string; reason: string }[];
  /** DAGs that the file has and left to another file (see `yields`); absent: none. */
  yielded?: string[];
}

export interface KnownDagFile {
  bundleName: string;
  relativePath: string;
  fingerprint: Json;
  lastParsedAt: Date | null;
  hasError: boolean;
}

export interface DagWarning {
  dagId: string;
  /** `runtime varying value`: loading the same source again gave another spec. */
  warningType: "runtime varying value";
  message: string;
}

export interface DagFileUseCases {
  listKnownDagFiles(bundleNames: string[]): Promise<KnownDagFile[]>;
  recordDagFile(file: LoadedDagFile): Promise<RecordedDagFile>;
  /** At about the cost of one, as if each had been recorded by itself in this order; a DAG that moves from one of them to another has moved in any order. One that cannot be recorded keeps no other back. */
  recordDagFiles(files: readonly LoadedDagFile[]): Promise<PromiseSettledResult<RecordedDagFile>[]>;
  /** What is wrong with DAGs and does not keep them from running. A DAG loses its warnings when its code changes. */
  recordDagWarnings(warnings: readonly DagWarning[]): Promise<void>;
  recordDeletedDagFiles(files: { bundleName: string; relativePath: string }[]): Promise<{ stale: string[] }>;
  /** The folders that there are: files of any other are gone, with their import errors, and their DAGs are stale. */
  retireDagFolders(options: { configured: readonly string[] }): Promise<{ folders: string[]; stale: string[] }>;
  /** Files of these folders that somebody wants to be read again; each is told once. */
  takeDagFileRequests(bundleNames: readonly string[]): Promise<{ bundleName: string; relativePath: string }[]>;
}

// Callbacks that no attempt can run ---------------------------------------------------------------------------------

/** A callback that is due, with what it is called with. */
export interface DueCallback {
  requestId: number;
  /** The number of this try, from 1. */
  tries: number;
  scope: "task" | "dag";
  callback: TaskCallback;
  /** Of a DAG's callback: of the run, with the instance that tells most in it. */
  context: AttemptContext;
  bundleSha256: string;
  resolveFrom: string[];
  /** Places in the author's list to call; null: all. */
  only: number[] | null;
  reason: string | null;
  failure: TaskFailure | null;
  /** Of `success` of a task: its result as JSON text. */
  result: string | null;
  task: { taskId: string; mapIndex: number; state: TaskInstanceState | null } | null;
}

/** How a try of a callback went. */
export interface CallbackEnd {
  /** null: well. Else what went wrong; `failedCalls`: places in the author's list, null when it is not known. */
  problem: { message: string; failedCalls: number[] | null } | null;
  /** What it printed and logged, masked, the end of it. */
  output: string;
  durationMs: number;
}

export interface CallbackUseCases {
  /** Takes callbacks that are due; what is not ended within `takenForMs` is due again. At least once: each may be run twice. */
  takeCallbacks(options: { limit: number; takenForMs: number }): Promise<DueCallback[]>;
  /** Well, or for the last time: kept in the audit log. Else it is tried again. */
  endCallback(due: DueCallback, end: CallbackEnd): Promise<{ isTriedAgain: boolean }>;
  /** When the earliest is due; null: there is none. */
  nextCallbackDueAt(): Promise<Date | null>;
  /** What callbacks may ask for while they run, by request id. */
  readonly callbackAuthor: AuthorUseCases;
}

// Schedulers and other daemons --------------------------------------------------------------------------------------

export interface JobUseCases {
  registerJob(job: { jobId: string; jobType: string; hostname: string; pid: number }): Promise<void>;
  /** false: declared dead in the meantime; the daemon must stop and start anew. */
  heartbeatJob(jobId: string): Promise<boolean>;
  endJob(jobId: string): Promise<void>;
  /** Declares schedulers dead whose heartbeat is older than `thresholdSeconds`, and gives their leases to `adopterId`. */
  adoptOrphans(options: {
    adopterId: string;
    thresholdSeconds: number;
  }): Promise<{ deadJobs: string[]; attempts: { command: TaskCommand; state: "queued" | "running" }[] }>;
}

// Runners -----------------------------------------------------------------------------------------------------------

export interface RunnerUseCases {
  registerHost(registration: HostRegistration): Promise<Omit<HostRegistrationResponse, "token">>;
  /** Batched by arrival: everything that came in while the last transaction was in flight goes into one. */
  exchange(request: ExchangeRequest): Promise<ExchangeResponse>;
  heartbeat(request: HeartbeatRequest): Promise<HeartbeatResponse>;
  /** @throws TradewindError `conflict` when the host does not have the test any more */
  reportConnectionTest(report: ConnectionTestReport): Promise<void>;
  getBundle(sha256: string): Promise<string | null>;
  /** The bundle's newest source map, JSON; null: none. Only shows people where something failed. */
  getBundleMap(sha256: string): Promise<string | null>;
  getAttemptInputs(attemptId: string): Promise<AttemptInputs | null>;
}

// Author code ---------------------------------------------------------------------------------------------------------

/** What author code asks for while its attempt runs. Each call throws `stale_attempt` (409) when the attempt does not hold its lease any more. */
export interface AuthorUseCases {
  findXCom(attemptId: string, query: XComQuery): Promise<XComAnswer>;
  setXCom(attemptId: string, write: XComWrite): Promise<void>;
  setRenderedFields(attemptId: string, write: RenderedFieldsWrite): Promise<void>;
  findVariable(attemptId: string, key: string): Promise<VariableAnswer>;
  setVariable(attemptId: string, key: string, write: VariableWrite): Promise<void>;
  deleteVariable(attemptId: string, key: string): Promise<void>;
  findConnection(attemptId: string, connectionId: string): Promise<ConnectionAnswer>;
  triggerFromTask(attemptId: string, request: TriggerRequest): Promise<RunAnswer>;
  findDagRun(attemptId: string, dagId: string, runId: string): Promise<RunAnswer>;
  /** How a run of any DAG and tasks in it stand. That there is none is an answer, not an error. */
  findTaskStates(attemptId: string, query: TaskStatesQuery): Promise<TaskStatesAnswer>;
}

// People ------------------------------------------------------------------------------------------------------------

/** `draining`: the schedule makes no more runs, and the DAG pauses itself when its unfinished runs have ended. Airflow's scheduling_state. */
export type SchedulingState = "active" | "draining" | "paused";

export interface TriggerOptions {
  dagId: string;
  /** The DAG drains from now on, also one that was paused: it pauses itself when this run, and all others, have ended. */
  drainsDag?: boolean;
  /** null: a run without a date. Absent: now, as the run's date. */
  logicalDate?: Date | null;
  dataInterval?: { start: Date; end: Date };
  runAfter?: Date;
  runId?: string;
  conf?: { [key: string]: Json };
  note?: string;
  runType?: "manual" | "operator_triggered";
  triggeredBy: "cli" | "operator" | "rest_api" | "ui" | "timetable" | "test";
  actor: Actor;
}

/** What to clear, as Airflow's clearTaskInstances body. */
export interface ClearOptions {
  dagId: string;
  dryRun: boolean;
  /** One run, or a window of logical dates over all runs. */
  runId?: string;
  startDate?: Date;
  endDate?: Date;
  /** Absent: all tasks. A task id, or a task id with a map index. */
  taskIds?: (string | [string, number])[];
  onlyFailed: boolean;
  onlyRunning: boolean;
  resetDagRuns: boolean;
  includeUpstream: boolean;
  includeDownstream: boolean;
  includeFuture: boolean;
  includePast: boolean;
  runOnLatestVersion: boolean;
  /** 409 instead of stopping running ones. */
  preventRunningTask: boolean;
  note?: string;
  actor: Actor;
}

export interface TouchedTaskInstance {
  taskInstanceId: number;
  dagId: string;
  runId: string;
  taskId: string;
  mapIndex: number;
  state: TaskInstanceState | null;
}

export interface PeopleUseCases {
  triggerDagRun(options: TriggerOptions): Promise<{ dagRunId: number; runId: string }>;
  clearTaskInstances(options: ClearOptions): Promise<TouchedTaskInstance[]>;
  /** The run goes on with the newest version of its DAG, without clearing anything: gives the tasks that are new in it. */
  addNewTasks(options: { dagId: string; runId: string; dryRun: boolean; actor: Actor }): Promise<{ taskId: string; displayName: string }[]>;
  setTaskInstanceState(options: {
    dagId: string;
    runId: string;
    /** Or the id of a group: all tasks in it. */
    taskId: string;
    mapIndex?: number;
    state: "success" | "failed" | "skipped";
    includeUpstream: boolean;
    includeDownstream: boolean;
    includeFuture: boolean;
    includePast: boolean;
    dryRun: boolean;
    actor: Actor;
  }): Promise<TouchedTaskInstance[]>;
  setDagRunState(options: { dagId: string; runId: string; state: "queued" | "success" | "failed"; actor: Actor }): Promise<void>;
  /** `isPaused: false` makes it active, also when it was draining. */
  setPaused(options: { dagId: string; isPaused: boolean; actor: Actor }): Promise<void>;
  /** What is to drain and has no unfinished run is paused at once. @throws TradewindError `dag_not_found` */
  setSchedulingState(options: { dagId: string; state: SchedulingState; actor: Actor }): Promise<void>;
  deleteDagRun(options: { dagId: string; runId: string; actor: Actor }): Promise<void>;
  deleteDag(options: { dagId: string; actor: Actor }): Promise<void>;
  /** As if the run had never had it. What runs is stopped. */
  deleteTaskInstance(options: { dagId: string; runId: string; taskId: string; mapIndex: number; actor: Actor }): Promise<void>;
  /** The file is read again by whoever has its folder, whether it changed or not. */
  requestDagFile(options: { bundleName: string; relativePath: string; dagIds: readonly string[]; actor: Actor }): Promise<void>;
  setNote(options: { dagId: string; runId: string; taskId?: string; mapIndex?: number; note: string | null; actor: Actor }): Promise<void>;
}

// Connections that hosts try -----------------------------------------------------------------------------------------

export interface ConnectionTestUseCases {
  /**
   * Has a connection tried by a runner host, as soon as one of the executor that serves the queue has room: by default where a task of the default queue would run.
   * @returns what to poll with, which nothing that is stored tells
   * @throws TradewindError `conflict` while this connection is tried already, `executor_not_found`, `too_many_requests` when the user has too many tests that have not ended
   */
  enqueueConnectionTest(options: {
    connection: ConnectionValue;
    /** A connection that works is stored as it was tried, in place of one of this id. */
    commitOnSuccess: boolean;
    executor: string | null;
    queue: string | null;
    actor: Actor;
  }): Promise<{ token: string }>;
  /** null: there is none of this token, or it ended long ago. */
  findConnectionTest(token: string): Promise<ConnectionTest | null>;
}

export interface ConnectionTest {
  connectionId: string;
  state: "pending" | "running" | "success" | "failed";
  /** What was found, without secrets; null: nothing yet. */
  resultMessage: string | null;
  createdAt: Date;
}

// Why something is not running ---------------------------------------------------------------------------------------

export interface WhyUseCases {
  /** Why a DAG has no new run, and when it gets one. @throws TradewindError `dag_not_found` */
  explainDag(options: { dagId: string }): Promise<Why>;
  /** Why a run has not begun, what it waits for, or why it ended so. @throws TradewindError `dag_not_found`, `dag_run_not_found` */
  explainDagRun(options: { dagId: string; runId: string; sees?: SeesDag }): Promise<Why>;
  /**
   * The same of a task instance. Without `mapIndex`: of the one instance, or of a mapped task's the one that tells most.
   * @throws TradewindError `dag_not_found`, `dag_run_not_found`, `task_instance_not_found`
   */
  explainTaskInstance(options: { dagId: string; runId: string; taskId: string; mapIndex?: number | undefined; sees?: SeesDag }): Promise<Why>;
}

/** Whether who asks may hear of a DAG: others are counted, and not named. Default: all. */
export type SeesDag = (dagId: string) => boolean;

// Wake-ups ----------------------------------------------------------------------------------------------------------

/**
 * What became possible. `ready`: task instances to dispatch. `runs`: queued runs to start. `dags`: due times changed. `timers`: an earlier timer. `stops`: attempts to cancel.
 * `state`: something a person sees changed. `callbacks`: some wait for the dag-processor. `dag_files`: some are to be read again.
 * `connection_tests`: some wait for a host. Hints only: who misses one is helped by the sweep.
 */
export const WAKE_KINDS = ["ready", "runs", "dags", "timers", "stops", "state", "callbacks", "dag_files", "connection_tests"] as const;
export type WakeKind = (typeof WAKE_KINDS)[number];

export interface WakeUps {
  /** Calls `listener` for this process's own changes at once, and for other processes' over Postgres notifications. */
  onWake(listener: (kinds: ReadonlySet<WakeKind>) => void): () => void;
  /** Tells this process at once and the others soon, for changes that did not go through the engine: `ready` after an edit of pools. */
  wake(...kinds: WakeKind[]): void;
}

// What people see changing -------------------------------------------------------------------------------------------

/** Things that are told of as a whole. `runs` and `dags`: so many that any of them may have changed. */
export const CHANGE_SUBJECTS = ["runs", "dags", "import_errors", "pools", "variables", "connections", "workers", "users", "event_logs"] as const;
export type ChangeSubject = (typeof CHANGE_SUBJECTS)[number];

/** What changed, by id. */
export interface Changes {
  /** `dag_run.id`: the run, or something in it. */
  runs?: Iterable<number>;
  dags?: Iterable<string>;
  subjects?: Iterable<ChangeSubject>;
}

export type ChangeEvent =
  | { type: "changes"; runs: ReadonlySet<number>; dags: ReadonlySet<string>; subjects: ReadonlySet<ChangeSubject> }
  /** The connection was made, or made again: what came before is not known. */
  | { type: "missed" };

export interface ChangeWatch {
  /** Settles when changes of other processes are heard. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

export interface ChangeUseCases {
  /** Tells those who watch, here and in other processes, within a fraction of a second; for changes that did not go through the engine. After the commit. */
  noteChanges(changes: Changes): void;
  /** Hears of changes from now on (one connection). They may be lost with the process that made them: hints, as wake-ups are. */
  watchChanges(handler: (event: ChangeEvent) => void): ChangeWatch;
}

export interface Engine
  extends
    CallbackUseCases,
    DagFileUseCases,
    SchedulingUseCases,
    JobUseCases,
    RunnerUseCases,
    AuthorUseCases,
    PeopleUseCases,
    ConnectionTestUseCases,
    WhyUseCases,
    ChangeUseCases,
    WakeUps {
  /** Settles when what calls that have returned left to be done soon is done: the runs that ended have let the next ones in. */
  idle(): Promise<void>;
  close(): Promise<void>;
}

/** What of a run's end other parts want to hear: metrics, callbacks. Called after the commit. */
export interface EngineEvents {
  taskInstanceStarted?(event: { dagId: string; taskId: string; queue: string; queuedDurationMs: number; scheduledDurationMs: number }): void;
  taskInstanceFinished?(event: { dagId: string; taskId: string; operator: string; state: TaskInstanceState; durationMs: number | null }): void;
  dagRunStarted?(event: { dagId: string; runType: string; scheduleDelayMs: number | null }): void;
  dagRunFinished?(event: { dagId: string; runId: string; state: DagRunState; durationMs: number }): void;
}
