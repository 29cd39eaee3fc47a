import type { AttemptFinish, TaskOutcome } from "@tradewind/contract";
import { formatDuration } from "@tradewind/core";
import type { ExecutionApiClient } from "@tradewind/contract/client";
import type { FinishedMessage, FromChild } from "../protocol/messages.ts";
import { clearTimers, type GrantedAttempt, type StopKind } from "./attempt.ts";
import { closingWords, maskOutcome, memoryMessage, outcomeOf, outcomeOfExit, timeoutMessage } from "./attempt-outcome.ts";
import { AuthorStacks } from "./author-stacks.ts";
import { answerAuthorCall, refusalOf, replyOf } from "./author-calls.ts";
import type { ChildPool } from "./child-pool.ts";
import type { ChildExit, ChildProcessHandle } from "./child-process.ts";
import type { HostLogger, StopLadder } from "./host-options.ts";
import { mayAskAgain, release, stoodStillMs } from "./lease-ends.ts";
import { MemoryWatch } from "./memory-watch.ts";

export interface AttemptRunnerOptions {
  client: ExecutionApiClient;
  ladder: StopLadder;
  /** How long a callback may run after the task it follows. */
  callbackTimeoutMs: number;
  logger: HostLogger;
  /** All attempts in a child. */
  running(): Iterable<GrantedAttempt>;
  /** null: the end is not to be reported. */
  onEnded(attempt: GrantedAttempt, finish: AttemptFinish | null): void;
  onProgress(): void;
}

/** So often the time is looked at of an attempt that stands still. */
const SHORTEST_TIMER_MS = 100;

type EndFacts = Pick<AttemptFinish, "durationMs" | "callbackRan">;

/** One attempt in a child process, from its start to its outcome: messages, limits, and the ladder that stops it. */
export class AttemptRunner {
  readonly #options: AttemptRunnerOptions;
  readonly #memory: MemoryWatch;
  readonly #stacks: AuthorStacks;
  #pool: ChildPool | undefined;
  /** What children said in this turn of the event loop about the ends of their attempts. */
  #ends: { child: ChildProcessHandle; attempt: GrantedAttempt; message: FinishedMessage }[] = [];

  constructor(options: AttemptRunnerOptions) {
    this.#options = options;
    this.#stacks = new AuthorStacks({
      download: (sha256, signal) => options.client.getBundleMap(sha256, { signal }),
      onError: (error) => options.logger.warn({ error: String(error) }, "the stack of a failed task could not be put in terms of the author's files"),
    });
    this.#memory = new MemoryWatch(
      () => options.running(),
      (attempt, usedMb, limitMb) => this.stop(attempt, "memory", memoryMessage(limitMb, usedMb), { atOnce: true }),
    );
  }

  /** The pool and the runner need each other; the pool is told last. */
  use(pool: ChildPool): void {
    this.#pool = pool;
  }

  start(attempt: GrantedAttempt, child: ChildProcessHandle): void {
    const { grant } = attempt;
    attempt.phase = "running";
    attempt.child = child;
    attempt.startedAt = performance.now();
    child.send({
      kind: "run",
      seq: child.seq,
      context: grant.context,
      inputs: attempt.inputs,
      inputMaps: attempt.inputMaps,
      callbacks: grant.callbacks ?? [],
      bundlePath: attempt.bundlePath,
      resolveFrom: grant.resolveFrom,
    });
    this.#limitTime(attempt);
    if (child.memoryLimitMb !== null) this.#memory.watch();
  }

  onMessage(child: ChildProcessHandle, attempt: GrantedAttempt, message: FromChild): void {
    switch (message.kind) {
      case "imported":
        return this.#limitTime(attempt);
      case "out":
        return attempt.log.printed(message.stream, message.text);
      case "log":
        return attempt.log.entry(message);
      case "progress":
        attempt.progress = { fraction: message.fraction, message: message.message === null ? null : attempt.masker.maskText(message.message) };
        return this.#options.onProgress();
      case "call":
        return void this.#answer(child, attempt, message);
      case "decided":
        return this.#decided(attempt, message);
      case "finished":
        // What programs it started have printed came before, but may still lie in a pipe: this turn of the event loop reads it.
        if (this.#ends.push({ child, attempt, message }) === 1) setImmediate(() => this.#finishAll());
        return;
      case "called":
        // The answer to a request for callbacks, which only children of the callback runner are sent: it says nothing about an attempt.
        return;
    }
  }

  onLostChild(attempt: GrantedAttempt, exit: ChildExit): void {
    if (attempt.phase !== "running") return;
    const { decided } = attempt;
    const isCallbackCut = decided !== null && !decided.isOutOfTime;
    if (isCallbackCut)
      attempt.log.system("error", `The process ended in the callback on ${decided.callback}, which is therefore run again elsewhere.`);
    const outcome = outcomeOf(attempt, () => outcomeOfExit(attempt, exit));
    const durationMs = decided?.durationMs ?? performance.now() - attempt.startedAt;
    this.#end(attempt, outcome, { durationMs, ...(decided !== null && !isCallbackCut && { callbackRan: decided.callback }) });
  }

  /**
   * Abort signal in author code, then SIGTERM, then SIGKILL to the whole process group. The first reason to stop is the one that counts, except that a lost lease forbids any report.
   */
  stop(attempt: GrantedAttempt, kind: StopKind, message: string, options: { atOnce?: boolean; ladder?: StopLadder } = {}): void {
    const { child } = attempt;
    if (attempt.phase !== "running" || child === null) return;
    const first = attempt.stop === null;
    if (first || kind === "lease") attempt.stop = { kind, message };
    if (first) attempt.log.system(kind === "cancelled" ? "warn" : "error", message);
    // One that stands still hears nothing.
    if (options.atOnce || attempt.heldSince !== null) return child.signalGroup("SIGKILL");
    if (!first) return;
    const { abortGraceMs, termGraceMs } = options.ladder ?? this.#options.ladder;
    child.send({ kind: "abort", seq: child.seq, reason: message, outOfTime: kind === "timeout" });
    this.#after(attempt, abortGraceMs, () => child.signalGroup("SIGTERM"));
    this.#after(attempt, abortGraceMs + termGraceMs, () => child.signalGroup("SIGKILL"));
  }

  close(): void {
    this.#memory.stop();
  }

  // A bundle whose import never ends is limited as well: the time starts when the attempt is sent, and once more when its bundle is there.
  #limitTime(attempt: GrantedAttempt): void {
    const { executionTimeoutMs } = attempt.grant;
    if (executionTimeoutMs === null || attempt.stop !== null || attempt.decided !== null) return;
    clearTimers(attempt);
    this.#after(attempt, executionTimeoutMs, () => this.stop(attempt, "timeout", timeoutMessage(executionTimeoutMs)));
  }

  /** The time in which it stands still is not its own. */
  #after(attempt: GrantedAttempt, ms: number, act: () => void): void {
    // Longer than a timer can be told to wait (24.8 days) means: not within the life of this process.
    if (ms >= 2 ** 31) return;
    const beforeMs = stoodStillMs(attempt);
    const timer = setTimeout(() => {
      attempt.timers.splice(attempt.timers.indexOf(timer), 1);
      const owedMs = stoodStillMs(attempt) - beforeMs;
      if (owedMs > 0) this.#after(attempt, Math.max(owedMs, SHORTEST_TIMER_MS), act);
      else act();
    }, ms);
    attempt.timers.push(timer);
  }

  /** The time limit was the handler's, as were the steps of the ladder; the callback has its own. */
  #decided(attempt: GrantedAttempt, { outcome, durationMs, callback }: Extract<FromChild, { kind: "decided" }>): void {
    if (attempt.phase !== "running" || attempt.child === null) return;
    const isUnwanted = attempt.stop !== null && attempt.stop.kind !== "timeout";
    const decided = { outcome, durationMs, callback, isOutOfTime: false };
    attempt.decided = decided;
    if (isUnwanted) return;
    clearTimers(attempt);
    const { child } = attempt;
    const timeoutMs = this.#options.callbackTimeoutMs;
    // It counts as run: a callback that hangs would hang elsewhere too.
    this.#after(attempt, timeoutMs, () => {
      decided.isOutOfTime = true;
      attempt.log.system("error", `The callback on ${callback} ran longer than ${formatDuration(timeoutMs)}, and was stopped.`);
      child.signalGroup("SIGKILL");
    });
  }

  async #answer(child: ChildProcessHandle, attempt: GrantedAttempt, message: Extract<FromChild, { kind: "call" }>): Promise<void> {
    const { seq } = child;
    const api = this.#options.client.forAttempt(() => attempt.token);
    const isWaiting = (): boolean => attempt.child === child && child.seq === seq;
    const ask = (): Promise<unknown> => answerAuthorCall(message, api, attempt.masker);
    const reply = await askThroughout(attempt, ask, isWaiting).then(
      (value) => replyOf(message.call, value),
      (error: unknown) => refusalOf(message.call, error),
    );
    if (isWaiting()) child.send(reply);
  }

  /** Together: their reports go in one exchange, which leaves when this is done. */
  #finishAll(): void {
    const ends = this.#ends;
    this.#ends = [];
    for (const { child, attempt, message } of ends) this.#finished(child, attempt, message);
  }

  #finished(child: ChildProcessHandle, attempt: GrantedAttempt, message: FinishedMessage): void {
    if (attempt.phase !== "running" || attempt.child !== child) return;
    if (message.unfit !== undefined) attempt.log.system("debug", `The task's process is replaced: ${message.unfit}.`);
    // A task that was told to stop and came back may have left anything half done.
    const unfit = message.unfit ?? (attempt.stop === null ? undefined : "it was stopped");
    const outcome = outcomeOf(attempt, () => message.outcome);
    const end = { durationMs: message.durationMs, ...(message.callbackRan !== undefined && { callbackRan: message.callbackRan }) };
    attempt.child = null;
    // It had ended before it was held. Its process is for others now, or is killed as it is.
    const isHeld = attempt.heldSince !== null;
    release(attempt);
    if (outcome !== null && this.#stacks.concerns(outcome, attempt.grant.bundleSha256)) void this.#endInAuthorsTerms(attempt, outcome, end);
    else this.#end(attempt, outcome, end);
    this.#pool?.release(child, { durationMs: message.durationMs, rssBytes: message.rssBytes, unfit });
    if (isHeld && child.state !== "ending") child.signalGroup("SIGCONT");
  }

  /** The process is free already; only the report waits for the bundle's source map. */
  async #endInAuthorsTerms(attempt: GrantedAttempt, outcome: TaskOutcome, end: EndFacts): Promise<void> {
    clearTimers(attempt);
    const { bundleSha256: sha256 } = attempt.grant;
    this.#end(attempt, await this.#stacks.inAuthorsTerms(outcome, { sha256, path: attempt.bundlePath }), end);
  }

  #end(attempt: GrantedAttempt, outcome: TaskOutcome | null, end: EndFacts): void {
    clearTimers(attempt);
    release(attempt);
    attempt.child = null;
    const masked = outcome === null ? null : maskOutcome(outcome, attempt.masker);
    attempt.log.endOutput();
    // The reason of a stop is in the log already.
    const words = masked === null || attempt.stop !== null ? undefined : closingWords(masked);
    if (words !== undefined) attempt.log.system(words.level, words.message);
    this.#options.onEnded(attempt, masked === null ? null : { attemptId: attempt.attemptId, outcome: masked, ...end });
  }
}

/** While an attempt stands still, what it has asked for is not refused because the server is away, or because its token has run out with its lease: it is asked for again when it goes on. */
async function askThroughout<T>(attempt: GrantedAttempt, ask: () => Promise<T>, isWaiting: () => boolean): Promise<T> {
  for (;;) {
    const { token } = attempt;
    try {
      return await ask();
    } catch (error) {
      if (!(await mayAskAgain(attempt, error, token)) || !isWaiting()) throw error;
    }
  }
}
