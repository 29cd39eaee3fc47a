import { setTimeout as sleep } from "node:timers/promises";
import type { AttemptGrant, HostControlEvent, HostLoad, HostStartup, TaskCommand } from "@tradewind/contract";
import { TradewindError } from "@tradewind/core";
import type { AdoptableAttempt, BegunAt, Executor, ExecutorCapacity, ExecutorStart } from "@tradewind/executor";
import type { HostConnection } from "./host-connection.ts";
import { type HostFiles, isAlive, prepareHostFiles } from "./host-files.ts";
import { HostLauncher, type HostSettings } from "./host-launcher.ts";
import { watchPulse } from "./host-pulse.ts";

export interface LocalExecutorOptions {
  /** Folder of this installation (`TRADEWIND_HOME`); the host's socket, log and caches live under it. One host per home. */
  home: string;
  /** Attempts that may run at once on this machine. */
  slots: number;
  /**
   * Commands held ready beyond the slots, so that a freed place is filled without asking. More gives more throughput with short tasks; less lets a task of high priority that becomes
   * ready later go earlier. Default: twice the slots, at least 64.
   */
  prefetch?: number;
  /** Program and arguments of the runner host: `[process.execPath, HOST_MAIN_PATH]` of the runner. */
  hostCommand: string[];
  /**
   * `detached`: `stop` leaves the host and its tasks running, for the next scheduler to find. `bound`: `stop` ends the host and all its children (a program in the foreground that was
   * ended with Ctrl-C). With both, a host survives a killed scheduler. Default `detached`.
   */
  ownHost?: "detached" | "bound";
  /** The name tasks choose it by. Default `local`. */
  name?: string;
  /** Environment variables that author code may see besides PATH, HOME, locale and proxies; `*` at the end matches any rest. */
  passEnv?: string[];
  /** Memory limit of attempts that have none of their own. Default null: none. */
  memoryLimitMb?: number | null;
  /** Largest result of a task, in bytes of JSON. Default 16 MiB. */
  maxResultBytes?: number;
  /** A host without work that no scheduler is connected to ends after this. Default 5 minutes. */
  idleExitMs?: number;
  /** A host that no scheduler is connected to, and in which nothing has begun, ends after so long without an answer of the execution API. Default 10 minutes. */
  unreachableExitMs?: number;
  /** How long running attempts may go on after a SIGTERM to the host. Default 60 s. */
  drainTimeoutMs?: number;
  /** How warm child processes are kept and replaced. Defaults: the runner's `DEFAULT_CHILD_POLICY`. */
  childPolicy?: HostStartup["childPolicy"];
  /** Times between the abort signal, SIGTERM and SIGKILL when an attempt has to stop. Default 5 s each. */
  stopLadder?: HostStartup["stopLadder"];
  /** Most log of one attempt, in bytes; what comes after is counted and dropped. Default 100 MiB. */
  maxLogBytes?: number;
}

/** Commands held ready beyond the slots where nothing else is said. */
export function defaultPrefetch(slots: number): number {
  return Math.max(64, 2 * slots);
}

const RECONNECT_MAX_MS = 5_000;
/** A host that is asked what was begun on it answers within milliseconds, unless the execution API is away: nothing else may wait for that. */
const CATCH_UP_PATIENCE_MS = 2_000;
/** Between two tries to have it asked. */
const CATCH_UP_PAUSE_MS = 1_000;
/** Beyond the time given to tasks: the ladder of signals, last reports, last log lines. */
const STOP_ALLOWANCE_MS = 20_000;

/**
 * Runs tasks on this machine, in a runner host that is a process of its own: it is found again after a restart, and its tasks do not notice.
 *
 * @example
 * const executor = createLocalExecutor({ home: ".tradewind", slots: 16, hostCommand: [process.execPath, HOST_MAIN_PATH] });
 */
export function createLocalExecutor(options: LocalExecutorOptions): Executor {
  return new LocalExecutor(options);
}

class LocalExecutor implements Executor {
  readonly name: string;
  readonly #options: LocalExecutorOptions;
  readonly #prefetch: number;
  #start: ExecutorStart | null = null;
  #launcher: HostLauncher | null = null;
  #connection: HostConnection | null = null;
  #connecting: Promise<HostConnection> | null = null;
  /** What would be lost with the host: submitted by us, or taken by the host itself. */
  readonly #known = new Set<string>();
  #load: HostLoad;
  /** The host that has asked the execution API what was begun on it, and may be given more so; null: none, or the execution API does not answer it. */
  #caughtUp: HostConnection | null = null;
  /** Messages of what has begun that the host has not answered: at once as a rule, and never when it hangs. */
  #begins = 0;
  #stopping = false;
  #idle: (() => void)[] = [];

  constructor(options: LocalExecutorOptions) {
    if (!Number.isInteger(options.slots) || options.slots < 1)
      throw new TradewindError("invalid_config", `The local executor can't run with ${options.slots} slots. Give it a whole number of 1 or more.`);
    if (options.hostCommand.length === 0)
      throw new TradewindError("invalid_config", "The local executor needs the command that starts its runner host (hostCommand).");
    this.name = options.name ?? "local";
    this.#options = options;
    this.#prefetch = options.prefetch ?? defaultPrefetch(options.slots);
    this.#load = { slots: options.slots, waiting: 0, running: 0 };
  }

  async start(start: ExecutorStart): Promise<void> {
    const files: HostFiles = prepareHostFiles(this.#options.home);
    this.#start = start;
    this.#launcher = new HostLauncher(files, this.#options.hostCommand, this.#hostSettings(), start);
    await this.#connected();
  }

  async submit(commands: readonly TaskCommand[]): Promise<void> {
    if (commands.length === 0) return;
    if (this.#stopping) throw new TradewindError("shutting_down", "The local executor is stopping and takes no commands.");
    const connection = await this.#connected();
    for (const command of commands) this.#known.add(command.attemptId);
    try {
      await connection.ask({ op: "submit", commands: [...commands] });
    } catch (error) {
      // They stay queued and come again; a host that has them after all ignores the repetition.
      for (const command of commands) this.#forget(command.attemptId);
      throw error;
    }
  }

  async begin(grants: readonly AttemptGrant[], { hostId, leasedAtMs }: BegunAt): Promise<void> {
    if (this.#stopping) throw new TradewindError("shutting_down", "The local executor is stopping, and begins nothing.");
    const connection = await this.#connected();
    if (connection.hello.hostId !== hostId) return this.#tellBegunLost(grants, hostId);
    // Before the host has them, so that they are told lost should it die now. They stay when it is not known whether it has them: it asks when it is connected again.
    for (const { attemptId } of grants) this.#known.add(attemptId);
    this.#begins += 1;
    try {
      await connection.ask({ op: "begin", grants: [...grants], leasedAtMs });
    } finally {
      this.#begins -= 1;
    }
  }

  async catchUp(): Promise<void> {
    const connection = await this.#connected();
    if (connection.hello.begins === true) await connection.ask({ op: "catch_up" });
  }

  async cancel(attempts: readonly { attemptId: string; reason: string }[]): Promise<void> {
    if (attempts.length > 0) await this.#connection?.ask({ op: "cancel", attempts: [...attempts] });
  }

  async adopt(attempts: readonly AdoptableAttempt[]): Promise<{ adopted: string[] }> {
    const connection = await this.#connected();
    const { attempts: held } = await connection.ask({ op: "list" });
    const ids = new Set([...(held?.waiting ?? []), ...(held?.running ?? [])]);
    const adopted = attempts.map((one) => one.attemptId).filter((id) => ids.has(id));
    for (const id of adopted) this.#known.add(id);
    return { adopted };
  }

  capacity(): ExecutorCapacity {
    const { slots, waiting, running, isPaused, isCutOff } = this.#load;
    const held = Math.max(this.#known.size, waiting + running);
    const isOpen = !this.#stopping && isPaused !== true;
    // What waits in the host goes first. While the execution API is away, what is queued costs nothing, and what has begun would lose its lease.
    const places = isOpen && waiting === 0 && isCutOff !== true && this.#begins === 0 ? slots - held : 0;
    return {
      slots,
      free: isOpen ? Math.max(0, slots + this.#prefetch - held) : 0,
      ...(this.#caughtUp !== null && places > 0 && { host: { hostId: this.#caughtUp.hello.hostId, places } }),
    };
  }

  async stop({ drain, timeoutMs }: { drain: boolean; timeoutMs: number }): Promise<void> {
    this.#stopping = true;
    await this.#connecting?.catch(() => undefined);
    const connection = this.#connection;
    if (connection === null) return;
    if (this.#options.ownHost === "bound") return this.#endHost(connection, drain, timeoutMs);
    if (drain && this.#known.size > 0)
      await Promise.race([new Promise<void>((resolve) => this.#idle.push(resolve)), sleep(timeoutMs, undefined, { ref: false })]);
    this.#connection = null;
    connection.close();
  }

  #hostSettings(): HostSettings {
    const { slots, passEnv, memoryLimitMb, maxResultBytes, idleExitMs, unreachableExitMs, drainTimeoutMs, childPolicy, stopLadder, maxLogBytes } =
      this.#options;
    const limits = { memoryLimitMb, maxResultBytes, maxLogBytes };
    return { executor: this.name, slots, passEnv, ...limits, idleExitMs, unreachableExitMs, drainTimeoutMs, childPolicy, stopLadder };
  }

  async #endHost(connection: HostConnection, drain: boolean, timeoutMs: number): Promise<void> {
    const { pid } = connection.hello;
    await connection.ask({ op: "stop", drain, timeoutMs }).catch(() => undefined);
    const closed = await connection.closed((drain ? timeoutMs : 0) + STOP_ALLOWANCE_MS);
    if (!closed) {
      this.#start?.logger.error({ pid }, "the runner host did not end in time and is killed");
      process.kill(pid, "SIGKILL");
    }
    this.#connection = null;
    // The socket closes a moment before the process ends; nobody may find it alive after this.
    for (const giveUpAt = performance.now() + 5_000; isAlive(pid) && performance.now() < giveUpAt;) await sleep(5);
  }

  #connected(): Promise<HostConnection> {
    // First, since the connection is not for use before the host has caught up.
    if (this.#connecting !== null) return this.#connecting;
    if (this.#connection !== null) return Promise.resolve(this.#connection);
    if (this.#launcher === null) return Promise.reject(new TradewindError("executor_failed", "The local executor has not been started."));
    this.#connecting = this.#connect(this.#launcher).finally(() => (this.#connecting = null));
    return this.#connecting;
  }

  async #connect(launcher: HostLauncher): Promise<HostConnection> {
    const connection = await launcher.findOrStart();
    const { attempts, load } = connection.hello;
    // What the host does not hold any more has ended while nobody listened.
    const held = new Set([...attempts.waiting, ...attempts.running]);
    for (const id of this.#known) if (!held.has(id)) this.#known.delete(id);
    for (const id of held) this.#known.add(id);
    this.#load = load;
    this.#connection = connection;
    const pulse = watchPulse(connection, () => this.#killSilent(connection));
    connection.listen(
      (event) => this.#onHostEvent(connection, event),
      () => {
        pulse.stop();
        void this.#onHostGone(connection);
      },
    );
    await this.#giveToken(connection);
    if (connection.hello.begins === true) await this.#catchUpOnce(connection);
    // It went meanwhile, which is seen to: nobody is to be given what is not connected.
    if (this.#connection !== connection) throw new TradewindError("executor_failed", "The runner host went away as it was connected.");
    return connection;
  }

  /** What a dispatch began on the host, and what the host was not told of since the message was lost, begins now. Waits for it only as long as the execution API can be expected to answer. */
  async #catchUpOnce(connection: HostConnection): Promise<void> {
    const asked = this.#catchUpUntilAsked(connection);
    const isAnswered = await Promise.race([asked.then(() => true), sleep(CATCH_UP_PATIENCE_MS, false, { ref: false })]);
    if (isAnswered) return;
    this.#start!.logger.warn(
      { hostId: connection.hello.hostId },
      "the runner host could not ask the execution API yet what was begun on it; going on without it, and until it has asked all attempts are queued",
    );
  }

  async #catchUpUntilAsked(connection: HostConnection): Promise<void> {
    while (this.#connection === connection && !this.#stopping) {
      try {
        const { attempts } = await connection.ask({ op: "catch_up" });
        if (this.#connection !== connection) return;
        for (const id of attempts?.running ?? []) this.#known.add(id);
        this.#caughtUp = connection;
        return;
      } catch (error) {
        this.#start!.logger.debug({ error: String(error) }, "the runner host could not ask what was begun on it");
        if (this.#connection !== connection) return;
        await sleep(CATCH_UP_PAUSE_MS, undefined, { ref: false });
      }
    }
  }

  async #giveToken(connection: HostConnection): Promise<void> {
    await connection.ask({ op: "token", hostToken: await this.#start!.issueHostToken(connection.hello.hostId) });
  }

  #onHostEvent(connection: HostConnection, event: HostControlEvent): void {
    if (event.event === "token_wanted") {
      this.#giveToken(connection).catch((error: unknown) =>
        this.#start!.logger.warn({ error: String(error) }, "the runner host could not be given a new token"),
      );
    } else if (event.event === "stopping") {
      if (this.#caughtUp === connection) this.#caughtUp = null;
    } else if (event.event === "trouble") {
      // It may as well not answer, which is no failure yet.
      if (this.#caughtUp === connection) this.#caughtUp = null;
      this.#tellTrouble(connection, event);
    } else if (event.event === "recovered") {
      if (connection.hello.begins === true && this.#caughtUp === null) void this.#catchUpUntilAsked(connection);
      const { doing, afterMs } = event;
      this.#start!.logger.info(
        { hostId: connection.hello.hostId, doing, afterMs: Math.round(afterMs) },
        "the runner host reaches the execution API again",
      );
    } else if (event.event === "changed") {
      const wasPaused = this.#load.isPaused === true && event.load.isPaused !== true;
      this.#load = event.load;
      for (const id of event.taken) this.#known.add(id);
      for (const id of event.ended) this.#forget(id);
      if ((event.ended.length > 0 || wasPaused) && !this.#stopping) this.#start!.onEvent({ kind: "capacity" });
    }
  }

  // Without this, tasks would sit in `queued` until a timeout, with the reason in the host's log only.
  #tellTrouble(
    { hello }: HostConnection,
    { doing, executionApiUrl, forMs, failures, error, load }: Extract<HostControlEvent, { event: "trouble" }>,
  ): void {
    this.#start!.logger.error(
      { hostId: hello.hostId, executionApiUrl, doing, failures, error, waiting: load.waiting, running: load.running },
      `The runner host can't use the execution API at ${executionApiUrl}: "${doing}" has not worked for ${Math.round(forMs / 1000)} s (${error}), and tasks wait in queued. ` +
        `Check that an API server listens there and that executionApi.url (TRADEWIND__EXECUTION_API__URL) is an address this machine reaches; the host's own log is ${this.#launcher!.logPath}.`,
    );
  }

  #forget(attemptId: string): void {
    this.#known.delete(attemptId);
    if (this.#known.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  // Its attempts are lost already, since it renews no lease; while it is there no other one can take its place.
  #killSilent(connection: HostConnection): void {
    if (this.#connection !== connection || this.#stopping) return;
    const { pid } = connection.hello;
    this.#start!.logger.error({ pid }, "the runner host does not answer any more and is killed; another one takes its place");
    process.kill(pid, "SIGKILL");
  }

  // The connection ends when the host dies, and in no other way that is worth telling apart: one that lives is found again, and holds what it held.
  async #onHostGone(connection: HostConnection): Promise<void> {
    if (this.#connection !== connection) return;
    this.#connection = null;
    this.#caughtUp = null;
    if (this.#stopping) return;
    const start = this.#start!;
    const alive = await this.#launcher!.find().catch(() => undefined);
    alive?.close();
    if (alive === undefined) this.#tellLost(start, `the runner host (pid ${connection.hello.pid}) is gone`);
    await this.#reconnect(start);
  }

  #tellBegunLost(grants: readonly AttemptGrant[], hostId: string): void {
    const reason = `the runner host "${hostId}" that they were to begin on is gone`;
    this.#start!.logger.error({ attempts: grants.length, reason }, "attempts are lost with their runner host");
    for (const { attemptId } of grants) this.#start!.onEvent({ kind: "lost", attemptId, reason });
  }

  #tellLost(start: ExecutorStart, reason: string): void {
    const lost = [...this.#known];
    this.#known.clear();
    this.#load = { ...this.#load, waiting: 0, running: 0 };
    start.logger.error({ attempts: lost.length, reason }, "attempts are lost with their runner host");
    for (const attemptId of lost) start.onEvent({ kind: "lost", attemptId, reason });
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #reconnect(start: ExecutorStart): Promise<void> {
    for (let waitMs = 50; !this.#stopping; waitMs = Math.min(RECONNECT_MAX_MS, waitMs * 2)) {
      try {
        await this.#connected();
        return start.onEvent({ kind: "capacity" });
      } catch (error) {
        start.logger.error({ error: String(error) }, "the runner host could not be started again; it is tried once more");
        await sleep(waitMs, undefined, { ref: false });
      }
    }
  }
}
