import { z } from "zod";

/**
 * Why an attempt did not succeed, as data. `reason` is what machines branch on:
 * - `error`: the author's code threw.
 * - `timeout`: the execution timeout passed.
 * - `out_of_memory`: the child went over its memory limit.
 * - `exited`: the child process ended without a result (`exitCode`, `signal`).
 * - `cancelled`: the engine asked to stop it (cleared, marked, run timed out).
 * - `lost`: nobody renewed its lease, or its host died.
 * - `rejected`: it could not be started (bundle missing, handler not found, bad inputs, launch failure).
 */
export const FAILURE_REASONS = ["error", "timeout", "out_of_memory", "exited", "cancelled", "lost", "rejected"] as const;
export type FailureReason = (typeof FAILURE_REASONS)[number];

export const TaskFailure = z.object({
  reason: z.enum(FAILURE_REASONS),
  /** Class name of what was thrown, when something was. */
  type: z.string().optional(),
  message: z.string(),
  /** Stack mapped to the author's sources. */
  stack: z.string().optional(),
  exitCode: z.number().nullable().optional(),
  signal: z.string().nullable().optional(),
});
export type TaskFailure = z.infer<typeof TaskFailure>;

/**
 * How one attempt ended, in the runner's words. What it means for the task instance (retry, downstream) is the engine's decision.
 *
 * @example `{ kind: "success", result: "{\"rows\":42}" }`
 */
export const TaskOutcome = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("success"),
    /**
     * The handler's result as JSON text (XCom `return_value`); absent when it returned undefined. Text, not a value: the engine stores it as it is, and only looks
     * inside where a decision needs it (branch, short circuit, length of a list).
     */
    result: z.string().optional(),
    /** Length of the result when it is a list or an object (number of keys): what a mapped downstream expands over. */
    resultLength: z.number().optional(),
  }),
  z.object({ kind: z.literal("skipped"), reason: z.string() }),
  z.object({
    kind: z.literal("failed"),
    failure: TaskFailure,
    /** false: the author said so (`FailTask`), no further try whatever `retries` says. */
    retryable: z.boolean(),
    /** The author asked for this delay (`RetryTask`); can only replace the delay, never exceed the retries. */
    retryAfterMs: z.number().optional(),
  }),
]);
export type TaskOutcome = z.infer<typeof TaskOutcome>;
