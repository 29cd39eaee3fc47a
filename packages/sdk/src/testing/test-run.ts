import {
  type DagRunState,
  type DataInterval,
  getTaskNode,
  type Json,
  lookupFor,
  type MaybeState,
  RETURN_VALUE_KEY,
  type RunInstance,
} from "@tradewind/core";
import type { TriggerRequest } from "../runtime.ts";
import type { MemoryRun } from "./memory-run.ts";
import { type AttemptRecord, type CallbackRecord, instanceName, type LogRecord, type TimelineEntry } from "./run-records.ts";

/** One task instance of a run. */
export interface TestTask {
  taskId: string;
  /** -1: not mapped. */
  mapIndex: number;
  /** `load`, or `total[3]`. */
  name: string;
  /** null: nothing was decided about it before the run came to its end. */
  state: MaybeState;
  /** Why it has this state, or why nothing was decided; null: it ran, and ended well. */
  reason: string | null;
  tryNumber: number;
  /** The handler's result; undefined: none. */
  result: Json | undefined;
  /** All XComs by key, the result under `return_value`. */
  xcoms: Record<string, Json>;
  /** Made by `mapIndexTemplate`; null: none. */
  label: string | null;
  attempts: AttemptRecord[];
  /** Of all attempts. */
  logs: LogRecord[];
}

/** A run that has come to its end (or to where nothing can move any more), as `testDag(dag).run()` gives it. */
export class TestRun {
  readonly #run: MemoryRun;

  constructor(run: MemoryRun) {
    this.#run = run;
  }

  get dagId(): string {
    return this.#run.options.graph.dagId;
  }

  get runId(): string {
    return this.#run.options.plan.runId;
  }

  get logicalDate(): Date | null {
    return this.#run.options.plan.logicalDate;
  }

  get dataInterval(): DataInterval | null {
    return this.#run.options.plan.dataInterval;
  }

  /** `success` or `failed`; `running`: what is left waits for earlier runs. */
  get state(): DagRunState {
    return this.#run.machine.run.state;
  }

  /** Of a failed run: `task_failure`, `timed_out`, `all_tasks_deadlocked` …; else null. */
  get reason(): string | null {
    return this.#run.machine.stateReason;
  }

  /** All task instances, in order of tasks and map indexes. */
  get tasks(): TestTask[] {
    return this.#run.machine.instances.map((instance) => this.#view(instance));
  }

  /** States by name: `{ extract: "success", "total[0]": "failed" }`. */
  get states(): Record<string, MaybeState> {
    return Object.fromEntries(this.#run.machine.instances.map((instance) => [instanceName(instance), instance.state]));
  }

  /** The names of the attempts in the order in which they began; a task that was tried twice is there twice. */
  get order(): string[] {
    return this.#run.began.map(instanceName);
  }

  /** All changes of states, by the run's clock. */
  get timeline(): readonly TimelineEntry[] {
    return this.#run.timeline;
  }

  /** Everything that the tasks logged, in order. */
  get logs(): (LogRecord & { task: string })[] {
    return this.#run.began.flatMap((attempt) => attempt.logs.map((entry) => ({ ...entry, task: instanceName(attempt) })));
  }

  /** The callbacks that were called. */
  get callbacks(): readonly CallbackRecord[] {
    return this.#run.callbacks;
  }

  /** The runs of other DAGs that tasks asked for. */
  get triggered(): readonly TriggerRequest[] {
    return this.#run.triggered;
  }

  /** Milliseconds by the run's clock, from its start to its last change. */
  get durationMs(): number {
    const { startDate } = this.#run.machine.run;
    const last = this.timeline.at(-1);
    return startDate === null || last === undefined ? 0 : last.at.getTime() - startDate.getTime();
  }

  /**
   * One task instance.
   * @param mapIndex Of a mapped task. Default: its only instance.
   * @throws Error when there is none, naming those that there are
   */
  task(taskId: string, mapIndex?: number): TestTask {
    const instances = this.#run.machine.instances.filter((instance) => instance.taskId === taskId);
    const found = instances.filter((instance) => mapIndex === undefined || instance.mapIndex === mapIndex);
    if (found.length === 1) return this.#view(found[0]!);
    if (instances.length === 0)
      throw new Error(`The run of DAG "${this.dagId}" has no task "${taskId}". It has ${Object.keys(this.states).join(", ") || "none"}.`);
    const names = instances.map(instanceName).join(", ");
    throw new Error(
      `The run of DAG "${this.dagId}" has ${names} of task "${taskId}"; say which one: task("${taskId}", ${Math.max(0, instances[0]!.mapIndex)}).`,
    );
  }

  /** A result (of a mapped task the list of all), or another XCom; undefined: there is none. */
  xcom(taskId: string, key: string = RETURN_VALUE_KEY, mapIndex?: number): Json | undefined {
    const { machine, options } = this.#run;
    getTaskNode(options.graph, taskId);
    if (mapIndex !== undefined) return machine.read({ taskId, key }).find((row) => row.mapIndex === mapIndex)?.value;
    return lookupFor(options.graph, null, -1, machine.read)({ taskId, key });
  }

  /** What a person would see of the run: each task with its state and why, for messages of failed tests. */
  describe(): string {
    const lines = this.tasks.map(({ name, state, reason }) => `  ${name}: ${state ?? "undecided"}${reason === null ? "" : ` (${reason})`}`);
    return [`Run "${this.runId}" of DAG "${this.dagId}" is ${this.state}${this.reason === null ? "" : ` (${this.reason})`}:`, ...lines].join("\n");
  }

  #view(instance: RunInstance): TestTask {
    const { machine, attempts, labels } = this.#run;
    const { taskId, mapIndex, state, tryNumber } = instance;
    const own = attempts.filter((attempt) => attempt.taskId === taskId && attempt.mapIndex === mapIndex);
    const xcoms = Object.fromEntries(
      [...this.#run.xcomKeys].flatMap((key) => machine.read({ taskId, key }).flatMap((row) => (row.mapIndex === mapIndex ? [[key, row.value]] : []))),
    ) as Record<string, Json>;
    return {
      taskId,
      mapIndex,
      name: instanceName(instance),
      state,
      reason: instance.stateReason ?? (state === null ? machine.explain(instance) : null),
      tryNumber,
      result: xcoms[RETURN_VALUE_KEY],
      xcoms,
      label: labels.get(instance.id) ?? null,
      attempts: own,
      logs: own.flatMap((attempt) => attempt.logs),
    };
  }
}
