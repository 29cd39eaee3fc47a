import { type DagGraph, listDescendants, type TaskNode } from "../dag-graph.ts";
import { getGraphScopes } from "../graph-scopes.ts";
import { isTerminal } from "../state-transitions.ts";
import { NO_UPSTREAMS, type UpstreamCounts } from "../trigger-rule.ts";
import { countsSameIndexOnly, isSameIndex } from "./relations.ts";
import {
  counterOf,
  instancesOf,
  type MutableCounts,
  type PendingCounts,
  type RunInstance,
  type RunModel,
  type RunNeeds,
  requireTasks,
} from "./run-model.ts";

type Counted = Pick<RunInstance, "taskId" | "mapIndex" | "state">;

/** Brings what is pending to the instances below. Returns false, with nothing done, when some of them are not here. */
export function applyPending(model: RunModel, needs: RunNeeds): boolean {
  if (model.pending.size === 0) return true;
  if (!requireTasks(model, needs, tasksToLoad(model))) return false;
  applyPendingNow(model);
  return true;
}

/** The same where it is known that everything below is here. */
export function applyPendingNow(model: RunModel): void {
  const pending = [...model.pending];
  model.pending.clear();
  for (const [taskId, byIndex] of pending) {
    const upstream = model.graph.tasks.get(taskId);
    if (upstream === undefined) continue;
    for (const below of upstream.downstream) applyBelow(model, upstream, model.graph.tasks.get(below)!, byIndex);
    reconsiderScope(model, taskId);
  }
}

/** The end of a setup is about everything in its scope, however far below. */
function reconsiderScope(model: RunModel, setupId: string): void {
  for (const id of getGraphScopes(model.graph).concerns.get(setupId) ?? []) {
    for (const instance of instancesOf(model, id)) if (instance.state === null) model.reconsidered.add(instance);
  }
}

/**
 * The direct downstreams; from the second round on everything below, since a cascade seldom ends there. When all have ended the leaves as well: they decide the outcome.
 */
function tasksToLoad(model: RunModel): Iterable<string> {
  const ended = [...model.pending.keys()].filter((taskId) => model.graph.tasks.has(taskId));
  if (model.depth > 0) return listDescendants(model.graph, ended);
  const { concerns } = getGraphScopes(model.graph);
  const below = new Set(ended.flatMap((taskId) => [...model.graph.tasks.get(taskId)!.downstream, ...(concerns.get(taskId) ?? [])]));
  if (model.run.unfinishedCount <= 0) for (const taskId of model.graph.outcomeTaskIds) below.add(taskId);
  return below;
}

function applyBelow(model: RunModel, upstream: TaskNode, node: TaskNode, byIndex: ReadonlyMap<number, PendingCounts>): void {
  const sameIndexOnly = countsSameIndexOnly(upstream, node);
  const sum = sameIndexOnly ? null : sumOf(byIndex.values());
  for (const instance of instancesOf(model, node.taskId)) {
    const own = sum ?? sumOf([...byIndex].flatMap(([mapIndex, counts]) => (isSameIndex(mapIndex, instance.mapIndex) ? [counts] : [])));
    if (add(instance.counts, own)) {
      instance.countsChanged = true;
      model.reconsidered.add(instance);
    }
  }
}

function sumOf(all: Iterable<PendingCounts>): PendingCounts {
  const sum: PendingCounts = {};
  for (const counts of all)
    for (const [counter, amount] of Object.entries(counts))
      sum[counter as keyof UpstreamCounts] = (sum[counter as keyof UpstreamCounts] ?? 0) + amount;
  return sum;
}

function add(counts: MutableCounts, changes: PendingCounts): boolean {
  let changed = false;
  for (const [counter, amount] of Object.entries(changes)) {
    if (amount === 0) continue;
    counts[counter as keyof UpstreamCounts] += amount;
    changed = true;
  }
  return changed;
}

/**
 * Takes instances that came up among others into account: what they count themselves, and what those below count of them. All tasks directly above (of those in a mapped group or loop)
 * and below are here, and nothing is pending.
 */
export function countAddedInstances(model: RunModel, added: readonly RunInstance[]): void {
  const isAdded = new Set(added);
  for (const instance of added) {
    const node = model.graph.tasks.get(instance.taskId)!;
    const like = node.indexGroupId === null ? instancesOf(model, instance.taskId).find((other) => !isAdded.has(other)) : undefined;
    instance.counts = like === undefined ? countUpstreamsOf(model.graph, instance, (taskId) => instancesOf(model, taskId)) : { ...like.counts };
    for (const id of node.downstream) {
      const below = model.graph.tasks.get(id)!;
      const sameIndexOnly = countsSameIndexOnly(node, below);
      for (const other of instancesOf(model, id)) {
        if (isAdded.has(other) || (sameIndexOnly && !isSameIndex(instance.mapIndex, other.mapIndex))) continue;
        other.counts.total += 1;
        other.countsChanged = true;
      }
    }
  }
}

/** The upstream counters that an instance must have, from the states of all instances above it: what incremental updates amount to. */
export function countUpstreamsOf(
  graph: DagGraph,
  { taskId, mapIndex }: Pick<RunInstance, "taskId" | "mapIndex">,
  instancesOfTask: (taskId: string) => readonly Counted[],
): MutableCounts {
  const node = graph.tasks.get(taskId)!;
  return countRelevant(graph, node, mapIndex, node.upstream, instancesOfTask);
}

/** The same over some of the tasks above: setups, for example. */
export function countRelevant(
  graph: DagGraph,
  node: TaskNode,
  mapIndex: number,
  upstreamIds: readonly string[],
  instancesOfTask: (taskId: string) => readonly Counted[],
): MutableCounts {
  const counts: MutableCounts = { ...NO_UPSTREAMS };
  for (const id of upstreamIds) {
    const sameIndexOnly = countsSameIndexOnly(graph.tasks.get(id)!, node);
    for (const upstream of instancesOfTask(id)) {
      if (sameIndexOnly && !isSameIndex(upstream.mapIndex, mapIndex)) continue;
      counts.total += 1;
      if (isTerminal(upstream.state)) counts[counterOf(upstream.state)] += 1;
    }
  }
  return counts;
}

/**
 * Works out all upstream counters of a run from the states of its instances. For changes that take back ends, or after which the edges are others (clearing, marking, another version of the
 * DAG). Linear in instances and edges, but for what is in mapped groups.
 */
export function recountUpstreams<I extends Counted>(graph: DagGraph, instances: Iterable<I>): Map<I, UpstreamCounts> {
  const byTask = Map.groupBy(instances, (instance) => instance.taskId);
  const shared = new Map<string, UpstreamCounts>();
  const counts = new Map<I, UpstreamCounts>();
  for (const [taskId, own] of byTask) {
    const node = graph.tasks.get(taskId);
    if (node === undefined) continue;
    for (const instance of own) {
      let found = node.indexGroupId === null ? shared.get(taskId) : undefined;
      if (found === undefined) {
        found = countUpstreamsOf(graph, instance, (id) => byTask.get(id) ?? []);
        if (node.indexGroupId === null) shared.set(taskId, found);
      }
      counts.set(instance, { ...found });
    }
  }
  return counts;
}

export function sameCounts(one: UpstreamCounts, other: UpstreamCounts): boolean {
  return (Object.keys(NO_UPSTREAMS) as (keyof UpstreamCounts)[]).every((key) => one[key] === other[key]);
}

/** Works out the counters of tasks, all instances of which, and of those directly above, are here; what is not counted as before is looked at again. Nothing is pending. */
export function recountTasks(model: RunModel, nodes: readonly TaskNode[]): void {
  for (const { taskId } of nodes) {
    for (const instance of instancesOf(model, taskId))
      takeCounts(
        model,
        instance,
        countUpstreamsOf(model.graph, instance, (id) => instancesOf(model, id)),
      );
  }
}

function takeCounts(model: RunModel, instance: RunInstance, counts: UpstreamCounts): void {
  if (sameCounts(instance.counts, counts)) return;
  instance.counts = { ...counts };
  instance.countsChanged = true;
  if (instance.state === null) model.reconsidered.add(instance);
}

/** Works out the counters of a run that is here whole; what is undecided and is not counted as before has its rule decided again. Replaces what is pending. */
export function recount(model: RunModel): void {
  const moved = [...model.pending.keys()];
  model.pending.clear();
  for (const taskId of moved) if (model.graph.tasks.has(taskId)) reconsiderScope(model, taskId);
  for (const [instance, counts] of recountUpstreams(model.graph, model.instances.values())) takeCounts(model, instance, counts);
}
