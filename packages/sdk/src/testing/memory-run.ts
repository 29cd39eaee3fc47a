import {
  type AttemptEnd as MachineEnd,
  createRunMachine,
  type DagGraph,
  type DagRunState,
  type DagRunType,
  type DataInterval,
  errorMessage,
  isTerminal,
  type Json,
  type MaybeState,
  type PastFacts,
  RETURN_VALUE_KEY,
  type RunInstance,
  type RunMachine,
  type RunTimer,
  type TaskCallback,
  type TaskNode,
} from "@tradewind/core";
import { runDagCallbacks, runTaskCallbacks, type CallbackReport } from "../callbacks.ts";
import type { AnyDag } from "../collect-dags.ts";
import { runAttempt } from "../run-attempt.ts";
import type { LogEntry, TriggerRequest } from "../runtime.ts";
import { type Fault, findFault } from "./faults.ts";
import { LiveAttempt, type LiveEnd } from "./live-attempt.ts";
import type { RunClock } from "./manual-clock.ts";
import { MemoryTaskRuntime } from "./memory-task-runtime.ts";
import { type AttemptRecord, type CallbackRecord, instanceName, type LogRecord, type TimelineEntry } from "./run-records.ts";
import { closingWords, endOf, handlerOf, type Mocks } from "./attempt-ends.ts";
import type { RunSettings } from "./test-settings.ts";

/** What a run is for. */
export interface RunPlan {
  runId: string;
  runType: DagRunType;
  logicalDate: Date | null;
  dataInterval: DataInterval | null;
  /** The run can't begin before. */
  runAfter: Date;
  conf: Record<string, Json>;
  params: Record<string, Json>;
}

/** Hears of a run in memory while it goes on. */
export interface MemoryRunListener {
  attemptStarted?(instance: RunInstance): void;
  log?(instance: RunInstance, entry: LogEntry): void;
  attemptEnded?(instance: RunInstance, record: AttemptRecord): void;
  /** An instance got a state without an attempt's end. */
  decided?(instance: RunInstance): void;
}

export interface MemoryRunOptions {
  dag: AnyDag;
  graph: DagGraph;
  plan: RunPlan;
  settings: RunSettings;
  clock: RunClock;
  mocks?: Mocks;
  faults?: readonly Fault[];
  /** Which tasks there are. Default: those within their own dates. */
  isIncluded?: (node: TaskNode) => boolean;
  pastOf?: (taskId: string) => PastFacts;
  /** What runs that a task triggers, or asks about, end as. Default `success`. */
  otherRuns?: (dagId: string, runId: string) => DagRunState | undefined;
  /** Whether callbacks are called. Default true. */
  callbacks?: boolean;
  listener?: MemoryRunListener;
}

/** Something that happens in a run when nothing else can. */
interface Moment {
  atMs: number;
  why: "wait" | "delay";
  happen: () => Promise<void>;
}

/** The longest time that a timer of Node takes. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * A run of a DAG in this process: the code of its tasks, under the decisions of the engine, by a clock that jumps to the next moment at which something happens. Attempts run one at a time; one that
 * waits (a sensor between two pokes) lets others run.
 */
export class MemoryRun {
  readonly machine: RunMachine;
  readonly options: MemoryRunOptions;
  /** In the order in which they ended. */
  readonly attempts: AttemptRecord[] = [];
  /** The same in the order in which they began. */
  readonly began: AttemptRecord[] = [];
  /** Keys under which something was kept. */
  readonly xcomKeys = new Set<string>([RETURN_VALUE_KEY]);
  readonly timeline: TimelineEntry[] = [];
  readonly callbacks: CallbackRecord[] = [];
  readonly triggered: TriggerRequest[] = [];
  readonly labels = new Map<number, string>();
  readonly #live = new Map<RunInstance, LiveAttempt>();
  readonly #timersSetAt = new Map<RunTimer, number>();
  /** When instances first began since they were last cleared, and how often their present try was rescheduled. */
  readonly #begun = new Map<RunInstance, { firstAtMs: number; tryNumber: number; reschedules: number }>();
  readonly #records = new Map<LiveAttempt, { record: AttemptRecord; startedMs: number; timer: NodeJS.Timeout | undefined }>();
  /** The attempt whose code is at work. */
  #active: LiveAttempt | null = null;
  #attemptCount = 0;
  /** The instance whose attempt's end is being settled: its state is told of by the attempt. */
  #ending: RunInstance | null = null;

  constructor(options: MemoryRunOptions) {
    this.options = options;
    const { graph, plan, isIncluded, pastOf } = options;
    const { runId, runType, logicalDate, runAfter } = plan;
    this.machine = createRunMachine(graph, {
      run: { runId, runType, logicalDate, runAfter },
      ...(isIncluded && { isIncluded }),
      ...(pastOf && { pastOf }),
      listener: { stateChanged: (instance, _before, withdrawn) => this.#changed(instance, withdrawn) },
    });
  }

  /** Runs until nothing can move any more. */
  async finish(): Promise<void> {
    const { machine } = this;
    const { clock, plan } = this.options;
    await clock.moveTo(plan.runAfter.getTime(), "delay");
    this.#act(() => machine.start(clock.now()));
    await this.advance();
    await this.#callDagBack();
  }

  /** Until nothing can move any more, without what follows the end of a run. */
  async advance(): Promise<void> {
    while (await this.#step());
    for (const live of this.#live.values()) {
      live.kill("cancelled", "the run has ended");
      await this.#untilIdle(live);
    }
  }

  /** Begins what can begin; else goes to the next moment at which something happens. False: nothing will. */
  async #step(): Promise<boolean> {
    const { machine, options } = this;
    for (const live of this.#live.values()) {
      if (!live.isOver) continue;
      await this.#untilIdle(live);
      return true;
    }
    const [ready] = machine.listReady();
    if (ready !== undefined && machine.run.state === "running") {
      await this.#begin(ready);
      return true;
    }
    const next = this.#nextMoment();
    if (next === null) return false;
    await options.clock.moveTo(next.atMs, next.why);
    machine.run.now = options.clock.now();
    await next.happen();
    return true;
  }

  #nextMoment(): Moment | null {
    const moments: Moment[] = [];
    for (const live of this.#live.values()) {
      const { deadlineMs, wakesAtMs } = live;
      if (deadlineMs < wakesAtMs) moments.push({ atMs: deadlineMs, why: "wait", happen: () => this.#timeOut(live) });
      else moments.push({ atMs: wakesAtMs, why: "wait", happen: () => this.#wake(live) });
    }
    // What ended with a timer set is not gone on with.
    const timers = this.machine.run.state === "running" ? this.machine.listTimers() : [];
    for (const timer of timers) {
      const setAt = this.#timersSetAt.get(timer)!;
      const why = timer.kind === "reschedule" ? "wait" : "delay";
      moments.push({ atMs: setAt + timer.delayMs, why, happen: async () => this.#act(() => this.machine.fire(timer)) });
    }
    const { timeoutAt } = this.machine.model;
    if (timeoutAt !== null && moments.length > 0)
      moments.push({ atMs: timeoutAt.getTime(), why: "wait", happen: async () => this.#act(() => this.machine.timeOut()) });
    return moments.reduce<Moment | null>((first, one) => (first === null || one.atMs < first.atMs ? one : first), null);
  }

  async #begin(instance: RunInstance): Promise<void> {
    const { machine, options } = this;
    const { clock, faults = [], mocks = {}, listener } = options;
    const { executionTimeoutMs } = options.graph.tasks.get(instance.taskId)!.spec;
    this.#act(() => machine.begin(instance));
    listener?.attemptStarted?.(instance);
    const live = new LiveAttempt(instance, clock, executionTimeoutMs);
    this.#live.set(instance, live);
    const record = this.#newRecord(instance);
    this.began.push(record);
    const startedMs = performance.now();
    const timer = this.#realTimer(live, executionTimeoutMs);
    const fault = findFault(faults, instance);
    this.#records.set(live, { record, startedMs, timer });
    this.#active = live;
    void this.#execute(live, record, fault, handlerOf(instance, fault, mocks)).then((end) => live.end(end));
    await this.#untilIdle(live);
  }

  async #execute(
    live: LiveAttempt,
    record: AttemptRecord,
    fault: Fault | undefined,
    handler: ((inputs: Record<string, Json>) => unknown) | undefined,
  ): Promise<LiveEnd> {
    const { instance } = live;
    if (fault?.kind === "crash") return { kind: "killed", reason: "exited", message: String(fault.error) };
    if (fault?.kind === "timeout") return { kind: "killed", reason: "timeout", message: timeoutMessage(instance, null) };
    try {
      const { inputs, inputMaps } = this.machine.inputsOf(instance);
      record.inputs = inputs;
      return await runAttempt(this.options.dag, instance.taskId, {
        inputs,
        inputMaps,
        runtime: this.#runtimeOf(live, record),
        ...(handler && { handler }),
      });
    } catch (error) {
      return { kind: "rejected", message: errorMessage(error) };
    }
  }

  /** Author code may wait for real; then its timeout is real as well. */
  #realTimer(live: LiveAttempt, executionTimeoutMs: number | null): NodeJS.Timeout | undefined {
    if (executionTimeoutMs === null || executionTimeoutMs > MAX_TIMER_MS) return undefined;
    return setTimeout(() => live.kill("timeout", timeoutMessage(live.instance, executionTimeoutMs)), executionTimeoutMs).unref();
  }

  async #wake(live: LiveAttempt): Promise<void> {
    this.#active = live;
    live.wake();
    await this.#untilIdle(live);
  }

  /** Puts what the process printed into the log of the attempt that is at work. False: none is. */
  note(entry: LogEntry): boolean {
    const live = this.#active;
    if (live === null) return false;
    this.#log(live.instance, this.#records.get(live)!.record, entry);
    return true;
  }

  #log(instance: RunInstance, record: AttemptRecord, entry: LogEntry): void {
    record.logs.push({ at: this.options.clock.now(), ...entry } satisfies LogRecord);
    this.options.listener?.log?.(instance, entry);
  }

  async #timeOut(live: LiveAttempt): Promise<void> {
    live.kill("timeout", timeoutMessage(live.instance, this.options.graph.tasks.get(live.instance.taskId)!.spec.executionTimeoutMs));
    await this.#untilIdle(live);
  }

  async #untilIdle(live: LiveAttempt): Promise<void> {
    const end = await live.untilIdle();
    if (end !== null) await this.#ended(live, end);
    this.#active = null;
  }

  async #ended(live: LiveAttempt, end: LiveEnd): Promise<void> {
    const { options } = this;
    const { instance } = live;
    if (this.#live.get(instance) !== live) return;
    this.#live.delete(instance);
    const { record, startedMs, timer } = this.#records.get(live)!;
    clearTimeout(timer);
    record.durationMs = performance.now() - startedMs;
    record.endedAt = options.clock.now();
    const told = endOf(end);
    Object.assign(record, told.record);
    this.attempts.push(record);
    if ("mapIndexLabel" in end && end.mapIndexLabel !== undefined) this.labels.set(instance.id, end.mapIndexLabel);
    if (instance.state !== "running") record.outcome = "cancelled";
    else this.#settleEnd(instance, told.end, record);
    const words = closingWords(record);
    if (words !== null) this.#log(instance, record, words);
    await this.#callTaskBack(live, record, told);
    this.#records.delete(live);
    options.listener?.attemptEnded?.(instance, record);
  }

  #settleEnd(instance: RunInstance, end: MachineEnd, record: AttemptRecord): void {
    const begun = this.#begun.get(instance)!;
    if (end.kind === "reschedule") begun.reschedules += 1;
    this.#ending = instance;
    this.#act(() => this.machine.end(instance, end));
    this.#ending = null;
    const failedAfterAll =
      end.kind === "success" && instance.state !== "success" && (instance.state === "failed" || instance.state === "up_for_retry");
    if (!failedAfterAll) return;
    record.outcome = "failed";
    record.message = instance.stateReason;
  }

  async #callTaskBack(live: LiveAttempt, record: AttemptRecord, { end, policyReason }: ReturnType<typeof endOf>): Promise<void> {
    const event = record.outcome === "cancelled" ? null : callbackOf(record, live.instance.state);
    if (event === null || this.options.callbacks === false) return;
    const runtime = this.#runtimeOf(live, record);
    const facts = {
      error: record.error ?? (record.outcome === "failed" ? { message: record.message ?? "" } : null),
      reason: end.kind === "skipped" ? end.reason : (policyReason ?? null),
      ...(end.kind === "success" && end.result !== undefined && { result: end.result }),
    };
    this.#noteCallbacks(live.instance, event, await runTaskCallbacks(this.options.dag, live.instance.taskId, event, runtime, facts));
  }

  async #callDagBack(): Promise<void> {
    const { machine, options } = this;
    const { state } = machine.run;
    if (options.callbacks === false || (state !== "success" && state !== "failed")) return;
    const event = state === "success" ? "success" : "failure";
    const last = this.timeline.findLast((entry) => entry.state === (state === "success" ? "success" : "failed"));
    const task = last === undefined ? null : { taskId: last.taskId, mapIndex: last.mapIndex, state: last.state };
    const instance = { taskId: "", mapIndex: -1, tryNumber: 0, maxTries: 0 } as RunInstance;
    const runtime = this.#runtimeOf(new LiveAttempt(instance, options.clock, null), this.#newRecord(instance));
    this.#noteCallbacks(null, event, await runDagCallbacks(options.dag, event, runtime, { state, reason: machine.stateReason ?? state, task }));
  }

  #noteCallbacks(instance: RunInstance | null, event: TaskCallback, { called, failures }: CallbackReport): void {
    if (called === 0) return;
    const of = { taskId: instance?.taskId ?? null, mapIndex: instance?.mapIndex ?? -1 };
    this.callbacks.push({ at: this.options.clock.now(), ...of, event, called, failures: failures.map(({ name, message }) => ({ name, message })) });
  }

  #newRecord(instance: RunInstance): AttemptRecord {
    const { taskId, mapIndex, tryNumber } = instance;
    const at = this.options.clock.now();
    return {
      taskId,
      mapIndex,
      tryNumber,
      startedAt: at,
      endedAt: at,
      durationMs: 0,
      inputs: {},
      outcome: "cancelled",
      message: null,
      error: null,
      logs: [],
    };
  }

  #runtimeOf(live: LiveAttempt, record: AttemptRecord): MemoryTaskRuntime {
    const { instance } = live;
    const { plan, settings, clock, graph, otherRuns } = this.options;
    const begun = this.#begunOf(instance);
    const log = (entry: LogEntry) => this.#log(instance, record, entry);
    return new MemoryTaskRuntime({
      live,
      plan,
      settings,
      clock,
      graph,
      machine: this.machine,
      xcomKeys: this.xcomKeys,
      begun,
      log,
      triggered: this.triggered,
      otherRuns: otherRuns ?? (() => "success"),
      number: ++this.#attemptCount,
    });
  }

  #begunOf(instance: RunInstance): { firstAtMs: number; tryNumber: number; reschedules: number } {
    const known = this.#begun.get(instance);
    if (known !== undefined && known.tryNumber === instance.tryNumber) return known;
    const begun = { firstAtMs: known?.firstAtMs ?? this.options.clock.nowMs, tryNumber: instance.tryNumber, reschedules: 0 };
    this.#begun.set(instance, begun);
    return begun;
  }

  /** Does something to the run, and notes from when its new timers count. */
  #act(change: () => void): void {
    this.machine.run.now = this.options.clock.now();
    change();
    const timers = new Set(this.machine.listTimers());
    for (const timer of this.#timersSetAt.keys()) if (!timers.has(timer)) this.#timersSetAt.delete(timer);
    for (const timer of timers) if (!this.#timersSetAt.has(timer)) this.#timersSetAt.set(timer, this.options.clock.nowMs);
  }

  #changed(instance: RunInstance, withdrawn: string | null): void {
    const { taskId, mapIndex, state, tryNumber, stateReason } = instance;
    this.timeline.push({ at: this.options.clock.now(), taskId, mapIndex, state, tryNumber, reason: stateReason });
    if (withdrawn !== null) this.#live.get(instance)?.kill("cancelled", withdrawn);
    if (instance !== this.#ending && isTerminal(state)) this.options.listener?.decided?.(instance);
  }
}

/** A failure that another try follows is a retry. */
function callbackOf(record: AttemptRecord, state: MaybeState): Exclude<TaskCallback, "execute"> | null {
  if (record.outcome === "success") return "success";
  if (record.outcome === "skipped") return "skipped";
  if (record.outcome === "reschedule") return null;
  return state === "up_for_retry" ? "retry" : "failure";
}

function timeoutMessage(instance: RunInstance, executionTimeoutMs: number | null): string {
  const limit = executionTimeoutMs === null ? "its execution timeout" : `its execution timeout of ${executionTimeoutMs / 1000} s`;
  return `Task "${instanceName(instance)}" ran longer than ${limit}.`;
}
