import { flushCompileCache } from "node:module";
import type { TaskOutcome } from "@tradewind/contract";
import { errorMessage, type TaskCallback } from "@tradewind/core";
import { useOwnPackage } from "@tradewind/loader/import-bundle";
import { type AnyDag, leaveOutSites } from "tradewind/internal";
import type { CallbackMessage, RunMessage, ToChild } from "../protocol/messages.ts";
import { AttemptRuntime, AuthorCalls } from "./attempt-runtime.ts";
import { captureOutput } from "./capture-output.ts";
import { HostChannel } from "./host-channel.ts";
import { ProcessTraces } from "./process-traces.ts";
import { runCallbacks } from "./run-callbacks.ts";
import { RenderedFields } from "./rendered-fields.ts";
import { callbackAfter, importDags, importFailed, knownDags, outcomeOfThrown, runCallback, runHandler, stoppedBeforeStart } from "./run-attempt.ts";

/** Memory is looked at after each attempt that took this long, and after every so many of the short ones. */
const LONG_ATTEMPT_MS = 50;
const MEASURE_EVERY = 32;

/** Exit code of a child that ends because of an error outside any attempt. */
const STRAY_ERROR_EXIT_CODE = 70;

interface Current {
  seq: number;
  startedAt: number;
  abort: AbortController;
  stopped: { reason: string; outOfTime: boolean } | null;
}

/** Runs the attempts that the host sends, one at a time, for as long as the host is there. */
export function serveHost(): void {
  leaveOutSites();
  const channel = new HostChannel();
  const send = channel.send.bind(channel);
  const calls = new AuthorCalls(send);
  const traces = new ProcessTraces();
  let maxResultBytes = 0;
  let current: Current | null = null;
  let attempts = 0;

  // Node writes what it has compiled when a process exits by itself, but children are killed. The first attempt has shown what is used; when all of it was cached, this is nothing.
  let hasKeptCompiled = false;
  const keepCompiled = () => {
    if (!hasKeptCompiled) flushCompileCache();
    hasKeptCompiled = true;
  };

  captureOutput((stream, text) => {
    if (current !== null) send({ kind: "out", seq: current.seq, stream, text });
  });

  const finish = (attempt: Current, outcome: TaskOutcome, unfit: string | undefined, callback?: { ran: TaskCallback; durationMs: number }) => {
    // Ended already: by an uncaught error, while the handler was still at work.
    if (current !== attempt) return;
    const durationMs = callback?.durationMs ?? performance.now() - attempt.startedAt;
    const unfitNow = traces.restore() ?? unfit;
    keepCompiled();
    const measure = durationMs > LONG_ATTEMPT_MS || ++attempts % MEASURE_EVERY === 0;
    const rssBytes = measure ? process.memoryUsage.rss() : undefined;
    send({ kind: "finished", seq: attempt.seq, outcome, durationMs, callbackRan: callback?.ran, unfit: unfitNow, rssBytes });
    current = null;
    calls.forget();
  };

  /** The callback sees the signal of an attempt that is not to stop any more: its own time begins. */
  const follow = async (attempt: Current, message: RunMessage, dags: ReadonlyMap<string, AnyDag>, outcome: TaskOutcome) => {
    const ran = callbackAfter(outcome, message.context);
    const dag = dags.get(message.context.dagId);
    const isUnwanted = attempt.stopped !== null && !attempt.stopped.outOfTime;
    if (ran === null || dag === undefined || isUnwanted || current !== attempt || !message.callbacks.includes(ran))
      return finish(attempt, outcome, undefined);
    const durationMs = performance.now() - attempt.startedAt;
    attempt.abort = new AbortController();
    send({ kind: "decided", seq: attempt.seq, outcome, durationMs, callback: ran });
    try {
      await runCallback(dag, ran, outcome, new AttemptRuntime(message, attempt.abort.signal, send, calls));
    } catch (error) {
      send({
        kind: "log",
        seq: attempt.seq,
        at: Date.now(),
        level: "error",
        message: `The callbacks on ${ran} could not be run: ${errorMessage(error)}`,
      });
    }
    finish(attempt, outcome, undefined, { ran, durationMs });
  };

  const run = async (message: RunMessage) => {
    const attempt: Current = { seq: message.seq, startedAt: performance.now(), abort: new AbortController(), stopped: null };
    current = attempt;
    let dags = knownDags(message);
    const isNewBundle = dags === undefined;
    if (dags === undefined) {
      try {
        dags = await importDags(message);
      } catch (thrown) {
        return finish(attempt, importFailed(thrown), "the import of its bundle failed");
      }
      if (attempt.abort.signal.aborted) return finish(attempt, stoppedBeforeStart(), undefined);
      send({ kind: "imported", seq: message.seq });
    }
    traces.begin(isNewBundle);
    attempt.startedAt = performance.now();
    const rendered = new RenderedFields(calls, message.seq);
    const runtime = new AttemptRuntime(message, attempt.abort.signal, send, calls, rendered);
    const outcome = await runHandler(dags, message, runtime, maxResultBytes);
    await rendered.flush();
    await follow(attempt, message, dags, attempt.stopped?.outOfTime === true ? outOfTime(attempt.stopped.reason) : outcome);
  };

  const runEvent = async (message: CallbackMessage) => {
    const { seq } = message;
    const attempt: Current = { seq, startedAt: performance.now(), abort: new AbortController(), stopped: null };
    current = attempt;
    const problem = await runCallbacks(message, new AttemptRuntime(message, attempt.abort.signal, send, calls));
    if (current !== attempt) return;
    send({ kind: "called", seq, problem });
    current = null;
    calls.forget();
  };

  process.on("uncaughtException", (thrown, origin) => {
    if (current === null) process.exit(STRAY_ERROR_EXIT_CODE);
    finish(current, uncaught(thrown, origin), "an error reached nobody");
  });

  const onMessage = (message: Exclude<ToChild, { kind: "hello" }>) => {
    if (message.kind === "run") void run(message);
    else if (message.kind === "callback") void runEvent(message);
    else if (message.kind === "reply") calls.answer(message);
    else if (message.seq === current?.seq) {
      current.stopped = { reason: message.reason, outOfTime: message.outOfTime };
      current.abort.abort(new Error(message.reason));
    }
  };
  channel.listen((hello) => {
    maxResultBytes = hello.maxResultBytes;
    if (hello.ownPackage !== null) useOwnPackage(hello.ownPackage);
  }, onMessage);
}

/** Whatever the handler did after its time was over: too late. */
function outOfTime(message: string): TaskOutcome {
  return { kind: "failed", failure: { reason: "timeout", message }, retryable: true };
}

/** An error that author code left to nobody (a rejected promise that is not awaited, a throw in a timer) fails the attempt: its result can't be trusted. */
function uncaught(thrown: unknown, origin: string): TaskOutcome {
  const outcome = outcomeOfThrown(thrown);
  if (outcome.kind !== "failed") return outcome;
  const how =
    origin === "unhandledRejection" ? "A promise was rejected and nothing awaited it" : "An error was thrown outside of the handler's own calls";
  return { ...outcome, failure: { ...outcome.failure, message: `${how}: ${outcome.failure.message}` } };
}
