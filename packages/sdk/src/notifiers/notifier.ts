import type { CallbackContext } from "../callback-options.ts";

/** A callback that tells somebody; it may be one of a task and of a DAG. Airflow's notifier. */
export type Notifier = (context: CallbackContext) => Promise<void>;

/** A text, or a function that makes it of what happened. */
export type NotifierText = string | ((context: CallbackContext) => string | Promise<string>);

export async function renderText(text: NotifierText, context: CallbackContext): Promise<string> {
  return typeof text === "string" ? text : await text(context);
}

/**
 * What happened, in one line: `Task "load" of DAG "sales" failed on try 2: connection refused (run scheduled__2026-01-31T06:00:00Z)`.
 * @example
 * slackNotifier({ connection: "alerts", text: (context) => `:fire: ${describeEvent(context)}` })
 */
export function describeEvent(context: CallbackContext): string {
  const run = `(run ${context.run.runId})`;
  if (context.level === "dag") {
    const what = context.event === "success" ? "succeeded" : `failed${context.reason === null ? "" : `: ${context.reason}`}`;
    const task =
      context.event === "failure" && context.task !== null ? `, task ${nameOf(context.task)} is ${context.task.state ?? "not started"}` : "";
    return `DAG "${context.dag.dagId}" ${what}${task} ${run}`;
  }
  const { attempt, error, reason, event } = context;
  const because = [reason, error?.message].filter((part) => part !== null && part !== undefined).join(": ");
  const said = because === "" ? "" : `: ${because}`;
  const what = {
    execute: `begins try ${attempt.tryNumber}`,
    success: "succeeded",
    failure: `failed on try ${attempt.tryNumber}${said}`,
    retry: `failed on try ${attempt.tryNumber} and is tried again${said}`,
    skipped: `was skipped${said}`,
  }[event];
  return `Task ${nameOf(context.task)} of DAG "${context.dag.dagId}" ${what} ${run}`;
}

function nameOf({ taskId, mapIndex }: { taskId: string; mapIndex: number }): string {
  return mapIndex < 0 ? `"${taskId}"` : `"${taskId}[${mapIndex}]"`;
}
