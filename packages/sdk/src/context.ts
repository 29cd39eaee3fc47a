import { setTimeout as sleep } from "node:timers/promises";
import { type DagRunType, type Json, TradewindError } from "@tradewind/core";
import type { ParamDefinitions, ParamsOf } from "./params.ts";
import { currentTaskScope, type DagInfo, type LogLevel, type TaskRuntime, type TaskScope } from "./runtime.ts";

/** What a task knows while it runs: `getContext()`. */
export interface TaskContext<Params = Record<string, Json>> {
  dag: DagInfo;
  run: RunInfo;
  task: TaskInfo;
  attempt: AttemptInfo;
  /** The date the run is for; null for a manual run without one. */
  logicalDate: Date | null;
  /** The time span the run is for, end exclusive. A run without a logical date gets the empty span at its `runAfter`. */
  dataInterval: { start: Date; end: Date };
  /** The logical date (of a run without one: `runAfter`) as `2026-01-31`, in UTC. */
  ds: string;
  /** As `ds`, without dashes: `20260131`. */
  dsNodash: string;
  /** The logical date (of a run without one: `runAfter`) as `2026-01-31T06:00:00.000Z`. */
  ts: string;
  /** As `ts`, to the second and without punctuation: `20260131T060000`. */
  tsNodash: string;
  /** The DAG's params with the run's conf over them. */
  params: Params;
  /** The task's log. */
  log: TaskLog;
  /** Aborted when the attempt must stop: cancelled, cleared, timed out. Pass it to `fetch` and the like; what ignores it is killed after a grace time. */
  signal: AbortSignal;
  /** Tells people how far the task is: a share from 0 to 1, or numbers and words. Cheap: only the last report counts. */
  progress: (report: number | { current?: number; total?: number; message?: string }) => void;
}

export interface RunInfo {
  runId: string;
  type: DagRunType;
  /** What was given when the run was triggered. */
  conf: Record<string, Json>;
  logicalDate: Date | null;
  dataInterval: { start: Date; end: Date } | null;
  /** The earliest time the run could start. */
  runAfter: Date;
  startedAt: Date | null;
}

export interface TaskInfo {
  taskId: string;
  /** Index of this instance of a mapped task, from 0; -1 when the task is not mapped. */
  mapIndex: number;
  /** Name of the operator: "task", "bash", "http" … */
  operator: string;
}

export interface AttemptInfo {
  /** Unique for each attempt; good as an idempotency key for one try. */
  id: string;
  /** From 1. */
  tryNumber: number;
  /** The try number up to which failures are tried again. */
  maxTries: number;
  /** When the task first began since it was last cleared, over reschedules and retries; null: with this attempt. */
  firstStartedAt: Date | null;
  /** How often this try has been rescheduled. */
  rescheduleCount: number;
}

/** Structured log, called as `log.info("text")` or `log.info({ rows: 3 }, "text")`. */
export type TaskLog = Record<LogLevel, LogMethod>;

export interface LogMethod {
  (message: string): void;
  (fields: Record<string, unknown>, message?: string): void;
}

/** Any DAG, for its params: `getContext<typeof dag>()`. */
interface WithParams {
  readonly options: { readonly params?: unknown };
}

/**
 * The context of the task that is running. Works anywhere below a handler, also after `await`.
 *
 * @example
 * const { dataInterval, log } = getContext();
 * log.info({ from: dataInterval.start }, "reading orders");
 * @example
 * const { params } = getContext<typeof dag>(); // typed by the DAG's params
 * @throws TradewindError `invalid_request` outside of a task
 */
export function getContext<D extends WithParams = WithParams>(): TaskContext<ContextParams<D>> {
  return contextOf(taskScope("getContext()")) as TaskContext<ContextParams<D>>;
}

type ContextParams<D> = D extends { readonly options: { readonly params?: infer P } }
  ? P extends ParamDefinitions
    ? ParamsOf<P>
    : Record<string, Json>
  : never;

/** The present moment in epoch milliseconds, by the clock of whoever runs the task: a test may have one of its own. */
export function taskNowMs(): number {
  return currentTaskScope()?.runtime.now?.() ?? Date.now();
}

/** Waits in author code of ours, by the clock of whoever runs the task. Rejects with the signal's reason when it is aborted. */
export async function taskSleep(ms: number): Promise<void> {
  const { runtime } = taskScope("waiting");
  if (runtime.sleep !== undefined) return runtime.sleep(ms, runtime.signal);
  await sleep(ms, undefined, { signal: runtime.signal }).catch(() => runtime.signal.throwIfAborted());
}

/** The scope of the running task, or an error that explains where the call may stand. */
export function taskScope(call: string): TaskScope {
  const scope = currentTaskScope();
  if (scope) return scope;
  throw new TradewindError(
    "invalid_request",
    `${call} was called outside of a running task. It works inside a task's handler and in what the handler calls; while a DAG file is loaded there is no run yet, so move the call into a handler.`,
  );
}

const contexts = new WeakMap<TaskScope, TaskContext>();

/** One context per scope: author code that asks often gets the same object. */
export function contextOf(scope: TaskScope): TaskContext {
  let context = contexts.get(scope);
  if (!context) contexts.set(scope, (context = makeContext(scope)));
  return context;
}

function makeContext({ runtime, dag, operator }: TaskScope): TaskContext {
  const data = runtime.context;
  const logicalDate = dateOrNull(data.logicalDate);
  const runAfter = new Date(data.runAfter);
  const interval = intervalOf(data.dataIntervalStart, data.dataIntervalEnd);
  const ts = (logicalDate ?? runAfter).toISOString();
  const ds = ts.slice(0, 10);
  return {
    dag,
    run: {
      runId: data.runId,
      type: data.runType as DagRunType,
      conf: data.conf,
      logicalDate,
      dataInterval: interval,
      runAfter,
      startedAt: dateOrNull(data.runStartedAt),
    },
    task: { taskId: data.taskId, mapIndex: data.mapIndex, operator },
    attempt: {
      id: data.attemptId,
      tryNumber: data.tryNumber,
      maxTries: data.maxTries,
      firstStartedAt: dateOrNull(data.firstStartedAt ?? null),
      rescheduleCount: data.rescheduleCount ?? 0,
    },
    logicalDate,
    dataInterval: interval ?? { start: runAfter, end: runAfter },
    ds,
    dsNodash: ds.replaceAll("-", ""),
    ts,
    tsNodash: ts.slice(0, 19).replace(/[-:]/g, ""),
    params: data.params,
    log: makeLog(runtime),
    signal: runtime.signal,
    progress: (report) => runtime.progress(readProgress(report)),
  };
}

function dateOrNull(instant: string | null): Date | null {
  return instant === null ? null : new Date(instant);
}

function intervalOf(start: string | null, end: string | null): { start: Date; end: Date } | null {
  return start === null || end === null ? null : { start: new Date(start), end: new Date(end) };
}

function makeLog(runtime: TaskRuntime): TaskLog {
  const method =
    (level: LogLevel): LogMethod =>
    (first: string | Record<string, unknown>, message?: string) => {
      if (typeof first === "string") runtime.log({ level, message: first });
      else runtime.log({ level, message: message ?? "", fields: readFields(first) });
    };
  return { trace: method("trace"), debug: method("debug"), info: method("info"), warn: method("warn"), error: method("error") };
}

/** Errors have no enumerable members; as JSON they would be empty. */
function readFields(fields: unknown): Record<string, unknown> {
  if (typeof fields !== "object" || fields === null) return { value: fields };
  if (fields instanceof Error) return { error: describeError(fields) };
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, value instanceof Error ? describeError(value) : value]));
}

function describeError(error: Error): Record<string, unknown> {
  return { type: error.name, message: error.message, stack: error.stack };
}

function readProgress(report: number | { current?: number; total?: number; message?: string }): { fraction: number | null; message: string | null } {
  if (typeof report === "number") return { fraction: clamp(report), message: null };
  const { current, total, message } = report;
  const fraction = current !== undefined && total !== undefined && total > 0 ? clamp(current / total) : null;
  const counted = current === undefined ? null : total === undefined ? String(current) : `${current} of ${total}`;
  return { fraction, message: message ?? counted };
}

function clamp(fraction: number): number | null {
  return Number.isNaN(fraction) ? null : Math.min(1, Math.max(0, fraction));
}
