import { type Duration, errorMessage, parseDuration } from "@tradewind/core";
import { authorFrames } from "./author-frames.ts";

// Known by a registered symbol, so that an error thrown by another loaded copy of this package still means the same.
const TASK_SIGNAL: unique symbol = Symbol.for("tradewind.task-signal");

/**
 * Ends the task as `skipped`: not a failure, no retry; tasks below follow their trigger rules. Airflow's AirflowSkipException.
 * @example
 * if (rows.length === 0) throw new SkipTask("no orders on this day");
 */
export class SkipTask extends Error {
  readonly [TASK_SIGNAL] = "skip";

  constructor(why: string) {
    super(why);
    this.name = "SkipTask";
  }
}

/**
 * Fails the task now, whatever `retries` says. Airflow's AirflowFailException.
 * @example
 * if (response.status === 401) throw new FailTask("the API key was refused; trying again will not help");
 */
export class FailTask extends Error {
  readonly [TASK_SIGNAL] = "fail";

  constructor(why: string, options?: { cause?: unknown }) {
    super(why, options);
    this.name = "FailTask";
  }
}

/**
 * Fails this try and asks for the next one after a delay of its own, in place of the task's `retryDelay`. It can't add tries: with none left the task
 * fails.
 * @example
 * throw new RetryTask("rate limited", { after: "90s" });
 */
export class RetryTask extends Error {
  readonly [TASK_SIGNAL] = "retry";
  /** Milliseconds; undefined: the task's own delay. */
  readonly afterMs: number | undefined;

  /** @throws TradewindError `invalid_duration` */
  constructor(why: string, options: { after?: Duration; cause?: unknown } = {}) {
    super(why, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "RetryTask";
    this.afterMs = options.after === undefined ? undefined : parseDuration(options.after, "RetryTask's after");
  }
}

/**
 * Ends the attempt and begins it again later, as the same try: the task is `up_for_reschedule`, and holds no slot and no process meanwhile. Not a failure, and no retry is used up.
 * `getContext().attempt` tells when the task first began. Airflow's AirflowRescheduleException, as its sensors use it with `mode="reschedule"`.
 * @example
 * if (!(await exists(path))) throw new RescheduleTask({ after: "5m" });
 */
export class RescheduleTask extends Error {
  readonly [TASK_SIGNAL] = "reschedule";
  /** Milliseconds. */
  readonly afterMs: number;

  /** @throws TradewindError `invalid_duration` */
  constructor(options: { after: Duration; message?: string }) {
    super(options.message ?? "what the task waits for is not there yet");
    this.name = "RescheduleTask";
    this.afterMs = parseDuration(options.after, "RescheduleTask's after");
  }
}

/** What something thrown by author code means for the attempt. */
export type ThrownVerdict =
  | { kind: "skip"; message: string }
  | { kind: "reschedule"; message: string; afterMs: number }
  | (ThrownFacts & { kind: "fail" })
  | (ThrownFacts & { kind: "retry"; afterMs: number | undefined })
  /** Anything else: the task's retry rules decide. */
  | (ThrownFacts & { kind: "error" });

interface ThrownFacts {
  type: string;
  message: string;
  stack: string | undefined;
  /** What the rule of the task's retry policy gives as its reason. Absent: no rule decided, or it gives none. */
  reason?: string;
}

/** Reads what author code threw: one of the errors above (of any loaded copy of this package), or anything else. Never throws. */
export function classifyError(thrown: unknown): ThrownVerdict {
  const message = messageOf(thrown);
  const signal = isObject(thrown) ? thrown[TASK_SIGNAL] : undefined;
  if (signal === "skip") return { kind: "skip", message };
  if (signal === "reschedule") return { kind: "reschedule", message, afterMs: (thrown as { afterMs: number }).afterMs };
  const told = { type: typeOf(thrown), message, stack: stackOf(thrown) };
  if (signal === "fail") return { kind: "fail", ...told };
  if (signal === "retry") {
    const afterMs = (thrown as { afterMs?: unknown }).afterMs;
    return { kind: "retry", ...told, afterMs: typeof afterMs === "number" ? afterMs : undefined };
  }
  return { kind: "error", ...told };
}

function isObject(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === "object" && value !== null;
}

function messageOf(thrown: unknown): string {
  try {
    return errorMessage(thrown);
  } catch {
    return "a value was thrown that can't be turned into text";
  }
}

function typeOf(thrown: unknown): string {
  if (!isObject(thrown)) return typeof thrown;
  if (typeof thrown.name === "string") return thrown.name;
  return "object";
}

function stackOf(thrown: unknown): string | undefined {
  return isObject(thrown) && typeof thrown.stack === "string" ? authorFrames(withCauses(thrown, thrown.stack)) : undefined;
}

const MAX_CAUSES = 5;

function withCauses(thrown: Record<PropertyKey, unknown>, stack: string): string {
  let text = stack;
  let cause = thrown.cause;
  for (let depth = 0; depth < MAX_CAUSES && cause !== undefined && cause !== null; depth++) {
    text += `\nCaused by: ${isObject(cause) && typeof cause.stack === "string" ? cause.stack : messageOf(cause)}`;
    cause = isObject(cause) ? cause.cause : undefined;
  }
  return text;
}
