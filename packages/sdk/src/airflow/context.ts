import { taskScope } from "../context.ts";

/** What a task knows of itself, under the names of Airflow's TypeScript SDK. */
export interface TaskContext {
  readonly dagId: string;
  /** With the prefix of its groups. */
  readonly taskId: string;
  readonly runId: string;
  /** From 1. */
  readonly tryNumber: number;
  /** -1: not mapped. */
  readonly mapIndex: number;
  /** Aborted when the task must stop. */
  readonly signal: AbortSignal;
}

/**
 * The task that is running; works below a handler only, also after `await`. `getContext` of "tradewind" tells more, and works here too.
 *
 * @example
 * const { runId, signal } = getContext();
 * @throws TradewindError `invalid_request` outside of a task
 */
export function getContext(): TaskContext {
  const { context, signal } = taskScope("getContext()").runtime;
  const { dagId, taskId, runId, tryNumber, mapIndex } = context;
  return { dagId, taskId, runId, tryNumber, mapIndex, signal };
}
