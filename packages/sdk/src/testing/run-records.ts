import type { Json, MaybeState, TaskCallback } from "@tradewind/core";
import type { LogEntry } from "../runtime.ts";

/** One entry of a log, with the time of the run's clock. */
export interface LogRecord extends LogEntry {
  at: Date;
}

/** One attempt of a task instance. */
export interface AttemptRecord {
  taskId: string;
  mapIndex: number;
  /** From 1. An attempt that began again after a reschedule has the number of the one before. */
  tryNumber: number;
  /** By the run's clock. */
  startedAt: Date;
  endedAt: Date;
  /** Milliseconds by the clock of the machine. */
  durationMs: number;
  /** What the handler got; empty when they could not be had. */
  inputs: Record<string, Json>;
  /** Of a success: the handler's result; undefined: none. */
  result?: Json;
  outcome: "success" | "skipped" | "failed" | "reschedule" | "cancelled";
  /** Of an outcome that is no success: why. */
  message: string | null;
  error: { type: string | null; message: string; stack: string | null } | null;
  logs: LogRecord[];
}

/** A change of state, in the order in which they happened. */
export interface TimelineEntry {
  /** By the run's clock. */
  at: Date;
  taskId: string;
  mapIndex: number;
  state: MaybeState;
  tryNumber: number;
  reason: string | null;
}

/** Callbacks that were called. */
export interface CallbackRecord {
  at: Date;
  /** null: of the DAG. */
  taskId: string | null;
  mapIndex: number;
  event: TaskCallback;
  called: number;
  failures: { name: string; message: string }[];
}

/** `load`, or `total[3]` for an instance of a mapped task. */
export function instanceName({ taskId, mapIndex }: { taskId: string; mapIndex: number }): string {
  return mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`;
}
