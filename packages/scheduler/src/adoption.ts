import type { JobUseCases } from "@tradewind/engine";
import type { Executor } from "@tradewind/executor";
import type { Delivery } from "./delivery.ts";
import type { SchedulerLogger, SchedulerMetrics } from "./ports.ts";

type Orphan = Awaited<ReturnType<JobUseCases["adoptOrphans"]>>["attempts"][number];

export interface AdoptionOptions {
  engine: JobUseCases;
  executors: readonly Executor[];
  delivery: Delivery;
  thresholdMs: number;
  logger: SchedulerLogger;
  metrics: SchedulerMetrics;
}

/**
 * Takes over the attempts of dead schedulers. Those an executor holds go on; queued ones that nobody holds are submitted again; running ones keep their lease or lose it.
 *
 * In Postgres an attempt changes hands once. An executor that can't say now what it holds is asked again, so what it was given is kept until then.
 */
export class Adoption {
  readonly #options: AdoptionOptions;
  #undecided: Orphan[] = [];

  constructor(options: AdoptionOptions) {
    this.#options = options;
  }

  async run(adopterId: string): Promise<void> {
    const { engine, executors, logger, thresholdMs } = this.#options;
    const { deadJobs, attempts } = await engine.adoptOrphans({ adopterId, thresholdSeconds: thresholdMs / 1000 });
    if (deadJobs.length > 0)
      logger.warn({ deadJobs, attempts: attempts.length }, `took over ${attempts.length} attempts of ${deadJobs.length} dead schedulers`);
    const orphans = [...this.#undecided, ...attempts];
    this.#undecided = [];
    await Promise.all(
      executors.map((executor) =>
        this.#adoptBy(
          executor,
          orphans.filter(({ command }) => command.executor === executor.name),
        ),
      ),
    );
  }

  async #adoptBy(executor: Executor, orphans: readonly Orphan[]): Promise<void> {
    if (orphans.length === 0) return;
    const { delivery, logger, metrics } = this.#options;
    try {
      const { adopted } = await executor.adopt(orphans.map(({ command, state }) => ({ attemptId: command.attemptId, state, command })));
      metrics.orphansAdopted(adopted.length);
      const held = new Set(adopted);
      await delivery.deliver(
        orphans.filter(({ command, state }) => state === "queued" && !held.has(command.attemptId)).map(({ command }) => command),
      );
    } catch (error) {
      this.#undecided.push(...orphans);
      logger.warn(
        { executor: executor.name, attempts: orphans.length, err: error },
        `executor "${executor.name}" could not say which of ${orphans.length} attempts it holds; asking again with the next heartbeat`,
      );
    }
  }
}
