import type { Database } from "@tradewind/metadata";
import type { AttemptPlaces } from "./attempts/attempt-places.ts";
import type { DagVersions } from "./dag-versions.ts";
import type { ChangeSet } from "./changes/change-set.ts";
import type { Changes, EngineEvents, WakeKind } from "./engine.ts";
import type { FullSchedulers } from "./dispatch/full-schedulers.ts";
import type { LiveTables } from "./live-tables.ts";
import type { PausePoint } from "./pause-points.ts";
import type { Readiness } from "./readiness.ts";

/** What the engine's decisions are bounded by. Durations in milliseconds. */
export interface EngineLimits {
  /** How long a running attempt may be silent before it counts as lost. */
  leaseMs: number;
  heartbeatMs: number;
  /** How long an attempt whose lease could not be renewed may stand still, to go on if it can be renewed after all. */
  holdMs: number;
  /** How long an attempt may be queued before it is handed out again. */
  taskQueuedTimeoutMs: number;
  /** How often a try may be handed out again after it got stuck or its launch was refused. */
  maxRequeues: number;
  maxMapLength: number;
  maxTaskRetryDelayMs: number;
  /** Inputs larger than this are not put into a grant; the runner fetches them. */
  maxInlineInputsBytes: number;
  /** A runner host silent for so long counts as offline; another one of its name takes its place. */
  hostOfflineMs: number;
  /** A runner host silent for so long is taken off the list. */
  hostForgetMs: number;
  /** Candidates that dispatch reads per executor and pool. */
  dispatchCandidates: number;
}

/** What all use cases share. */
export interface EngineContext {
  /** For ordinary statements. */
  db: Database;
  /** For the statements of the hot path: named, pipelined, without sequential scans. */
  hot: Database;
  /** The instant that states are stamped with; null: the database's own clock, read by each statement. Tests give one. */
  stampAt(): Date | null;
  /** For decisions that need an instant before any statement ran. */
  now(): Date;
  newAttemptId(): string;
  /** Random letters, for ids of runs that have no date. */
  newSuffix(): string;
  issueAttemptToken(attempt: { attemptId: string; ttlMs: number }): string;
  /** The executor that a task instance goes to: its own, else by its queue, else the default one. */
  executorOf(task: { executor: string | null; queue: string }): string;
  /** What `executorOf` goes by; `known` null: it is not known which executors there are. */
  routes: { known: readonly string[] | null; byQueue: Readonly<Record<string, string>>; fallback: string };
  limits: EngineLimits;
  versions: DagVersions;
  attemptPlaces: AttemptPlaces;
  liveTables: LiveTables;
  events: EngineEvents;
  /** After a commit: tells this process at once and the others soon. */
  wake(...kinds: WakeKind[]): void;
  /** After a commit: tells those who show it to people. */
  noteChanges(changes: Changes): void;
  /** A run of these DAGs ended, which is committed: lets in what waited for it, soon. */
  runsEnded(dagIds: Iterable<string>): void;
  /** As `wake`, but this process need not look. */
  wakeElsewhere(...kinds: WakeKind[]): void;
  readiness: Readiness;
  fullSchedulers: FullSchedulers;
  /** Between two transactions of one use case; does nothing outside tests. */
  pausePoint(name: PausePoint): Promise<void>;
  /** Something went wrong with one thing and the rest went on. */
  onError(error: unknown, about: { what: string; id: string }): void;
}

/** What a transaction found out that others want to hear, kept until it is committed. */
export interface AfterCommit {
  wakes: Set<WakeKind>;
  /** What only other processes need to hear. */
  wakesElsewhere: Set<WakeKind>;
  /** What people see of it. */
  changes: ChangeSet;
  events: (() => void)[];
  /** Schedulers that have room again, since attempts ended; null: it is not known whose. */
  placesFreed: string[] | null;
  /** DAGs a run of which ended: their next one may start. */
  dagsWithEndedRuns: Set<string>;
}
