import { TASK_CALLBACKS } from "@tradewind/core";
import { z } from "zod";
import { ConnectionTestGrant } from "./connection-tests.ts";
import { AttemptGrant } from "./grant.ts";
import { TaskOutcome } from "./outcome.ts";

/** One ended attempt. `endedAt`/`startedAt` are not sent: the database clock stamps states, the durations are what the runner measured. */
export const AttemptFinish = z.object({
  attemptId: z.string(),
  outcome: TaskOutcome,
  /** Milliseconds the handler ran, by the runner's monotonic clock. */
  durationMs: z.number(),
  /**
   * The callback for this outcome that ran in the attempt's process, well or not. Absent: none did, since there is none for it, or since the process had ended: the engine has what is still
   * due run elsewhere.
   */
  callbackRan: z.enum(TASK_CALLBACKS).optional(),
});
export type AttemptFinish = z.infer<typeof AttemptFinish>;

/**
 * The one call of the hot path: a host says what ended and what it wants to start, and gets grants back. All parts are optional; the server takes everything that arrived
 * from all hosts while its last transaction was in flight into the next one.
 *
 * Safe to repeat: a start that was already granted to the same host is granted again, a finish that was already accepted from the same attempt is accepted again.
 *
 * Errors: 401 bad host token, 426 other contract version, 503 (retry later, nothing was done).
 */
export const ExchangeRequest = z.object({
  hostId: z.string(),
  /** Attempts delivered to this host by its executor that it can start now. */
  starts: z.array(z.string()),
  finishes: z.array(AttemptFinish),
  /**
   * How many further attempts the host would take straight away, at most the number of its finishes in this request: the slots they freed. The server answers with up to so
   * many new attempts of the same executor, already granted, when such are ready and no limit or higher priority speaks against it.
   */
  want: z.number(),
  /** Queues this host serves; null: all. */
  queues: z.array(z.string()).nullable(),
  /**
   * With a request that is repeated because no answer came: every attempt that this host knows of, or has given up without a word. What else the server counts as running on it was granted in the
   * answer that was lost, and is answered again in `next`, so that no try is spent on what nobody could begin. Left out in a request that is made for the first time.
   */
  known: z.array(z.string()).optional(),
});
export type ExchangeRequest = z.infer<typeof ExchangeRequest>;

/** `code`: `not_queued` (cancelled, cleared, already finished), `other_host` (granted elsewhere), `unknown` (no such attempt). The host drops the attempt. */
export const StartRefusal = z.object({ attemptId: z.string(), code: z.enum(["not_queued", "other_host", "unknown"]), reason: z.string() });
export type StartRefusal = z.infer<typeof StartRefusal>;

/** `accepted: false`: stale (the lease had ended, or another attempt took over); the result counts for nothing and is not to be sent again. */
export const FinishAnswer = z.object({ attemptId: z.string(), accepted: z.boolean(), reason: z.string().optional() });
export type FinishAnswer = z.infer<typeof FinishAnswer>;

export const ExchangeResponse = z.object({
  granted: z.array(AttemptGrant),
  refused: z.array(StartRefusal),
  finished: z.array(FinishAnswer),
  /** New attempts for the slots that the finishes freed. */
  next: z.array(AttemptGrant),
});
export type ExchangeResponse = z.infer<typeof ExchangeResponse>;

/** Progress of a running attempt: a share from 0 to 1 and/or words. */
export const Progress = z.object({ fraction: z.number().min(0).max(1).nullable(), message: z.string().nullable() });
export type Progress = z.infer<typeof Progress>;

/** What a host is about. `draining`: takes nothing new, but tasks still run; `drained`: nothing runs any more; `stopped`: it ends with this. */
export const HostState = z.enum(["running", "draining", "drained", "stopped"]);
export type HostState = z.infer<typeof HostState>;

/** What people want of a host: `drain` takes nothing new and lets running tasks end; `run` goes on. */
export const WantedHostState = z.enum(["run", "drain"]);
export type WantedHostState = z.infer<typeof WantedHostState>;

/** Renews the leases of all attempts a host holds; also tells that the host lives. `queued`: delivered but not started (their queued timeout is not extended). */
export const HeartbeatRequest = z.object({
  hostId: z.string(),
  attempts: z.array(z.object({ attemptId: z.string(), progress: Progress.optional() })),
  queued: z.array(z.string()),
  /** Absent: the host says nothing about it. */
  state: HostState.optional(),
  /** How many connections it would try now, beside its attempts. Absent: none. */
  connectionTests: z.number().int().nonnegative().optional(),
});
export type HeartbeatRequest = z.infer<typeof HeartbeatRequest>;

/** Attempts missing from `renewed` are not the host's any more: it kills them at once and reports nothing. */
export const HeartbeatResponse = z.object({
  renewed: z.array(z.object({ attemptId: z.string(), leaseMs: z.number(), token: z.string() })),
  /** Kill these, with the reason for the task's log; their end need not be reported. */
  stop: z.array(z.object({ attemptId: z.string(), reason: z.string() })),
  /** Absent: `run`. */
  wanted: WantedHostState.optional(),
  /** Connections to be tried by this host, no more than it asked for. Absent: none. */
  connectionTests: z.array(ConnectionTestGrant).optional(),
});
export type HeartbeatResponse = z.infer<typeof HeartbeatResponse>;

/** A host makes itself known, once at its start and again after an unknown-host answer (404). */
export const HostRegistration = z.object({
  hostId: z.string(),
  executor: z.string(),
  hostname: z.string(),
  pid: z.number(),
  version: z.string(),
  slots: z.number(),
  queues: z.array(z.string()).nullable(),
  /** What people call it. Default: its id, and it leaves the list of workers when it stops. A host that starts anew under a name takes the place of silent ones of that name. */
  name: z.string().min(1).max(256).optional(),
  /** When its process began, ISO 8601. Default: when it was registered first. */
  startedAt: z.iso.datetime().optional(),
});
export type HostRegistration = z.infer<typeof HostRegistration>;
export const HostRegistrationResponse = z.object({
  leaseMs: z.number(),
  heartbeatMs: z.number(),
  /**
   * How long an attempt whose lease could not be renewed may stand still before it is killed. It goes on when the lease is renewed after all, since then nobody else has begun it.
   * 0, or absent as from an earlier release: it is killed at once.
   */
  holdMs: z.number().optional(),
  /** A host token for the time to come; replaces the one used. */
  token: z.string(),
  /** Absent: `run`. */
  wanted: WantedHostState.optional(),
});
export type HostRegistrationResponse = z.infer<typeof HostRegistrationResponse>;
