import type { TaskFailure, TaskOutcome } from "@tradewind/contract";
import { errorMessage, type Json, type TaskCallback } from "@tradewind/core";
import { importBundle } from "@tradewind/loader/import-bundle";
import { type AnyDag, classifyError, collectDags, runAttempt, runTaskCallbacks, type TaskRuntime, type ThrownVerdict } from "tradewind/internal";
import type { RunMessage } from "../protocol/messages.ts";

/** Bundles this process has imported, by path. A failed import is not kept: Node would only repeat it, and the process is not used again. */
const imported = new Map<string, ReadonlyMap<string, AnyDag>>();

/** The DAGs of a bundle that this process has imported, by id. */
export function knownDags(message: { bundlePath: string }): ReadonlyMap<string, AnyDag> | undefined {
  return imported.get(message.bundlePath);
}

export async function importDags(message: { bundlePath: string; resolveFrom: string[] }): Promise<ReadonlyMap<string, AnyDag>> {
  const dags = collectDags(await importBundle({ path: message.bundlePath, resolveFrom: message.resolveFrom }));
  const byId = new Map(dags.map((dag) => [dag.dagId, dag]));
  imported.set(message.bundlePath, byId);
  return byId;
}

/** Runs the handler; whatever it does becomes an outcome. */
export async function runHandler(
  dags: ReadonlyMap<string, AnyDag>,
  message: RunMessage,
  runtime: TaskRuntime,
  maxResultBytes: number,
): Promise<TaskOutcome> {
  const { dagId, taskId } = message.context;
  const dag = dags.get(dagId);
  if (dag === undefined)
    return rejected(
      `The bundle of task "${taskId}" has no DAG "${dagId}". It exports ${[...dags.keys()].join(", ") || "no DAGs"}. DAG ids must not depend on the time or on chance when the file is loaded.`,
    );
  const end = await runAttempt(dag, taskId, { inputs: JSON.parse(message.inputs) as Record<string, Json>, inputMaps: message.inputMaps, runtime });
  switch (end.kind) {
    case "rejected":
      return rejected(end.message);
    case "thrown": {
      const { mapIndexLabel, verdict } = end;
      return { ...outcomeOfVerdict(verdict), ...(mapIndexLabel !== undefined && { mapIndexLabel }) };
    }
    case "success": {
      const bytes = end.result === undefined ? 0 : Buffer.byteLength(end.result);
      return bytes > maxResultBytes ? tooLarge(taskId, bytes, maxResultBytes) : end;
    }
  }
}

/** The callback that follows an outcome; null: none does. A failure with tries left is a retry: the engine decides the same. */
export function callbackAfter(outcome: TaskOutcome, { tryNumber, maxTries }: RunMessage["context"]): TaskCallback | null {
  switch (outcome.kind) {
    case "success":
    case "skipped":
      return outcome.kind;
    case "reschedule":
      return null;
    case "failed":
      return outcome.retryable && maxTries > 0 && tryNumber <= maxTries ? "retry" : "failure";
  }
}

/** Calls what the author gave for the end of the task. What it throws is in the log, and changes nothing. */
export async function runCallback(dag: AnyDag, callback: TaskCallback, outcome: TaskOutcome, runtime: TaskRuntime): Promise<void> {
  const failure = outcome.kind === "failed" ? outcome.failure : null;
  await runTaskCallbacks(dag, runtime.context.taskId, callback, runtime, {
    error: failure === null ? null : { type: failure.type ?? null, message: failure.message, stack: failure.stack ?? null },
    reason: outcome.kind === "skipped" ? outcome.reason : outcome.kind === "failed" ? (outcome.retryReason ?? null) : null,
    ...(outcome.kind === "success" && outcome.result !== undefined && { result: JSON.parse(outcome.result) as Json }),
  });
}

/** What author code threw, as an outcome. */
export function outcomeOfThrown(thrown: unknown): TaskOutcome {
  return outcomeOfVerdict(classifyError(thrown));
}

function outcomeOfVerdict(verdict: ThrownVerdict): TaskOutcome {
  if (verdict.kind === "skip") return { kind: "skipped", reason: verdict.message };
  if (verdict.kind === "reschedule") return { kind: "reschedule", resumeAfterMs: verdict.afterMs, message: verdict.message };
  const failure: TaskFailure = { reason: "error", type: verdict.type, message: verdict.message, stack: verdict.stack };
  const policy = verdict.reason === undefined ? {} : { retryReason: verdict.reason };
  if (verdict.kind === "retry") return { kind: "failed", failure, retryable: true, retryAfterMs: verdict.afterMs, ...policy };
  return { kind: "failed", failure, retryable: verdict.kind !== "fail", ...policy };
}

export function importFailed(thrown: unknown): TaskOutcome {
  const stack = thrown instanceof Error ? thrown.stack : undefined;
  const type = thrown instanceof Error ? thrown.name : typeof thrown;
  return {
    kind: "failed",
    failure: { reason: "error", type, message: `The DAG file could not be imported: ${errorMessage(thrown)}`, stack },
    retryable: true,
  };
}

/** The attempt was told to stop while its bundle was being imported: the handler does not begin. */
export function stoppedBeforeStart(): TaskOutcome {
  return { kind: "failed", failure: { reason: "cancelled", message: "The attempt was stopped before its handler began." }, retryable: true };
}

function rejected(message: string): TaskOutcome {
  return { kind: "failed", failure: { reason: "rejected", message }, retryable: true };
}

// The same code gives the same size: trying again would only waste the tries.
function tooLarge(taskId: string, bytes: number, limit: number): TaskOutcome {
  const message = `The result of task "${taskId}" has ${bytes} bytes of JSON, ${limit} are allowed. Store it where other tasks can reach it, and return its address.`;
  return { kind: "failed", failure: { reason: "error", type: "XComTooLarge", message }, retryable: false };
}
