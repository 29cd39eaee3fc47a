import { z } from "zod";

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One line of a task's log. Secrets are masked before it leaves the runner. */
export const LogLine = z.object({
  /** Epoch milliseconds, the runner's clock. */
  at: z.number(),
  level: z.enum(LOG_LEVELS),
  /** `stdout`, `stderr`: what the process printed. `log`: the author's `log`. `system`: Tradewind about the attempt. */
  stream: z.enum(["stdout", "stderr", "log", "system"]),
  message: z.string(),
  /** Structured fields of the author's call. */
  fields: z.record(z.string(), z.any()).optional(),
});
export type LogLine = z.infer<typeof LogLine>;

/**
 * Lines of several attempts. `offset` is the number of lines of this attempt sent before: the server drops what it has already, so a chunk may be sent twice.
 * `last` closes the attempt's log.
 */
export const LogRequest = z.object({
  hostId: z.string(),
  chunks: z.array(z.object({ attemptId: z.string(), offset: z.number(), lines: z.array(LogLine), last: z.boolean().optional() })),
});
export type LogRequest = z.infer<typeof LogRequest>;
