import { randomBytes } from "node:crypto";
import type { Database, Fernet } from "@tradewind/metadata";
import { TradewindError } from "@tradewind/core";
import { findCallbackHolder, findNextDueAt, findRunningAttempt, listStops, putAttemptXCom, putRenderedFields } from "@tradewind/metadata";
import { v7 as uuidv7 } from "uuid";
import { createAttemptPlaces } from "./attempts/attempt-places.ts";
import { createExchange } from "./attempts/exchange.ts";
import { expireLeasesUseCase, loseAttemptsUseCase, requeueStuckUseCase } from "./attempts/lost-attempts.ts";
import { listQueuedAttemptsUseCase } from "./attempts/queued-attempts.ts";
import { runnerUseCases } from "./attempts/runner-use-cases.ts";
import { callbackUseCases } from "./callbacks/callback-use-cases.ts";
import { authorUseCases } from "./author/author-use-cases.ts";
import { createConnectionTests } from "./connection-tests/connection-tests.ts";
import type { EngineContext, EngineLimits } from "./context.ts";
import { dagFileUseCases } from "./dag-files/dag-file-use-cases.ts";
import { createDagVersions } from "./dag-versions.ts";
import { dispatchUseCase } from "./dispatch/dispatch.ts";
import { createFullSchedulers } from "./dispatch/full-schedulers.ts";
import { createChangeFeed } from "./changes/change-feed.ts";
import { EndedRuns } from "./ended-runs.ts";
import type { Engine, EngineEvents } from "./engine.ts";
import { jobUseCases } from "./jobs.ts";
import { LiveTables } from "./live-tables.ts";
import type { PausePoint } from "./pause-points.ts";
import { peopleUseCases } from "./people/people-use-cases.ts";
import { createReadiness } from "./readiness.ts";
import { createDueRunsUseCase, startQueuedRunsUseCase } from "./runs/due-runs.ts";
import type { SchedulingUseCases } from "./scheduling-use-cases.ts";
import { sweepUseCase } from "./sweep.ts";
import { fireTimersUseCase, timeOutRunsUseCase } from "./timers.ts";
import { createWakeUps } from "./wake-ups.ts";
import { whyUseCases } from "./why/why-use-cases.ts";

export const DEFAULT_ENGINE_LIMITS: EngineLimits = {
  leaseMs: 10_000,
  heartbeatMs: 3_000,
  holdMs: 300_000,
  taskQueuedTimeoutMs: 600_000,
  maxRequeues: 2,
  maxMapLength: 1_024,
  maxTaskRetryDelayMs: 86_400_000,
  maxInlineInputsBytes: 262_144,
  hostOfflineMs: 30_000,
  hostForgetMs: 86_400_000,
  dispatchCandidates: 256,
};

/** How long what was found the last time stands in for a look, when nobody has said otherwise. */
const BELIEVED_FOR_MS = 1_000;

export interface EngineOptions {
  /** For ordinary statements (`openDatabase`). The caller closes both. */
  db: Database;
  /** For the hot path (`openHotDatabase`). */
  hot: Database;
  /** Decrypts connections and variables for author code. */
  fernet: Fernet;
  /** Signs what lets author code of one attempt ask for things. Called for each grant and renewal: must be cheap. */
  issueAttemptToken(attempt: { attemptId: string; ttlMs: number }): string;
  /** Where task instances go that name no executor; and by queue, before that. */
  defaultExecutor: string;
  executorByQueue?: Readonly<Record<string, string>>;
  /** All executors that are configured: what waits for another one is moved, or told so. Default: not known, and nothing is done. */
  executors?: readonly string[];
  /** `scheduler.parallelism`, and how many attempts each executor takes at most (null: no limit of its own): to tell why something waits. Default: not known. */
  parallelism?: number;
  executorCapacity?: Readonly<Record<string, number | null>>;
  /** A scheduler silent for so long counts as gone when that is told. Default 30 s. */
  schedulerSilentMs?: number;
  limits?: Partial<EngineLimits>;
  dagsArePausedAtCreation?: boolean;
  /** Largest XCom that author code may write, in bytes of JSON. Default 10 MiB. */
  maxXComBytes?: number;
  events?: EngineEvents;
  /** Whether wake-ups of other processes are heard (one connection). Default true; a command line that does one thing needs none. */
  listens?: boolean;
  /** The time by which everything is stamped and due. Default: the database's clock. For tests. */
  clock?: { now(): Date };
  /** For tests of races. */
  pausePoint?(name: PausePoint): Promise<void>;
  /** Something went wrong with one thing, and the rest went on. Default: ignored. */
  onError?(error: unknown, about: { what: string; id: string }): void;
}

/** The engine over one database. Any number of engines may work on it, in this process and in others. */
export function createEngine(options: EngineOptions): Engine {
  const { db, hot, clock } = options;
  const onError: EngineContext["onError"] = (error, about) => options.onError?.(error, about);
  const wakeUps = createWakeUps(db, {
    listens: options.listens ?? true,
    // Another process may have ended attempts of schedulers of this one.
    onHeard: (kinds) => kinds.has("ready") && fullSchedulers.noteRoom(null),
    onError: (error) => onError(error, { what: "wake-ups", id: "" }),
  });
  const changes = createChangeFeed(db, { onError: (error) => onError(error, { what: "changes", id: "" }) });
  const endedRuns = new EndedRuns(() => context);
  const now = (): Date => clock?.now() ?? new Date();
  // Who does not hear of other processes cannot know what they have made ready, or which places they have freed.
  const belief = { now, believedForMs: (options.listens ?? true) ? BELIEVED_FOR_MS : 0 };
  const readiness = createReadiness(belief);
  const fullSchedulers = createFullSchedulers(belief);
  const context: EngineContext = {
    db,
    hot,
    stampAt: () => clock?.now() ?? null,
    now,
    newAttemptId: () => uuidv7(),
    newSuffix: () => randomBytes(6).toString("hex").slice(0, 8),
    issueAttemptToken: (attempt) => options.issueAttemptToken(attempt),
    executorOf: ({ executor, queue }) => executor ?? options.executorByQueue?.[queue] ?? options.defaultExecutor,
    routes: { known: options.executors ?? null, byQueue: options.executorByQueue ?? {}, fallback: options.defaultExecutor },
    limits: { ...DEFAULT_ENGINE_LIMITS, ...options.limits },
    versions: createDagVersions(),
    attemptPlaces: createAttemptPlaces(),
    liveTables: new LiveTables(db, (error) => onError(error, { what: "cleaning of live tables", id: "" })),
    events: options.events ?? {},
    wake: (...kinds) => wakeUps.wake(...kinds),
    wakeElsewhere: (...kinds) => wakeUps.wakeElsewhere(...kinds),
    noteChanges: (noted) => changes.note(noted),
    runsEnded: (dagIds) => endedRuns.add(dagIds),
    readiness,
    fullSchedulers,
    pausePoint: async (name) => options.pausePoint?.(name),
    onError,
  };
  wakeUps.onWake((kinds) => {
    if (kinds.has("ready")) readiness.noteWork();
  });

  const connectionTests = createConnectionTests(context, options.fernet);
  wakeUps.onWake((kinds) => {
    if (kinds.has("connection_tests")) connectionTests.noteWork();
  });
  const exchange = createExchange(context);
  const people = peopleUseCases(context);
  const author = {
    db,
    fernet: options.fernet,
    maxXComBytes: options.maxXComBytes ?? 10_485_760,
    triggerDagRun: (trigger: Parameters<typeof people.triggerDagRun>[0]) => people.triggerDagRun(trigger),
    noteChanges: (noted: Parameters<typeof changes.note>[0]) => changes.note(noted),
    versions: context.versions,
  };
  return {
    ...schedulingUseCases(context),
    ...jobUseCases(context),
    ...runnerUseCases(context, exchange, connectionTests),
    ...connectionTests.useCases,
    ...people,
    ...whyUseCases(context, {
      parallelism: options.parallelism ?? null,
      executorCapacity: options.executorCapacity === undefined ? null : new Map(Object.entries(options.executorCapacity)),
      schedulerSilentMs: options.schedulerSilentMs ?? 30_000,
    }),
    ...dagFileUseCases({
      db,
      now: () => context.now(),
      wake: (...kinds) => context.wake(...kinds),
      noteChanges: (noted) => changes.note(noted),
      dagsArePausedAtCreation: options.dagsArePausedAtCreation ?? true,
    }),
    ...authorUseCases({
      ...author,
      findHolder: (attemptId) => findRunningAttempt(db, { attemptId }),
      putXCom: (attemptId, xcom) => putAttemptXCom(db, { attemptId, ...xcom }),
      putRenderedFields: (attemptId, fields) => putRenderedFields(db, { attemptId, fields }),
    }),
    ...callbackUseCases(context),
    callbackAuthor: authorUseCases({
      ...author,
      findHolder: (requestId) => findCallbackHolder(db, { id: Number(requestId) }),
      // Only those of the task itself are shown.
      putRenderedFields: async () => true,
      async putXCom(requestId) {
        throw new TradewindError(
          "invalid_request",
          `Callback request ${requestId} tried to write an XCom. Callbacks that run after their task's process is gone, and those of DAGs, can only read them.`,
        );
      },
    }),
    onWake: (listener) => wakeUps.onWake(listener),
    wake: (...kinds) => wakeUps.wake(...kinds),
    noteChanges: (noted) => changes.note(noted),
    watchChanges: (handler) => changes.watch(handler),
    idle: () => endedRuns.idle(),
    async close() {
      await exchange.idle();
      await endedRuns.idle();
      await context.liveTables.idle();
      await changes.close();
      await wakeUps.close();
    },
  };
}

function schedulingUseCases(context: EngineContext): SchedulingUseCases {
  return {
    createDueRuns: createDueRunsUseCase(context),
    startQueuedRuns: startQueuedRunsUseCase(context),
    dispatch: dispatchUseCase(context),
    fireTimers: fireTimersUseCase(context),
    timeOutRuns: timeOutRunsUseCase(context),
    expireLeases: expireLeasesUseCase(context),
    loseAttempts: loseAttemptsUseCase(context),
    requeueStuck: requeueStuckUseCase(context),
    listQueuedAttempts: listQueuedAttemptsUseCase(context),
    takeStops: ({ schedulerId }) => listStops(context.db, { schedulerId }),
    sweep: sweepUseCase(context),
    nextDueAt: (lookedAt) => findNextDueAt(context.db, { lookedAt: lookedAt ?? null }),
  };
}
