import { type Duration, errorMessage, parseDuration } from "@tradewind/core";
import { show } from "./definition-error.ts";
import type { ThrownVerdict } from "./errors.ts";

/**
 * One rule about what a task throws. All that is given must fit; a rule that gives nothing fits everything. Airflow's RetryRule.
 *
 * @example
 * { code: "ECONNRESET", action: "retry", delay: "5s", reason: "the connection was lost" }
 */
export interface RetryRule {
  /** The error's class (or one it extends), the name of it, or a function that decides. */
  error?: string | RegExp | ErrorClass | ((error: unknown) => boolean);
  /** The error's message: a part of it, or a pattern. */
  message?: string | RegExp;
  /** The error's `code`, such as `"ECONNRESET"`. */
  code?: string | number | RegExp | readonly (string | number)[];
  /** `retry`: try again, as far as `retries` allows. `fail`: no further try. `default`: as if there were no policy. */
  action: "retry" | "fail" | "default";
  /** Of `retry`: the time until the next try. Default: the task's own delay. */
  delay?: Duration;
  /** Shown with the failure. */
  reason?: string;
}

type ErrorClass = abstract new (...args: never[]) => Error;

/** Rules in order; the first that fits decides. Where none fits, the task's `retries` do. */
export type RetryPolicy = readonly RetryRule[];

/** What is wrong with a policy; null: nothing. */
export function retryPolicyProblem(policy: unknown): string | null {
  if (!Array.isArray(policy)) return "must be a list of rules";
  for (const [index, rule] of (policy as unknown[]).entries()) {
    const problem = ruleProblem(rule);
    if (problem !== null) return `has at place ${index} a rule that ${problem}`;
  }
  return null;
}

const KNOWN = new Set<string>(["error", "message", "code", "action", "delay", "reason"] satisfies (keyof RetryRule)[]);
const ACTIONS: readonly unknown[] = ["retry", "fail", "default"];

function ruleProblem(rule: unknown): string | null {
  if (typeof rule !== "object" || rule === null) return `is ${show(rule)}, and must be an object`;
  const unknown = Object.keys(rule).find((name) => !KNOWN.has(name));
  if (unknown !== undefined) return `has "${unknown}"; known are ${[...KNOWN].join(", ")}`;
  const { action, delay } = rule as RetryRule;
  if (!ACTIONS.includes(action)) return `has the action ${show(action)}; it must be "retry", "fail" or "default"`;
  if (delay === undefined) return null;
  if (action !== "retry") return `has a delay with the action "${action}"; only "retry" has one`;
  try {
    parseDuration(delay, "delay");
    return null;
  } catch (error) {
    return `has no good delay: ${errorMessage(error)}`;
  }
}

/**
 * What a task's policy makes of an error. It is not asked about errors that say themselves what they mean (`SkipTask`, `FailTask`, `RetryTask`, `RescheduleTask`).
 * @throws what a rule's own function throws
 */
export function applyRetryPolicy(policy: RetryPolicy | undefined, thrown: unknown, verdict: ThrownVerdict): ThrownVerdict {
  if (policy === undefined || verdict.kind !== "error") return verdict;
  const rule = policy.find((one) => fits(one, thrown, verdict.message));
  if (rule === undefined) return verdict;
  const reason = rule.reason === undefined ? {} : { reason: rule.reason };
  if (rule.action === "default") return { ...verdict, ...reason };
  if (rule.action === "fail") return { ...verdict, kind: "fail", ...reason };
  return { ...verdict, kind: "retry", afterMs: rule.delay === undefined ? undefined : parseDuration(rule.delay, "delay of a retry rule"), ...reason };
}

function fits({ error, message, code }: RetryRule, thrown: unknown, text: string): boolean {
  if (error !== undefined && !isOfClass(error, thrown)) return false;
  if (message !== undefined && !(typeof message === "string" ? text.includes(message) : message.test(text))) return false;
  return code === undefined || hasCode(code, thrown);
}

function isOfClass(wanted: NonNullable<RetryRule["error"]>, thrown: unknown): boolean {
  if (typeof wanted === "function") return isClass(wanted) ? thrown instanceof wanted : wanted(thrown);
  const names = classNames(thrown);
  return typeof wanted === "string" ? names.includes(wanted) : names.some((name) => wanted.test(name));
}

function isClass(wanted: ErrorClass | ((error: unknown) => boolean)): wanted is ErrorClass {
  return wanted === Error || wanted.prototype instanceof Error;
}

/** The name of an error and those of its classes. */
function classNames(thrown: unknown): string[] {
  if (typeof thrown !== "object" || thrown === null) return [typeof thrown];
  const names = new Set<string>();
  const { name } = thrown as { name?: unknown };
  if (typeof name === "string") names.add(name);
  for (let type: unknown = Object.getPrototypeOf(thrown); typeof type === "object" && type !== null; type = Object.getPrototypeOf(type)) {
    const { constructor } = type as { constructor?: { name?: string } };
    if (constructor?.name !== undefined && constructor !== Object) names.add(constructor.name);
  }
  return [...names];
}

function hasCode(wanted: NonNullable<RetryRule["code"]>, thrown: unknown): boolean {
  const code = typeof thrown === "object" && thrown !== null ? (thrown as { code?: unknown }).code : undefined;
  if (typeof code !== "string" && typeof code !== "number") return false;
  if (wanted instanceof RegExp) return wanted.test(String(code));
  return Array.isArray(wanted) ? wanted.includes(code) : wanted === code;
}
