import { z } from "zod";
import { ConnectionValue } from "./author-api.ts";

/**
 * A connection that a host is to try, since people want to know whether it works where tasks run. The host has it for a while: when it has not reported by then, another host gets it. It is
 * tried in a process of its own, as an attempt would be run.
 */
export const ConnectionTestGrant = z.object({
  testId: z.string(),
  /** With its secrets: they stay in the process that tries it, and out of the report. */
  connection: ConnectionValue,
  /** How long the test may take, in milliseconds. */
  timeoutMs: z.number(),
});
export type ConnectionTestGrant = z.infer<typeof ConnectionTestGrant>;

/**
 * What came out of a test. Safe to repeat.
 *
 * Errors: 409 `conflict` when the host does not have the test any more: the report counts for nothing.
 */
export const ConnectionTestReport = z.object({
  hostId: z.string(),
  testId: z.string(),
  /** Whether the connection works. */
  status: z.boolean(),
  /** What was found, for people; without secrets. */
  message: z.string(),
});
export type ConnectionTestReport = z.infer<typeof ConnectionTestReport>;
