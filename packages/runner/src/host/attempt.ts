import type { AttemptGrant, InputMap, Progress, TaskCommand, TaskOutcome } from "@tradewind/contract";
import type { TaskCallback } from "@tradewind/core";
import type { AttemptLog } from "./attempt-log.ts";
import type { ChildProcessHandle } from "./child-process.ts";
import type { SecretMasker } from "./secret-masker.ts";

/**
 * waiting ──▶ starting ──▶ ready ──▶ running ──▶ reporting ──▶ (forgotten)
 *   delivered   asked for    granted,   in a child   its end is      answered
 *               a lease      no child               on its way
 *
 * From `ready` on the host holds the attempt's lease.
 */
export type AttemptPhase = "waiting" | "starting" | "ready" | "running" | "reporting";

/** Why the host stops an attempt. What is reported follows from it; `lease` reports nothing: the attempt is lost already. */
export type StopKind = "timeout" | "cancelled" | "lease" | "memory" | "shutdown";

export interface Attempt {
  readonly attemptId: string;
  phase: AttemptPhase;
  /** null: taken by the host itself, as the answer to a finish. */
  command: TaskCommand | null;
  /** It was cancelled while it was asked for: it ends as soon as it is granted. */
  stopReason?: string;
}

/** An attempt whose lease the host holds. */
export interface GrantedAttempt extends Attempt {
  grant: AttemptGrant;
  /** Renewed with the lease. */
  token: string;
  /** By the clock of leases (`leaseNow`). */
  leaseEndsAt: number;
  /** Since when it stands still because its lease could not be renewed, by the monotonic clock; null: it does not. */
  heldSince: number | null;
  /** When it is held: resolves when it goes on, or has ended. */
  goesOn: PromiseWithResolvers<void> | null;
  /** For how long it stood still before, in all. */
  stoodStillMs: number;
  log: AttemptLog;
  masker: SecretMasker;
  bundlePath: string;
  inputs: string;
  inputMaps: InputMap[];
  placementKey: string;
  readyAt: number;
  startedAt: number;
  child: ChildProcessHandle | null;
  stop: { kind: StopKind; message: string } | null;
  /** The handler has ended, and the callback that follows runs in its process. */
  decided: { outcome: TaskOutcome; durationMs: number; callback: TaskCallback; isOutOfTime: boolean } | null;
  timers: NodeJS.Timeout[];
  /** Not yet told to the server. */
  progress: Progress | undefined;
}

export function isGranted(attempt: Attempt): attempt is GrantedAttempt {
  return attempt.phase === "ready" || attempt.phase === "running" || attempt.phase === "reporting";
}

/** Ready for a child; its bundle, and inputs that are too large for the grant, are fetched next. `sentAt`: when the request left that was answered with it. */
export function grantedAttempt(
  grant: AttemptGrant,
  of: Pick<GrantedAttempt, "command" | "log" | "masker" | "placementKey"> & { sentAt: number },
): GrantedAttempt {
  const { sentAt, ...parts } = of;
  return {
    ...parts,
    attemptId: grant.attemptId,
    phase: "ready",
    grant,
    token: grant.token,
    leaseEndsAt: sentAt + grant.leaseMs,
    heldSince: null,
    goesOn: null,
    stoodStillMs: 0,
    bundlePath: "",
    inputs: grant.inputs ?? "",
    inputMaps: grant.inputMaps ?? [],
    readyAt: performance.now(),
    startedAt: 0,
    child: null,
    stop: null,
    decided: null,
    timers: [],
    progress: undefined,
  };
}

export function clearTimers(attempt: GrantedAttempt): void {
  for (const timer of attempt.timers) clearTimeout(timer);
  attempt.timers = [];
}
