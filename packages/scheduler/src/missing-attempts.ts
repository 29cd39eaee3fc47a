import type { SchedulingUseCases } from "@tradewind/engine";
import type { Executor } from "@tradewind/executor";
import type { Delivery } from "./delivery.ts";
import type { SchedulerLogger } from "./ports.ts";
import type { Step } from "./steps.ts";

export interface MissingAttemptsOptions {
  engine: Pick<SchedulingUseCases, "listQueuedAttempts">;
  executors: readonly Executor[];
  delivery: Pick<Delivery, "deliver">;
  schedulerId: string;
  /** How many are asked about at once. */
  limit: number;
  logger: SchedulerLogger;
}

/** Younger ones are on their way, or their place in a long queue is just being taken. */
const QUEUED_FOR_MS = 5_000;

/**
 * Looks for attempts that are queued in the database and nowhere else: their transport has lost them, as Redis does when it is emptied, or comes back from an older file. Each sweep asks
 * about every attempt that has been queued for a while, so what waits costs a look every few seconds, and what has ended costs nothing.
 */
export function findMissingStep({ engine, executors, delivery, schedulerId, limit, logger }: MissingAttemptsOptions): Step {
  let after: string | null = null;

  async function findMissing(): Promise<void> {
    const asked = executors.filter((executor) => executor.findMissing !== undefined && executor.capacity().isAway !== true);
    if (asked.length === 0) return;
    const commands = await engine.listQueuedAttempts({
      schedulerId,
      executors: asked.map(({ name }) => name),
      queuedForMs: QUEUED_FOR_MS,
      after,
      limit,
    });
    if (commands.length === limit) after = commands.at(-1)!.attemptId;
    else after = null;
    await Promise.all(
      asked.map(async (executor) => {
        const own = commands.filter((command) => command.executor === executor.name);
        if (own.length === 0) return;
        // Rejecting means that it can't say now; the next sweep asks again.
        const missing = await executor.findMissing!(own).catch((error: unknown) => {
          logger.debug({ executor: executor.name, err: error }, `executor "${executor.name}" could not say which attempts it has`);
          return [];
        });
        if (missing.length === 0) return;
        logger.warn(
          { executor: executor.name, attempts: missing.length },
          `the transport of executor "${executor.name}" has lost ${missing.length} attempts; they are sent again`,
        );
        const lost = new Set(missing);
        await delivery.deliver(own.filter(({ attemptId }) => lost.has(attemptId)));
      }),
    );
  }

  return {
    name: "find what a transport lost",
    occasions: ["sweep"],
    async run() {
      await findMissing();
      return after !== null;
    },
  };
}
