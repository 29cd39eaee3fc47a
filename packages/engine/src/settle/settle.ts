import { evaluateTriggerRule, getTaskNode, listDescendants, type UpstreamCounts } from "@tradewind/core";
import { expandTask } from "./expand.ts";
import { flush } from "./flush.ts";
import { decideOutcomes } from "./run-outcomes.ts";
import { type Instance, nodeOf, type RunWork } from "./run-work.ts";
import { changeState, loadTasks, makeReady, type Settlement } from "./settlement.ts";

/** Applies everything that follows from the changes so far, up to the outcomes of runs; still in memory. */
export async function settle(settlement: Settlement): Promise<void> {
  for (let depth = 0; settlement.pending.size > 0 || settlement.reconsidered.size > 0; depth++) {
    const pending = [...settlement.pending];
    const reconsidered = [...settlement.reconsidered];
    settlement.pending.clear();
    settlement.reconsidered.clear();
    await loadTasks(
      settlement,
      pending.map(([work, tasks]) => ({ work, taskIds: tasksToLoad(work, [...tasks.keys()], depth) })),
    );
    const affected = new Map<RunWork, Set<Instance>>(reconsidered);
    for (const [work, tasks] of pending) applyCounts(work, tasks, affected);
    for (const [work, instances] of affected) await evaluate(settlement, work, instances);
  }
  await decideOutcomes(settlement);
  if (settlement.pending.size > 0 || settlement.reconsidered.size > 0) await settle(settlement);
}

/** Settles and writes. After it the transaction may go on with other things, but not with these runs' task instances. */
export async function settleAndFlush(settlement: Settlement): Promise<void> {
  await settle(settlement);
  await flush(settlement);
}

/** The direct downstreams; from the second level on everything below, since a cascade seldom ends there. When all have ended the leaves as well: they decide the outcome. */
function tasksToLoad(work: RunWork, ended: readonly string[], depth: number): Iterable<string> {
  if (depth > 0) return listDescendants(work.graph, ended);
  const below = new Set(ended.flatMap((taskId) => getTaskNode(work.graph, taskId).downstream));
  if (work.run.unfinishedCount <= 0) for (const taskId of work.graph.leafIds) below.add(taskId);
  return below;
}

function applyCounts(
  work: RunWork,
  tasks: ReadonlyMap<string, Partial<Record<keyof UpstreamCounts, number>>>,
  affected: Map<RunWork, Set<Instance>>,
): void {
  const instances = affected.get(work) ?? new Set<Instance>();
  for (const [taskId, counts] of tasks) {
    const changes = (Object.entries(counts) as [keyof UpstreamCounts, number][]).filter(([, amount]) => amount !== 0);
    if (changes.length === 0) continue;
    for (const below of getTaskNode(work.graph, taskId).downstream) {
      for (const instance of work.byTask.get(below) ?? []) {
        for (const [counter, amount] of changes) instance.counts[counter] += amount;
        instance.countsChanged = true;
        instances.add(instance);
      }
    }
  }
  if (instances.size > 0) affected.set(work, instances);
}

/** Decides about instances that wait for a decision, in runs that are running. */
async function evaluate(settlement: Settlement, work: RunWork, instances: Iterable<Instance>): Promise<void> {
  if (work.run.state !== "running") return;
  for (const instance of instances) if (instance.state === null) await evaluateInstance(settlement, work, instance);
}

async function evaluateInstance(settlement: Settlement, work: RunWork, instance: Instance): Promise<void> {
  const { spec } = nodeOf(work, instance);
  if (instance.branchSkipped) return changeState(settlement, work, instance, "skipped", { reason: "an upstream branch did not follow it" });
  const verdict = evaluateTriggerRule({ rule: spec.triggerRule, counts: instance.counts, mapIndex: instance.mapIndex });
  if (verdict.verdict === "wait") return;
  if (verdict.verdict === "set") return changeState(settlement, work, instance, verdict.state, { reason: verdict.reason });
  if (spec.mapping !== null) return expandTask(settlement, work, instance);
  makeReady(settlement, work, instance);
}
