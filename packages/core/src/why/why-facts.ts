import type { LimitKey, PoolLimit } from "../limits.ts";
import type { RunModel } from "../run-machine/run-model.ts";
import type { MaybeState } from "../state-transitions.ts";
import type { DagRunState, DagRunType } from "../states.ts";
import type { TimetableSpec } from "../timetable-spec.ts";

/** How the installation is: what does not depend on which DAG is asked about. */
export interface WhySystem {
  now: Date;
  /** Of each living scheduler: attempts that count against its parallelism. Empty: none is alive. */
  schedulers: readonly { liveAttempts: number }[];
  lastSchedulerHeartbeatAt: Date | null;
  /** Most attempts per scheduler; null: not known here. */
  parallelism: number | null;
  /** Executors that are configured, with the attempts each takes at most (null: it has no limit of its own). Null: not known here. */
  executors: ReadonlyMap<string, number | null> | null;
  /** Queued and running attempts by executor; none where absent. */
  liveByExecutor: ReadonlyMap<string, number>;
  workers: readonly WhyWorker[];
  pools: ReadonlyMap<string, WhyPool>;
}

export interface WhyWorker {
  name: string;
  executor: string;
  /** Null: all. */
  queues: readonly string[] | null;
  slots: number;
  running: number;
  state: "running" | "draining" | "drained" | "offline";
  lastHeartbeatAt: Date;
}

export interface WhyPool {
  limit: PoolLimit;
  /** Who holds its slots, at most `MOST_NAMED`. */
  holders: readonly WhyHolder[];
  holderCount: number;
}

export interface WhyHolder {
  dagId: string;
  runId: string;
  taskId: string;
  mapIndex: number;
  state: MaybeState;
}

/** A DAG as it is now. */
export interface WhyDag {
  dagId: string;
  isPaused: boolean;
  isDraining: boolean;
  /** Null: it is not paused, or it was made so. */
  pausedBy: { name: string; at: Date; reason: string | null; hasDrained: boolean } | null;
  isStale: boolean;
  hasImportErrors: boolean;
  importError: { file: string; line: number | null; message: string } | null;
  maxActiveRuns: number;
  /** Its running runs, the one that began first before the others; at most `MOST_NAMED`. */
  runningRuns: readonly { runId: string; startedAt: Date | null }[];
  runningCount: number;
  queuedCount: number;
}

/** What decides when a DAG gets its next run. */
export interface WhySchedule {
  timetable: TimetableSpec;
  /** Null: all types of runs are allowed. */
  allowedRunTypes: readonly DagRunType[] | null;
  startDate: Date | null;
  endDate: Date | null;
  catchup: boolean;
  nextRunAt: Date | null;
  /** Its next run is due, and limits do not let it be made. */
  isCreationBlocked: boolean;
  latestRun: { runId: string; state: DagRunState; runType: DagRunType } | null;
}

export interface WhyRun {
  queuedAt: Date | null;
  endDate: Date | null;
  stateReason: string | null;
}

/** Beside what the run machine knows of an instance. */
export interface WhyInstance {
  stateReason: string | null;
  hostname: string | null;
  scheduledAt: Date | null;
  startedAt: Date | null;
  endedAt: Date | null;
  timer: { kind: "retry" | "reschedule" | "group_retry"; dueAt: Date } | null;
  /** The executor in whose queue it waits for dispatch. */
  waitsForExecutor: string | null;
  lease: WhyLease | null;
}

export interface WhyLease {
  attemptId: string;
  state: "queued" | "running";
  executor: string;
  queue: string;
  worker: string | null;
  queuedAt: Date;
  expiresAt: Date;
  stopReason: string | null;
  requeueCount: number;
}

/** A run with everything that decides about it. The model is whole (all instances are in it), and is only looked at. */
export interface WhyRunFacts {
  system: WhySystem;
  dag: WhyDag;
  run: WhyRun;
  model: RunModel;
  /** By the id of the instance. */
  instances: ReadonlyMap<number, WhyInstance>;
  /** Live attempts by limit, of tasks that are limited over all runs. */
  liveByTask: ReadonlyMap<LimitKey, number>;
  /** The previous run, by tasks that depend on it. */
  previousRuns: ReadonlyMap<string, { runId: string; bad: { mapIndex: number; state: MaybeState }[] }>;
}
