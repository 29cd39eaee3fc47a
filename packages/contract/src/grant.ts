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
   * The handler's inputs, resolved, as JSON text (an object by input name); null when they are larger than the server puts into a grant: the runner then asks `GET attempt/inputs`.
   */
  inputs: z.string().nullable(),
});
export type AttemptGrant = z.infer<typeof AttemptGrant>;
