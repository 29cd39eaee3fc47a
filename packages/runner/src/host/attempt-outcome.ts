import type { TaskOutcome } from "@tradewind/contract";
import { formatDuration } from "@tradewind/core";
import type { GrantedAttempt } from "./attempt.ts";
import type { ChildExit } from "./child-process.ts";
import { isHeapExhaustion } from "./memory-watch.ts";
import type { SecretMasker } from "./secret-masker.ts";

/** What is reported for an attempt that the host stopped; null: nothing, the server has decided. */
export function outcomeOfStop(attempt: GrantedAttempt): TaskOutcome | null {
  const { kind, message } = attempt.stop!;
  switch (kind) {
    case "timeout":
      return failed("timeout", message);
    case "memory":
      return failed("out_of_memory", message);
    case "shutdown":
      return failed("lost", message);
    case "cancelled":
    case "lease":
      return null;
  }
}

/** The child process ended under its attempt, and nobody had asked it to. */
export function outcomeOfExit(attempt: GrantedAttempt, exit: ChildExit): TaskOutcome {
  if (isHeapExhaustion(exit)) return failed("out_of_memory", memoryMessage(attempt.child?.memoryLimitMb ?? null));
  const how = exit.signal === null ? `exited with code ${exit.code}` : `was ended by ${exit.signal}`;
  const hint = exit.signal === "SIGKILL" ? " If nobody killed it, the machine or container may have run out of memory." : "";
  return {
    kind: "failed",
    failure: { reason: "exited", message: `The task's process ${how} before the task had ended.${hint}`, exitCode: exit.code, signal: exit.signal },
    retryable: true,
  };
}

export function failed(reason: "timeout" | "out_of_memory" | "lost" | "rejected", message: string): TaskOutcome {
  return { kind: "failed", failure: { reason, message }, retryable: true };
}

export function timeoutMessage(timeoutMs: number): string {
  return `The task ran longer than its execution timeout of ${formatDuration(timeoutMs)}.`;
}

export function memoryMessage(limitMb: number | null, usedMb?: number): string {
  const used = usedMb === undefined ? "The task ran out of memory" : `The task ran out of memory: its process used ${usedMb} MB`;
  return limitMb === null
    ? `${used}. Give it a memory limit that fits, or let it hold less at a time.`
    : `${used}; its limit is ${limitMb} MB. Raise the limit, or let the task hold less at a time.`;
}

/** What the author reads at the end of the log; undefined: a success speaks for itself. */
export function closingWords(outcome: TaskOutcome): { level: "info" | "error"; message: string } | undefined {
  if (outcome.kind === "success") return undefined;
  if (outcome.kind === "skipped") return { level: "info", message: `Skipped: ${outcome.reason}` };
  const { failure } = outcome;
  return { level: "error", message: failure.stack ?? (failure.type === undefined ? failure.message : `${failure.type}: ${failure.message}`) };
}

/** Error messages and stacks are shown to people like log lines. Results are data, and stay as they are. */
export function maskOutcome(outcome: TaskOutcome, masker: SecretMasker): TaskOutcome {
  if (outcome.kind === "success") return outcome;
  if (outcome.kind === "skipped") return { ...outcome, reason: masker.maskText(outcome.reason) };
  const { failure } = outcome;
  const stack = failure.stack === undefined ? undefined : masker.maskText(failure.stack);
  return { ...outcome, failure: { ...failure, message: masker.maskText(failure.message), stack } };
}
