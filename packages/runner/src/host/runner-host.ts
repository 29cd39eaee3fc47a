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
import { type GrantedAttempt, grantedAttempt, isGranted } from "./attempt.ts";
import { AttemptBook } from "./attempt-book.ts";
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
import { leaseNow } from "./lease-clock.ts";
import { LeaseEnds, mayAskAgain } from "./lease-ends.ts";
import { LeaseKeeper, leaseMarginMs } from "./lease-keeper.ts";
import { LogShipper } from "./log-shipper.ts";
import { attemptsAhead } from "./place-attempt.ts";
import { Reachability } from "./reachability.ts";
import { Registration } from "./registration.ts";
import { SecretMasker } from "./secret-masker.ts";

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
  readonly #book: AttemptBook;
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
  readonly #registered = Promise.withResolvers<void>();
  #draining = false;
  /** People drain this host: it begins nothing until they want it to go on. */
  #isPaused = false;
  /** What is granted now came too late to be run. */
  #givingBack = false;
  #stopped: Promise<void> | null = null;
  readonly #changes: GatheredChanges;
  readonly #closed = new AbortController();

  constructor(options: RunnerHostOptions) {
    this.#options = options;
    const { client, hostId, logger, stateDir, maxResultBytes = DEFAULT_MAX_RESULT_BYTES, pausePoint = () => Promise.resolve() } = options;
    this.#reachability = new Reachability({
      onTrouble: (trouble) => options.onTrouble?.(trouble),
      onRecovered: (doing, afterMs) => options.onRecovered?.(doing, afterMs),
      onChanged: () => this.#changes.note(),
    });
    this.#registration = new Registration(options, this.#reachability, this.#closed.signal, ({ heartbeatMs, holdMs = 0, wanted = "run" }) => {
      this.#leases ??= this.#keepLeases(heartbeatMs, holdMs);
      this.#leases.setHold(holdMs);
      this.#onWanted(wanted);
      this.#registered.resolve();
    });
    this.#changes = new GatheredChanges(options.onChange);
    this.#book = new AttemptBook((change) => this.#changes.note(change));
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
      known: () => this.#book.known(),
      onAnswer: (request, answer, sentAt) => this.#onAnswer(request, answer, sentAt),
      onFinishRefused: (finish, why) => this.#onFinishRefused(finish, why),
      onStartRefused: (attemptId) => {
        this.#book.forget(attemptId);
        options.source?.onAnswered([attemptId]);
      },
      onUnknownHost: (status) => this.#registration.onUnknownHost(status),
    });
    this.#runner = new AttemptRunner({
      client,
      logger,
      ladder: options.stopLadder ?? DEFAULT_STOP_LADDER,
      callbackTimeoutMs: options.callbackTimeoutMs ?? DEFAULT_CALLBACK_TIMEOUT_MS,
      running: () => this.#book.granted(),
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
      const known = this.#book.get(command.attemptId);
      if (known !== undefined && isGranted(known)) this.#options.source?.onAnswered([known.attemptId]);
      if (!this.#draining && known === undefined) this.#book.deliver(command);
    }
    this.#askForWaiting();
    this.#changes.note();
  }

  /**
   * Takes attempts that the server has begun here without being asked. What tells of them may come late: behind an answer in which they were granted again, or when they have ended or been given up,
   * and must begin nothing a second time. `leasedAt`: a moment before their leases were made, by this process's monotonic clock.
   */
  begin(grants: readonly AttemptGrant[], leasedAt: number): void {
    const leasedFrom = leaseNow() - (performance.now() - leasedAt);
    for (const grant of grants) {
      const { attemptId, leaseMs } = grant;
      const isKnown = this.#book.cameUnasked(attemptId) || this.#book.isGivenUp(attemptId);
      // As one whose lease could not be renewed in time: whoever takes it for lost may have begun.
      const isLate = leasedFrom + leaseMs - leaseMarginMs(leaseMs) <= leaseNow();
      if (!isKnown && !isLate) {
        this.#book.noteUnasked(attemptId);
        this.#onGrant(grant, leasedFrom, { isAsked: false });
      }
      // Whoever told of it counts it as this host's.
      else if (this.#book.get(attemptId) === undefined) this.#changes.note({ ended: attemptId });
      if (isLate && !isKnown) this.#options.logger.warn({ attemptId }, "told of an attempt when its lease was about to end: it does not begin here");
    }
  }

  /** Asks the server what runs here as far as it knows, and was never told to this host. Resolves when that has begun; rejects when it cannot be asked, or the host ends. */
  async catchUp(): Promise<void> {
    // Leases can be renewed from then on.
    await this.#registered.promise;
    await this.#exchange.catchUp();
  }

  /** Stops attempts; their end is not reported. Unknown ids are ignored. */
  cancel(attempts: readonly { attemptId: string; reason: string }[]): void {
    for (const { attemptId, reason } of attempts) {
      const attempt = this.#book.get(attemptId);
      if (attempt?.phase === "waiting") {
        this.#book.forget(attemptId);
        this.#options.source?.onAnswered([attemptId]);
      } else if (attempt?.phase === "starting") attempt.stopReason = reason;
      else if (attempt !== undefined && isGranted(attempt)) this.#onStop(attempt, reason);
    }
  }

  list(): HostAttempts {
    return this.#book.list();
  }

  load(): HostLoad {
    const isCutOff = this.#draining || this.#reachability.isFailing;
    return { slots: this.#options.slots, ...this.#book.load(), isPaused: this.#isPaused, isCutOff };
  }

  /** What it is about, as people see it. */
  state(): HostState {
    if (!this.#draining && !this.#isPaused) return "running";
    return this.load().running > 0 || this.#draining ? "draining" : "drained";
  }

  /** How many more attempts it would ask for at once. */
  room(): number {
    return this.#draining || this.#isPaused ? 0 : Math.max(0, this.#room() - this.#book.waiting);
  }

  /** For how long the execution API has not answered one kind of call. */
  apiSilentForMs(): number {
    return this.#reachability.silentForMs();
  }

  /** What keeps it: leases it holds, and what the execution API has not heard of; and when that last answered, by the monotonic clock. */
  dues(): { held: number; unreported: number; reachedAt: number } {
    const granted = [...this.#book.granted()];
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
  empty(): Promise<void> {
    return this.#book.empty();
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
    this.#book.forgetWaiting();
    if (drain && timeoutMs > 0) await Promise.race([this.empty(), delay(timeoutMs, this.#closed.signal).catch(() => undefined)]);
    this.#givingBack = true;
    for (const attempt of [...this.#book.granted()]) this.#stopForShutdown(attempt);
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

  // --- getting attempts -------------------------------------------------------------------------------------------------------------------------------------------------

  #room(): number {
    const { slots, maxAhead = Number.POSITIVE_INFINITY } = this.#options;
    const situation = { slots, cores: availableCores, typicalMs: this.#pool.typicalMs, roundTripMs: this.#exchange.roundTripMs };
    return slots + Math.min(maxAhead, attemptsAhead(situation)) - this.#book.taken;
  }

  #askForWaiting(): void {
    // What a queue has brought already is run by this host also while it is drained: another one would get it only after the transport gave it up.
    const mayBegin = !this.#draining && (!this.#isPaused || this.#options.source !== undefined);
    for (let room = mayBegin ? this.#room() : 0; room > 0; room--) {
      const attempt = this.#book.takeWaiting();
      if (attempt === null) break;
      this.#exchange.start(attempt.attemptId);
    }
    this.#options.source?.onRoom();
  }

  #want(finishes: number): number {
    return this.#draining || this.#isPaused || this.#book.waiting > 0 || this.#options.source?.mayTakeNext() === false
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
    for (const grant of answer.next) {
      // It came here, and was given up, while the server was asked what runs here.
      if (request.known !== undefined && this.#book.isGivenUp(grant.attemptId)) continue;
      if (request.known !== undefined) this.#book.noteUnasked(grant.attemptId);
      this.#onGrant(grant, sentAt, { isAsked: request.known === undefined });
    }
    for (const { attemptId } of request.finishes) this.#book.forget(attemptId);
    for (const attemptId of request.starts) if (this.#book.get(attemptId)?.phase === "starting") this.#book.forget(attemptId);
    if (request.starts.length > 0) this.#options.source?.onAnswered(request.starts);
    this.#askForWaiting();
  }

  #onGrant(grant: AttemptGrant, sentAt: number, { isAsked = true } = {}): void {
    const known = this.#book.get(grant.attemptId);
    if (known !== undefined && isGranted(known)) return;
    const masker = new SecretMasker();
    const log = new AttemptLog(grant.attemptId, this.#logs, masker, this.#options.maxLogBytes ?? DEFAULT_MAX_LOG_BYTES);
    const attempt = grantedAttempt(grant, { command: known?.command ?? null, log, masker, placementKey: placementKeyOf(grant), sentAt });
    this.#book.grant(attempt);
    if (this.#givingBack || (this.#draining && !isAsked)) return this.#stopForShutdown(attempt);
    this.#leases?.watch(attempt);
    // Its lease was over when it came, and it may not wait for another one.
    if (this.#book.get(attempt.attemptId) !== attempt) return;
    if (known?.stopReason !== undefined) return this.#onStop(attempt, known.stopReason);
    if (hasWhatItNeeds(attempt, this.#bundles) && this.#options.pausePoint === undefined) this.#pool.enqueue(attempt);
    else void this.#fetchAndEnqueue(attempt);
  }

  async #fetchAndEnqueue(attempt: GrantedAttempt): Promise<void> {
    const { token } = attempt;
    try {
      await fetchWhatItNeeds(attempt, this.#options.client, this.#bundles);
      await this.#options.pausePoint?.("before_child_start");
    } catch (error) {
      const isAgain = await mayAskAgain(attempt, error, token);
      if (this.#book.get(attempt.attemptId) !== attempt || attempt.phase !== "ready") return;
      if (isAgain) return this.#fetchAndEnqueue(attempt);
      const message = `The attempt could not be started: ${error instanceof Error ? error.message : String(error)}`;
      attempt.log.system("error", message);
      return this.#report(attempt, { attemptId: attempt.attemptId, outcome: failed("rejected", message), durationMs: 0 });
    }
    // Cancelled, or given back, while this was under way.
    if (this.#book.get(attempt.attemptId) === attempt && attempt.phase === "ready") this.#pool.enqueue(attempt);
  }

  // --- ending attempts --------------------------------------------------------------------------------------------------------------------------------------------------

  #onEnded(attempt: GrantedAttempt, finish: AttemptFinish | null): void {
    if (finish !== null) return this.#report(attempt, finish);
    attempt.log.close();
    this.#book.giveUp(attempt.attemptId);
    this.#askForWaiting();
  }

  #report(attempt: GrantedAttempt, finish: AttemptFinish): void {
    this.#book.report(attempt);
    attempt.log.close();
    this.#exchange.finish(finish);
    this.#askForWaiting();
  }

  #onFinishRefused(finish: AttemptFinish, why: string): void {
    const attempt = this.#book.get(finish.attemptId);
    if (finish.outcome.kind !== "success" || attempt === undefined) return this.#book.giveUp(finish.attemptId);
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

  #keepLeases(heartbeatMs: number, holdMs: number): LeaseKeeper {
    return new LeaseKeeper({
      hostId: this.#options.hostId,
      client: this.#options.client,
      reachability: this.#reachability,
      logger: this.#options.logger,
      heartbeatMs,
      holdMs,
      ends: new LeaseEnds({ book: this.#book, pool: this.#pool, runner: this.#runner, logger: this.#options.logger }),
      granted: () => this.#book.granted(),
      queued: () => this.#book.waitingIds(),
      state: () => this.state(),
      connectionTestRoom: () => (this.#draining || this.#isPaused ? 0 : this.#connectionTests.room),
      onConnectionTests: (grants) => this.#connectionTests.begin(grants),
      onWanted: (wanted) => this.#onWanted(wanted),
      onStop: (attempt, reason) => this.#onStop(attempt, reason),
      onUnknownHost: (status) => this.#registration.onUnknownHost(status),
      pausePoint: this.#options.pausePoint ?? (() => Promise.resolve()),
    });
  }
}

const availableCores = availableParallelism();
