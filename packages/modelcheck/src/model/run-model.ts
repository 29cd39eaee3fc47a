import type { DagRunState, Json, MaybeState, TaskGroupSpec, TaskSpec } from "@tradewind/core";
import { type DagModel, mappingLength, mappingSources } from "./dag-model.ts";
import { askRule, type Verdict } from "./trigger-rules.ts";

export interface ModelInstance {
  taskId: string;
  /** -1: not mapped, or not expanded yet. */
  mapIndex: number;
  state: MaybeState;
  tryNumber: number;
  maxTries: number;
  /** What it returned when it succeeded last; gone when it is started again. */
  result: Json | undefined;
  /** Whether it ended well by itself since it was started last: only then a branch has decided. */
  decided: boolean;
  /** The attempt that has a lease, also when the instance has moved on meanwhile. */
  attempt: { attemptId: string; isRunning: boolean } | null;
}

const TERMINAL: readonly MaybeState[] = ["success", "failed", "skipped", "upstream_failed", "removed"];
const WELL: readonly MaybeState[] = ["success", "skipped"];
const BAD: readonly MaybeState[] = ["failed", "upstream_failed"];

export const isOver = (state: MaybeState): boolean => TERMINAL.includes(state);
export const nameOf = ({ taskId, mapIndex }: Pick<ModelInstance, "taskId" | "mapIndex">): string =>
  mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`;

/** One run, in memory. Whatever is asked is worked out anew from the states of all its instances. */
export class RunModel {
  dag: DagModel;
  /** The run that instances which depend on the past look at. */
  readonly previous: RunModel | null;
  state: DagRunState = "running";
  instances: ModelInstance[] = [];
  /** How often a group has been run again since it was cleared, by group id. */
  readonly groupTries = new Map<string, number>();

  constructor(dag: DagModel, previous: RunModel | null = null) {
    this.dag = dag;
    this.previous = previous;
    for (const task of dag.spec.tasks) this.addTask(task);
  }

  /** Instances of a task in a run that is made: as many as the DAG file tells, else a placeholder. */
  addTask(task: TaskSpec): void {
    const mapping = this.dag.mappingOf(task);
    const isLoop = (this.dag.multiplierOf(task)?.loop ?? null) !== null;
    const length = isLoop ? 1 : mapping === null ? 0 : mappingSources(mapping).length > 0 ? 0 : (mappingLength(mapping, () => undefined) ?? 0);
    if (length === 0) this.add(task, -1);
    else for (let mapIndex = 0; mapIndex < length; mapIndex++) this.add(task, mapIndex);
  }

  add(task: TaskSpec, mapIndex: number): void {
    this.instances.push({ taskId: task.taskId, mapIndex, state: null, tryNumber: 0, maxTries: task.retries, result: undefined, decided: false, attempt: null });
  }

  of(taskId: string): ModelInstance[] {
    return this.instances.filter((instance) => instance.taskId === taskId).sort((one, other) => one.mapIndex - other.mapIndex);
  }

  get(taskId: string, mapIndex: number): ModelInstance {
    const found = this.instances.find((instance) => instance.taskId === taskId && instance.mapIndex === mapIndex);
    if (found === undefined) throw new Error(`The model has no ${nameOf({ taskId, mapIndex })}.`);
    return found;
  }

  states(): Record<string, MaybeState> {
    const sorted = [...this.instances].sort((one, other) => one.taskId.localeCompare(other.taskId) || one.mapIndex - other.mapIndex);
    return Object.fromEntries(sorted.map((instance) => [nameOf(instance), instance.state]));
  }

  /** Looks at everything, again and again until nothing changes; then at the run. Each look sees the states as they were when it began. */
  settle(): void {
    if (this.state !== "running") return;
    for (;;) {
      const undecided = this.instances.filter(({ state }) => state === null);
      const verdicts = undecided.map((instance) => ({ instance, verdict: this.verdict(this.dag.task(instance.taskId), instance) }));
      const decided = verdicts.filter(({ verdict }) => verdict !== "wait");
      if (decided.length === 0) break;
      for (const { instance, verdict } of decided) this.apply(instance, verdict);
    }
    this.state = this.outcome();
  }

  private apply(instance: ModelInstance, verdict: Verdict): void {
    if (instance.state !== null || verdict === "wait") return;
    const task = this.dag.task(instance.taskId);
    if (verdict !== "run") instance.state = verdict;
    else if (this.dag.mappingOf(task) === null) this.begin(task, instance);
    else this.expand(task, instance);
  }

  begin(task: TaskSpec, instance: ModelInstance): void {
    instance.tryNumber += 1;
    const isDoneAtOnce = task.kind === "empty" && !task.callbacks.some((callback) => callback === "execute" || callback === "success");
    instance.state = isDoneAtOnce ? "success" : "scheduled";
  }

  /** What is to become of an instance that may be decided about. */
  verdict(task: TaskSpec, instance: ModelInstance): Verdict {
    if (this.isSkippedByBranch(task, instance)) return "skipped";
    const bySetups = this.askSetups(task, instance);
    if (bySetups !== "run" && bySetups !== "wait") return bySetups;
    const upstream = task.upstream.map((id) => this.dag.task(id));
    const byRule = askRule({
      rule: task.triggerRule,
      upstream: this.statesOf(upstream, task, instance),
      setups: this.statesOf(
        upstream.filter(({ isSetup }) => isSetup),
        task,
        instance,
      ),
      mapIndex: instance.mapIndex,
    });
    if (byRule !== "run") return byRule;
    const byMapping = this.askMapping(task);
    if (byMapping !== "run") return byMapping;
    return bySetups === "wait" || this.isBlockedByPast(task) ? "wait" : "run";
  }

  /** Setups whose scope a task is in must succeed; what is directly above it is its own rule's affair. */
  private askSetups(task: TaskSpec, instance: ModelInstance): Verdict {
    if (task.isTeardown || task.triggerRule === "always") return "run";
    const setups = this.dag.setupsOf(task).filter(({ taskId }) => !task.upstream.includes(taskId));
    return askRule({ rule: "all_success", upstream: this.statesOf(setups, task, instance), setups: [], mapIndex: instance.mapIndex });
  }

  private statesOf(upstream: readonly TaskSpec[], task: TaskSpec, instance: ModelInstance): MaybeState[] {
    return upstream.flatMap((one) => this.relevant(one, task, instance).map(({ state }) => state));
  }

  /** Within a mapped group or a loop only the same index counts; from outside all do. */
  private relevant(upstream: TaskSpec, task: TaskSpec, instance: ModelInstance): ModelInstance[] {
    const multiplier = this.dag.multiplierOf(task);
    const isSibling = multiplier !== undefined && this.dag.multiplierOf(upstream) === multiplier && instance.mapIndex >= 0;
    return this.of(upstream.taskId).filter(({ mapIndex }) => !isSibling || mapIndex === instance.mapIndex);
  }

  /** "Upstream failed/upstream_failed -> upstream_failed; upstream skipped -> skipped": of the tasks that a mapping is made from. */
  private askMapping(task: TaskSpec): Verdict {
    const mapping = this.dag.mappingOf(task);
    if (mapping === null) return "run";
    const states = mappingSources(mapping).flatMap((id) => this.of(id).map(({ state }) => state));
    if (states.some((state) => BAD.includes(state))) return "upstream_failed";
    if (states.includes("skipped")) return "skipped";
    return states.every(isOver) ? "run" : "wait";
  }

  private isSkippedByBranch(task: TaskSpec, instance: ModelInstance): boolean {
    return this.dag.spec.tasks
      .filter(({ taskId, kind }) => (kind === "branch" || kind === "short_circuit") && this.dag.below(taskId).has(task.taskId))
      .some((decider) => this.relevant(decider, task, instance).some((one) => one.state === "success" && one.decided && this.skips(decider, one, task)));
  }

  private skips(decider: TaskSpec, { result }: ModelInstance, task: TaskSpec): boolean {
    const isChild = task.upstream.includes(decider.taskId);
    if (decider.kind === "short_circuit") {
      const isBlind = Boolean(result) || task.isTeardown;
      return !isBlind && (isChild || !decider.respectDownstreamRules);
    }
    if (!isChild) return false;
    const named = (Array.isArray(result) ? result : result == null ? [] : [result]) as string[];
    return !named.some((id) => {
      const group = this.dag.spec.groups.find(({ groupId }) => groupId === id);
      const ids = group === undefined ? [id] : this.dag.tasksIn(group).map(({ taskId }) => taskId);
      return ids.some((followed) => followed === task.taskId || this.dag.below(followed).has(task.taskId));
    });
  }

  private isBlockedByPast(task: TaskSpec): boolean {
    if (this.previous === null || !(task.dependsOnPast || task.waitForDownstream)) return false;
    const before = this.previous.of(task.taskId);
    if (before.length === 0) return !(task.ignoreFirstDependsOnPast && !this.previous.hadTask(task.taskId));
    const looksAt = [...before, ...(task.waitForDownstream ? this.dag.children(task.taskId).flatMap(({ taskId }) => this.previous!.of(taskId)) : [])];
    return looksAt.some(({ state }) => !WELL.includes(state));
  }

  private hadTask(taskId: string): boolean {
    return this.of(taskId).length > 0 || (this.previous?.hadTask(taskId) ?? false);
  }

  /** A mapped task, or a mapped group, that may run gets as many instances as it has members now, and those of the task may run together. */
  private expand(task: TaskSpec, instance: ModelInstance): void {
    const length = mappingLength(this.dag.mappingOf(task)!, (taskId) => this.resultOf(taskId));
    if (length === undefined || length === 0) {
      instance.state = length === 0 ? "skipped" : "upstream_failed";
      return;
    }
    const group = task.mapping === null ? this.dag.multiplierOf(task) : undefined;
    for (const one of group === undefined ? [task] : this.dag.tasksIn(group)) this.fit(one, length);
    for (const one of task.mapping === null ? [instance] : this.of(task.taskId)) if (one.state === null) this.begin(task, one);
  }

  private fit(task: TaskSpec, length: number): void {
    const own = this.of(task.taskId);
    for (const instance of own) {
      if (instance.mapIndex === -1) instance.mapIndex = 0;
      else if (instance.state === "removed" && instance.mapIndex < length) instance.state = null;
      else if (instance.state === null && instance.mapIndex >= length) instance.state = "removed";
    }
    for (let mapIndex = 0; mapIndex < length; mapIndex++) if (!own.some((instance) => instance.mapIndex === mapIndex)) this.add(task, mapIndex);
  }

  /** Of a mapped task the list of what its instances returned. */
  private resultOf(taskId: string): Json | undefined {
    const instances = this.of(taskId);
    if (instances.every(({ mapIndex }) => mapIndex < 0)) return instances[0]?.result;
    return instances.flatMap(({ state, result }) => (state === "success" && result !== undefined ? [result] : []));
  }

  /** Whether something here goes on by itself when time passes. */
  isWaitingForTime(): boolean {
    return this.state === "running" && this.instances.some(({ state }) => state === "up_for_retry");
  }

  /** "No unfinished TI and any leaf in failed set -> failed"; a deadlock; else it goes on. */
  outcome(): DagRunState {
    const unfinished = this.instances.filter(({ state }) => !isOver(state));
    if (unfinished.length > 0) return this.isDeadlocked(unfinished) ? "failed" : "running";
    const leaves = this.dag.leaves().flatMap(({ taskId }) => this.of(taskId));
    return leaves.some(({ state }) => BAD.includes(state)) ? "failed" : "success";
  }

  private isDeadlocked(unfinished: readonly ModelInstance[]): boolean {
    return unfinished.every(({ state, taskId }) => {
      const task = this.dag.task(taskId);
      const mayBeFreed = task.dependsOnPast || task.waitForDownstream || task.maxActiveTisPerDag !== null || task.maxActiveTisPerDagrun !== null;
      return state === null && !mayBeFreed;
    });
  }

  /** "true = stop (gate success), false = next iteration is created; false at the cap = gate failed". */
  passGate(gate: TaskSpec, instance: ModelInstance): void {
    const group = this.dag.multiplierOf(gate)!;
    const { maxIterations, hasUntil } = group.loop!;
    const next = instance.mapIndex + 1;
    const goesOn = !(hasUntil && instance.result === true) && next < maxIterations;
    if (hasUntil && instance.result === false && !goesOn) instance.state = "failed";
    for (const task of goesOn ? this.dag.tasksIn(group) : []) {
      if (!this.of(task.taskId).some(({ mapIndex }) => mapIndex === next)) this.add(task, next);
    }
  }
}
