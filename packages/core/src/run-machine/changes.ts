import { isTerminal, type MaybeState } from "../state-transitions.ts";
import type { UpstreamCounts } from "../trigger-rule.ts";
import { counterOf, isLive, nodeOf, type RunInstance, type RunModel } from "./run-model.ts";

export interface StateChange {
  reason?: string | null;
  failure?: string | null;
  /** Whatever is at work for it has to stop, for this reason. */
  withdrawn?: string;
}

/**
 * Gives a task instance another state, in memory: run counters and upstream counters below follow, and what waits for its group or its setup is looked at. Any state may be given, so it
 * serves clearing and marking too; what may follow what is for the caller to know.
 */
export function changeState(model: RunModel, instance: RunInstance, state: MaybeState, change: StateChange = {}): void {
  const before = instance.state;
  instance.stateReason = change.reason ?? null;
  instance.failure = change.failure ?? null;
  instance.stateChanged = true;
  instance.timerMs = null;
  instance.state = state;
  countRun(model, Number(!isTerminal(state)) - Number(!isTerminal(before)), Number(isLive(state)) - Number(isLive(before)));
  if (isTerminal(before)) addPending(model, instance, counterOf(before), -1);
  if (isTerminal(state)) {
    addPending(model, instance, counterOf(state), 1);
    noteGroups(model, instance);
  }
  model.listener.stateChanged?.(instance, before, change.withdrawn ?? null);
  if (state === null) reconsider(model, instance);
}

/** As `changeState`, for an instance that may be at work. */
export function withdraw(model: RunModel, instance: RunInstance, state: MaybeState, reason: string): void {
  changeState(model, instance, state, { reason, withdrawn: reason });
}

export function countRun(model: RunModel, unfinished: number, live: number): void {
  model.run.unfinishedCount += unfinished;
  model.run.liveCount += live;
  model.changed.counts ||= unfinished !== 0 || live !== 0;
}

/** What instances below count of this one goes by `amount`. */
export function addPending(
  model: RunModel,
  { taskId, mapIndex }: { taskId: string; mapIndex: number },
  counter: keyof UpstreamCounts,
  amount: number,
): void {
  let byIndex = model.pending.get(taskId);
  if (byIndex === undefined) model.pending.set(taskId, (byIndex = new Map()));
  let counts = byIndex.get(mapIndex);
  if (counts === undefined) byIndex.set(mapIndex, (counts = {}));
  counts[counter] = (counts[counter] ?? 0) + amount;
}

/** Groups with retries, and loops, are looked at when something in them has ended. */
function noteGroups(model: RunModel, instance: RunInstance): void {
  const node = model.graph.tasks.get(instance.taskId);
  for (const groupId of node?.groupIds ?? []) {
    const { retries, loop } = model.graph.groups.get(groupId)!.spec;
    if (retries > 0 || loop !== null) model.movedGroups.add(groupId);
  }
}

/** Has it decided about again in this settlement, if nothing is decided about it yet. */
export function reconsider(model: RunModel, instance: RunInstance): void {
  model.reconsidered.add(instance);
}

/** All dependencies are met: to the queue, or, for what has nothing to run, to its end. */
export function makeReady(model: RunModel, instance: RunInstance): void {
  instance.tryNumber += 1;
  if (!isNeverExecuted(model, instance)) return changeState(model, instance, "scheduled");
  changeState(model, instance, "success");
  if (nodeOf(model, instance).spec.kind === "loop_gate") continueLoop(model, instance);
}

/** The gate of an iteration lets the next one begin. Returns false when it was the last. */
export function continueLoop(model: RunModel, gate: RunInstance): boolean {
  const groupId = nodeOf(model, gate).indexGroupId!;
  const next = gate.mapIndex + 1;
  if (next >= model.graph.groups.get(groupId)!.spec.loop!.maxIterations) return false;
  model.nextIterations.set(groupId, next);
  return true;
}

/** An empty task without callbacks that its process would run; the gate of a loop without `until`. */
export function isNeverExecuted(model: RunModel, instance: RunInstance): boolean {
  const { spec, indexGroupId } = nodeOf(model, instance);
  if (spec.kind === "empty") return !spec.callbacks.includes("execute") && !spec.callbacks.includes("success");
  return spec.kind === "loop_gate" && indexGroupId !== null && model.graph.groups.get(indexGroupId)!.spec.loop?.hasUntil === false;
}
