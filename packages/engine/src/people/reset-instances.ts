import { type DagGraph, type Json, listDescendants, maxTriesAfterClear, planBranch, planShortCircuit, type TaskNode } from "@tradewind/core";
import { stopLeases } from "@tradewind/metadata";
import type { Instance, RunWork } from "../settle/run-work.ts";
import { changeState, reconsider, type Settlement } from "../settle/settlement.ts";
import { recountUpstreams, sameCounts } from "./recount-upstreams.ts";

/** The leases of instances that people take out of what they were doing, by task instance. */
export type StoppedLeases = ReadonlyMap<number, { attemptId: string; state: "queued" | "running" }>;

/**
 * Tells the attempts of these instances to stop. Their task instances are locked, so no other attempt gets a lease meanwhile. An instance whose state is final may have one too: that
 * of an attempt which has not stopped yet since the instance was marked.
 */
export async function stopAttempts(settlement: Settlement, instances: readonly Instance[], reason: string): Promise<StoppedLeases> {
  const leases = await stopLeases(settlement.tx, { taskInstanceIds: instances.map((instance) => instance.id), reason });
  if (leases.some((lease) => lease.state === "running")) settlement.after.wakes.add("stops");
  return new Map(leases.map(({ taskInstanceId, ...lease }) => [taskInstanceId, lease]));
}

/**
 * Clears instances of a run that is loaded whole: they have no state again, as many retries as new ones, and their try goes into the history. What runs becomes `restarting`, and has no
 * state when its process has stopped or its lease ended. `removed` instances are left alone: their task, or their member of the map, is gone.
 *
 * Branch decisions and counters are to be worked out anew after it: `resetBranchDecisions`, `recount`.
 * @returns the instances that were cleared.
 */
export function clearInstances(settlement: Settlement, work: RunWork, targets: Iterable<Instance>, leases: StoppedLeases): Instance[] {
  const cleared: Instance[] = [];
  for (const instance of targets) {
    const node = work.graph.tasks.get(instance.taskId);
    if (instance.state === "removed" || node === undefined) continue;
    cleared.push(instance);
    instance.maxTries = maxTriesAfterClear(instance.tryNumber, node.spec.retries);
    const lease = leases.get(instance.id);
    if (lease?.state === "running") {
      instance.attemptId = lease.attemptId;
      changeState(settlement, work, instance, "restarting", { reason: "it was cleared while it was running" });
      continue;
    }
    endQueuedLease(settlement, work, instance, leases);
    instance.keepsHistory = instance.tryNumber > 0;
    instance.attemptId = null;
    changeState(settlement, work, instance, null);
  }
  return cleared;
}

/** Gives instances a final state that a person chose. What runs is over for everybody else at once, whatever its process says when it stops. */
export function markInstance(
  settlement: Settlement,
  work: RunWork,
  instance: Instance,
  mark: { state: "success" | "failed" | "skipped"; reason: string; leases: StoppedLeases },
): void {
  endQueuedLease(settlement, work, instance, mark.leases);
  changeState(settlement, work, instance, mark.state, { reason: mark.reason });
}

/** An attempt that nobody has started gives its slots back at once; whoever asks to start it is refused. */
function endQueuedLease(settlement: Settlement, work: RunWork, instance: Instance, leases: StoppedLeases): void {
  const lease = leases.get(instance.id);
  if (lease?.state === "queued") settlement.endedLeases.push({ attemptId: lease.attemptId, instance, work });
}

/** What a finished branch or short circuit returned; undefined: nothing is known. */
export type ResultLookup = (taskId: string) => readonly { mapIndex: number; result: Json }[];

/**
 * "Branch parents store which direct children they follow/skip; a child sees it even after being cleared and skips again": what a branch decided goes when the branch itself is
 * cleared, unless another one that is still finished skips the same task.
 */
export function resetBranchDecisions(work: RunWork, cleared: readonly Instance[], results: ResultLookup): void {
  for (const taskId of listDecidedTasks(work.graph, cleared)) {
    const isSkipped = isSkippedByFinished(work, taskId, results);
    for (const instance of work.byTask.get(taskId) ?? []) {
      if (instance.branchSkipped === isSkipped) continue;
      instance.branchSkipped = isSkipped;
      instance.countsChanged = true;
    }
  }
}

/** Finished branches and short circuits that may have decided about the same tasks as cleared ones did: `resetBranchDecisions` needs their results. */
export function listOtherDeciders(work: RunWork, cleared: readonly Instance[]): string[] {
  const deciders = new Set([...listDecidedTasks(work.graph, cleared)].flatMap((taskId) => decidersOf(work.graph, taskId)));
  return [...deciders].filter((taskId) => (work.byTask.get(taskId) ?? []).some((instance) => instance.state === "success"));
}

/** The tasks that cleared branches and short circuits may have skipped. */
function listDecidedTasks(graph: DagGraph, cleared: readonly Instance[]): Set<string> {
  const nodes = [...new Set(cleared.map((instance) => instance.taskId))].flatMap((taskId) => graph.tasks.get(taskId) ?? []);
  return new Set(nodes.flatMap((node) => [...reachOf(graph, node)]));
}

function decidersOf(graph: DagGraph, taskId: string): string[] {
  return [...graph.tasks.values()].filter((node) => reachOf(graph, node).has(taskId)).map((node) => node.taskId);
}

/** The tasks about which a task decides by its result. */
function reachOf(graph: DagGraph, { taskId, spec, downstream }: TaskNode): ReadonlySet<string> {
  if (spec.kind === "short_circuit" && !spec.respectDownstreamRules) return listDescendants(graph, [taskId]);
  return new Set(spec.kind === "branch" || spec.kind === "short_circuit" ? downstream : []);
}

function isSkippedByFinished(work: RunWork, taskId: string, results: ResultLookup): boolean {
  return decidersOf(work.graph, taskId).some((deciderId) => {
    const plan = work.graph.tasks.get(deciderId)!.spec.kind === "branch" ? planBranch : planShortCircuit;
    const succeeded = new Set(
      (work.byTask.get(deciderId) ?? []).filter((instance) => instance.state === "success").map((instance) => instance.mapIndex),
    );
    return results(deciderId).some(({ mapIndex, result }) => succeeded.has(mapIndex) && plan(work.graph, deciderId, result).skip.includes(taskId));
  });
}

/**
 * Works out all upstream counters of a run that is loaded whole, from the states in memory. It replaces what is noted about them so far; what is undecided and is not counted as before
 * has its rule decided again.
 */
export function recount(settlement: Settlement, work: RunWork): void {
  settlement.pending.delete(work);
  const counts = recountUpstreams(work.graph, work.instances.values());
  for (const instance of work.instances.values()) {
    const own = counts.get(instance.taskId);
    if (own === undefined || sameCounts(instance.counts, own)) continue;
    instance.counts = { ...own };
    instance.countsChanged = true;
    if (instance.state === null) reconsider(settlement, work, instance);
  }
}
