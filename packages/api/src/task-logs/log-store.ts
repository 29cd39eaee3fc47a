import type { LogLine } from "@tradewind/contract";

export interface LogPage {
  lines: LogLine[];
  /** Number of the first line after these: what to read from next. */
  next: number;
  /** The runner closed the log: nothing comes after `next` when `lines` reach it. */
  complete: boolean;
}

/** Where the logs of attempts are kept. Lines are numbered from 0 per attempt. */
export interface TaskLogStore {
  /**
   * Appends lines of which `offset` were sent before. A chunk may come twice or overlap: lines that are there already are dropped. Throws `conflict` when lines between are missing
   * (the sender goes back to what the error's `details.have` says).
   */
  append(attemptId: string, chunk: { offset: number; lines: readonly LogLine[]; last?: boolean }): Promise<void>;
  /** At most `limit` lines from number `from`; undefined: the attempt has no log. */
  read(attemptId: string, range: { from: number; limit: number }): Promise<LogPage | undefined>;
  close(): Promise<void>;
}
