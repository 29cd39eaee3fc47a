import { errorMessage, hasErrorCode, type Json, type TaskCallback } from "@tradewind/core";
import type { AnyDag } from "./collect-dags.ts";
import { DAG, type PlacedTask } from "./definition.ts";
import { optionsOf, placedTaskOf } from "./effective-options.ts";
import { classifyError, type ThrownVerdict } from "./errors.ts";
import { templateContext } from "./operator.ts";
import { applyRetryPolicy } from "./retry-policy.ts";
import { mappedInputs, runPlacedTask, type RunTaskRequest, scopeOf, type TaskResult } from "./run-task.ts";
import { type AttemptContextData, withTaskScope } from "./runtime.ts";

/** How an attempt ended, as far as author code tells: it was not killed, and did not run out of time. */
export type AttemptEnd =
  | ({ kind: "success"; mapIndexLabel?: string } & TaskResult)
  | { kind: "thrown"; verdict: ThrownVerdict; mapIndexLabel?: string }
  /** The DAG has no such task: no author code ran. */
  | { kind: "rejected"; message: string };

/**
 * Runs one attempt of a task: conditions, callbacks on execute, handler, retry policy, label. Never throws. Callbacks on the end come after it, by `runTaskCallbacks` with `callbackAfter`, when
 * whoever runs the attempt knows how it ended.
 */
export async function runAttempt(dag: AnyDag, taskId: string, request: RunTaskRequest): Promise<AttemptEnd> {
  const definition = dag[DAG];
  let task: PlacedTask;
  try {
    task = placedTaskOf(definition, taskId);
  } catch (error) {
    if (hasErrorCode(error, "task_not_found")) return { kind: "rejected", message: error.message };
    throw error;
  }
  const options = optionsOf(definition, task);
  const scope = scopeOf(dag, task, request.runtime);
  return withTaskScope(scope, async () => {
    let seen = request;
    try {
      const inputs = await mappedInputs(definition, request);
      seen = { ...request, inputs, inputMaps: [] };
      const done = await runPlacedTask(dag, task, seen);
      return { kind: "success", ...done, ...(await labelOf(options.mapIndexTemplate, seen, done.result)) };
    } catch (thrown) {
      return { kind: "thrown", verdict: judge(options.retryPolicy, thrown, request), ...(await labelOf(options.mapIndexTemplate, seen, undefined)) };
    }
  });
}

/** A policy that itself throws is told of, and the task's retries decide. */
function judge(policy: Parameters<typeof applyRetryPolicy>[0], thrown: unknown, { runtime }: RunTaskRequest): ThrownVerdict {
  const verdict = classifyError(thrown);
  try {
    return applyRetryPolicy(policy, thrown, verdict);
  } catch (error) {
    runtime.log({ level: "error", message: `The retry policy failed: ${errorMessage(error)}. The task's own retries decide.` });
    return verdict;
  }
}

type Template = ReturnType<typeof optionsOf>["mapIndexTemplate"];

/** A label that can't be made is told of; the task ends as it did. */
async function labelOf(template: Template, { inputs, runtime }: RunTaskRequest, resultText: string | undefined): Promise<{ mapIndexLabel?: string }> {
  if (template === undefined || runtime.context.mapIndex < 0) return {};
  try {
    const result = resultText === undefined ? undefined : (JSON.parse(resultText) as Json);
    return { mapIndexLabel: String(await template({ ...templateContext(inputs), result })) };
  } catch (error) {
    runtime.log({ level: "warn", message: `mapIndexTemplate failed: ${errorMessage(error)}` });
    return {};
  }
}

/**
 * Which callbacks of the task come after an attempt that author code ended; null: none. A failure calls `retry` while tries are left, else `failure`.
 * @param retries The task's own number of retries.
 */
export function callbackAfter(
  end: AttemptEnd,
  context: Pick<AttemptContextData, "tryNumber" | "maxTries">,
  retries: number,
): Exclude<TaskCallback, "execute"> | null {
  if (end.kind === "success") return "success";
  if (end.kind === "rejected") return hasTriesLeft(context, retries) ? "retry" : "failure";
  const { verdict } = end;
  if (verdict.kind === "skip") return "skipped";
  if (verdict.kind === "reschedule") return null;
  return verdict.kind !== "fail" && hasTriesLeft(context, retries) ? "retry" : "failure";
}

function hasTriesLeft({ tryNumber, maxTries }: Pick<AttemptContextData, "tryNumber" | "maxTries">, retries: number): boolean {
  return retries > 0 && tryNumber <= maxTries;
}
