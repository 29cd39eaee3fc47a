import type { LogLine } from "@tradewind/contract";
import type { TaskLogStore } from "./log-store.ts";

/** A place in the log of a try: the number of the attempt among those of the try, and of the line in its log. */
export interface TryLogPlace {
  part: number;
  line: number;
}

export interface TryLogPage {
  lines: LogLine[];
  /** What to read from next. */
  next: TryLogPlace;
  /** The runner closed the last attempt's log, and `next` is at its end. */
  complete: boolean;
}

/**
 * At most `limit` lines of a try: the logs of its attempts one after the other, as if they were one. A try has several when it was rescheduled.
 * @param attemptIds in order; only the last one may still be running
 */
export async function readTryLog(logs: TaskLogStore, attemptIds: readonly string[], from: TryLogPlace, limit: number): Promise<TryLogPage> {
  const lines: LogLine[] = [];
  let { part, line } = from;
  for (;;) {
    const attemptId = attemptIds[part];
    const page = attemptId === undefined ? undefined : await logs.read(attemptId, { from: line, limit: limit - lines.length });
    lines.push(...(page?.lines ?? []));
    line = page?.next ?? line;
    if (lines.length >= limit || part >= attemptIds.length - 1) return { lines, next: { part, line }, complete: page?.complete === true };
    part += 1;
    line = 0;
  }
}
