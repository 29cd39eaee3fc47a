import {
  deleteLeases,
  deleteTaskQueue,
  deleteTaskTimers,
  deleteXComs,
  insertTaskInstanceHistory,
  insertTaskInstances,
  insertTaskQueue,
  insertTaskTimers,
  type NewQueueRow,
  type NewTimer,
  parkKeys,
  reserveIds,
  stopLeases,
  unparkTaskQueue,
  writeDagRunCounts,
  writeDagRuns,
  writeMachineStates,
  writeTaskInstanceCounts,
  writeTaskInstances,
} from "@tradewind/metadata";
import { compareForDispatch, type TaskSpec } from "@tradewind/core";
import { noteRunCallbacks } from "../callbacks/run-callbacks.ts";
import { notePast } from "../past/note-past.ts";
import { type Instance, machineStateOf, nodeOf, type RunWork } from "./run-work.ts";
import type { Settlement } from "./settlement.ts";

/**
 * Writes what changed. The statements travel together and run in lock order: runs, task instances, queue, leases, timers. A task instance is written at most once. They have been sent when
 * this returns, and others are told of them, unless instances have to be given ids first (`giveIds`): what is sent next comes behind them.
 *
 * @param onSent called when the last statement has been sent, and none was refused as it was made
 */
export async function flush(settlement: Settlement, onSent?: () => void): Promise<void> {
  const { tx, context, handedOver } = settlement;
  if (needsIds(settlement)) await giveIds(settlement);
  const now = context.stampAt();
  const works = [...settlement.runs.values()];
  const instances = works.flatMap((work) => [...work.instances.values()].map((instance) => ({ work, instance })));
  const added = instances.filter(({ instance }) => instance.stored === null);
  const known = instances.filter(({ instance }) => instance.stored !== null);
  const moved = known.filter(({ instance }) => instance.stateChanged).sort((a, b) => a.instance.id - b.instance.id);
  const counted = known.filter(({ instance }) => !instance.stateChanged && instance.countsChanged).sort((a, b) => a.instance.id - b.instance.id);
  const ready = instances.filter(({ instance }) => instance.stateChanged && instance.state === "scheduled" && !handedOver.has(instance));
  const timers = [
    ...moved.filter(({ instance }) => instance.timerMs !== null).map(({ work, instance }) => timerOf(work, instance)),
    ...works.flatMap(groupTimers),
  ];
  const withBeginning = ({ instance }: { instance: Instance }) => ({ ...instance, begins: handedOver.get(instance) });
  countFreed(settlement);
  tellOthers(settlement, { ready: ready.length > 0, timers: timers.length > 0, state: moved.length + added.length > 0 });

  const writing = Promise.all([
    writeRuns(settlement, works),
    insertTaskInstanceHistory(tx, { taskInstanceIds: moved.filter(({ instance }) => instance.keepsHistory).map(({ instance }) => instance.id) }),
    insertTaskInstances(tx, {
      instances: added.map(({ work, instance }) => ({ ...instance, dagId: work.run.dagId, dagVersionId: work.run.dagVersionId })),
      now,
    }),
    writeTaskInstances(tx, { changes: handedOver.size === 0 ? moved.map(({ instance }) => instance) : moved.map(withBeginning), now }),
    writeTaskInstanceCounts(
      tx,
      counted.map(({ instance }) => instance),
    ),
    deleteTaskQueue(tx, { taskInstanceIds: [...settlement.unqueued].map((instance) => instance.id) }),
    insertTaskQueue(tx, queueRows(settlement, ready)),
    deleteLeases(tx, { attemptIds: settlement.endedLeases.flatMap(({ attemptId }) => attemptId ?? []) }),
    // After the leases: dispatch may be parking for one of these very slots, and the delete waits for it.
    unparkTaskQueue(tx, handedOver.size > 0 ? [] : [...settlement.unpark].map(([key, count]) => ({ key, count }))),
    // Members that a shorter map left out have no part in the list of results any more.
    deleteXComs(
      tx,
      moved.filter(({ work, instance }) => instance.state === "removed" && work.graph.tasks.has(instance.taskId)).map(({ instance }) => instance),
    ),
    ...stopGroups(settlement).map(([reason, taskInstanceIds]) => stopLeases(tx, { taskInstanceIds, reason })),
    deleteTaskTimers(tx, { taskInstanceIds: moved.filter(({ instance }) => hadTimer(instance)).map(({ instance }) => instance.id) }),
    insertTaskTimers(tx, { timers, now }),
    notePast(settlement),
    noteRunCallbacks(settlement),
  ]);
  onSent?.();
  await writing;
  for (const work of works) if (work.isNew || work.changed.state) settlement.after.changes.runs.add(work.run.id);
  for (const { work } of [...moved, ...added]) settlement.after.changes.runs.add(work.run.id);
  reset(settlement);
}

function stopGroups({ stops }: Settlement): [string, number[]][] {
  return [...Map.groupBy(stops, (stop) => stop.reason)].map(([reason, group]) => [reason, group.map((stop) => stop.instance.id)]);
}

function hadTimer({ stored, timerMs }: Instance): boolean {
  return (stored?.state === "up_for_retry" || stored?.state === "up_for_reschedule") && timerMs === null;
}

function needsIds({ runs }: Settlement): boolean {
  return [...runs.values()].some((work) => [...work.instances.values()].some(({ id }) => id < 0));
}

/** What came up in this settlement has no id of the database yet. */
export async function giveIds(settlement: Settlement): Promise<void> {
  const added = [...settlement.runs.values()].flatMap((work) =>
    [...work.instances.values()].filter(({ id }) => id < 0).map((instance) => ({ work, instance })),
  );
  if (added.length === 0) return;
  const { taskInstanceIds } = await reserveIds(settlement.tx, { dagRuns: 0, taskInstances: added.length });
  for (const [index, { work, instance }] of added.entries()) {
    work.instances.delete(instance.id);
    instance.id = taskInstanceIds[index]!;
    work.instances.set(instance.id, instance);
  }
}

/** The next try of a group is held by one of its instances, all of which have ended. */
function groupTimers(work: RunWork): NewTimer[] {
  return work.groupRetries.flatMap(({ groupId, delayMs }) => {
    const anchor = work.graph.groups.get(groupId)!.taskIds.flatMap((taskId) => work.byTask.get(taskId) ?? [])[0];
    return anchor === undefined ? [] : [{ taskInstanceId: anchor.id, dagRunId: work.run.id, kind: "group_retry" as const, delayMs }];
  });
}

function timerOf(work: RunWork, instance: Instance): NewTimer {
  return {
    taskInstanceId: instance.id,
    dagRunId: work.run.id,
    kind: instance.state === "up_for_reschedule" ? "reschedule" : "retry",
    delayMs: instance.timerMs!,
  };
}

async function writeRuns({ tx }: Settlement, works: readonly RunWork[]): Promise<void> {
  const old = works.filter((work) => !work.isNew);
  const changed = old.filter((work) => work.changed.state);
  const counted = old.filter((work) => !work.changed.state && work.changed.counts);
  const remembered = works.filter((work) => machineStateOf(work) !== work.run.machineState);
  await Promise.all([
    writeMachineStates(
      tx,
      remembered.map((work) => ({ id: work.run.id, machineState: (work.run.machineState = machineStateOf(work)) })),
    ),
    writeDagRunCounts(
      tx,
      counted.map((work) => work.run),
    ),
    writeDagRuns(
      tx,
      changed.map(({ run, stateReason, endDate, timeoutAt }) => ({ ...run, stateReason, endDate, timeoutAt })),
    ),
  ]);
}

/** Each lease that ends, and each waiting instance that leaves the queue, lets in one more under each of its limits. */
function countFreed(settlement: Settlement): void {
  const freed = [...settlement.endedLeases.map(({ work, instance }) => ({ work, instance }))];
  for (const instance of settlement.unqueued) freed.push({ work: settlement.runs.get(instance.dagRunId)!, instance });
  for (const { work, instance } of freed)
    for (const key of limitKeysOf(work, instance)) settlement.unpark.set(key, (settlement.unpark.get(key) ?? 0) + 1);
}

export function limitKeysOf(work: RunWork, instance: Instance): string[] {
  return limitKeys(work.run.id, work.run.dagId, { ...work.graph.tasks.get(instance.taskId)?.spec, taskId: instance.taskId });
}

/** What else may wait because of an instance of this task in this run. */
export function limitKeys(
  dagRunId: number,
  dagId: string,
  {
    taskId,
    maxActiveTisPerDag,
    maxActiveTisPerDagrun,
  }: Pick<TaskSpec, "taskId"> & Partial<Pick<TaskSpec, "maxActiveTisPerDag" | "maxActiveTisPerDagrun">>,
): string[] {
  const keys = [parkKeys.run(dagRunId)];
  if (maxActiveTisPerDag != null) keys.push(parkKeys.task(dagId, taskId));
  if (maxActiveTisPerDagrun != null) keys.push(parkKeys.runTask(dagRunId, taskId));
  return keys;
}

/**
 * Of one run's newly ready instances no more go into dispatch's sight than could ever run at once; the rest is parked from the start. Those of another executor, pool or number of slots do
 * not count: they may have to wait while these could run.
 */
function queueRows(settlement: Settlement, ready: readonly { work: RunWork; instance: Instance }[]): NewQueueRow[] {
  const byRun = new Map<RunWork, Instance[]>();
  for (const { work, instance } of ready) {
    const list = byRun.get(work);
    if (list === undefined) byRun.set(work, [instance]);
    else list.push(instance);
  }
  return [...byRun].flatMap(([work, instances]) => {
    const { maxActiveTasks } = work.graph.spec;
    if (instances.length > maxActiveTasks) instances.sort((a, b) => compareForDispatch({ ...a, logicalDate: null }, { ...b, logicalDate: null }));
    const inSight = new Map<string, number>();
    return instances.map((instance) => {
      const group = JSON.stringify([settlement.context.executorOf(instance), instance.pool, instance.poolSlots]);
      const place = inSight.get(group) ?? 0;
      inSight.set(group, place + 1);
      return queueRow(settlement, work, instance, place >= maxActiveTasks);
    });
  });
}

function queueRow({ context }: Settlement, work: RunWork, instance: Instance, isBeyondLimit: boolean): NewQueueRow {
  const { run } = work;
  const { spec } = nodeOf(work, instance);
  return {
    taskInstanceId: instance.id,
    dagRunId: run.id,
    dagId: run.dagId,
    taskId: instance.taskId,
    mapIndex: instance.mapIndex,
    executor: context.executorOf(instance),
    queue: instance.queue,
    pool: instance.pool,
    poolSlots: instance.poolSlots,
    priorityWeight: instance.priorityWeight,
    logicalDate: run.logicalDate ?? run.runAfter,
    maxActiveTasks: work.graph.spec.maxActiveTasks,
    maxActiveTisPerDag: spec.maxActiveTisPerDag,
    maxActiveTisPerDagrun: spec.maxActiveTisPerDagrun,
    parkedKey: run.isPaused ? parkKeys.dag(run.dagId) : isBeyondLimit ? parkKeys.run(run.id) : null,
  };
}

function tellOthers({ after, unpark, endedLeases, stops }: Settlement, what: { ready: boolean; timers: boolean; state: boolean }): void {
  if (what.ready || unpark.size > 0 || endedLeases.length > 0) after.wakes.add("ready");
  if (endedLeases.length > 0) after.placesFreed = null;
  if (stops.length > 0) after.wakes.add("stops");
  if (what.timers) after.wakes.add("timers");
  if (what.state) after.wakes.add("state");
}

/** What was written is as it is in the database now. */
function reset(settlement: Settlement): void {
  for (const work of settlement.runs.values()) {
    work.isNew = false;
    work.groupRetries.length = 0;
    work.pastWaits.clear();
    work.changed = { state: false, counts: false };
    for (const instance of work.instances.values()) {
      instance.stored = { state: instance.state, mapIndex: instance.mapIndex };
      instance.stateChanged = instance.countsChanged = instance.keepsHistory = false;
    }
  }
  settlement.unqueued.clear();
  settlement.handedOver.clear();
  settlement.unpark.clear();
  settlement.endedLeases.length = 0;
  settlement.stops.length = 0;
  settlement.pastWaits.clear();
  settlement.finishedRuns.length = 0;
}
