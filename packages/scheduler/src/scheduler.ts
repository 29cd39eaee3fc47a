import type { JobUseCases, SchedulingUseCases, WakeUps } from "@tradewind/engine";
import { type Executor, type ExecutorEvent, startExecutor } from "@tradewind/executor";
import { Adoption } from "./adoption.ts";
import { ApiReach } from "./api-reach.ts";
import { Delivery } from "./delivery.ts";
import { LostAttempts } from "./lost-attempts.ts";
import { SchedulerLoop } from "./loop.ts";
import { NO_SCHEDULER_METRICS, type SchedulerClock, type SchedulerLogger, type SchedulerMetrics, SYSTEM_CLOCK } from "./ports.ts";
import { Wakefulness } from "./wakefulness.ts";
import { DEFAULT_STEP_LIMITS, type Occasion, planSteps, type StepLimits } from "./steps.ts";

/** An executor answers in less, unless its transport is away. It is told again after as long. */
const SLOW_ADOPTION_MS = 60_000;

export interface SchedulerOptions {
  engine: SchedulingUseCases & JobUseCases & WakeUps;
  /** Started by the scheduler; the first is the default one. */
  executors: readonly Executor[];
  executionApiUrl: string;
  /** Makes the token with which a runner host of an executor talks to the execution API. */
  issueHostToken(executor: string, hostId: string): Promise<string>;
  /** Makes the id of this scheduler's job, a UUID; a new one after it was declared dead. */
  newJobId(): string;
  hostname: string;
  pid: number;
  /** Most queued and running attempts of this scheduler, over all executors. */
  parallelism: number;
  heartbeatMs: number;
  /** A scheduler silent for so long is dead, and its attempts are adopted. */
  healthThresholdMs: number;
  /** Leases of running attempts, as hosts hear of them: after a standstill no lease is taken for lost before hosts have had the time to renew it. */
  leases: { leaseMs: number; renewalMs: number; holdMs: number };
  /** Whether the execution API answers: while it does not, nobody can renew a lease, and none is taken for lost. Default: it is not asked. */
  askExecutionApi?: () => Promise<boolean>;
  sweepMs: number;
  limits?: Partial<StepLimits>;
  logger: SchedulerLogger;
  metrics?: SchedulerMetrics;
  clock?: SchedulerClock;
}

export interface Scheduler {
  /** Registers the job, starts the executors, adopts what dead schedulers left, and begins to schedule. */
  start(): Promise<void>;
  /** Ends in order. `drain`: wait (at most `timeoutMs`) for running attempts, where the executor can. */
  stop(options: { drain: boolean; timeoutMs: number }): Promise<void>;
  /** One pass by hand, without the timers. */
  runOnce(occasions?: readonly Occasion[]): Promise<void>;
}

/**
 * The scheduler daemon. It decides nothing itself: it calls the engine's use cases when there is something to do, hands commands to executors, and takes over what dead schedulers
 * left. Any number of schedulers may run; Postgres keeps them apart.
 */
export function createScheduler(options: SchedulerOptions): Scheduler {
  const { engine, executors, logger } = options;
  const clock = options.clock ?? SYSTEM_CLOCK;
  const metrics = options.metrics ?? NO_SCHEDULER_METRICS;
  const delivery = new Delivery({ executors, clock, logger, onRecovered: () => loop.wake("ready") });
  const adoption = new Adoption({ engine, executors, delivery, thresholdMs: options.healthThresholdMs, logger, metrics });
  const lostAttempts = new LostAttempts({ engine, logger, metrics });
  const wakefulness = new Wakefulness({ clock, logger, heartbeatMs: options.heartbeatMs, ...options.leases });
  const apiReach = new ApiReach({
    ask: options.askExecutionApi ?? (async () => true),
    heartbeatMs: options.heartbeatMs,
    holdMs: options.leases.holdMs,
    clock,
    logger,
  });
  let jobId = options.newJobId();
  let heartbeatTimer: unknown = null;
  let heartbeat: Promise<void> = Promise.resolve();
  let adopting: Promise<void> | null = null;
  let adoptingSince = 0;
  let stopListening: () => void = () => {};
  let stopped = false;

  const makeLoop = (): SchedulerLoop =>
    new SchedulerLoop({
      steps: planSteps({
        engine,
        executors,
        delivery,
        wakefulness,
        schedulerId: jobId,
        parallelism: options.parallelism,
        limits: { ...DEFAULT_STEP_LIMITS, ...options.limits },
        clock,
        metrics,
        logger,
      }),
      nextDueAt: (lookedAt) => engine.nextDueAt(lookedAt),
      sweepMs: options.sweepMs,
      clock,
      logger,
      metrics,
    });
  let loop = makeLoop();

  async function register(): Promise<void> {
    await engine.registerJob({ jobId, jobType: "SchedulerJob", hostname: options.hostname, pid: options.pid });
    wakefulness.beat();
  }

  function onExecutorEvent(event: ExecutorEvent): void {
    if (event.kind === "capacity") return loop.wake("ready");
    logger.warn({ attemptId: event.attemptId, reason: event.reason }, `attempt "${event.attemptId}" ${event.kind}: ${event.reason}`);
    lostAttempts.add({ attemptId: event.attemptId, reason: event.kind, message: event.reason });
  }

  /** One at a time, and no heartbeat waits for it: an executor may be slow to say what it holds. */
  function adopt(): void {
    if (adopting !== null) return tellSlowAdoption();
    adoptingSince = clock.now();
    adopting = adoption
      .run(jobId)
      .catch((error: unknown) => logger.error({ err: error }, "could not look for what dead schedulers left; looking with the next heartbeat"))
      .finally(() => (adopting = null));
  }

  function tellSlowAdoption(): void {
    const forMs = clock.now() - adoptingSince;
    if (forMs < SLOW_ADOPTION_MS) return;
    logger.warn({ forMs }, "an executor does not say what it holds of what dead schedulers left; nothing more is taken over until it does");
    adoptingSince = clock.now();
  }

  async function beat(): Promise<void> {
    const sentAt = clock.now();
    // Both ways by which leases are renewed.
    const [isKnown, isApiThere] = await Promise.all([engine.heartbeatJob(jobId), apiReach.isThere()]);
    if (isKnown) {
      if (isApiThere) wakefulness.beat(sentAt);
      metrics.heartbeat();
      return adopt();
    }
    logger.warn({ jobId }, "this scheduler was declared dead while it was silent; going on under a new id");
    await loop.stop();
    jobId = options.newJobId();
    await register();
    loop = makeLoop();
    if (!stopped) loop.start();
  }

  function scheduleHeartbeat(sinceMs = clock.now()): void {
    if (stopped) return;
    const inMs = Math.max(0, options.heartbeatMs - Math.max(0, clock.now() - sinceMs));
    heartbeatTimer = clock.setTimeout(() => {
      const beganAt = clock.now();
      heartbeat = beat()
        .catch((error: unknown) => {
          metrics.heartbeatFailed();
          logger.error({ err: error }, "the scheduler could not record its heartbeat");
        })
        .finally(() => scheduleHeartbeat(beganAt));
    }, inMs);
  }

  async function startExecutors(): Promise<void> {
    const context = { onEvent: onExecutorEvent, logger, executionApiUrl: options.executionApiUrl };
    await Promise.all(
      executors.map((executor) => startExecutor(executor, { ...context, issueHostToken: (hostId) => options.issueHostToken(executor.name, hostId) })),
    );
  }

  async function end(how: { drain: boolean; timeoutMs: number }): Promise<void> {
    // What is still in hand stays queued, and is submitted by whoever adopts it.
    delivery.stop();
    const ends = await Promise.allSettled(executors.map((executor) => executor.stop(how)));
    for (const one of ends) if (one.status === "rejected") logger.error({ err: one.reason as unknown }, "an executor did not stop in order");
    await lostAttempts.recorded();
    await engine.endJob(jobId);
  }

  return {
    async start() {
      await register();
      try {
        await startExecutors();
      } catch (error) {
        await end({ drain: false, timeoutMs: 0 });
        throw error;
      }
      // The next heartbeat tries again: what dead schedulers left is no reason not to begin.
      adopt();
      await adopting;
      stopListening = engine.onWake((kinds) => {
        const occasions = [...kinds].filter((kind) => kind !== "state");
        if (occasions.length > 0) loop.wake(...occasions);
      });
      if (stopped) return stopListening();
      loop.start();
      scheduleHeartbeat();
    },

    async stop(how) {
      stopped = true;
      stopListening();
      clock.clearTimeout(heartbeatTimer);
      await loop.stop();
      // It may have replaced the loop; that one was not started.
      await heartbeat;
      await adopting;
      await end(how);
    },

    runOnce: (occasions) => loop.runOnce(occasions),
  };
}
