import type { AttemptGrant, TaskCommand } from "@tradewind/contract";

/** How much more an executor would take. */
export interface ExecutorCapacity {
  /** All places; null: no limit of its own. */
  slots: number | null;
  /** Places free now, counting what was submitted and has not ended. null: no limit of its own. */
  free: number | null;
  /**
   * The transport cannot be reached now (Redis is down). What is queued there then does not count against `scheduler.parallelism`, so that it holds up no other executor; set `free` to 0 as
   * well. Default false.
   */
  isAway?: boolean;
  /**
   * A runner host at hand, and how many attempts could begin on it at this moment: dispatch begins so many there itself, and hands them to {@link Executor.begin}. Only where nothing waits for
   * these places, and where the host has been heard by the execution API: what has begun and reaches nobody costs a try. Default: none, and all attempts are submitted.
   */
  host?: { hostId: string; places: number };
}

/** A host that attempts have begun on, and since when, for {@link Executor.begin}. */
export interface BegunAt {
  hostId: string;
  /** A moment before the leases were made, by the monotonic clock of this machine (`process.hrtime`) in milliseconds: the host must not take them to last longer than the server does. */
  leasedAtMs: number;
}

/** An attempt that Postgres believes is with this executor, for {@link Executor.adopt}. */
export interface AdoptableAttempt {
  attemptId: string;
  state: "queued" | "running";
  command: TaskCommand;
}

/**
 * What an executor tells the scheduler on its own. Everything that ends well is told by the runner to the execution API, not here: these are the ends the runner cannot tell.
 */
export type ExecutorEvent =
  /** The attempt is gone without a result (host died, pod evicted). The scheduler ends its lease at once instead of waiting for it to run out. */
  | { kind: "lost"; attemptId: string; reason: string }
  /** The attempt could not be launched. Not the task's fault: not charged to its retries, up to a bound. */
  | { kind: "rejected"; attemptId: string; reason: string }
  /** Places became free: dispatch may go on. */
  | { kind: "capacity" };

export interface ExecutorLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What an executor gets from the process that starts it. */
export interface ExecutorStart {
  /** Events, one at a time, in order; must not throw. */
  onEvent(event: ExecutorEvent): void;
  logger: ExecutorLogger;
  /** Base URL of the execution API, for runners. */
  executionApiUrl: string;
  /** Makes a host token for a runner host of this executor (short-lived; the host renews it). */
  issueHostToken(hostId: string): Promise<string>;
}

/**
 * The port between the scheduler and whatever runs tasks. An executor carries commands; it decides nothing about tasks. It may lose, repeat or delay anything: leases in Postgres
 * make that harmless. `executor/conformance` states all this as tests, for every adapter.
 */
export interface Executor {
  /** The name tasks choose it by, and leases carry ("local", "bullmq" …). */
  readonly name: string;
  /** Connects; resolves when commands may be submitted. Throws where it never could work (bad config); a transport that is away now is retried inside. */
  start(start: ExecutorStart): Promise<void>;
  /**
   * Hands over commands. Resolves when the transport has them. Rejecting means "none of these is known to be delivered": they stay queued and are submitted again. Submitting the same
   * attempt twice must not run it twice at once on the same host (and could never be granted twice).
   */
  submit(commands: readonly TaskCommand[]): Promise<void>;
  /**
   * Hands over attempts that dispatch has begun on the host that `capacity` told of. Resolves when the host has them. Rejecting is no news: they are not handed over again. Whatever becomes of
   * this call, the executor sees to it that a host that lives asks the execution API what runs on it, and tells what was begun on a host that is gone as `lost`. Needed where `capacity` tells a host.
   */
  begin?(grants: readonly AttemptGrant[], at: BegunAt): Promise<void>;
  /** Dispatch may have begun attempts on the host that `capacity` told of, and nobody knows which: the host has to ask the execution API. Needed where there is `begin`. */
  catchUp?(): Promise<void>;
  /** Stops attempts, running or waiting; unknown ids are ignored. The runner also learns by heartbeat: this is only faster. */
  cancel(attempts: readonly { attemptId: string; reason: string }[]): Promise<void>;
  /** After a scheduler's death: which of these does the executor still hold? Those not answered are lost. */
  adopt(attempts: readonly AdoptableAttempt[]): Promise<{ adopted: string[] }>;
  /**
   * Of which of these queued attempts has the transport no trace? Asked every few seconds about what has been queued for a while; the ids that come back are submitted again. An attempt
   * that a worker is just about to begin may be among them: submitting it twice is harmless. Left out where the transport can't lose what it took, or tells such losses itself (`lost`).
   * Rejecting means "not known now".
   */
  findMissing?(commands: readonly TaskCommand[]): Promise<string[]>;
  capacity(): ExecutorCapacity;
  /** `drain`: let running attempts end, up to `timeoutMs`; without it leave them running where they survive this process (adoption), stop them where they cannot. */
  stop(options: { drain: boolean; timeoutMs: number }): Promise<void>;
}
