import { type DagGraph, type DagRunState, getTaskNode, type Json, lookupFor, makeRunId, type RunMachine } from "@tradewind/core";
import type {
  AttemptContextData,
  Connection,
  LogEntry,
  TaskRuntime,
  TaskStatesAnswer,
  TaskStatesQuery,
  TriggerRequest,
  XComAddress,
} from "../runtime.ts";
import type { LiveAttempt } from "./live-attempt.ts";
import type { RunClock } from "./manual-clock.ts";
import type { RunPlan } from "./memory-run.ts";
import type { RunSettings } from "./test-settings.ts";

interface Around {
  live: LiveAttempt;
  plan: RunPlan;
  settings: RunSettings;
  clock: RunClock;
  graph: DagGraph;
  machine: RunMachine;
  xcomKeys: Set<string>;
  begun: { firstAtMs: number; reschedules: number };
  log: (entry: LogEntry) => void;
  triggered: TriggerRequest[];
  otherRuns(dagId: string, runId: string): DagRunState | undefined;
  /** Of the attempt in its run, to make its id. */
  number: number;
}

/** What an attempt of a run in memory supplies to author code. */
export class MemoryTaskRuntime implements TaskRuntime {
  readonly context: AttemptContextData;
  readonly signal: AbortSignal;
  readonly #around: Around;

  constructor(around: Around) {
    this.#around = around;
    this.signal = around.live.controller.signal;
    const { live, plan, begun, machine, graph, number } = around;
    const { taskId, mapIndex, tryNumber, maxTries } = live.instance;
    this.context = {
      dagId: graph.dagId,
      runId: plan.runId,
      runType: plan.runType,
      taskId,
      mapIndex,
      tryNumber,
      maxTries,
      attemptId: `00000000-0000-7000-8000-${number.toString(16).padStart(12, "0")}`,
      firstStartedAt: new Date(begun.firstAtMs).toISOString(),
      rescheduleCount: begun.reschedules,
      logicalDate: plan.logicalDate?.toISOString() ?? null,
      dataIntervalStart: plan.dataInterval?.start.toISOString() ?? null,
      dataIntervalEnd: plan.dataInterval?.end.toISOString() ?? null,
      runAfter: plan.runAfter.toISOString(),
      runStartedAt: machine.run.startDate?.toISOString() ?? null,
      conf: plan.conf,
      params: plan.params,
      dagVersion: 1,
    };
  }

  now(): number {
    return this.#around.clock.nowMs;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return this.#around.live.sleep(ms, signal);
  }

  log(entry: LogEntry): void {
    this.#around.log(entry);
  }

  /** Only the last report counts to people, and here nobody looks while the task runs. */
  progress(): void {}

  async getVariable(key: string): Promise<string | undefined> {
    return this.#around.settings.getVariable(key);
  }

  async setVariable(key: string, value: string): Promise<void> {
    this.#around.settings.setVariable(key, value);
  }

  async deleteVariable(key: string): Promise<boolean> {
    return this.#around.settings.deleteVariable(key);
  }

  async getConnection(connectionId: string): Promise<Connection | undefined> {
    return this.#around.settings.getConnection(connectionId);
  }

  howToSet(kind: "variable" | "connection", name: string): string {
    return this.#around.settings.howToSet(kind, name);
  }

  async getXCom({ taskId, key, dagId, runId, mapIndex }: XComAddress): Promise<Json | undefined> {
    const { graph, machine, plan, live } = this.#around;
    if ((dagId !== undefined && dagId !== graph.dagId) || (runId !== undefined && runId !== plan.runId)) return undefined;
    if (mapIndex !== undefined) return machine.read({ taskId, key }).find((row) => row.mapIndex === mapIndex)?.value;
    const consumer = live.instance.taskId === "" ? null : getTaskNode(graph, live.instance.taskId);
    return lookupFor(graph, consumer, live.instance.mapIndex, machine.read)({ taskId, key });
  }

  async setXCom(key: string, value: Json): Promise<void> {
    const { live, machine, xcomKeys } = this.#around;
    // What goes on after its attempt was killed has nothing to say any more.
    if (live.isOver) return;
    xcomKeys.add(key);
    machine.setXCom(live.instance, key, value);
  }

  async triggerDagRun(request: TriggerRequest): Promise<{ runId: string; state: DagRunState | null }> {
    const { triggered, clock, log } = this.#around;
    const runId = request.runId ?? `manual__${clock.now().toISOString()}_${triggered.length + 1}`;
    triggered.push({ ...request, runId });
    log({
      level: "warn",
      message: `Would start run "${runId}" of DAG "${request.dagId}" with conf ${JSON.stringify(request.conf ?? {})}; a test starts no other runs.`,
    });
    return { runId, state: this.#around.otherRuns(request.dagId, runId) ?? null };
  }

  async getDagRunState(dagId: string, runId: string): Promise<DagRunState | undefined> {
    return this.#around.otherRuns(dagId, runId);
  }

  /** What a sensor for other DAGs finds: the tasks asked for are as their run is, since nobody knows them here. */
  async getTaskInstanceStates({ dagId, runId, logicalDate, taskIds, taskGroupId }: TaskStatesQuery): Promise<TaskStatesAnswer> {
    const date = new Date(logicalDate ?? 0);
    const id = runId ?? makeRunId({ runType: "scheduled", runAfter: date, logicalDate: date, suffix: "" });
    const state = this.#around.otherRuns(dagId, id);
    const none = { dagFound: true, unknownIds: [], run: null, tasks: [] };
    this.#around.log({ level: "debug", message: `Run "${id}" of DAG "${dagId}" counts as ${state ?? "not there"}; a test sees no other runs.` });
    if (state === undefined) return none;
    const ids = taskIds ?? (taskGroupId === undefined ? [] : [taskGroupId]);
    return {
      ...none,
      run: { runId: id, state },
      tasks: ids.map((taskId) => ({ taskId, mapIndex: -1, state: state === "queued" ? null : state })),
    };
  }
}
