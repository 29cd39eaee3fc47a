import type { GroupNode, TaskNode } from "../dag-graph.ts";
import type { MappingSpec } from "../dag-spec.ts";
import { isTradewindError } from "../errors.ts";
import { listMappingRefs, mappingContext, type XComReader } from "../inputs.ts";
import { measureMapping, staticExpansionLength, UNMAPPED } from "../mapping.ts";
import { isFailed, isTerminal } from "../state-transitions.ts";
import { isSkippedByFinished, listLateDecisions } from "./clear.ts";
import { changeState, countRun, makeReady } from "./changes.ts";
import { instancesOf, newInstance, requireTasks, requireXComs, type RunInstance, type RunModel, type RunNeeds } from "./run-model.ts";
import { applyPendingNow, countAddedInstances, recountTasks } from "./upstream-counts.ts";

/** How many instances a mapping gives now; or the state that what is mapped gets instead; or that it has to wait. */
export type MappingLook = { count: number } | { state: "upstream_failed" | "skipped"; reason: string } | "wait" | "ask";

export const NOTHING = "it is mapped over nothing";

/** A mapped task whose rule lets it run. "Upstream not populated when it should be → upstream_failed": the rule did not wait for what it is mapped over. */
export function lookAtTask(model: RunModel, node: TaskNode, needs: RunNeeds): MappingLook {
  const look = lookAtMapping(model, node.spec.mapping!, { ownerId: node.taskId, nodes: [node] }, needs);
  return look === "wait" ? { state: "upstream_failed", reason: "it may run, but what it is mapped over is not there yet" } : look;
}

export function lookAtGroup(model: RunModel, group: GroupNode, needs: RunNeeds): MappingLook {
  return lookAtMapping(model, group.spec.mapping!, { ownerId: group.groupId, nodes: nodesOf(model, group) }, needs);
}

function nodesOf(model: RunModel, { taskIds }: GroupNode): TaskNode[] {
  return taskIds.map((taskId) => model.graph.tasks.get(taskId)!);
}

/**
 * Whether the first tasks of a mapped group, which may run (again), have to wait for its length: what it is mapped over may have become longer or shorter. So it is where the tasks come
 * directly after what it is mapped over.
 */
export function requiresFit(model: RunModel, group: GroupNode, node: TaskNode): boolean {
  const { mapping } = group.spec;
  if (mapping === null || staticExpansionLength(mapping) !== null || model.fittedGroups.has(group.groupId)) return false;
  return listMappingRefs(mapping).some((ref) => node.upstream.includes(ref.taskId));
}

/**
 * "Upstream failed/upstream_failed → upstream_failed; upstream skipped → skipped." Of an upstream that is mapped itself and was
 * expanded the trigger rule decides alone.
 */
function lookAtMapping(
  model: RunModel,
  mapping: MappingSpec,
  { ownerId, nodes }: { ownerId: string; nodes: readonly TaskNode[] },
  needs: RunNeeds,
): MappingLook {
  const isKnown = staticExpansionLength(mapping) !== null;
  const refs = isKnown ? [] : listMappingRefs(mapping);
  // With what it takes to give them their instances.
  const around = nodes.flatMap((node) => [node.taskId, ...node.downstream, ...(node.indexGroupId === null ? [] : node.upstream)]);
  const late = listLateDecisions(
    model.graph,
    nodes.map((node) => node.taskId),
  );
  const hasTasks = requireTasks(model, needs, [...around, ...late.tasks, ...refs.map((ref) => ref.taskId)]);
  if (!requireXComs(model, needs, [...refs, ...late.refs]) || !hasTasks) return "ask";
  const sources = refs.flatMap((ref) => instancesOf(model, ref.taskId));
  if (sources.some((source) => !isTerminal(source.state))) return "wait";
  const whole = sources.filter((source) => source.mapIndex === UNMAPPED);
  const failed = whole.find((source) => isFailed(source.state));
  if (failed !== undefined) return { state: "upstream_failed", reason: `task "${failed.taskId}", which it is mapped over, failed` };
  const skipped = whole.find((source) => source.state === "skipped");
  if (skipped !== undefined) return { state: "skipped", reason: `task "${skipped.taskId}", which it is mapped over, was skipped` };
  try {
    return { count: measureMapping(mapping, mappingContext(model.graph, ownerId, presentXComs(model)), model.limits.maxMapLength) };
  } catch (error) {
    if (!isTradewindError(error)) throw error;
    return { state: "upstream_failed", reason: error.message };
  }
}

/** Without what members left behind that a shorter map does not have any more. */
function presentXComs(model: RunModel): XComReader {
  return (ref) => {
    const removed = new Set(instancesOf(model, ref.taskId).flatMap(({ state, mapIndex }) => (state === "removed" ? [mapIndex] : [])));
    const rows = model.readXComs(ref);
    return removed.size === 0 ? rows : rows.filter((row) => !removed.has(row.mapIndex));
  };
}

/** @param ownerId a mapped task, or a mapped group */
export function noteExpansion(model: RunModel, ownerId: string, length: number): void {
  model.expansions.set(ownerId, length);
}

/**
 * Mapped tasks that may run get their instances, which are ready together, since they wait for the same upstreams; the tasks of mapped groups get theirs together, and each is looked at.
 * The placeholder becomes index 0. "On rerun a longer result adds instances, a shorter one marks the rest removed": only what is undecided moves, whatever has a state keeps it.
 *
 * Nothing is pending, and what the looks asked for is here. @returns what is ready now
 */
export function expandNoted(model: RunModel): RunInstance[] {
  const ready: RunInstance[] = [];
  const noted = [...model.expansions];
  model.expansions.clear();
  for (const [ownerId, length] of noted) {
    const group = model.graph.groups.get(ownerId);
    const nodes = group === undefined ? [model.graph.tasks.get(ownerId)!] : nodesOf(model, group);
    fit(model, nodes, length);
    const undecided = nodes.flatMap(({ taskId }) => instancesOf(model, taskId).filter((one) => one.state === null));
    if (group === undefined) ready.push(...undecided.filter((one) => one.mapIndex !== UNMAPPED));
    else {
      model.fittedGroups.add(ownerId);
      for (const one of undecided) model.reconsidered.add(one);
    }
  }
  return ready;
}

export function makeAllReady(model: RunModel, ready: readonly RunInstance[]): void {
  for (const instance of ready) if (instance.state === null) makeReady(model, instance);
}

/** Gives tasks exactly `length` instances each, as far as they are undecided; those of a group together. */
function fit(model: RunModel, nodes: readonly TaskNode[], length: number): void {
  const missing: [TaskNode, number][] = [];
  const wasExpanded = (node: TaskNode): boolean => instancesOf(model, node.taskId).some((instance) => instance.mapIndex !== UNMAPPED);
  const mayCountOthers = nodes.some(wasExpanded) && !nodes.every(wasExpanded);
  for (const node of nodes) {
    const instances = instancesOf(model, node.taskId);
    const byIndex = new Map(instances.map((instance) => [instance.mapIndex, instance]));
    const placeholder = byIndex.get(UNMAPPED);
    // A placeholder that something was decided about stays what it is: its task is not expanded. Nor is one that is outside of its own dates.
    if (instances.length === 0 || (placeholder !== undefined && placeholder.state !== null && instances.length === 1)) continue;
    if (placeholder !== undefined && placeholder.state === null && !byIndex.has(0)) {
      placeholder.mapIndex = 0;
      placeholder.stateChanged = true;
      byIndex.set(0, placeholder);
    }
    for (const instance of instances) {
      if (instance.mapIndex >= length && instance.state === null)
        changeState(model, instance, "removed", { reason: `it is mapped over ${length} now` });
      else if (instance.mapIndex >= 0 && instance.mapIndex < length) bringBack(model, instance);
    }
    for (let mapIndex = 0; mapIndex < length; mapIndex++) if (!byIndex.has(mapIndex)) missing.push([node, mapIndex]);
  }
  applyPendingNow(model);
  addInstances(model, missing);
  // Who was a placeholder beside expanded siblings counted all of theirs, and was counted by all of them.
  if (mayCountOthers) recountTasks(model, nodes);
}

/** A member that an earlier, shorter expansion left out is there again. */
export function bringBack(model: RunModel, instance: RunInstance): void {
  if (instance.state !== "removed") return;
  instance.keepsHistory = instance.tryNumber > 0;
  changeState(model, instance, null);
}

/** Instances that come up while the run is running. The tasks directly below them, above those in groups, and what decided about them are here; nothing is pending. */
export function addInstances(model: RunModel, wanted: readonly (readonly [TaskNode, number])[]): void {
  const added = wanted.map(([node, mapIndex]) => newInstance(model, node, mapIndex));
  if (added.length === 0) return;
  countRun(model, added.length, 0);
  countAddedInstances(model, added);
  for (const instance of added) {
    instance.branchSkipped = isSkippedByFinished(model, instance);
    model.reconsidered.add(instance);
  }
}
