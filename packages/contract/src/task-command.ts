import { z } from "zod";

/**
 * What a scheduler hands to an executor, and an executor carries to a runner: enough to find the work, nothing that must stay secret. It grants nothing: the
 * runner asks to start (see {@link ExchangeRequest}), and the engine grants the attempt or refuses it.
 *
 * An executor may lose a command, deliver it twice, or deliver it late; the attempt id makes each of these harmless.
 */
export const TaskCommand = z.object({
  /** UUID v7 of the attempt; unique for ever. Transports use it as the job id or derive the pod name from it. */
  attemptId: z.string(),
  taskInstanceId: z.number(),
  dagId: z.string(),
  runId: z.string(),
  taskId: z.string(),
  /** -1: not mapped. */
  mapIndex: z.number(),
  /** 1 for the first try. */
  tryNumber: z.number(),
  /** Name of the executor that must run it. */
  executor: z.string(),
  queue: z.string(),
  /** Effective weight; higher goes first. */
  priorityWeight: z.number(),
  /** SHA-256 (hex) of the bundle that holds the task's code. */
  bundleSha256: z.string(),
});
export type TaskCommand = z.infer<typeof TaskCommand>;
