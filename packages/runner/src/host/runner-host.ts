import { join } from "node:path";
import { availableParallelism } from "node:os";
import type {
  AttemptFinish,
  AttemptGrant,
  ExchangeRequest,
  ExchangeResponse,
  HostAttempts,
  HostLoad,
  HostState,
  TaskCommand,
  WantedHostState,
} from "@tradewind/contract";
import { delay } from "@tradewind/contract/client";
import { type Attempt, type GrantedAttempt, grantedAttempt, isGranted } from "./attempt.ts";
import { AttemptLog } from "./attempt-log.ts";
import { fetchWhatItNeeds, hasWhatItNeeds } from "./attempt-needs.ts";
import { failed } from "./attempt-outcome.ts";
import { AttemptRunner } from "./attempt-runner.ts";
import { BundleCache } from "./bundle-cache.ts";
import { childEnv } from "./child-env.ts";
import { ChildLedger } from "./child-ledger.ts";
import { ChildPool, placementKeyOf } from "./child-pool.ts";
import { ChildPrograms } from "./child-programs.ts";
import { ConnectionTests } from "./connection-tests.ts";
import { ExchangeLoop } from "./exchange-loop.ts";
import {
  DEFAULT_CALLBACK_TIMEOUT_MS,
  DEFAULT_CHILD_POLICY,
  DEFAULT_MAX_LOG_BYTES,
  DEFAULT_STOP_LADDER,
  type RunnerHostOptions,
  shutdownLadder,
} from "./host-options.ts";
import { GatheredChanges } from "./gathered-changes.ts";
import { GivenUpAttempts } from "./given-up-attempts.ts";
import { LeaseKeeper } from "./lease-keeper.ts";
import { LogShipper } from "./log-shipper.ts";
import { attemptsAhead } from "./place-attempt.ts";
import { Reachability } from "./reachability.ts";
import { Registration } from "./registration.ts";
import { SecretMasker } from "./secret-masker.ts";
import { WaitingQueue } from "./waiting-queue.ts";

export const DEFAULT_MAX_RESULT_BYTES = 16 * 1024 * 1024;

const LOG_BOUNDS = { flushAfterMs: 120, maxAttemptBytes: 4 * 1024 * 1024, maxTotalBytes: 64 * 1024 * 1024 };
/** For the last heartbeat; without it the host is seen as offline a little later. */
const FAREWELL_BEAT_MS = 1_000;
/** For reports and logs after the last attempt has ended. */
const FAREWELL_MS = 5_000;

/**
 * Runs attempts in child processes. It needs the execution API and nothing else: whoever delivers commands (a socket, a queue, a pod's arguments) calls `deliver`.
 */
export class RunnerHost {
  readonly #options: RunnerHostOptions;
  readonly #attempts = new Map<string, Attempt>();
  readonly #waiting = new WaitingQueue();
  readonly #givenUp = new GivenUpAttempts();
  readonly #exchange: ExchangeLoop;
  readonly #bundles: BundleCache;
  readonly #logs: LogShipper;
  readonly #programs: ChildPrograms;
  readonly #pool: ChildPool;
  readonly #runner: AttemptRunner;
  readonly #ledger: ChildLedger;
  readonly #connectionTests: ConnectionTests;
  readonly #reachability: Reachability;
  #leases: LeaseKeeper | null = null;
  readonly #registration: Registration;
  #draining = false;
  /** People drain this host: it begins nothing until they want it to go on. */
  #isPaused = false;
  /** What is granted now came too late to be run. */
  #givingBack = false;
  #stopped: Promise<void> | null = null;
  /** Attempts asked for, ready or running: what takes a slot or waits for one. */
  #taken = 0;
  readonly #changes: GatheredChanges;
  #empty: (() => void)[] = [];
  readonly #closed = new AbortController();

  constructor(options: RunnerHostOptions) {
    this.#options = options;
    const { client, hostId, logger, stateDir, maxResultBytes = DEFAULT_MAX_RESULT_BYTES, pausePoint = () => Promise.resolve() } = options;
    this.#reachability = new Reachability({
      onTrouble: (trouble) => options.onTrouble?.(trouble),
      onRecovered: (doing, afterMs) => options.onRecovered?.(doing, afterMs),
    });
    this.#registration = new Registration(options, this.#reachability, this.#closed.signal, ({ heartbeatMs, wanted = "run" }) => {
      this.#leases ??= this.#keepLeases(heartbeatMs);
      this.#onWanted(wanted);
    });
    this.#changes = new GatheredChanges(options.onChange);
    this.#bundles = new BundleCache(join(stateDir, "bundles"), (sha256) => client.getBundle(sha256));
    this.#ledger = new ChildLedger(join(stateDir, "children"));
    this.#logs = new LogShipper({ hostId, logger, send: (request) => client.sendLogs(request), ...LOG_BOUNDS });
    this.#exchange = new ExchangeLoop({
      hostId,
      queues: options.queues,
      client,
      reachability: this.#reachability,
      logger,
      pausePoint,
      want: (finishes) => this.#want(finishes),
      known: () => [...this.#attempts.keys(), ...this.#givenUp],
      onAnswer: (request, answer, sentAt) => this.#onAnswer(request, answer, sentAt),
      onFinishRefused: (finish, why) => this.#onFinishRefused(finish, why),
      onStartRefused: (attemptId) => {
        this.#forget(attemptId);
        options.source?.onAnswered([attemptId]);
      },
      onUnknownHost: (status) => this.#registration.onUnknownHost(status),
    });
    this.#runner = new AttemptRunner({
      client,
      logger,
      ladder: options.stopLadder ?? DEFAULT_STOP_LADDER,
      callbackTimeoutMs: options.callbackTimeoutMs ?? DEFAULT_CALLBACK_TIMEOUT_MS,
      running: () => this.#granted(),
      onProgress: () => this.#leases?.progressChanged(),
      onEnded: (attempt, finish) => this.#onEnded(attempt, finish),
    });
    const env = childEnv(process.env, options.passEnv ?? []);
    this.#connectionTests = new ConnectionTests({ hostId, client, logger, stateDir, env, memoryLimitMb: options.memoryLimitMb ?? null });
    this.#programs = new ChildPrograms({ stateDir, logger, folders: options.programFolders });
    this.#pool = new ChildPool({
      slots: options.slots,
      policy: { ...DEFAULT_CHILD_POLICY, ...options.childPolicy },
      defaultMemoryLimitMb: options.memoryLimitMb ?? null,
      spawn: () => ({ env, program: this.#programs.current(), compileCacheDir: this.#programs.compileCacheDir, maxResultBytes }),
      onPlaced: (attempt, child) => this.#runner.start(attempt, child),
      onMessage: (child, attempt, message) => this.#runner.onMessage(child, attempt, message),
      onPrinted: (attempt, stream, bytes) => attempt.log.printedRaw(stream, bytes),
      onLostChild: (attempt, exit) => this.#runner.onLostChild(attempt, exit),
      onSpawned: (child) => void (child.pid !== undefined && this.#ledger.record(child.pid, () => this.#pool.pids())),
    });
    this.#runner.use(this.#pool);
  }

  /** Ends what an earlier host on this folder left behind, makes the host known, and gets a first process ready. Commands may be delivered from then on. */
  async start(): Promise<void> {
    const leftovers = (await this.#ledger.killLeftovers()) + (await this.#connectionTests.killLeftovers());
    if (leftovers > 0) this.#options.logger.warn({ leftovers }, "ended child processes that an earlier host left behind");
    // Attempts that come before wait for it, which is still faster than a first child from the sources.
    await Promise.all([this.#programs.ready().then(() => this.#pool.open()), this.#registration.untilKnown()]);
  }

  /** Takes commands; those it has already are ignored. */
  deliver(commands: readonly TaskCommand[]): void {
    for (const command of commands) {
      const known = this.#attempts.get(command.attemptId);
      if (known !== undefined && isGranted(known)) this.#options.source?.onAnswered([known.attemptId]);
      if (this.#draining || known !== undefined) continue;
      const attempt = { attemptId: command.attemptId, phase: "waiting" as const, command };
      this.#attempts.set(attempt.attemptId, attempt);
      this.#waiting.push(attempt);
    }
    this.#askForWaiting();
    this.#changes.note();
  }

  /** Stops attempts; their end is not reported. Unknown ids are ignored. */
  cancel(attempts: readonly { attemptId: string; reason: string }[]): void {
    for (const { attemptId, reason } of attempts) {
      const attempt = this.#attempts.get(attemptId);
      if (attempt?.phase === "waiting") {
        this.#waiting.remove(attemptId);
        this.#forget(attemptId);
        this.#options.source?.onAnswered([attemptId]);
      } else if (attempt?.phase === "starting") attempt.stopReason = reason;
      else if (attempt !== undefined && isGranted(attempt)) this.#onStop(attempt, reason);
    }
  }

  list(): HostAttempts {
    const ids = (waiting: boolean) => [...this.#attempts.values()].filter((one) => (one.phase === "waiting") === waiting).map((one) => one.attemptId);
    return { waiting: ids(true), running: ids(false) };
  }

  load(): HostLoad {
    const waiting = this.#waiting.length;
    return { slots: this.#options.slots, waiting, running: this.#attempts.size - waiting, isPaused: this.#isPaused };
  }

  /** What it is about, as people see it. */
  state(): HostState {
    if (!this.#draining && !this.#isPaused) return "running";
    return this.load().running > 0 || this.#draining ? "draining" : "drained";
  }

  /** How many more attempts it would ask for at once. */
  room(): number {
    return this.#draining || this.#isPaused ? 0 : Math.max(0, this.#room() - this.#waiting.length);
  }

  /** For how long the execution API has not answered one kind of call. */
  apiSilentForMs(): number {
    return this.#reachability.silentForMs();
  }

  /** What keeps it: leases it holds, and what the execution API has not heard of; and when that last answered, by the monotonic clock. */
  dues(): { held: number; unreported: number; reachedAt: number } {
    const granted = [...this.#granted()];
    const unreported = granted.filter(({ phase }) => phase === "reporting").length;
    return { held: granted.length - unreported, unreported, reachedAt: this.#reachability.answeredAt };
  }

  /** For the very end of a process that may not wait: nothing that runs here outlives it. */
  killChildren(): void {
    void this.#pool.stop();
    this.#connectionTests.stop();
  }

  setHostToken(token: string): void {
    this.#options.client.setHostToken(token);
  }

  /** The execution API may have moved while the host lived on. */
  setExecutionApi(baseUrl: string): void {
    this.#options.client.setBaseUrl(baseUrl);
  }

  /** Resolves when no attempt is left. */
  async empty(): Promise<void> {
    if (this.#attempts.size > 0) await new Promise<void>((resolve) => this.#empty.push(resolve));
  }

  /** Resolves when the server has all log lines there are by now, or when the signal says to give up. */
  logsSent(signal: AbortSignal): Promise<void> {
    return this.#logs.drain(signal);
  }

  /**
   * Ends the host. Waiting commands are dropped: they were granted to nobody. With `drain`, running attempts may end by themselves for `timeoutMs`; what is left then is stopped and
   * reported as lost, so that it is tried again without waiting for its lease.
   */
  stop(options: { drain: boolean; timeoutMs: number }): Promise<void> {
    this.#draining = true;
    this.#stopped ??= this.#shutDown(options);
    return this.#stopped;
  }

  async #shutDown({ drain, timeoutMs }: { drain: boolean; timeoutMs: number }): Promise<void> {
    for (const attempt of this.#waiting.clear()) this.#forget(attempt.attemptId);
    if (drain && timeoutMs > 0) await Promise.race([this.empty(), delay(timeoutMs, this.#closed.signal).catch(() => undefined)]);
    this.#givingBack = true;
    for (const attempt of [...this.#granted()]) this.#stopForShutdown(attempt);
    const { abortGraceMs, termGraceMs } = shutdownLadder(this.#options.stopLadder);
    await Promise.race([this.empty(), delay(abortGraceMs + termGraceMs + FAREWELL_MS, this.#closed.signal).catch(() => undefined)]);
    await this.#logs.drain(AbortSignal.timeout(FAREWELL_MS));
    this.#logs.abandon();
    this.#connectionTests.stop();
    await this.#leases?.sayFarewell(AbortSignal.timeout(FAREWELL_BEAT_MS));
    this.#closed.abort(new Error("the host stops"));
    this.#exchange.close();
    this.#reachability.stop();
    this.#runner.close();
    this.#registration.close();
    this.#changes.close();
    this.#programs.close();
    await this.#pool.stop();
    await this.#options.client.close();
  }

  #stopForShutdown(attempt: GrantedAttempt): void {
    const message = "The runner host is shutting down; the attempt is given back.";
    if (attempt.phase === "running") return this.#runner.stop(attempt, "shutdown", message, { ladder: shutdownLadder(this.#options.stopLadder) });
    if (attempt.phase !== "ready") return;
    this.#pool.remove(attempt);
    // Nothing of it has begun: the same try goes on elsewhere, whatever retries the task has.
    this.#report(attempt, { attemptId: attempt.attemptId, outcome: { kind: "reschedule", resumeAfterMs: 0, message }, durationMs: 0 });
  }

  *#granted(): Iterable<GrantedAttempt> {
    for (const attempt of this.#attempts.values()) if (isGranted(attempt)) yield attempt;
  }

  // --- getting attempts -------------------------------------------------------------------------------------------------------------------------------------------------

  #room(): number {
    const { slots, maxAhead = Number.POSITIVE_INFINITY } = this.#options;
    const situation = { slots, cores: availableCores, typicalMs: this.#pool.typicalMs, roundTripMs: this.#exchange.roundTripMs };
    return slots + Math.min(maxAhead, attemptsAhead(situation)) - this.#taken;
  }

  #askForWaiting(): void {
    // What a queue has brought already is run by this host also while it is drained: another one would get it only after the transport gave it up.
    const mayBegin = !this.#draining && (!this.#isPaused || this.#options.source !== undefined);
    for (let room = this.#room(); room > 0 && this.#waiting.length > 0 && mayBegin; room--) {
      const attempt = this.#waiting.shift()!;
      attempt.phase = "starting";
      this.#taken++;
      this.#exchange.start(attempt.attemptId);
    }
    this.#options.source?.onRoom();
  }

  #want(finishes: number): number {
    return this.#draining || this.#isPaused || this.#waiting.length > 0 || this.#options.source?.mayTakeNext() === false
      ? 0
      : Math.max(0, Math.min(finishes, this.#room()));
  }

  #onWanted(wanted: WantedHostState): void {
    const isPaused = wanted === "drain";
    if (isPaused === this.#isPaused) return;
    this.#isPaused = isPaused;
    this.#options.logger.info({ running: this.load().running }, isPaused ? "asked to drain: nothing new is begun" : "asked to go on");
    this.#leases?.stateChanged();
    this.#changes.note();
    this.#askForWaiting();
  }

  #onAnswer(request: ExchangeRequest, answer: ExchangeResponse, sentAt: number): void {
    const { logger } = this.#options;
    for (const { attemptId, accepted, reason } of answer.finished)
      if (!accepted) logger.info({ attemptId, reason }, "the end of an attempt was not accepted");
    for (const { attemptId, code, reason } of answer.refused) logger.debug({ attemptId, code, reason }, "an attempt was not granted");
    for (const grant of answer.granted) this.#onGrant(grant, sentAt);
    for (const grant of answer.next) this.#onGrant(grant, sentAt);
    for (const { attemptId } of request.finishes) this.#forget(attemptId);
    for (const attemptId of request.starts) if (this.#attempts.get(attemptId)?.phase === "starting") this.#forget(attemptId);
    if (request.starts.length > 0) this.#options.source?.onAnswered(request.starts);
    this.#askForWaiting();
  }

  #onGrant(grant: AttemptGrant, sentAt: number): void {
    const known = this.#attempts.get(grant.attemptId);
    if (known !== undefined && known.phase !== "starting" && known.phase !== "waiting") return;
    if (known === undefined) this.#taken++;
    else if (known.phase === "waiting") {
      this.#waiting.remove(known.attemptId);
      this.#taken++;
    }
    const masker = new SecretMasker();
    const log = new AttemptLog(grant.attemptId, this.#logs, masker, this.#options.maxLogBytes ?? DEFAULT_MAX_LOG_BYTES);
    const attempt = grantedAttempt(grant, { command: known?.command ?? null, log, masker, placementKey: placementKeyOf(grant), sentAt });
    this.#attempts.set(attempt.attemptId, attempt);
    if (known === undefined) this.#changes.note({ taken: attempt.attemptId });
    if (this.#givingBack) return this.#stopForShutdown(attempt);
    this.#leases?.watch(attempt);
    if (known?.stopReason !== undefined) return this.#onStop(attempt, known.stopReason);
    if (hasWhatItNeeds(attempt, this.#bundles) && this.#options.pausePoint === undefined) this.#pool.enqueue(attempt);
    else void this.#fetchAndEnqueue(attempt);
  }

  async #fetchAndEnqueue(attempt: GrantedAttempt): Promise<void> {
    try {
      await fetchWhatItNeeds(attempt, this.#options.client, this.#bundles);
      await this.#options.pausePoint?.("before_child_start");
    } catch (error) {
      if (this.#attempts.get(attempt.attemptId) !== attempt || attempt.phase !== "ready") return;
      const message = `The attempt could not be started: ${error instanceof Error ? error.message : String(error)}`;
      attempt.log.system("error", message);
      return this.#report(attempt, { attemptId: attempt.attemptId, outcome: failed("rejected", message), durationMs: 0 });
    }
    // Cancelled, or given back, while this was under way.
    if (this.#attempts.get(attempt.attemptId) === attempt && attempt.phase === "ready") this.#pool.enqueue(attempt);
  }

  // --- ending attempts --------------------------------------------------------------------------------------------------------------------------------------------------

  #onEnded(attempt: GrantedAttempt, finish: AttemptFinish | null): void {
    if (finish !== null) return this.#report(attempt, finish);
    attempt.log.close();
    this.#giveUp(attempt.attemptId);
    this.#askForWaiting();
  }

  #report(attempt: GrantedAttempt, finish: AttemptFinish): void {
    if (attempt.phase !== "reporting") this.#taken--;
    attempt.phase = "reporting";
    attempt.log.close();
    this.#exchange.finish(finish);
    this.#askForWaiting();
  }

  #onFinishRefused(finish: AttemptFinish, why: string): void {
    const attempt = this.#attempts.get(finish.attemptId);
    if (finish.outcome.kind !== "success" || attempt === undefined) return this.#giveUp(finish.attemptId);
    const message = `The task ended well, but its result was refused: ${why}`;
    this.#exchange.finish({ ...finish, outcome: { kind: "failed", failure: { reason: "error", message }, retryable: false } });
  }

  #onStop(attempt: GrantedAttempt, reason: string): void {
    if (attempt.phase === "running") return this.#runner.stop(attempt, "cancelled", reason);
    if (attempt.phase !== "ready") return;
    this.#pool.remove(attempt);
    attempt.log.system("warn", reason);
    this.#report(attempt, { attemptId: attempt.attemptId, outcome: failed("cancelled", reason), durationMs: 0 });
  }

  #onDisowned(attempt: GrantedAttempt, reason: string): void {
    if (attempt.phase === "running") this.#runner.stop(attempt, "lease", reason);
    else if (attempt.phase === "ready") this.#dropReady(attempt, reason);
  }

  #onLeaseEnding(attempt: GrantedAttempt): void {
    const message = "The lease could not be renewed in time; the task's process is killed before another attempt may start.";
    this.#options.logger.error({ attemptId: attempt.attemptId }, message);
    if (attempt.phase === "running") this.#runner.stop(attempt, "lease", message, { atOnce: true });
    else if (attempt.phase === "ready") this.#dropReady(attempt, message);
  }

  #dropReady(attempt: GrantedAttempt, reason: string): void {
    this.#pool.remove(attempt);
    attempt.log.system("warn", reason);
    attempt.log.close();
    this.#giveUp(attempt.attemptId);
  }

  #giveUp(attemptId: string): void {
    this.#givenUp.add(attemptId);
    this.#forget(attemptId);
  }

  #forget(attemptId: string): void {
    const attempt = this.#attempts.get(attemptId);
    if (attempt === undefined) return;
    if (attempt.phase !== "waiting" && attempt.phase !== "reporting") this.#taken--;
    this.#attempts.delete(attemptId);
    this.#changes.note({ ended: attemptId });
    if (this.#attempts.size === 0) for (const resolve of this.#empty.splice(0)) resolve();
  }

  #keepLeases(heartbeatMs: number): LeaseKeeper {
    return new LeaseKeeper({
      hostId: this.#options.hostId,
      client: this.#options.client,
      reachability: this.#reachability,
      logger: this.#options.logger,
      heartbeatMs,
      granted: () => this.#granted(),
      queued: () => this.#waiting.ids(),
      state: () => this.state(),
      connectionTestRoom: () => (this.#draining || this.#isPaused ? 0 : this.#connectionTests.room),
      onConnectionTests: (grants) => this.#connectionTests.begin(grants),
      onWanted: (wanted) => this.#onWanted(wanted),
      onStop: (attempt, reason) => this.#onStop(attempt, reason),
      onDisowned: (attempt, reason) => this.#onDisowned(attempt, reason),
      onLeaseEnding: (attempt) => this.#onLeaseEnding(attempt),
      onUnknownHost: (status) => this.#registration.onUnknownHost(status),
      pausePoint: this.#options.pausePoint ?? (() => Promise.resolve()),
    });
  }
}

const availableCores = availableParallelism();
