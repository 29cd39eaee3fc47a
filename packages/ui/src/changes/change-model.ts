import type { TaskInstanceState } from "@tradewind/core";

/** A run that something is done to. */
export interface RunTarget {
  dagId: string;
  runId: string;
}

/** A task's instances in a run: one of a mapped task, or (without `mapIndex`) all of them. */
export interface InstanceTarget extends RunTarget {
  taskId: string;
  mapIndex?: number | undefined;
}

export type RunChange = "clear" | "retry" | "success" | "failed" | "queued" | "note" | "delete";
export type InstanceChange = "clear" | "retry" | "success" | "failed" | "skipped" | "note";

export interface ChangeOptions {
  upstream: boolean;
  downstream: boolean;
  past: boolean;
  future: boolean;
  onlyFailed: boolean;
  /** Nothing is cleared: the run only gets the tasks that its DAG has by now. */
  onlyNew: boolean;
  onLatestVersion: boolean;
  /** Ended runs begin again, so that what is cleared is run. */
  resetRuns: boolean;
  note: string;
}

/** `retry` is a clear of what failed, with what comes after it. */
export function usualOptions(change: RunChange | InstanceChange): ChangeOptions {
  return {
    upstream: false,
    downstream: change === "clear" || change === "retry",
    past: false,
    future: false,
    onlyFailed: change === "retry",
    onlyNew: false,
    onLatestVersion: false,
    resetRuns: true,
    note: "",
  };
}

export type OptionName = Exclude<keyof ChangeOptions, "note">;

/** The options that a change has: those that its request knows. */
export function optionsOf(kind: "runs" | "instances", change: RunChange | InstanceChange): readonly OptionName[] {
  if (change === "note" || change === "delete" || change === "queued") return [];
  const isClear = change === "clear" || change === "retry";
  if (kind === "runs") return change === "clear" ? ["onlyFailed", "onLatestVersion", "onlyNew"] : isClear ? ["onlyFailed", "onLatestVersion"] : [];
  return isClear
    ? ["upstream", "downstream", "past", "future", "onlyFailed", "onLatestVersion", "resetRuns"]
    : ["upstream", "downstream", "past", "future"];
}

/** What is done, in the words of its menu, its heading, its button and its result. */
interface ChangeWords {
  menu: string;
  heading: (what: string) => string;
  button: string;
  done: string;
}

export const CHANGE_WORDS: Readonly<Record<RunChange | InstanceChange, ChangeWords>> = {
  clear: { menu: "Clear", heading: (what) => `Clear ${what}`, button: "Clear", done: "cleared" },
  retry: { menu: "Retry what failed", heading: (what) => `Retry what failed of ${what}`, button: "Retry", done: "cleared to be retried" },
  success: markWords("success"),
  failed: markWords("failed"),
  skipped: markWords("skipped"),
  queued: { menu: "Queue again", heading: (what) => `Queue ${what} again`, button: "Queue", done: "queued again" },
  note: { menu: "Note", heading: (what) => `Note of ${what}`, button: "Set the note", done: "given the note" },
  delete: { menu: "Delete", heading: (what) => `Delete ${what}`, button: "Delete", done: "deleted" },
};

function markWords(state: string): ChangeWords {
  return { menu: `Mark as ${state}`, heading: (what) => `Mark ${what} as ${state}`, button: `Mark as ${state}`, done: `marked as ${state}` };
}

/** What can still be done when it was a mistake. */
export function undoHint(change: RunChange | InstanceChange): string | null {
  switch (change) {
    case "clear":
    case "retry":
      return "Tries and logs so far are kept; marking is how to stop what runs again.";
    case "success":
    case "failed":
    case "skipped":
      return "Clear them to have them run again.";
    case "delete":
      return "What is deleted cannot be brought back.";
    case "queued":
    case "note":
      return null;
  }
}

/** Requests are made by run, because the server clears within one: tasks of the same run go together. */
export function groupByRun(targets: readonly InstanceTarget[]): { run: RunTarget; tasks: readonly (string | [string, number])[] }[] {
  const groups = new Map<string, { run: RunTarget; tasks: (string | [string, number])[] }>();
  for (const { dagId, runId, taskId, mapIndex } of targets) {
    const key = `${dagId} ${runId}`;
    const group = groups.get(key) ?? { run: { dagId, runId }, tasks: [] };
    group.tasks.push(mapIndex === undefined || mapIndex < 0 ? taskId : [taskId, mapIndex]);
    groups.set(key, group);
  }
  return [...groups.values()];
}

const RUNS_PER_REQUEST = 20;

/** Several runs may be cleared by one request; not so many that nothing is seen of it for long. */
export function inParts<T>(targets: readonly T[]): T[][] {
  const parts: T[][] = [];
  for (let at = 0; at < targets.length; at += RUNS_PER_REQUEST) parts.push(targets.slice(at, at + RUNS_PER_REQUEST));
  return parts;
}

/** One task instance that a change would touch. */
export interface Affected {
  dagId: string;
  runId: string;
  taskId: string;
  mapIndex: number;
  name: string;
  state: TaskInstanceState | null;
}

/** The same instance may be touched from several sides: it counts once. */
export function distinct(affected: readonly Affected[]): Affected[] {
  return [...new Map(affected.map((one) => [`${one.dagId} ${one.runId} ${one.taskId} ${one.mapIndex}`, one])).values()];
}

/** How many there are of each state, most first. */
export function countByState(affected: readonly Affected[]): { state: TaskInstanceState | null; count: number }[] {
  const counts = new Map<TaskInstanceState | null, number>();
  for (const { state } of affected) counts.set(state, (counts.get(state) ?? 0) + 1);
  return [...counts].map(([state, count]) => ({ state, count })).toSorted((a, b) => b.count - a.count);
}

const UNFINISHED: readonly (TaskInstanceState | null)[] = [
  null,
  "scheduled",
  "queued",
  "running",
  "restarting",
  "up_for_retry",
  "up_for_reschedule",
  "deferred",
  "awaiting_input",
];

/** Whether an instance changes when its run is marked: a failed run has nothing unfinished, a successful one nothing that is no success. */
export function isTouchedByRunMark(state: TaskInstanceState | null, mark: "success" | "failed"): boolean {
  return mark === "failed" ? UNFINISHED.includes(state) : state !== "success" && state !== "removed";
}

/** `3 runs`, `1 task instance`. */
export function counted(count: number, noun: string): string {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}
