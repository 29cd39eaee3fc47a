import type { ExecutorRoom, SchedulingUseCases, WakeKind } from "@tradewind/engine";
import type { Executor } from "@tradewind/executor";
import type { Delivery } from "./delivery.ts";
import { findMissingStep } from "./missing-attempts.ts";
import type { SchedulerClock, SchedulerLogger, SchedulerMetrics } from "./ports.ts";
import type { Wakefulness } from "./wakefulness.ts";

/** What set a pass off: something became possible, the moment that was slept for came, or the slow sweep. */
export type Occasion = WakeKind | "due" | "sweep";

/** One kind of work of a pass. Each is safe to do at any time, by any number of schedulers. */
export interface Step {
  readonly name: string;
  readonly occasions: readonly Occasion[];
  /** Lives on what the steps before it do: it runs again after each of their batches. */
  readonly isFed?: true;
  /** Does one batch; true: there is more. */
  run(): Promise<boolean>;
}

export interface StepOptions {
  engine: SchedulingUseCases;
  executors: readonly Executor[];
  delivery: Delivery;
  wakefulness: Wakefulness;
  schedulerId: string;
  parallelism: number;
  limits: StepLimits;
  clock: SchedulerClock;
  metrics: SchedulerMetrics;
  logger: SchedulerLogger;
}

/** Batch sizes. */
export interface StepLimits {
  dagsPerPass: number;
  runsPerPass: number;
  timersPerPass: number;
  leasesPerPass: number;
  commandsPerPass: number;
}

export const DEFAULT_STEP_LIMITS: StepLimits = { dagsPerPass: 100, runsPerPass: 200, timersPerPass: 1_000, leasesPerPass: 500, commandsPerPass: 500 };

/**
 * The steps of a pass, in the order in which each feeds the next: what died gives back its slots, what is due becomes runs and task instances, and dispatch comes last.
 */
export function planSteps(options: StepOptions): Step[] {
  return [...rescueSteps(options), ...dueSteps(options), ...dispatchSteps(options)];
}

function rescueSteps({ engine, executors, delivery, wakefulness, limits, metrics, schedulerId, logger }: StepOptions): Step[] {
  return [
    {
      name: "cancel stopped attempts",
      occasions: ["stops", "sweep"],
      async run() {
        const stops = await engine.takeStops({ schedulerId });
        delivery.forget(stops.map((stop) => stop.attemptId));
        const stopsOf = Map.groupBy(stops, (stop) => stop.executor);
        await Promise.all(executors.map((executor) => cancelBy(executor, stopsOf.get(executor.name) ?? [], logger)));
        return false;
      },
    },
    {
      name: "expire leases",
      occasions: ["due", "sweep"],
      async run() {
        const { lost } = await engine.expireLeases({ limit: limits.leasesPerPass, isAwake: () => wakefulness.isAwake() });
        if (lost.length > 0) logger.warn({ attempts: lost }, `${lost.length} attempts were lost: nobody renewed their lease in time`);
        metrics.attemptsLost(lost.length);
        return lost.length === limits.leasesPerPass;
      },
    },
    {
      name: "requeue stuck attempts",
      occasions: ["due", "sweep"],
      async run() {
        const { resubmit, failed } = await engine.requeueStuck({ limit: limits.leasesPerPass });
        if (failed.length > 0)
          logger.warn({ attempts: failed }, `${failed.length} attempts were never started within the queued timeout, and failed`);
        await delivery.deliver(resubmit);
        return resubmit.length + failed.length === limits.leasesPerPass;
      },
    },
    findMissingStep({ engine, executors, delivery, schedulerId, limit: limits.leasesPerPass, logger }),
    {
      name: "time out runs",
      occasions: ["due", "sweep"],
      async run() {
        const { timedOut } = await engine.timeOutRuns({ limit: limits.runsPerPass });
        return timedOut === limits.runsPerPass;
      },
    },
    {
      name: "sweep",
      occasions: ["sweep"],
      async run() {
        const { repaired } = await engine.sweep({ limit: limits.runsPerPass });
        if (repaired > 0) logger.warn({ repaired }, `the sweep moved ${repaired} runs that no wake-up had announced`);
        return false;
      },
    },
  ];
}

/** Runners hear of a stop by their heartbeat as well: an executor that can't pass it on now holds up nobody. */
async function cancelBy(executor: Executor, stops: readonly { attemptId: string; reason: string }[], logger: SchedulerLogger): Promise<void> {
  if (stops.length === 0) return;
  try {
    await executor.cancel(stops);
  } catch (error) {
    const { name } = executor;
    logger.warn({ executor: name, attempts: stops.length, err: error }, `executor "${name}" could not be told to stop ${stops.length} attempts`);
  }
}

function dueSteps({ engine, limits }: StepOptions): Step[] {
  return [
    {
      name: "create due runs",
      occasions: ["dags", "due", "sweep"],
      run: async () => (await engine.createDueRuns({ limit: limits.dagsPerPass })).more,
    },
    {
      name: "start queued runs",
      occasions: ["runs", "due", "sweep"],
      run: async () => (await engine.startQueuedRuns({ limit: limits.runsPerPass })).more,
    },
    {
      name: "fire timers",
      occasions: ["timers", "due", "sweep"],
      run: async () => (await engine.fireTimers({ limit: limits.timersPerPass })).more,
    },
  ];
}

function dispatchSteps({ engine, executors, delivery, schedulerId, parallelism, limits, clock, metrics }: StepOptions): Step[] {
  return [
    {
      name: "dispatch",
      // Any step may have made task instances ready, so this one runs on every occasion but those of people's screens.
      occasions: ["ready", "runs", "dags", "timers", "due", "sweep"],
      isFed: true,
      async run() {
        const rooms = executors.map((executor) => roomOf(executor, delivery));
        if (rooms.every((room) => room.free === 0)) return false;
        const hosted = rooms.filter(({ host }) => host !== undefined).map(({ name }) => name);
        const options = { schedulerId, parallelism, executors: rooms, limit: limits.commandsPerPass, monotonicNow: () => clock.monotonicNow() };
        const { commands, begun, leasedAtMs, isUnsure, more } = await engine.dispatch(options).catch((error: unknown) => {
          // It may have been committed all the same.
          delivery.catchUp(hosted);
          throw error;
        });
        const taken = begun.reduce((sum, { grants }) => sum + grants.length, commands.length);
        metrics.dispatched(taken);
        // What has begun first, in the order in which it was taken.
        if (taken > 0) await Promise.all([delivery.begin(begun, leasedAtMs), delivery.deliver(commands)]);
        if (isUnsure) delivery.catchUp(hosted);
        return more && taken > 0;
      },
    },
  ];
}

/** What an executor can take now: its own free places, less what it was given and has not taken. One that is away takes nothing and holds up no other. */
function roomOf(executor: Executor, delivery: Delivery): ExecutorRoom {
  const { name } = executor;
  const { free, isAway = false, host } = executor.capacity();
  // Nothing more is queued for a transport that refuses: it would only wait here.
  if (isAway || delivery.isRefused(name)) return { name, free: 0, isAway: true };
  const waiting = delivery.waitingFor(name);
  // What the executor has yet to take came before.
  const isAtHand = host !== undefined && executor.begin !== undefined && waiting === 0;
  return { name, free: free === null ? null : Math.max(0, free - waiting), ...(isAtHand && { host }) };
}
