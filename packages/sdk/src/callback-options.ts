import { DAG_CALLBACKS, type DagCallback, type DagRunState, type Json, TASK_CALLBACKS, type TaskCallback } from "@tradewind/core";
import type { TaskContext, TaskInfo } from "./context.ts";
import type { TaskOptions } from "./task-options.ts";

/** What went wrong, as far as it is known: when a process died, only the message is. */
export interface CallbackError {
  /** Class name of what was thrown. */
  type: string | null;
  message: string;
  stack: string | null;
}

/** What a callback of a task gets: the task's context, and what has happened. Airflow's context dictionary. */
export interface TaskCallbackContext<Params = Record<string, Json>> extends TaskContext<Params> {
  level: "task";
  event: TaskCallback;
  /** Of `failure` and `retry`: what was thrown, or why the attempt ended. Else null. */
  error: CallbackError | null;
  /** Of `skipped` and of a retry policy: the reason that was given. Else null. */
  reason: string | null;
  /** Of `success`: the task's result; undefined when it has none. */
  result: Json | undefined;
}

/** What a callback of a DAG gets. */
export interface DagCallbackContext<Params = Record<string, Json>> extends Omit<TaskContext<Params>, "task" | "attempt" | "progress"> {
  level: "dag";
  event: DagCallback;
  /** How the run ended. */
  state: DagRunState;
  /** Why: `task_failure`, `timed_out`, `all_tasks_deadlocked`, `success` … */
  reason: string | null;
  /** The task instance that tells most: of a failure the last that failed, of a timeout the last unfinished one, of a deadlock one that is blocked, of a success the last that succeeded. */
  task: (Pick<TaskInfo, "taskId" | "mapIndex"> & { state: string | null }) | null;
  error: null;
}

/** What a notifier gets: it may be a callback of tasks and of DAGs. */
export type CallbackContext = TaskCallbackContext | DagCallbackContext;

/** A function that is called when something has happened to a task; what it throws is logged, and changes nothing. */
export type TaskCallbackFunction = (context: TaskCallbackContext) => unknown;
export type DagCallbackFunction = (context: DagCallbackContext) => unknown;

type OptionOf = Record<TaskCallback, "onExecute" | "onSuccess" | "onFailure" | "onRetry" | "onSkipped">;
export const TASK_OPTION: OptionOf = { execute: "onExecute", success: "onSuccess", failure: "onFailure", retry: "onRetry", skipped: "onSkipped" };
export const DAG_OPTION = { success: "onSuccess", failure: "onFailure" } as const satisfies Record<DagCallback, string>;

export const TASK_CALLBACK_OPTIONS: readonly (keyof TaskOptions)[] = Object.values(TASK_OPTION);

/** Which callbacks the merged options of a task have. */
export function taskCallbacksIn(options: TaskOptions): TaskCallback[] {
  return TASK_CALLBACKS.filter((event) => listed(options[TASK_OPTION[event]]).length > 0);
}

export function dagCallbacksIn(options: { onSuccess?: unknown; onFailure?: unknown }): DagCallback[] {
  return DAG_CALLBACKS.filter((event) => listed(options[DAG_OPTION[event]]).length > 0);
}

/** The text of what is wrong with something given as callbacks; null: nothing. */
export function callbackProblem(value: unknown): string | null {
  return listed(value).every((one) => typeof one === "function") ? null : "must be a function or a list of functions";
}

/** One or several, as a list. */
export function listed(given: unknown): readonly unknown[] {
  if (given === undefined || given === null) return [];
  return Array.isArray(given) ? given : [given];
}
