import { type ExecutionApiClient } from "@tradewind/contract/client";
import type { HostTrouble } from "./reachability.ts";

export interface HostLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** How child processes are kept and replaced. */
export interface ChildPolicy {
  /** Attempts after which a warm child is replaced. */
  maxAttempts: number;
  /** Age after which it is replaced. */
  maxAgeMs: number;
  /** Time without work after which it ends; children beyond one per core end after a quarter of it. */
  maxIdleMs: number;
  /** Resident memory after an attempt, above which it is replaced. */
  maxRssBytes: number;
  /** Bundles that one child may import. 1: DAG files never share a process. */
  bundlesPerChild: number;
  /** How long an attempt waits for a busy child of its bundle before a further child is started for it. */
  growAfterMs: number;
  /** How long a granted attempt may wait while all slots are taken, before it runs in a child beyond them. */
  overflowAfterMs: number;
  /** Processes without a bundle are started in advance: one, or a few while tasks come that want a process of their own. */
  spare: boolean;
}

export const DEFAULT_CHILD_POLICY: ChildPolicy = {
  maxAttempts: 100_000,
  maxAgeMs: 60 * 60_000,
  maxIdleMs: 60_000,
  maxRssBytes: 256 * 1024 * 1024,
  bundlesPerChild: 64,
  growAfterMs: 10,
  overflowAfterMs: 500,
  spare: true,
};

/** The steps from "please stop" to "gone". */
export interface StopLadder {
  /** Between the abort signal in author code and SIGTERM to the process group. */
  abortGraceMs: number;
  /** Between SIGTERM and SIGKILL. */
  termGraceMs: number;
}

/** How long the callbacks that follow a task may run, in milliseconds. */
export const DEFAULT_CALLBACK_TIMEOUT_MS = 60_000;

export const DEFAULT_STOP_LADDER: StopLadder = { abortGraceMs: 5_000, termGraceMs: 5_000 };

const MAX_SHUTDOWN_GRACE_MS = 1_000;

/** Whoever ends a host waits for it: a task that has heard of it gets a moment to tidy up, not the whole grace. */
export function shutdownLadder({ abortGraceMs, termGraceMs }: StopLadder = DEFAULT_STOP_LADDER): StopLadder {
  return { abortGraceMs: Math.min(abortGraceMs, MAX_SHUTDOWN_GRACE_MS), termGraceMs: Math.min(termGraceMs, MAX_SHUTDOWN_GRACE_MS) };
}

export const DEFAULT_MAX_LOG_BYTES = 100 * 1024 * 1024;

/** What changed since the last call; see `HostControlEvent`. */
export interface HostChange {
  taken: string[];
  ended: string[];
}

/** Whoever delivers commands one by one, as there is room for them, and wants to know when each delivery is over: a queue's reader. */
export interface CommandSource {
  /** The server has granted these, or refused them, or they were cancelled before. */
  onAnswered(attemptIds: readonly string[]): void;
  /** The load has changed: there may be room. */
  onRoom(): void;
  /** Whether a slot that becomes free may take an attempt straight from the server: false while others wait at the source. */
  mayTakeNext(): boolean;
}

/** Names of the moments at which tests stop a host: between two steps that a crash may come between. */
export type PausePoint = "before_start_request" | "before_child_start" | "before_finish_report" | "before_heartbeat";

export interface RunnerHostOptions {
  hostId: string;
  /** What people call it. Default: its id, and it leaves the list of workers when it stops. */
  name?: string;
  executor: string;
  hostname: string;
  version: string;
  client: ExecutionApiClient;
  /** Attempts that may run at once. */
  slots: number;
  /** Queues whose attempts the host would take by itself; null: all. */
  queues: string[] | null;
  /**
   * How many short tasks may be fetched beyond the slots, at most, so that processes never wait for the server. What is fetched waits for this host alone, so where other hosts could run it
   * meanwhile there should be few. Default: as many as the pace of the tasks asks for.
   */
  maxAhead?: number;
  /** Absent: commands come whenever they come, and wait here. */
  source?: CommandSource;
  /** Folder for bundles, the compile cache and the list of child processes. */
  stateDir: string;
  /** Folders for the packed program of the children; the first that can be used is. Default: one beside the installation's sources, then one in `stateDir`. */
  programFolders?: readonly string[];
  logger: HostLogger;
  /** Memory limit of attempts that have none of their own; null: none. */
  memoryLimitMb?: number | null;
  /** Largest result in bytes of JSON. Default 16 MiB. */
  maxResultBytes?: number;
  /** Environment variables that author code may see besides the fixed list; `*` at the end matches any rest. */
  passEnv?: readonly string[];
  childPolicy?: Partial<ChildPolicy>;
  stopLadder?: StopLadder;
  /** How long the callbacks that follow a task may run. Default 60 s. */
  callbackTimeoutMs?: number;
  /** Most log of one attempt, in bytes. Default 100 MiB. */
  maxLogBytes?: number;
  /** Called after attempts came or went, at most every few milliseconds. */
  onChange?: (change: HostChange) => void;
  /** The host token was refused: whoever made it should send another by `setHostToken`. `why`: what the server said, where the host was about to make itself known. */
  onTokenRefused?: (why?: string) => void;
  /** The execution API has not answered for seconds, or refuses; called again every half minute. */
  onTrouble?: (trouble: HostTrouble) => void;
  onRecovered?: (doing: string, afterMs: number) => void;
  /** For tests of faults: awaited at named moments. */
  pausePoint?: (name: PausePoint) => Promise<void>;
}
