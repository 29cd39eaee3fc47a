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
  /** How often it was rescheduled in this try. */
  reschedules: number;
  /** What it returned when it succeeded last; gone when it is started again. */
  result: Json | undefined;
  /** Whether it ended well by itself since it was started, or cleared, last: only then a branch has decided. */
  decided: boolean;
  /** The attempt that has a lease, also when the instance has moved on meanwhile. */
  attempt: { attemptId: string; isRunning: boolean } | null;
}

/** `expand`: its group gets its instances. `byMapping`: the state it gets from what it is mapped over. */
export type InstanceVerdict = Verdict | "expand" | { byMapping: "skipped" | "upstream_failed" | "removed" };

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
  state: DagRunState;
  instances: ModelInstance[] = [];
  /** How often a group has been run again since a person cleared something in it, by group id. */
  readonly groupRetries = new Map<string, number>();
  /** Since the run started. */
  elapsedMs = 0;
  /** What a person said the run is to be when its last teardown has ended. */
  marked: "success" | "failed" | null = null;

  constructor(dag: DagModel, previous: RunModel | null = null, state: "running" | "queued" = "running") {
    this.dag = dag;
    this.state = state;
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
    this.instances.push({
      taskId: task.taskId,
      mapIndex,
      state: null,
      tryNumber: 0,
      maxTries: task.retries,
      reschedules: 0,
      result: undefined,
      decided: false,
      attempt: null,
    });
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
      // States first: what is expanded then has its instances for the next look.
      const expands = ({ instance, verdict }: (typeof decided)[number]): boolean =>
        verdict === "expand" || (verdict === "run" && this.dag.mappingOf(this.dag.task(instance.taskId)) !== null);
      for (const one of decided) if (!expands(one)) this.apply(one.instance, one.verdict);
      for (const one of decided) if (expands(one)) this.apply(one.instance, one.verdict);
    }
    this.state = this.outcome();
    if (this.state !== "running") this.marked = null;
  }

  private apply(instance: ModelInstance, verdict: InstanceVerdict): void {
    if (instance.state !== null || verdict === "wait") return;
    const task = this.dag.task(instance.taskId);
    if (typeof verdict === "object") this.setByMapping(task, instance, verdict.byMapping);
    else if (verdict === "expand") this.expandGroup(task, instance);
    else if (verdict !== "run") instance.state = verdict;
    else if (this.dag.mappingOf(task) === null) this.begin(task, instance);
    else this.expand(task, instance);
  }

  begin(task: TaskSpec, instance: ModelInstance): void {
    if (instance.state !== "up_for_reschedule") {
      instance.tryNumber += 1;
      instance.reschedules = 0;
    }
    const hasCallback = task.callbacks.some((callback) => callback === "execute" || callback === "success");
    const isIdleGate = task.kind === "loop_gate" && !this.dag.multiplierOf(task)!.loop!.hasUntil;
    instance.state = (task.kind === "empty" && !hasCallback) || isIdleGate ? "success" : "scheduled";
    if (isIdleGate) this.passGate(task, instance);
  }

  /**
   * What becomes of that which a mapped group is mapped over concerns everything in it about which nothing is decided. That it is mapped over nothing concerns the members it had before:
   * where there were none, each task asks when its rule lets it run.
   */
  private setByMapping(task: TaskSpec, instance: ModelInstance, state: MaybeState, isNothing = false): void {
    for (const one of this.concernedBy(task, instance, state, isNothing)) one.state = state;
  }

  private concernedBy(task: TaskSpec, instance: ModelInstance, state: MaybeState, isNothing: boolean): ModelInstance[] {
    const all = task.mapping === null ? this.dag.tasksIn(this.dag.multiplierOf(task)!).flatMap(({ taskId }) => this.of(taskId)) : [instance];
    return all.filter((one) => {
      if (one.state !== null || (isNothing && one.mapIndex < 0 && one !== instance)) return false;
      return state !== "skipped" || !this.isKeptFromSkipping(this.dag.task(one.taskId));
    });
  }

  /** "With wait_for_past_depends_before_skipping the move to skipped waits until depends_on_past is met." */
  private isKeptFromSkipping(task: TaskSpec): boolean {
    return task.waitForPastDependsBeforeSkipping === true && this.isBlockedByPast(task);
  }

  /** What is to become of an instance that may be decided about. */
  verdict(task: TaskSpec, instance: ModelInstance): InstanceVerdict {
    const verdict = this.ask(task, instance);
    if (!this.isKeptFromSkipping(task)) return verdict;
    if (typeof verdict !== "object") return verdict === "skipped" ? "wait" : verdict;
    const isIdle = instance.state !== null || this.concernedBy(task, instance, verdict.byMapping, false).length === 0;
    return verdict.byMapping === "skipped" && isIdle ? "wait" : verdict;
  }

  private ask(task: TaskSpec, instance: ModelInstance): InstanceVerdict {
    if (this.isHeld(task)) return "wait";
    if (this.isSkippedByBranch(task, instance)) return "skipped";
    if (this.isUnexpanded(task, instance)) {
      const byGroup = this.askMapping(task);
      if (byGroup !== "run") return byGroup === "wait" ? "wait" : { byMapping: byGroup };
      if (this.lengthOf(task) !== 0) return "expand";
    }
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
    const byMapping = this.isMappedHere(task) ? this.askMapping(task) : "run";
    // "Upstream not populated when it should be -> upstream_failed": the rule did not wait for what the task is mapped over.
    if (byMapping === "wait") return task.mapping === null ? "wait" : "upstream_failed";
    if (byMapping !== "run") return { byMapping };
    if (this.isMappedHere(task) && this.lengthOf(task) === undefined) return { byMapping: "upstream_failed" };
    return bySetups === "wait" || this.isBlockedByPast(task) ? "wait" : "run";
  }

  /** Setups whose scope a task is in must succeed; what is directly above it is its own rule's affair. */
  private askSetups(task: TaskSpec, instance: ModelInstance): Verdict {
    if (task.isTeardown || task.triggerRule === "always") return "run";
    const setups = this.dag.setupsOf(task).filter(({ taskId }) => !task.upstream.includes(taskId));
    return askRule({ rule: "all_success", upstream: this.statesOf(setups, task, instance), setups: [], mapIndex: instance.mapIndex });
  }

  /** What is below a group with retries waits until it is final, and what comes after a task of a loop until the loop has ended. */
  private isHeld(task: TaskSpec): boolean {
    return this.dag.spec.groups.some((group) => {
      const inside = this.dag.tasksIn(group);
      if (inside.includes(task)) return false;
      const isBelow = inside.some(({ taskId }) => this.dag.below(taskId).has(task.taskId));
      const isAfter = inside.some(({ taskId }) => task.upstream.includes(taskId));
      const holds = (group.retries > 0 && isBelow) || (group.loop !== null && isAfter);
      return holds && (!this.isEnded(group) || [group, ...this.dag.groupsIn(group)].some((one) => this.isRetryDue(one)));
    });
  }

  private isEnded(group: TaskGroupSpec): boolean {
    return this.dag.tasksIn(group).every(({ taskId }) => this.of(taskId).every(({ state }) => isOver(state)));
  }

  /** "Everything in it terminal", a leaf of it in failed or upstream_failed because something in it failed, and tries left. Groups in it that are to run again come first: with them it has not ended. */
  isRetryDue(group: TaskGroupSpec): boolean {
    if (this.dag.groupsIn(group).some((inner) => this.isRetryDue(inner))) return false;
    if ((this.groupRetries.get(group.groupId) ?? 0) >= group.retries || !this.isEnded(group)) return false;
    const inside = this.dag.tasksIn(group);
    if (!inside.some(({ taskId }) => this.of(taskId).some(({ state }) => state === "failed"))) return false;
    const leaves = inside.filter(({ taskId }) => !inside.some(({ upstream }) => upstream.includes(taskId)));
    return leaves.some(({ taskId }) => this.of(taskId).some(({ state }) => BAD.includes(state)));
  }

  private statesOf(upstream: readonly TaskSpec[], task: TaskSpec, instance: ModelInstance): MaybeState[] {
    return upstream.flatMap((one) => this.relevant(one, task, instance).map(({ state }) => state));
  }

  /** Within a mapped group or a loop only the same index counts, and a sibling that was not expanded; from outside all do. */
  private relevant(upstream: TaskSpec, task: TaskSpec, instance: ModelInstance): ModelInstance[] {
    const multiplier = this.dag.multiplierOf(task);
    const isSibling = multiplier !== undefined && this.dag.multiplierOf(upstream) === multiplier && instance.mapIndex >= 0;
    return this.of(upstream.taskId).filter(({ mapIndex }) => !isSibling || mapIndex === instance.mapIndex || mapIndex < 0);
  }

  /** "Upstream failed/upstream_failed -> upstream_failed; upstream skipped -> skipped": of the tasks that a mapping is made from. A mapped group asks it first. */
  private askMapping(task: TaskSpec): Verdict {
    const mapping = this.dag.mappingOf(task);
    if (mapping === null) return "run";
    const sources = mappingSources(mapping).flatMap((id) => this.of(id));
    if (!sources.every(({ state }) => isOver(state))) return "wait";
    // Of a source that is mapped itself the trigger rule decides alone.
    const states = sources.filter(({ mapIndex }) => mapIndex < 0).map(({ state }) => state);
    if (states.some((state) => BAD.includes(state))) return "upstream_failed";
    return states.includes("skipped") ? "skipped" : "run";
  }

  /** Whether the member that an instance is mapped over is there: not when what it comes from has begun again meanwhile, or has become shorter. */
  hasInputs(task: TaskSpec, { mapIndex }: ModelInstance): boolean {
    const mapping = this.dag.mappingOf(task);
    if (mapping === null) return true;
    return mappingSources(mapping).every((id) => this.of(id).every(({ result }) => result !== undefined)) && mapIndex < (this.lengthOf(task) ?? 0);
  }

  private isSkippedByBranch(task: TaskSpec, instance: ModelInstance): boolean {
    return this.dag.spec.tasks
      .filter(({ taskId, kind }) => (kind === "branch" || kind === "short_circuit") && this.dag.below(taskId).has(task.taskId))
      .some((decider) => this.relevant(decider, task, instance).some((one) => isOver(one.state) && one.decided && this.skips(decider, one, task)));
  }

  private skips(decider: TaskSpec, { result }: ModelInstance, task: TaskSpec): boolean {
    // Teardowns are never skipped by a decision.
    if (task.isTeardown) return false;
    const isChild = task.upstream.includes(decider.taskId);
    if (decider.kind === "short_circuit") return !result && (isChild || !decider.respectDownstreamRules);
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

  /** Of a mapped group that has not got its instances: it gets them before anything in it is decided. */
  private isUnexpanded(task: TaskSpec, { mapIndex }: ModelInstance): boolean {
    return mapIndex < 0 && task.mapping === null && this.dag.mappingOf(task) !== null;
  }

  /** A mapped task, and those of a mapped group that come directly after what it is mapped over, look at that whenever they may run. */
  private isMappedHere(task: TaskSpec): boolean {
    const mapping = this.dag.mappingOf(task);
    return mapping !== null && (task.mapping !== null || mappingSources(mapping).some((id) => task.upstream.includes(id)));
  }

  private lengthOf(task: TaskSpec): number | undefined {
    return mappingLength(this.dag.mappingOf(task)!, (taskId) => this.resultOf(taskId));
  }

  private expandGroup(task: TaskSpec, instance: ModelInstance): void {
    const length = this.lengthOf(task);
    if (length === undefined) this.setByMapping(task, instance, "upstream_failed");
    else if (instance.mapIndex < 0) this.fit(this.dag.tasksIn(this.dag.multiplierOf(task)!), length);
  }

  /** What may run gets as many instances as it has members now; those of a mapped task may run together. */
  private expand(task: TaskSpec, instance: ModelInstance): void {
    if (this.isMappedHere(task) || instance.mapIndex < 0) {
      const length = this.lengthOf(task);
      if (length === undefined || length === 0) {
        this.setByMapping(task, instance, length === 0 ? "skipped" : "upstream_failed", length === 0);
        return;
      }
      this.fit(task.mapping === null ? this.dag.tasksIn(this.dag.multiplierOf(task)!) : [task], length);
    }
    for (const one of task.mapping === null ? [instance] : this.of(task.taskId)) if (one.state === null) this.begin(task, one);
  }

  private fit(tasks: readonly TaskSpec[], length: number): void {
    for (const task of tasks) this.fitTask(task, length);
  }

  private fitTask(task: TaskSpec, length: number): void {
    const own = this.of(task.taskId);
    // A placeholder that something was decided about stays what it is.
    if (own.some(({ mapIndex, state }) => mapIndex < 0 && state !== null)) return;
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
    if (this.dag.mappingOf(this.dag.task(taskId)) === null) return instances[0]?.result;
    return instances.flatMap(({ state, result }) => (state !== "removed" && result !== undefined ? [result] : []));
  }

  /** Whether something here goes on by itself when time passes. */
  isWaitingForTime(): boolean {
    const isNext = (instance: ModelInstance): boolean =>
      (instance.state === "up_for_retry" || instance.state === "up_for_reschedule") &&
      this.verdict(this.dag.task(instance.taskId), instance) !== "wait";
    const isRetrying = this.instances.some(isNext) || this.dag.spec.groups.some((group) => this.isRetryDue(group));
    return this.state === "running" && isRetrying;
  }

  /** "No unfinished TI and any leaf in failed set -> failed"; a deadlock; else it goes on. */
  outcome(): DagRunState {
    const unfinished = this.instances.filter(({ state }) => !isOver(state));
    if (this.dag.spec.groups.some((group) => this.isRetryDue(group))) return "running";
    if (unfinished.length > 0) return this.isDeadlocked(unfinished) ? (this.marked ?? "failed") : "running";
    if (this.marked !== null) return this.marked;
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

  /** "true = stop (gate success), false = next iteration is created; false at the cap = gate failed". Without `until` all iterations follow each other. */
  passGate(gate: TaskSpec, instance: ModelInstance): void {
    const group = this.dag.multiplierOf(gate)!;
    const { maxIterations, hasUntil } = group.loop!;
    const next = instance.mapIndex + 1;
    if (hasUntil && instance.result === true) return;
    if (next >= maxIterations) {
      if (hasUntil) instance.state = "failed";
      return;
    }
    for (const task of this.dag.tasksIn(group)) {
      const known = this.of(task.taskId).find(({ mapIndex }) => mapIndex === next);
      if (known === undefined) this.add(task, next);
      else if (known.state === "removed") known.state = null;
    }
  }
}
