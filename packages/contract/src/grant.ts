import { TASK_CALLBACKS } from "@tradewind/core";
import { z } from "zod";

const instant = z.string().describe("ISO 8601 in UTC");

/** What `getContext()` shows the author, apart from what only the child knows (log, signal). Instants are ISO 8601 in UTC. */
export const AttemptContext = z.object({
  dagId: z.string(),
  runId: z.string(),
  runType: z.string(),
  taskId: z.string(),
  mapIndex: z.number(),
  tryNumber: z.number(),
  maxTries: z.number(),
  attemptId: z.string(),
  /**
   * When the task first began since it was last cleared, over its reschedules and retries: what a sensor's timeout counts from. null: it begins now. Absent: as null.
   */
  firstStartedAt: instant.nullable().optional(),
  /** How often this try has been rescheduled. Absent: 0. */
  rescheduleCount: z.number().optional(),
  /** null: a manual run without a date. */
  logicalDate: instant.nullable(),
  dataIntervalStart: instant.nullable(),
  dataIntervalEnd: instant.nullable(),
  runAfter: instant,
  runStartedAt: instant.nullable(),
  /** The run's conf as given at trigger. */
  conf: z.record(z.string(), z.any()),
  /** The DAG's params with the run's conf over them. */
  params: z.record(z.string(), z.any()),
  dagVersion: z.number(),
});
export type AttemptContext = z.infer<typeof AttemptContext>;

/**
 * A function of the author that a part of the inputs goes through, in the process of the attempt. `path` walks from the object of named inputs to that part; its step `"*"` stands for every
 * member of a list, `"*3"` for its member 3. What a function drops by a skip is left out of the innermost list that such a step leads through; where there is none, it skips the attempt.
 * `pick` is a path into what the function gave, which is put in its place.
 */
export const InputMap = z.object({ path: z.array(z.string()), mapId: z.string(), pick: z.array(z.string()).optional() });
export type InputMap = z.infer<typeof InputMap>;

/** Inputs that are too large for a grant: the answer to `GET attempt/resolved-inputs`. */
export const AttemptInputs = z.object({
  /** An object by input name, as JSON text. */
  inputs: z.string(),
  /** In this order. */
  inputMaps: z.array(InputMap),
});
export type AttemptInputs = z.infer<typeof AttemptInputs>;

/**
 * The lease on one attempt, and all a runner needs to run it. From the moment it is given the task instance is `running`; the runner renews the lease by heartbeats, and
 * must have killed the child before `leaseMs` have passed since it *sent* the request that was answered with the last renewal.
 */
export const AttemptGrant = z.object({
  attemptId: z.string(),
  taskInstanceId: z.number(),
  /** Bearer token for what author code may ask for: XComs, variables, connections of this attempt only. Ends with the lease, renewed with it. */
  token: z.string(),
  /** Milliseconds until the lease ends. A duration, so that the clocks of two machines need not agree. */
  leaseMs: z.number(),
  bundleSha256: z.string(),
  /** Folders from which the bundle's packages are resolved, first match wins. */
  resolveFrom: z.array(z.string()),
  isolation: z.enum(["warm", "process"]),
  /** null: the runner's default. */
  memoryLimitMb: z.number().nullable(),
  /** null: no limit. */
  executionTimeoutMs: z.number().nullable(),
  context: AttemptContext,
  /**
   * The handler's inputs, resolved, as JSON text (an object by input name); null when they are larger than the server puts into a grant: the runner then asks
   * `GET attempt/resolved-inputs`.
   */
  inputs: z.string().nullable(),
  /** Functions of the author (`map()`) to apply to the inputs before the handler gets them, in this order. Absent: none. */
  inputMaps: z.array(InputMap).optional(),
  /** Callbacks that the author gave the task: the attempt's process calls the one that fits its end. Absent: none. */
  callbacks: z.array(z.enum(TASK_CALLBACKS)).optional(),
});
export type AttemptGrant = z.infer<typeof AttemptGrant>;
