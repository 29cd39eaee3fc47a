import { mkdirSync, realpathSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { TradewindError, errorMessage } from "@tradewind/core";
import { readOrCreatePassword, serverFiles, superuser } from "./embedded/data-directory.ts";
import type { StopMode } from "./embedded/postgres-process.ts";
import { databaseName, type InstanceOptions, type ServerInstance, startOrAttach, waitForEnd } from "./embedded/server-instance.ts";
import { withStartLock } from "./embedded/start-lock.ts";

export type { StopMode } from "./embedded/postgres-process.ts";

export interface EmbeddedPostgresOptions {
  /** Everything of the server lives here; made when missing. `<home>/postgres` by habit. */
  directory: string;
  /** `process`: commits survive a killed server, but not a power cut; faster, for tests only. Default `full`. */
  durability?: "full" | "process";
  /** Default 200. */
  maxConnections?: number;
  /** Further server settings, by their PostgreSQL names. */
  settings?: Record<string, string>;
  /**
   * Keep a server running until `stop`: start it again when it ended unexpectedly, and take over when the process that had
   * started it (say a short command) stops it. Default false.
   */
  supervise?: boolean;
  onEvent?: (event: EmbeddedPostgresEvent) => void;
  /** Default 30 s: crash recovery after a power cut takes its time. */
  startTimeoutMs?: number;
}

export type EmbeddedPostgresEvent =
  | { type: "started" | "attached"; pid: number; port: number }
  | { type: "ended"; pid: number }
  | { type: "restart-failed"; error: unknown };

/**
 * A PostgreSQL server for development, on 127.0.0.1, with a generated password.
 *
 *     start ──► running ──(ended by itself, supervise)──► starting again ──► running
 *                  └── stop() ──► stopped (also when the server was somebody else's, which then stays up)
 */
export interface EmbeddedPostgres {
  /** Stays the same over restarts. Holds the password. */
  readonly url: string;
  readonly port: number;
  /** True when this process started the server and `stop` will end it. */
  readonly isOwner: boolean;
  /** Process id of the server (its postmaster). */
  readonly pid: number;
  /** The server's own log. */
  readonly logFile: string;
  /** The address of another database of the same server. */
  urlOf(database: string): string;
  /** Ends the server when this process started it, and waits until it has. Default mode `fast`. */
  stop(mode?: StopMode): Promise<void>;
  /** Stops and starts on the same address. Only for the owner. */
  restart(options?: { mode?: StopMode; pauseMs?: number }): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts PostgreSQL on a directory, or attaches to the server another Tradewind process already runs there.
 *
 * @throws TradewindError `database_unavailable` with the end of the server's log.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  mkdirSync(options.directory, { recursive: true, mode: 0o755 });
  const files = serverFiles(realpathSync(options.directory));
  const instanceOptions: InstanceOptions = { files, settings: serverSettings(options), startTimeoutMs: options.startTimeoutMs ?? 30_000 };
  const server = new RunningServer(options, instanceOptions);
  await server.start();
  return server;
}

class RunningServer implements EmbeddedPostgres {
  readonly #options: EmbeddedPostgresOptions;
  readonly #instanceOptions: InstanceOptions;
  readonly #stopped = new AbortController();
  #instance: ServerInstance | undefined;
  #isRestarting = false;
  /** The last of start, stop and restart: they run one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: EmbeddedPostgresOptions, instanceOptions: InstanceOptions) {
    this.#options = options;
    this.#instanceOptions = instanceOptions;
  }

  get port(): number {
    return this.#current().port;
  }

  get pid(): number {
    return this.#current().pid;
  }

  get isOwner(): boolean {
    return this.#current().process !== undefined;
  }

  get logFile(): string {
    return this.#instanceOptions.files.log;
  }

  get url(): string {
    return this.urlOf(databaseName);
  }

  urlOf(database: string): string {
    const password = readOrCreatePassword(this.#instanceOptions.files);
    return `postgres://${superuser}:${password}@127.0.0.1:${this.port}/${encodeURIComponent(database)}`;
  }

  async start(): Promise<void> {
    try {
      await this.#bringUp();
    } catch (error) {
      throw new TradewindError("database_unavailable", errorMessage(error), { cause: error });
    }
  }

  async stop(mode: StopMode = "fast"): Promise<void> {
    this.#stopped.abort();
    await this.#inTurn(async () => this.#instance?.process?.stop(mode));
  }

  async restart({ mode = "fast", pauseMs = 0 }: { mode?: StopMode; pauseMs?: number } = {}): Promise<void> {
    if (!this.isOwner || this.#stopped.signal.aborted) {
      throw new TradewindError(
        "database_unavailable",
        `Asked to restart PostgreSQL on "${this.#instanceOptions.files.data}", which this process does not run.`,
      );
    }
    await this.#inTurn(async () => {
      this.#isRestarting = true;
      try {
        await this.#instance?.process?.stop(mode);
        await delay(pauseMs);
        await this.#bringUp();
      } finally {
        this.#isRestarting = false;
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Once an address was given out it is kept: clients reconnect to it. */
  async #bringUp(): Promise<void> {
    const options = this.#instance ? { ...this.#instanceOptions, port: this.#instance.port } : this.#instanceOptions;
    const instance = await withStartLock(options.files.lock, options.startTimeoutMs + 5_000, () => startOrAttach(options));
    this.#instance = instance;
    this.#options.onEvent?.({ type: instance.process ? "started" : "attached", pid: instance.pid, port: instance.port });
    void waitForEnd(instance, this.#stopped.signal).then(() => this.#afterEnd(instance));
  }

  #afterEnd(instance: ServerInstance): void {
    if (this.#stopped.signal.aborted || this.#isRestarting || instance !== this.#instance) return;
    this.#options.onEvent?.({ type: "ended", pid: instance.pid });
    if (this.#options.supervise) void this.#inTurn(() => this.#bringUpAgain());
  }

  async #bringUpAgain(): Promise<void> {
    for (let pauseMs = 50; !this.#stopped.signal.aborted; pauseMs = Math.min(pauseMs * 2, 5_000)) {
      try {
        return await this.#bringUp();
      } catch (error) {
        this.#options.onEvent?.({ type: "restart-failed", error });
        await delay(pauseMs, undefined, { signal: this.#stopped.signal }).catch(() => undefined);
      }
    }
  }

  #current(): ServerInstance {
    if (!this.#instance) throw new TradewindError("database_unavailable", "PostgreSQL was not started.");
    return this.#instance;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(work, work);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

/** For one machine's development: no replication, few processes, no just-in-time compiler for short statements. */
function serverSettings(options: EmbeddedPostgresOptions): Record<string, string> {
  // synchronous_commit stays on: without it, commits of the last moments die with the process.
  const unsafe = { fsync: "off", full_page_writes: "off" };
  return {
    max_connections: String(options.maxConnections ?? 200),
    wal_level: "minimal",
    max_wal_senders: "0",
    io_method: "sync",
    jit: "off",
    timezone: "UTC",
    log_timezone: "UTC",
    log_checkpoints: "off",
    ...(options.durability === "process" ? unsafe : {}),
    ...options.settings,
  };
}
