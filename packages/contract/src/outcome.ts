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

/** A label for one instance of a mapped task, made from its template after the handler ended: people see it in place of the index. Airflow's rendered_map_index. */
const mapIndexLabel = z.string().optional();

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
    mapIndexLabel,
  }),
  z.object({ kind: z.literal("skipped"), reason: z.string(), mapIndexLabel }),
  z.object({
    kind: z.literal("failed"),
    failure: TaskFailure,
    /** false: the author said so (`FailTask`), no further try whatever `retries` says. */
    retryable: z.boolean(),
    /** The author asked for this delay (`RetryTask`); can only replace the delay, never exceed the retries. */
    retryAfterMs: z.number().optional(),
    /** What the task's retry policy gave as its reason; people see it with the failure. */
    retryReason: z.string().optional(),
    mapIndexLabel,
  }),
  /**
   * What the task waits for is not there yet: it frees its slot and begins again later, as the same try (`up_for_reschedule`). Uses up no retry, leaves no entry in the history. Airflow's
   * sensors with `mode="reschedule"`.
   */
  z.object({
    kind: z.literal("reschedule"),
    /** Milliseconds from now until it may begin again. */
    resumeAfterMs: z.number().nonnegative(),
    message: z.string().optional(),
    mapIndexLabel,
  }),
]);
export type TaskOutcome = z.infer<typeof TaskOutcome>;
