import { setTimeout as sleep } from "node:timers/promises";
import type { System } from "../systems/system.ts";
import { countActiveRuns, trigger } from "./runs.ts";

const LOOK_EVERY_MS = 50;

/** Work that goes on while something else is measured. */
export interface Load {
  /** Lets no more runs begin, and resolves when the requests under way are answered. */
  stop(): Promise<void>;
}

/** Keeps about so many runs of the DAGs active: a new one is made for each that ends. */
export function keepRunsActive(system: System, prefix: string, dagIds: readonly string[], active: number): Load {
  let isStopped = false;
  let next = 0;
  const work = async (): Promise<void> => {
    while (!isStopped) {
      const missing = active - (await countActiveRuns(system, prefix));
      const dags = Array.from({ length: Math.max(0, missing) }, () => dagIds[next++ % dagIds.length]!);
      await Promise.all(dags.map((dagId) => trigger(system, dagId)));
      if (missing <= 0) await sleep(system.kind === "airflow" ? LOOK_EVERY_MS * 10 : LOOK_EVERY_MS / 5);
    }
  };
  const working = work();
  // Told by `stop`, and not before.
  working.catch(() => undefined);
  return {
    async stop() {
      isStopped = true;
      await working;
    },
  };
}

export interface OpenLoop extends Load {
  readonly made: () => number;
  /** Requests that were still unanswered when too many were: the server does not keep up, and the load is not open any more. */
  readonly skipped: () => number;
}

const TICK_MS = 20;
const MOST_UNANSWERED = 500;

/** Makes runs at a steady rate, however long the system takes for them. */
export function makeRunsAtRate(system: System, dagIds: readonly string[], runsPerSecond: number): OpenLoop {
  const startedAt = performance.now();
  const unanswered = new Set<Promise<void>>();
  let due = 0;
  let skipped = 0;
  let failure: Error | undefined;
  const timer = setInterval(() => {
    const target = Math.floor(((performance.now() - startedAt) / 1000) * runsPerSecond);
    for (; due < target; due += 1) {
      if (unanswered.size >= MOST_UNANSWERED) {
        skipped += 1;
        continue;
      }
      const request: Promise<void> = trigger(system, dagIds[due % dagIds.length]!)
        .then(() => undefined)
        .catch((error: unknown) => {
          failure ??= error instanceof Error ? error : new Error(String(error));
        })
        .finally(() => unanswered.delete(request));
      unanswered.add(request);
    }
  }, TICK_MS);
  return {
    made: () => due - skipped,
    skipped: () => skipped,
    async stop() {
      clearInterval(timer);
      await Promise.all(unanswered);
      if (failure !== undefined) throw failure;
    },
  };
}
