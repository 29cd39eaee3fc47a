import type { JobUseCases, SchedulingUseCases, WakeUps } from "@tradewind/engine";
import type { Executor, ExecutorEvent, TaskCommand } from "@tradewind/executor";
import { Delivery } from "./delivery.ts";
import { SchedulerLoop } from "./loop.ts";
import { NO_SCHEDULER_METRICS, type SchedulerClock, type SchedulerLogger, type SchedulerMetrics, SYSTEM_CLOCK } from "./ports.ts";
import { DEFAULT_STEP_LIMITS, type Occasion, planSteps, type StepLimits } from "./steps.ts";

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
  const delivery = new Delivery({ executors, clock, logger });
  let jobId = options.newJobId();
  let heartbeatTimer: unknown = null;
  let heartbeat: Promise<void> = Promise.resolve();
  let stopListening: () => void = () => {};
  let stopped = false;

  const makeLoop = (): SchedulerLoop =>
    new SchedulerLoop({
      steps: planSteps({
        engine,
        executors,
        delivery,
        schedulerId: jobId,
        parallelism: options.parallelism,
        limits: { ...DEFAULT_STEP_LIMITS, ...options.limits },
        metrics,
        logger,
      }),
      nextDueAt: () => engine.nextDueAt(),
      sweepMs: options.sweepMs,
      clock,
      logger,
      metrics,
    });
  let loop = makeLoop();

  const register = (): Promise<void> => engine.registerJob({ jobId, jobType: "SchedulerJob", hostname: options.hostname, pid: options.pid });

  // Lost attempts are gathered while one batch is on its way to the database.
  let lost: { attemptId: string; reason: "lost" | "rejected"; message: string }[] = [];
  let reporting: Promise<void> | null = null;
  const reportLost = (): Promise<void> =>
    (reporting ??= (async () => {
      while (lost.length > 0 && !stopped) {
        const batch = lost;
        lost = [];
        try {
          metrics.attemptsLost((await engine.loseAttempts(batch)).lost.length);
        } catch (error) {
          // Their leases run out by themselves; this only made it faster.
          logger.warn({ attempts: batch.length, err: error }, `could not record ${batch.length} lost attempts; their leases will expire`);
        }
      }
    })().finally(() => (reporting = null)));

  function onExecutorEvent(event: ExecutorEvent): void {
    if (event.kind === "capacity") return loop.wake("ready");
    logger.warn({ attemptId: event.attemptId, reason: event.reason }, `attempt "${event.attemptId}" ${event.kind}: ${event.reason}`);
    lost.push({ attemptId: event.attemptId, reason: event.kind, message: event.reason });
    void reportLost();
  }

  /** Takes over the attempts of dead schedulers. Those an executor holds go on; queued ones nobody holds are submitted again; running ones keep their lease or lose it. */
  async function adopt(): Promise<void> {
    const { deadJobs, attempts } = await engine.adoptOrphans({ adopterId: jobId, thresholdSeconds: options.healthThresholdMs / 1000 });
    if (deadJobs.length > 0) logger.warn({ deadJobs, attempts: attempts.length }, `took over ${attempts.length} attempts of ${deadJobs.length} dead schedulers`);
    if (attempts.length === 0) return;
    const undelivered: TaskCommand[] = [];
    for (const executor of executors) {
      const own = attempts.filter((attempt) => attempt.command.executor === executor.name);
      if (own.length === 0) continue;
      const adopted = new Set((await executor.adopt(own.map(({ command, state }) => ({ attemptId: command.attemptId, state, command })))).adopted);
      undelivered.push(...own.filter((attempt) => attempt.state === "queued" && !adopted.has(attempt.command.attemptId)).map((attempt) => attempt.command));
      metrics.orphansAdopted(adopted.size);
    }
    await delivery.deliver(undelivered);
  }

  async function beat(): Promise<void> {
    if (await engine.heartbeatJob(jobId)) {
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

  function scheduleHeartbeat(): void {
    if (stopped) return;
    heartbeatTimer = clock.setTimeout(() => {
      heartbeat = beat()
        .catch((error: unknown) => {
          metrics.heartbeatFailed();
          logger.error({ err: error }, "the scheduler could not record its heartbeat");
        })
        .finally(scheduleHeartbeat);
    }, options.heartbeatMs);
  }

  return {
    async start() {
      await register();
      const context = { onEvent: onExecutorEvent, logger, executionApiUrl: options.executionApiUrl };
      await Promise.all(
        executors.map((executor) => executor.start({ ...context, issueHostToken: (hostId) => options.issueHostToken(executor.name, hostId) })),
      );
      await adopt();
      stopListening = engine.onWake((kinds) => {
        const occasions = [...kinds].filter((kind) => kind !== "state");
        if (occasions.length > 0) loop.wake(...occasions);
      });
      loop.start();
      scheduleHeartbeat();
    },

    async stop({ drain, timeoutMs }) {
      stopped = true;
      stopListening();
      clock.clearTimeout(heartbeatTimer);
      await loop.stop();
      await heartbeat;
      await Promise.all(executors.map((executor) => executor.stop({ drain, timeoutMs })));
      delivery.stop();
      await reporting;
      await engine.endJob(jobId);
    },

    runOnce: (occasions) => loop.runOnce(occasions),
  };
}
