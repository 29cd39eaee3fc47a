import type { GroupNode, TaskNode } from "../dag-graph.ts";
import type { MappingSpec } from "../dag-spec.ts";
import { isTradewindError } from "../errors.ts";
import { listMappingRefs, mappingContext } from "../inputs.ts";
import { measureMapping, staticExpansionLength, UNMAPPED } from "../mapping.ts";
import { isFailed, isTerminal } from "../state-transitions.ts";
import { changeState, countRun, makeReady, withdraw } from "./changes.ts";
import { instancesOf, newInstance, nodeOf, requireTasks, requireXComs, type RunInstance, type RunModel, type RunNeeds } from "./run-model.ts";
import { applyPendingNow, countAddedInstances } from "./upstream-counts.ts";

/** How many instances a mapping gives now; or the state that its placeholder gets instead; or that it has to wait. */
type Length = { length: number } | { state: "upstream_failed" | "skipped"; reason: string } | "wait";

const NOTHING = "it is mapped over nothing";

/**
 * A mapped task may run: finds out how many instances it has now, and makes them ready together, since they wait for the same upstreams. Its placeholder becomes index 0; with none it is
 * skipped. "On rerun a longer result adds instances, a shorter one marks the rest removed": only what is undecided moves, whatever has a state keeps it.
 * @returns false when something is asked for
 */
export function expandTask(model: RunModel, instance: RunInstance, needs: RunNeeds): boolean {
  const node = nodeOf(model, instance);
  const mapping = node.spec.mapping!;
  if (!requireMapping(model, mapping, [node], needs)) return false;
  const length = measure(model, mapping, node.taskId);
  if (length === "wait") return true;
  const undecided = instancesOf(model, node.taskId).filter((one) => one.state === null);
  if ("state" in length) for (const one of undecided) changeState(model, one, length.state, { reason: length.reason });
  else if (length.length === 0) for (const one of undecided) changeState(model, one, "skipped", { reason: NOTHING });
  else {
    fit(model, [node], length.length);
    for (const one of instancesOf(model, node.taskId)) if (one.state === null && one.mapIndex !== UNMAPPED) makeReady(model, one);
  }
  return true;
}

/**
 * What a mapped group is mapped over may be known: all its tasks get their instances together. What is undecided in it is looked at again.
 * @returns false when something is asked for; "nothing" when it is mapped over nothing: then the rule of each task decides before it is skipped
 */
export function expandGroup(model: RunModel, group: GroupNode, needs: RunNeeds): boolean | "nothing" {
  const mapping = group.spec.mapping!;
  const nodes = group.taskIds.map((taskId) => model.graph.tasks.get(taskId)!);
  if (!requireMapping(model, mapping, nodes, needs)) return false;
  const length = measure(model, mapping, group.groupId);
  if (length === "wait") return true;
  const undecided = () => nodes.flatMap(({ taskId }) => instancesOf(model, taskId).filter((one) => one.state === null));
  if ("state" in length) for (const one of undecided()) changeState(model, one, length.state, { reason: length.reason });
  else if (length.length === 0) return "nothing";
  else {
    fit(model, nodes, length.length);
    for (const one of undecided()) model.reconsidered.add(one);
  }
  return true;
}

/**
 * The first tasks of a mapped group may run again: what it is mapped over may have become longer or shorter. Looked at where the tasks come directly after what it is mapped over.
 * @returns false when something is asked for; the instance may have a state afterwards
 */
export function fitGroup(model: RunModel, group: GroupNode, node: TaskNode, needs: RunNeeds): boolean {
  const mapping = group.spec.mapping!;
  const sources = listMappingRefs(mapping).map((ref) => ref.taskId);
  if (staticExpansionLength(mapping) !== null || model.fittedGroups.has(group.groupId) || !sources.some((id) => node.upstream.includes(id)))
    return true;
  const done = expandGroup(model, group, needs);
  if (done === false) return false;
  model.fittedGroups.add(group.groupId);
  if (done === "nothing") {
    for (const taskId of group.taskIds) {
      for (const one of instancesOf(model, taskId))
        if (one.state === null) changeState(model, one, "skipped", { reason: "its group is mapped over nothing" });
    }
  }
  return true;
}

/** Whether everything that an expansion touches is here, and nothing is pending: what comes up is counted from the states. */
function requireMapping(model: RunModel, mapping: MappingSpec, nodes: readonly TaskNode[], needs: RunNeeds): boolean {
  const refs = staticExpansionLength(mapping) === null ? listMappingRefs(mapping) : [];
  const tasks = nodes.flatMap((node) => [node.taskId, ...node.downstream, ...(node.indexGroupId === null ? [] : node.upstream)]);
  const hasTasks = requireTasks(model, needs, [...tasks, ...refs.map((ref) => ref.taskId)]);
  return requireXComs(model, needs, refs) && hasTasks && model.pending.size === 0;
}

/**
 * "Upstream not populated when it should be → upstream_failed. Upstream failed/upstream_failed → upstream_failed; upstream skipped → skipped." Of an upstream that is mapped itself and was
 * expanded the trigger rule decides alone.
 */
function measure(model: RunModel, mapping: MappingSpec, ownerId: string): Length {
  const known = staticExpansionLength(mapping);
  if (known === null) {
    const sources = listMappingRefs(mapping).flatMap((ref) => instancesOf(model, ref.taskId));
    if (sources.some((source) => !isTerminal(source.state))) return "wait";
    const whole = sources.filter((source) => source.mapIndex === UNMAPPED);
    const failed = whole.find((source) => isFailed(source.state));
    if (failed !== undefined) return { state: "upstream_failed", reason: `task "${failed.taskId}", which it is mapped over, failed` };
    const skipped = whole.find((source) => source.state === "skipped");
    if (skipped !== undefined) return { state: "skipped", reason: `task "${skipped.taskId}", which it is mapped over, was skipped` };
  }
  try {
    return { length: measureMapping(mapping, mappingContext(model.graph, ownerId, model.readXComs), model.limits.maxMapLength) };
  } catch (error) {
    if (!isTradewindError(error)) throw error;
    return { state: "upstream_failed", reason: error.message };
  }
}

/** Gives tasks exactly `length` instances each, as far as they are undecided; those of a group together. */
function fit(model: RunModel, nodes: readonly TaskNode[], length: number): void {
  const missing: [TaskNode, number][] = [];
  for (const node of nodes) {
    const instances = instancesOf(model, node.taskId);
    const byIndex = new Map(instances.map((instance) => [instance.mapIndex, instance]));
    const placeholder = byIndex.get(UNMAPPED);
    // A placeholder that something was decided about stays what it is: its task is not expanded.
    if (placeholder !== undefined && placeholder.state !== null && instances.length === 1) continue;
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
}

/** A member that an earlier, shorter expansion left out is there again. */
export function bringBack(model: RunModel, instance: RunInstance): void {
  if (instance.state !== "removed") return;
  instance.keepsHistory = instance.tryNumber > 0;
  changeState(model, instance, null);
}

/** Instances that come up while the run is running. The tasks directly below them, and above those in groups, are here; nothing is pending. */
export function addInstances(model: RunModel, wanted: readonly (readonly [TaskNode, number])[]): RunInstance[] {
  const added = wanted.map(([node, mapIndex]) => newInstance(model, node, mapIndex));
  if (added.length === 0) return added;
  countRun(model, added.length, 0);
  countAddedInstances(model, added);
  for (const instance of added) model.reconsidered.add(instance);
  return added;
}

/** Gives up iterations or members that what is decided now leaves out. */
export function removeInstance(model: RunModel, instance: RunInstance, reason: string): void {
  if (instance.state !== "removed") withdraw(model, instance, "removed", reason);
}
