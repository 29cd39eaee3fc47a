import type { TaskOutcome } from "@tradewind/contract";
import { formatDuration } from "@tradewind/core";
import type { GrantedAttempt } from "./attempt.ts";
import type { ChildExit } from "./child-process.ts";
import { isHeapExhaustion } from "./memory-watch.ts";
import type { SecretMasker } from "./secret-masker.ts";

/**
 * What is reported for an attempt whose process is done with it. What its handler did counts also when a callback after it was stopped or took the process with it; null: nothing is
 * reported.
 * @param otherwise what is known of an attempt that was not stopped before its handler ended
 */
export function outcomeOf(attempt: GrantedAttempt, otherwise: () => TaskOutcome): TaskOutcome | null {
  const { stop, decided } = attempt;
  const isUnwanted = stop?.kind === "cancelled" || stop?.kind === "lease";
  if (decided !== null && !isUnwanted) return decided.outcome;
  return stop === null ? otherwise() : outcomeOfStop(attempt);
}

/**
 * What is reported for an attempt that the host stopped; null: nothing, it is another's by now. For a cancelled one the server has decided, and waits to hear that the process is gone: until
 * then its slots are taken, and what was cleared cannot begin again.
 */
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
      return failed("cancelled", message);
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

export function failed(reason: "timeout" | "out_of_memory" | "lost" | "rejected" | "cancelled", message: string): TaskOutcome {
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
  if (outcome.kind === "reschedule") {
    const why = outcome.message ?? "it asked to wait";
    return { level: "info", message: `Begins again in ${formatDuration(Math.ceil(outcome.resumeAfterMs))}: ${why}` };
  }
  const { failure } = outcome;
  return { level: "error", message: failure.stack ?? (failure.type === undefined ? failure.message : `${failure.type}: ${failure.message}`) };
}

/** Error messages and stacks are shown to people like log lines, in every list of tries. Results are data, and stay as they are. */
export function maskOutcome(unmasked: TaskOutcome, masker: SecretMasker): TaskOutcome {
  // Masked before it is cut: half a secret would not be known as one.
  const shown = (text: string, maxLength: number) => storable(masker.maskText(text), maxLength);
  const { mapIndexLabel } = unmasked;
  const outcome = mapIndexLabel === undefined ? unmasked : { ...unmasked, mapIndexLabel: shown(mapIndexLabel, MAX_LABEL_LENGTH) };
  switch (outcome.kind) {
    case "success":
      return outcome;
    case "skipped":
      return { ...outcome, reason: shown(outcome.reason, MAX_MESSAGE_LENGTH) };
    case "reschedule":
      return outcome.message === undefined ? outcome : { ...outcome, message: shown(outcome.message, MAX_MESSAGE_LENGTH) };
    case "failed":
      return maskFailure(outcome, shown);
  }
}

function maskFailure(
  outcome: Extract<TaskOutcome, { kind: "failed" }>,
  shown: (text: string, maxLength: number) => string,
): Extract<TaskOutcome, { kind: "failed" }> {
  const { failure, retryReason } = outcome;
  const message = shown(failure.message, MAX_MESSAGE_LENGTH);
  const stack = failure.stack === undefined ? undefined : shown(failure.stack, MAX_STACK_LENGTH);
  const type = failure.type === undefined ? undefined : shown(failure.type, MAX_TYPE_LENGTH);
  const reason = retryReason === undefined ? {} : { retryReason: shown(retryReason, MAX_MESSAGE_LENGTH) };
  return { ...outcome, failure: { ...failure, message, stack, type }, ...reason };
}

/** As Airflow's column for it. */
const MAX_LABEL_LENGTH = 250;

const MAX_TYPE_LENGTH = 200;
const MAX_MESSAGE_LENGTH = 4_000;
const MAX_STACK_LENGTH = 32_000;

/**
 * PostgreSQL's text holds no NUL: with one in its message a failure could not be stored, and would lose its retries. A text that is too long keeps both ends: of a stack the first words
 * and the last frames.
 */
function storable(text: string, maxLength: number): string {
  const whole = text.replaceAll("\0", "\uFFFD");
  if (whole.length <= maxLength) return whole;
  const kept = Math.floor(maxLength / 2);
  return `${whole.slice(0, kept)}\n… ${whole.length - 2 * kept} characters left out …\n${whole.slice(-kept)}`;
}
