import { errorMessage } from "@tradewind/core";
import type { CallbackEnd, CallbackUseCases, DueCallback, WakeUps } from "@tradewind/engine";
import type { DagProcessorLogger, DagProcessorMetrics } from "./ports.ts";

export interface CallbackLoopOptions {
  engine: Pick<CallbackUseCases, "takeCallbacks" | "endCallback" | "nextCallbackDueAt"> & Pick<WakeUps, "onWake">;
  /** Runs author code, in another process. Never rejects. */
  run(due: DueCallback, options: { timeoutMs: number }): Promise<CallbackEnd>;
  /** Ends what runs. */
  stopRunning(): void;
  logger: DagProcessorLogger;
  metrics: DagProcessorMetrics;
  /** Callbacks that run at once. Default 2. */
  slots?: number;
  /** How long one may take. Default 60 s. */
  timeoutMs?: number;
  /** How often it looks without being woken. Default 30 s. */
  sweepMs?: number;
}

/** Beyond a callback's own time: until the process that took it counts as dead, and another one takes it. */
const TAKEN_ALLOWANCE_MS = 30_000;

/**
 * Runs the callbacks that no attempt can run: of attempts whose process is gone, and of DAGs. Any number of processes may do so at once; each request is taken by one, and comes back when that
 * one dies.
 */
export class CallbackLoop {
  readonly #options: CallbackLoopOptions;
  readonly #slots: number;
  readonly #running = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #unsubscribe: (() => void) | undefined;
  #looking: Promise<void> | undefined;
  #lookAgain = false;
  #stopped = false;

  constructor(options: CallbackLoopOptions) {
    this.#options = options;
    this.#slots = options.slots ?? 2;
  }

  start(): void {
    this.#unsubscribe = this.#options.engine.onWake((kinds) => {
      if (kinds.has("callbacks")) this.#look();
    });
    this.#look();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unsubscribe?.();
    clearTimeout(this.#timer);
    this.#options.stopRunning();
    await this.#looking;
    await Promise.all(this.#running);
  }

  #look(): void {
    if (this.#stopped) return;
    this.#lookAgain = true;
    this.#looking ??= this.#lookWhileAsked().finally(() => (this.#looking = undefined));
  }

  async #lookWhileAsked(): Promise<void> {
    const { engine, logger } = this.#options;
    const sweepMs = this.#options.sweepMs ?? 30_000;
    let waitMs = sweepMs;
    try {
      while (this.#lookAgain && !this.#stopped && this.#running.size < this.#slots) {
        this.#lookAgain = false;
        const taken = await engine.takeCallbacks({ limit: this.#slots - this.#running.size, takenForMs: this.#timeoutMs + TAKEN_ALLOWANCE_MS });
        for (const due of taken) this.#begin(due);
        if (taken.length > 0) this.#lookAgain = true;
      }
      const nextAt = await engine.nextCallbackDueAt();
      if (nextAt !== null) waitMs = Math.max(0, Math.min(sweepMs, nextAt.getTime() - Date.now()));
    } catch (error) {
      logger.error({ error: errorMessage(error) }, "Callbacks that are due could not be looked for; this is tried again.");
    }
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    // With all slots taken, the end of one looks again.
    if (this.#running.size < this.#slots) this.#timer = setTimeout(() => this.#look(), Math.max(waitMs, 50));
  }

  get #timeoutMs(): number {
    return this.#options.timeoutMs ?? 60_000;
  }

  #begin(due: DueCallback): void {
    this.#options.metrics.callbackTaken();
    const running = this.#run(due).finally(() => {
      this.#running.delete(running);
      this.#look();
    });
    this.#running.add(running);
  }

  /** Never throws. */
  async #run(due: DueCallback): Promise<void> {
    const { engine, logger, metrics } = this.#options;
    const { dagId, runId, taskId } = due.context;
    const place = { dagId, runId, ...(due.task !== null && { taskId }), scope: due.scope, callback: due.callback, try: due.tries };
    try {
      const end = await this.#options.run(due, { timeoutMs: this.#timeoutMs });
      // Cut off by our own end: whoever takes it next begins anew.
      if (this.#stopped && end.problem !== null) return;
      if (end.problem !== null && due.scope === "dag") metrics.dagCallbackFailed(dagId);
      const { isTriedAgain } = await engine.endCallback(due, end);
      if (end.problem === null) logger.info({ ...place, durationMs: Math.round(end.durationMs) }, "A callback was run.");
      else logger.warn({ ...place, problem: end.problem.message, isTriedAgain }, "A callback failed.");
    } catch (error) {
      logger.error({ ...place, error: errorMessage(error) }, "The end of a callback could not be recorded; it is run again.");
    }
  }
}
