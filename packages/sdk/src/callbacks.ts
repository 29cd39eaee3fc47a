import { type DagCallback, type DagRunState, errorMessage, type Json, type TaskCallback } from "@tradewind/core";
import {
  type CallbackError,
  DAG_OPTION,
  type DagCallbackFunction,
  listed,
  TASK_OPTION,
  type TaskCallbackContext,
  type TaskCallbackFunction,
} from "./callback-options.ts";
import { authorFrames } from "./author-frames.ts";
import type { AnyDag } from "./collect-dags.ts";
import { contextOf } from "./context.ts";
import { DAG } from "./definition.ts";
import { dagInfoOf, optionsOf, placedTaskOf } from "./effective-options.ts";
import { type TaskRuntime, withTaskScope } from "./runtime.ts";

/** What whoever runs an attempt knows of its end. */
export interface TaskCallbackFacts {
  error?: { type?: string | null; message: string; stack?: string | null } | null;
  reason?: string | null;
  result?: Json;
}

export interface DagCallbackFacts {
  state: DagRunState;
  reason: string | null;
  task: { taskId: string; mapIndex: number; state: string | null } | null;
}

export interface CallbackReport {
  /** How many were called. */
  called: number;
  failures: CallbackFailure[];
}

export interface CallbackFailure {
  /** Place in the author's list, from 0. */
  index: number;
  name: string;
  message: string;
}

/**
 * Calls what the author gave for an event of a task, in order, each whatever the others do. What one throws is written to the log and reported, never thrown.
 * @param only Places in the list to call, to try failed ones again. Default: all.
 */
export async function runTaskCallbacks(
  dag: AnyDag,
  taskId: string,
  event: TaskCallback,
  runtime: TaskRuntime,
  facts: TaskCallbackFacts = {},
  only?: readonly number[],
): Promise<CallbackReport> {
  const definition = dag[DAG];
  const task = placedTaskOf(definition, taskId);
  const functions = listed(optionsOf(definition, task)[TASK_OPTION[event]]) as TaskCallbackFunction[];
  if (functions.length === 0) return { called: 0, failures: [] };
  const scope = { runtime, dag: dagInfoOf(definition, runtime.context.dagVersion), operator: task.operator };
  return withTaskScope(scope, () => {
    const context: TaskCallbackContext = {
      ...contextOf(scope),
      level: "task",
      event,
      error: errorOf(facts),
      reason: facts.reason ?? null,
      result: facts.result,
    };
    return callEach(functions, context, runtime, TASK_OPTION[event], only);
  });
}

/**
 * Calls what the author gave for the end of a run.
 * @param runtime Its context is the run's: what is of a task in it (`taskId`, `tryNumber` …) is not looked at.
 */
export async function runDagCallbacks(
  dag: AnyDag,
  event: DagCallback,
  runtime: TaskRuntime,
  facts: DagCallbackFacts,
  only?: readonly number[],
): Promise<CallbackReport> {
  const definition = dag[DAG];
  const functions = listed(definition.options[DAG_OPTION[event]]) as DagCallbackFunction[];
  if (functions.length === 0) return { called: 0, failures: [] };
  const scope = { runtime, dag: dagInfoOf(definition, runtime.context.dagVersion), operator: "callback" };
  return withTaskScope(scope, () => {
    const { task: _task, attempt: _attempt, progress: _progress, ...run } = contextOf(scope);
    return callEach(functions, { ...run, level: "dag", event, ...facts, error: null }, runtime, DAG_OPTION[event], only);
  });
}

function errorOf({ error }: TaskCallbackFacts): CallbackError | null {
  return error === undefined || error === null ? null : { type: error.type ?? null, message: error.message, stack: error.stack ?? null };
}

async function callEach<Context>(
  functions: readonly ((context: Context) => unknown)[],
  context: Context,
  runtime: TaskRuntime,
  option: string,
  only: readonly number[] | undefined,
): Promise<CallbackReport> {
  const report: CallbackReport = { called: 0, failures: [] };
  for (const [index, call] of functions.entries()) {
    if (only !== undefined && !only.includes(index)) continue;
    report.called += 1;
    const name = call.name === "" || call.name === option ? `${option} number ${index + 1}` : `${option} "${call.name}"`;
    try {
      await call(context);
    } catch (thrown) {
      report.failures.push({ index, name, message: errorMessage(thrown) });
      const stack = thrown instanceof Error && thrown.stack !== undefined ? authorFrames(thrown.stack) : undefined;
      runtime.log({ level: "error", message: `The callback ${name} failed: ${stack ?? errorMessage(thrown)}` });
    }
  }
  return report;
}
