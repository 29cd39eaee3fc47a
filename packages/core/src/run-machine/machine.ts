import type { DagGraph, TaskNode } from "../dag-graph.ts";
import type { Json } from "../dag-spec.ts";
import { TradewindError } from "../errors.ts";
import { type ResolvedInputs, resolveTaskInputs, RETURN_VALUE_KEY, type XComReader, type XComValue } from "../inputs.ts";
import { compareForDispatch } from "../limits.ts";
import { DEFAULT_MAX_MAP_LENGTH } from "../mapping.ts";
import { DEFAULT_MAX_TASK_RETRY_DELAY_MS } from "../retry.ts";
import { isFinishedDagRun } from "../state-transitions.ts";
import { describeTask } from "../task-instance-name.ts";
import { type AttemptEnd, endInstance } from "./attempt-end.ts";
import { changeState } from "./changes.ts";
import { listCleared, resetBranchDecisions, resetGroupTries, resetInstance, supersede } from "./clear.ts";
import { explainInstance } from "./evaluate.ts";
import { isRetryDue } from "./group-retries.ts";
import { markRun } from "./mark.ts";
import { startRun, timeOutRun } from "./outcome.ts";
import { dependsOnPast, NO_PAST, type PastFacts } from "./past.ts";
import { addPlannedInstances, isWithinDates, planInstances } from "./plan-instances.ts";
import {
  createNeeds,
  createRunModel,
  nodeOf,
  type RunFacts,
  type RunInstance,
  type RunLimits,
  type RunListener,
  type RunModel,
  xcomKey,
} from "./run-model.ts";
import { settleRun } from "./settle-run.ts";
import { recount } from "./upstream-counts.ts";

export interface RunMachineOptions {
  run?: Partial<RunFacts>;
  limits?: Partial<RunLimits>;
  /** Which tasks have instances. Default: those within their own dates. */
  isIncluded?: (node: TaskNode) => boolean;
  /** What a task sees of the previous run. Default: there is none. */
  pastOf?: (taskId: string) => PastFacts;
  listener?: RunListener;
}

/** Something that happens in a run at a time. */
export interface RunTimer {
  kind: "retry" | "reschedule" | "group_retry";
  /** Null for a group. */
  instance: RunInstance | null;
  groupId: string | null;
  /** From when it was set. */
  delayMs: number;
}

/** A whole run in memory, for everyone who has no database: the testing kit, `dags test`, recorded cases, models. */
export class RunMachine {
  readonly model: RunModel;
  readonly #xcoms = new Map<string, XComValue[]>();
  readonly #pastOf: (taskId: string) => PastFacts;
  readonly #timers = new Map<RunInstance | string, RunTimer>();

  constructor(graph: DagGraph, options: RunMachineOptions = {}) {
    const run: RunFacts = { ...NEW_RUN, dagId: graph.dagId, ...options.run };
    const limits = { maxMapLength: DEFAULT_MAX_MAP_LENGTH, maxTaskRetryDelayMs: DEFAULT_MAX_TASK_RETRY_DELAY_MS, ...options.limits };
    let lastId = 0;
    this.#pastOf = options.pastOf ?? (() => NO_PAST);
    this.model = createRunModel({
      run,
      graph,
      limits,
      newInstanceId: () => ++lastId,
      readXComs: this.read,
      loadedXComs: null,
      groupTries: new Map(),
      ...(options.listener !== undefined && { listener: options.listener }),
    });
    const isIncluded = options.isIncluded ?? ((node: TaskNode) => isWithinDates(node.spec, run));
    addPlannedInstances(this.model, planInstances(graph, isIncluded, limits.maxMapLength));
    this.#settle();
  }

  get run(): RunFacts {
    return this.model.run;
  }

  /** Why the run ended; null: as a success, or it has not. */
  get stateReason(): string | null {
    return this.model.stateReason;
  }

  /** In order of tasks and map indexes. */
  get instances(): RunInstance[] {
    return [...this.model.graph.tasks.keys()].flatMap((taskId) => [...(this.model.byTask.get(taskId) ?? [])].sort((a, b) => a.mapIndex - b.mapIndex));
  }

  find(taskId: string, mapIndex = -1): RunInstance | undefined {
    return this.model.byTask.get(taskId)?.find((instance) => instance.mapIndex === mapIndex);
  }

  start(now: Date = this.run.now): void {
    this.run.now = now;
    startRun(this.model);
    this.#settle();
  }

  /** What may be executed now, in the order of dispatch. */
  listReady(): RunInstance[] {
    return this.instances
      .filter((instance) => instance.state === "scheduled")
      .sort((a, b) => compareForDispatch({ ...a, logicalDate: null }, { ...b, logicalDate: null }));
  }

  begin(instance: RunInstance): void {
    this.#assertState(instance, "scheduled");
    this.deleteXComs(instance);
    changeState(this.model, instance, "running");
  }

  /** @throws TradewindError `input_unavailable`, `mapping_invalid` */
  inputsOf(instance: RunInstance): ResolvedInputs {
    return resolveTaskInputs(this.model.graph, nodeOf(this.model, instance), instance.mapIndex, this.read);
  }

  /** All that a task has under a key, by map index. */
  readonly read: XComReader = (ref) => this.#xcoms.get(xcomKey(ref)) ?? [];

  setXCom({ taskId, mapIndex }: Pick<RunInstance, "taskId" | "mapIndex">, key: string, value: Json): void {
    const id = xcomKey({ taskId, key });
    const others = (this.#xcoms.get(id) ?? []).filter((row) => row.mapIndex !== mapIndex);
    this.#xcoms.set(
      id,
      [...others, { mapIndex, value }].sort((a, b) => a.mapIndex - b.mapIndex),
    );
  }

  /** What an earlier try left behind is gone when the next one begins. */
  deleteXComs({ taskId, mapIndex }: Pick<RunInstance, "taskId" | "mapIndex">): void {
    for (const [id, rows] of this.#xcoms) {
      if ((JSON.parse(id) as string[])[0] !== taskId) continue;
      this.#xcoms.set(
        id,
        rows.filter((row) => row.mapIndex !== mapIndex),
      );
    }
  }

  /** An attempt of a running (or scheduled) instance has ended; a result becomes its XCom. */
  end(instance: RunInstance, end: AttemptEnd): void {
    this.endAll([{ instance, end }]);
  }

  /** Several at the same moment: nothing is decided in between. */
  endAll(ends: readonly { instance: RunInstance; end: AttemptEnd }[]): void {
    for (const { instance, end } of ends) {
      if (instance.state !== "running") this.#assertState(instance, "scheduled");
      endInstance(this.model, instance, end);
      if (end.kind === "success" && end.result !== undefined && instance.state === "success") this.setXCom(instance, RETURN_VALUE_KEY, end.result);
    }
    this.#settle();
  }

  listTimers(): RunTimer[] {
    return [...this.#timers.values()];
  }

  /** The time of a timer has come; one that was taken back meanwhile does nothing. */
  fire(timer: RunTimer): void {
    const key = timer.instance ?? timer.groupId!;
    if (this.#timers.get(key) !== timer) return;
    this.#timers.delete(key);
    if (timer.instance !== null) {
      timer.instance.timerMs = null;
      this.model.due.add(timer.instance);
    } else this.model.dueGroups.add(timer.groupId!);
    this.#settle();
  }

  /** As people's clear of instances that are not at work: a finished run becomes queued, and begins again with `start`. */
  clear(targets: Iterable<RunInstance>): RunInstance[] {
    const { model } = this;
    const { instances, superseded } = listCleared(model, targets);
    for (const instance of superseded) supersede(model, instance);
    for (const instance of instances) resetInstance(model, instance, null);
    resetGroupTries(model, instances);
    resetBranchDecisions(model, instances);
    recount(model);
    if (instances.length > 0 && isFinishedDagRun(model.run.state)) Object.assign(model.run, { state: "queued", startDate: null, markedState: null });
    this.#settle();
    return instances;
  }

  /** As when a person sets the state of instances; what failed below them is cleared by whoever asks. */
  mark(instances: Iterable<RunInstance>, state: "success" | "failed" | "skipped", reason: string): void {
    for (const instance of instances) changeState(this.model, instance, state, { reason, withdrawn: reason });
    this.#settle();
  }

  markRun(state: "success" | "failed", reason = `marked ${state}`): void {
    markRun(this.model, state, reason);
    this.#settle();
  }

  timeOut(): void {
    timeOutRun(this.model);
    this.#settle();
  }

  /** A previous run moved: what waits for it is looked at again. */
  reconsiderPast(): void {
    for (const node of this.model.graph.tasks.values()) {
      if (!dependsOnPast(node.spec)) continue;
      for (const instance of this.model.byTask.get(node.taskId) ?? []) if (instance.state === null) this.model.reconsidered.add(instance);
    }
    this.#settle();
  }

  /** Why an instance is not decided about yet, or has its state, in words. */
  explain(instance: RunInstance): string {
    this.#loadPast();
    const verdict = explainInstance(this.model, instance, createNeeds());
    return verdict.verdict === "ask" ? "" : verdict.reason;
  }

  #settle(): void {
    this.#loadPast();
    const needs = settleRun(this.model);
    if (needs !== null)
      throw new TradewindError("internal", `The run machine asks for ${[...needs.tasks].join(", ")}, although the whole run is in memory.`);
    for (const instance of this.model.instances.values()) if (instance.state === "removed") this.deleteXComs(instance);
    this.#keepTimers();
  }

  #loadPast(): void {
    for (const node of this.model.graph.tasks.values()) {
      if (dependsOnPast(node.spec)) this.model.past.set(node.taskId, this.#pastOf(node.taskId));
    }
  }

  #keepTimers(): void {
    for (const instance of this.model.instances.values()) {
      const { state, timerMs } = instance;
      const known = this.#timers.get(instance);
      if (timerMs === null || (state !== "up_for_retry" && state !== "up_for_reschedule")) this.#timers.delete(instance);
      else if (known === undefined || known.delayMs !== timerMs) {
        this.#timers.set(instance, { kind: state === "up_for_retry" ? "retry" : "reschedule", instance, groupId: null, delayMs: timerMs });
      }
    }
    // What is cleared meanwhile waits for its own end.
    for (const { groupId } of this.#timers.values()) if (groupId !== null && !isRetryDue(this.model, groupId)) this.#timers.delete(groupId);
    for (const { groupId, delayMs } of this.model.groupRetries.splice(0)) {
      if (!this.#timers.has(groupId)) this.#timers.set(groupId, { kind: "group_retry", instance: null, groupId, delayMs });
    }
  }

  #assertState(instance: RunInstance, state: RunInstance["state"]): void {
    if (instance.state === state) return;
    const name = describeTask(instance.taskId, instance.mapIndex);
    throw new TradewindError("illegal_transition", `Tried to move task ${name}, which must be ${state}; it is ${instance.state ?? "undecided"}.`);
  }
}

const NEW_RUN: Omit<RunFacts, "dagId"> = {
  id: 1,
  runId: "manual__1",
  runType: "manual",
  state: "queued",
  logicalDate: null,
  runAfter: new Date(0),
  startDate: null,
  unfinishedCount: 0,
  liveCount: 0,
  markedState: null,
  now: new Date(0),
};

export function createRunMachine(graph: DagGraph, options: RunMachineOptions = {}): RunMachine {
  return new RunMachine(graph, options);
}
