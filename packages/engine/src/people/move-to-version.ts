import { countRun, dispatchFacts, isMultiplied, isWithinDates, newInstance, UNMAPPED } from "@tradewind/core";
import { refreshTaskInstances, writeDagRunVersion } from "@tradewind/metadata";
import type { Instance, RunWork } from "../settle/run-work.ts";
import { changeState, reconsider, type Settlement } from "../settle/settlement.ts";
import { stopAttempts } from "./reset-instances.ts";

/**
 * Lets a run that is loaded whole go on with another version of its DAG: "any → removed: task gone from the Dag version in use; removed → null if the task returns"; tasks that are new get
 * instances. What is undecided, and `targets`, follow their tasks as they are now; what has ended stays as it ended.
 *
 * The counters of the run must be worked out anew afterwards (`recount`): its edges may be others.
 */
export async function moveToVersion(settlement: Settlement, work: RunWork, dagVersionId: number, targets: readonly Instance[]): Promise<void> {
  if (work.run.dagVersionId === dagVersionId) return;
  const { versions } = settlement.context;
  await versions.load(settlement.tx, [dagVersionId]);
  const before = work.graph;
  work.graph = versions.get(dagVersionId).graph;
  work.run.dagVersionId = dagVersionId;
  for (const taskId of work.graph.tasks.keys()) work.complete.add(taskId);
  await removeInstances(
    settlement,
    work,
    [...work.instances.values()].filter((instance) => instance.state !== "removed" && !work.graph.tasks.has(instance.taskId)),
    "its task is not in this version of the DAG",
  );
  const returned = [...work.instances.values()].filter((instance) => !before.tasks.has(instance.taskId) && work.graph.tasks.has(instance.taskId));
  for (const instance of returned) {
    instance.keepsHistory = instance.tryNumber > 0;
    changeState(settlement, work, instance, null);
  }
  await unmap(settlement, work);
  const following = new Set([...targets, ...returned, ...[...work.instances.values()].filter((instance) => instance.state === null)]);
  await follow(settlement, work, following);
  addNewTasks(settlement, work);
  await writeDagRunVersion(settlement.tx, { dagRunId: work.run.id, dagVersionId });
}

async function removeInstances(settlement: Settlement, work: RunWork, instances: readonly Instance[], reason: string): Promise<void> {
  const leases = await stopAttempts(settlement, instances, reason);
  for (const instance of instances) {
    const lease = leases.get(instance.id);
    if (lease?.state === "queued") settlement.endedLeases.push({ attemptId: lease.attemptId, instance, work });
    changeState(settlement, work, instance, "removed", { reason });
  }
}

/** A task that was mapped and is not any more has one instance. */
async function unmap(settlement: Settlement, work: RunWork): Promise<void> {
  for (const node of work.graph.tasks.values()) {
    const instances = (work.byTask.get(node.taskId) ?? [])
      .filter((instance) => instance.state !== "removed")
      .sort((one, other) => one.mapIndex - other.mapIndex);
    const [first, ...others] = instances;
    if (isMultiplied(node) || first === undefined || first.mapIndex === UNMAPPED) continue;
    first.mapIndex = UNMAPPED;
    first.stateChanged = true;
    await removeInstances(settlement, work, others, "its task is not mapped any more");
  }
}

async function follow(settlement: Settlement, work: RunWork, instances: Iterable<Instance>): Promise<void> {
  const { dagVersionId } = work.run;
  const facts = [...instances].flatMap((instance) => {
    const node = work.graph.tasks.get(instance.taskId);
    if (node === undefined || instance.state === "removed") return [];
    Object.assign(instance, dispatchFacts(node));
    return [{ id: instance.id, dagVersionId, ...dispatchFacts(node) }];
  });
  await refreshTaskInstances(settlement.tx, facts);
}

/** One instance each; a mapped one is expanded when it may run. */
function addNewTasks(settlement: Settlement, work: RunWork): void {
  const nodes = [...work.graph.tasks.values()].filter((node) => !work.byTask.has(node.taskId) && isWithinDates(node.spec, work.run));
  if (nodes.length === 0) return;
  for (const node of nodes) {
    const isLoopTask = node.indexGroupId !== null && work.graph.groups.get(node.indexGroupId)!.spec.loop !== null;
    const instance = newInstance(work, node, isLoopTask ? 0 : UNMAPPED);
    reconsider(settlement, work, instance);
  }
  countRun(work, nodes.length, 0);
}
