import { setTimeout as sleep } from "node:timers/promises";
import { randomUUID } from "node:crypto";
import { type DagGraph, type DataInterval, formatDuration, type Json, retryDelayMs, shouldRetry } from "@tradewind/core";
import { type AnyDag, type AttemptContextData, classifyError, type LogEntry, runTask, type TaskRuntime } from "tradewind/internal";
import { captureOutput } from "./captured-output.ts";
import { type LocalEnd, type LocalInstance, type LocalRun } from "./local-run.ts";
import type { LocalSettings } from "./local-settings.ts";

/** What all attempts of one run share. */
export interface LocalRunFacts {
  dag: AnyDag;
  graph: DagGraph;
  run: LocalRun;
  runId: string;
  logicalDate: Date;
  interval: DataInterval;
  startedAt: Date;
  conf: Record<string, Json>;
  params: Record<string, Json>;
  settings: LocalSettings;
  log(entry: LogEntry): void;
}

/** Runs one instance to its end, with its retries; the delays between them are told and left out. */
export async function runLocalInstance(facts: LocalRunFacts, instance: LocalInstance): Promise<void> {
  const { spec } = instance.node;
  const startedAt = performance.now();
  for (;;) {
    instance.tryNumber += 1;
    const { end, isFinal, delayMs, isWaiting } = await runAttempt(facts, instance);
    if (isWaiting) {
      instance.tryNumber -= 1;
      await sleep(delayMs);
      continue;
    }
    instance.durationMs = performance.now() - startedAt;
    const retries =
      end.state === "failed" &&
      shouldRetry({ state: "running", tryNumber: instance.tryNumber, maxTries: spec.retries, retries: spec.retries, isFinal });
    if (!retries) return facts.run.end(instance, end);
    const wait = delayMs ?? retryDelayMs({ ...spec, dagId: facts.graph.dagId, logicalDate: facts.logicalDate, tryNumber: instance.tryNumber });
    facts.log({
      level: "warn",
      message: `Try ${instance.tryNumber} of ${spec.retries + 1} failed: ${end.error}. The next one follows at once (${formatDuration(wait)} in a real run).`,
    });
  }
}

interface AttemptEnd {
  end: LocalEnd;
  isFinal: boolean;
  delayMs: number | undefined;
  /** It asked to begin again later: the same try goes on after the delay. */
  isWaiting?: boolean;
}

async function runAttempt(facts: LocalRunFacts, instance: LocalInstance): Promise<AttemptEnd> {
  const controller = new AbortController();
  const { executionTimeoutMs, taskId } = instance.node.spec;
  const output = captureOutput((stream, message) => facts.log({ level: stream === "stdout" ? "info" : "warn", message, stream }));
  let timer: NodeJS.Timeout | undefined;
  try {
    const inputs = facts.run.inputsOf(instance);
    const handler = runTask(facts.dag, taskId, { inputs, runtime: localRuntime(facts, instance, controller.signal) });
    const timeout = new Promise<never>((_, reject) => {
      if (executionTimeoutMs === null) return;
      timer = setTimeout(() => {
        const error = new Error(`the execution timeout of ${formatDuration(executionTimeoutMs)} has passed`);
        controller.abort(error);
        reject(error);
      }, executionTimeoutMs);
    });
    const { result } = await Promise.race([handler, timeout]);
    return { end: { state: "success", result: result === undefined ? undefined : (JSON.parse(result) as Json) }, isFinal: true, delayMs: undefined };
  } catch (thrown) {
    return endOfThrown(thrown, facts);
  } finally {
    clearTimeout(timer);
    output.release();
  }
}

function endOfThrown(thrown: unknown, facts: LocalRunFacts): AttemptEnd {
  const verdict = classifyError(thrown);
  if (verdict.kind === "skip") return { end: { state: "skipped", reason: verdict.message }, isFinal: true, delayMs: undefined };
  if (verdict.kind === "reschedule")
    return { end: { state: "failed", error: verdict.message }, isFinal: false, delayMs: verdict.afterMs, isWaiting: true };
  if (verdict.stack !== undefined) facts.log({ level: "error", message: verdict.stack });
  return {
    end: { state: "failed", error: verdict.message },
    isFinal: verdict.kind === "fail",
    delayMs: verdict.kind === "retry" ? verdict.afterMs : undefined,
  };
}

function localRuntime(facts: LocalRunFacts, instance: LocalInstance, signal: AbortSignal): TaskRuntime {
  const { settings, run } = facts;
  return {
    context: contextOf(facts, instance),
    signal,
    log: (entry) => facts.log(entry),
    // Only the last report counts to people, and here nobody could look while the task runs.
    progress: () => undefined,
    getVariable: async (key) => settings.getVariable(key),
    setVariable: async (key, value) => settings.setVariable(key, value),
    deleteVariable: async (key) => settings.deleteVariable(key),
    getConnection: async (id) => settings.getConnection(id),
    getXCom: async ({ taskId, key, mapIndex }) => run.xcom(taskId, key, mapIndex),
    setXCom: async (key, value) => void instance.xcoms.set(key, value),
    triggerDagRun: async (request) => {
      const runId = request.runId ?? `manual__${new Date().toISOString()}`;
      facts.log({
        level: "warn",
        message: `Would start run "${runId}" of DAG "${request.dagId}" with conf ${JSON.stringify(request.conf ?? {})}; a test starts no other runs.`,
      });
      return { runId, state: "success" };
    },
    // Nothing but what this run pretended to start can be asked for; it is taken for done.
    getDagRunState: async () => "success",
  };
}

function contextOf(facts: LocalRunFacts, instance: LocalInstance): AttemptContextData {
  const logicalDate = facts.logicalDate.toISOString();
  return {
    dagId: facts.graph.dagId,
    runId: facts.runId,
    runType: "manual",
    taskId: instance.node.taskId,
    mapIndex: instance.mapIndex,
    tryNumber: instance.tryNumber,
    maxTries: instance.node.spec.retries,
    attemptId: randomUUID(),
    logicalDate,
    dataIntervalStart: facts.interval.start.toISOString(),
    dataIntervalEnd: facts.interval.end.toISOString(),
    runAfter: logicalDate,
    runStartedAt: facts.startedAt.toISOString(),
    conf: facts.conf,
    params: facts.params,
    dagVersion: 1,
  };
}
