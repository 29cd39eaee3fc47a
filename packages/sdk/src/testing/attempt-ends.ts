import type { AttemptEnd as MachineEnd, Json } from "@tradewind/core";
import { SkipTask } from "../errors.ts";
import type { LogEntry } from "../runtime.ts";
import type { Fault } from "./faults.ts";
import type { LiveEnd } from "./live-attempt.ts";
import type { AttemptRecord } from "./run-records.ts";

/** By task id: what a task results in, or a function of its inputs that runs in its place (`getContext` works in it). */
export type Mocks = Readonly<Record<string, unknown>>;

/** What runs in place of a task's own handler; undefined: nothing does. */
export function handlerOf(
  { taskId }: { taskId: string },
  fault: Fault | undefined,
  mocks: Mocks,
): ((inputs: Record<string, Json>) => unknown) | undefined {
  if (fault?.kind === "skip") {
    return () => {
      throw new SkipTask(String(fault.error));
    };
  }
  if (fault?.kind === "fail") {
    return () => {
      throw fault.error;
    };
  }
  if (!Object.hasOwn(mocks, taskId)) return undefined;
  const mock = mocks[taskId];
  return typeof mock === "function" ? (mock as (inputs: Record<string, Json>) => unknown) : () => mock;
}

type Told = Pick<AttemptRecord, "outcome" | "message" | "error" | "result">;

/** How an attempt ended, for the machine and for the record, and what the rule of a retry policy gave as its reason. */
export function endOf(end: LiveEnd): { end: MachineEnd; record: Told; policyReason?: string } {
  const failed = (message: string, error: AttemptRecord["error"], rest: { isFinal?: boolean; retryAfterMs?: number } = {}) => ({
    end: { kind: "failed", message, ...rest } as const,
    record: { outcome: "failed", message, error } as const,
  });
  switch (end.kind) {
    case "killed":
      return failed(end.message, { type: null, message: end.message, stack: null });
    case "rejected":
      return failed(end.message, { type: null, message: end.message, stack: null });
    case "success": {
      const result = end.result === undefined ? {} : { result: JSON.parse(end.result) as Json };
      return { end: { kind: "success", ...result }, record: { outcome: "success", message: null, error: null, ...result } };
    }
    case "thrown":
      break;
  }
  const { verdict } = end;
  const { message } = verdict;
  if (verdict.kind === "skip") return { end: { kind: "skipped", reason: message }, record: { outcome: "skipped", message, error: null } };
  if (verdict.kind === "reschedule")
    return { end: { kind: "reschedule", resumeAfterMs: verdict.afterMs, message }, record: { outcome: "reschedule", message, error: null } };
  const error = { type: verdict.type, message, stack: verdict.stack ?? null };
  const told = verdict.reason === undefined ? message : `${verdict.reason}: ${message}`;
  const policy = verdict.reason === undefined ? {} : { policyReason: verdict.reason };
  if (verdict.kind === "retry") return { ...failed(told, error, verdict.afterMs === undefined ? {} : { retryAfterMs: verdict.afterMs }), ...policy };
  return { ...failed(told, error, { isFinal: verdict.kind === "fail" }), ...policy };
}

/** The last words of an attempt's log, as a runner writes them. */
export function closingWords({ outcome, message, error }: AttemptRecord): LogEntry | null {
  switch (outcome) {
    case "success":
      return null;
    case "skipped":
      return { level: "info", message: `Skipped: ${message ?? ""}` };
    case "reschedule":
      return { level: "info", message: `Begins again later: ${message ?? ""}` };
    case "failed":
    case "cancelled":
      return { level: "error", message: error?.stack ?? message ?? "cancelled" };
  }
}
