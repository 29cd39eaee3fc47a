import { errorMessage, type Json } from "@tradewind/core";
import { type AnyDag, type CallbackReport, runDagCallbacks, runTaskCallbacks, type TaskRuntime } from "tradewind/internal";
import type { CallbackMessage, CallbackProblem } from "../protocol/messages.ts";
import { importDags, knownDags } from "./run-attempt.ts";

/** Calls the author's callbacks for one event, outside of any attempt. Never throws. */
export async function runCallbacks(message: CallbackMessage, runtime: TaskRuntime): Promise<CallbackProblem | null> {
  const { dagId } = message.context;
  try {
    const dags = knownDags(message) ?? (await importDags(message));
    const dag = dags.get(dagId);
    if (dag === undefined) return { message: `The bundle has no DAG "${dagId}".`, failedCalls: null };
    const { called, failures } = await call(dag, message, runtime);
    if (failures.length === 0) return null;
    const told = failures.map(({ name, message: why }) => `${name}: ${why}`).join("; ");
    return { message: `${failures.length} of ${called} callbacks failed: ${told}`, failedCalls: failures.map(({ index }) => index) };
  } catch (thrown) {
    return { message: errorMessage(thrown), failedCalls: null };
  }
}

function call(dag: AnyDag, { context, event }: CallbackMessage, runtime: TaskRuntime): Promise<CallbackReport> {
  const only = event.only ?? undefined;
  const { reason } = event;
  if (event.scope === "dag") {
    const state = event.callback === "success" ? "success" : "failed";
    return runDagCallbacks(dag, event.callback, runtime, { state, reason, task: event.task }, only);
  }
  const result = event.result === null ? {} : { result: JSON.parse(event.result) as Json };
  return runTaskCallbacks(dag, context.taskId, event.callback, runtime, { error: event.failure, reason, ...result }, only);
}
