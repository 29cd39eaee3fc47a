import { listCleared, listDeciderRefs, resetBranchDecisions, resetGroupTries, resetInstance, supersede } from "@tradewind/core";
import { stopLeases } from "@tradewind/metadata";
import type { Instance, RunWork } from "../settle/run-work.ts";
import { changeState, type Settlement } from "../settle/settlement.ts";
import { loadXComs } from "../settle/settle.ts";

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
 * state when its process has stopped or its lease ended. `removed` instances are left alone: their task, or their member of the map, is gone. Clearing the gate of a loop gives up the
 * iterations after it.
 *
 * Branch decisions and counters are to be worked out anew after it: `resetDecisions`, `recount`.
 * @returns the instances that were cleared.
 */
export function clearInstances(settlement: Settlement, work: RunWork, targets: Iterable<Instance>, leases: StoppedLeases): Instance[] {
  const { instances, superseded } = listCleared(work, targets);
  for (const instance of superseded) supersede(work, instance);
  for (const instance of instances) {
    const lease = leases.get(instance.id);
    if (lease?.state !== "running") endQueuedLease(settlement, work, instance, leases);
    resetInstance(work, instance, lease?.state === "running" ? lease.attemptId : null);
  }
  resetGroupTries(work, instances);
  return instances;
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

/** Works out anew what branches decided about, of instances that were cleared. Reads the results of the branches that are still finished. */
export async function resetDecisions(settlement: Settlement, cleared: ReadonlyMap<RunWork, readonly Instance[]>): Promise<void> {
  await loadXComs(
    settlement,
    [...cleared].map(([work, instances]) => ({ work, refs: listDeciderRefs(work, instances).refs })),
  );
  for (const [work, instances] of cleared) resetBranchDecisions(work, instances);
}
