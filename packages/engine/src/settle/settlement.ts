import {
  changeState as changeInModel,
  decideByResult,
  DEFAULT_MAX_TASK_RETRY_DELAY_MS,
  isTerminal,
  type Json,
  type MaybeState,
  reconsider as reconsiderInModel,
  recount as recountModel,
  type RunListener,
  type StateChange,
} from "@tradewind/core";
import { listTaskInstances, lockDagRuns, type LockedDagRun, lockTaskInstancesOfRuns, type Transaction } from "@tradewind/metadata";
import { createChangeSet } from "../changes/change-set.ts";
import type { FinishedRun } from "../callbacks/run-callbacks.ts";
import type { AfterCommit, EngineContext } from "../context.ts";
import { listenTo } from "./run-listener.ts";
import { addRecord, createRunWork, type Instance, type RunWork } from "./run-work.ts";

/**
 * One transaction's changes to runs: load under the runs' locks, change in memory, `settle` what follows from it, `flush` once.
 *
 *     lockRuns ──► change states ──► settle: the run machine of core decides, and asks for what it has to know ──► flush
 *
 * What has to be read for it is read level by level while cascades are one level deep, as nearly all are, and at once for everything below when they go on.
 */
export interface Settlement {
  readonly context: EngineContext;
  readonly tx: Transaction;
  readonly runs: Map<number, RunWork>;
  readonly unqueued: Set<Instance>;
  readonly endedLeases: { attemptId: string | null; instance: Instance; work: RunWork }[];
  /** Attempts that run on although their task instance has moved on: they are told to stop. */
  readonly stops: { instance: Instance; reason: string }[];
  readonly unpark: Map<string, number>;
  /** Runs in which an instance is held back by an earlier run, which is to learn of it. */
  readonly pastWaits: Set<RunWork>;
  /** Runs whose previous run knows already that it is waited for. */
  readonly knownPastWaits: Set<RunWork>;
  /** Instances that became ready and begin in the same transaction, with the attempt and its host: they are never queued, and neither is anything else then, nor parked behind what ends. */
  readonly handedOver: Map<Instance, { attemptId: string; hostId: string }>;
  /** Runs that ended in this settlement. */
  readonly finishedRuns: FinishedRun[];
  /** Ids that were reserved for instances. What comes up without one has a negative id until it is written. */
  readonly reservedIds: number[];
  readonly nextTemporaryId: { value: number };
  readonly after: AfterCommit;
}

export function createSettlement(context: EngineContext, tx: Transaction, after: AfterCommit): Settlement {
  return {
    context,
    tx,
    runs: new Map(),
    unqueued: new Set(),
    endedLeases: [],
    stops: [],
    unpark: new Map(),
    pastWaits: new Set(),
    knownPastWaits: new Set(),
    handedOver: new Map(),
    finishedRuns: [],
    reservedIds: [],
    nextTemporaryId: { value: -1 },
    after,
  };
}

export function createAfterCommit(): AfterCommit {
  return { wakes: new Set(), wakesElsewhere: new Set(), changes: createChangeSet(), events: [], placesFreed: [], dagsWithEndedRuns: new Set() };
}

/** Locks runs (lowest id first) and takes them into the work. */
export async function lockRuns(settlement: Settlement, dagRunIds: readonly number[]): Promise<RunWork[]> {
  const missing = dagRunIds.filter((id) => !settlement.runs.has(id));
  if (missing.length > 0) await addRuns(settlement, await lockDagRuns(settlement.tx, { dagRunIds: missing, now: settlement.context.stampAt() }));
  return dagRunIds.flatMap((id) => settlement.runs.get(id) ?? []);
}

/** Takes runs into the work that are locked already. */
export async function addRuns(settlement: Settlement, runs: readonly LockedDagRun[]): Promise<void> {
  const { versions } = settlement.context;
  await versions.load(
    settlement.tx,
    runs.map((run) => run.dagVersionId),
  );
  for (const run of runs) if (!settlement.runs.has(run.id)) addRun(settlement, run);
}

/** Takes one run into the work whose DAG version is in memory. */
export function addRun(settlement: Settlement, run: LockedDagRun, { isNew = false }: { isNew?: boolean } = {}): RunWork {
  const { limits, versions } = settlement.context;
  const listener: RunListener = {};
  const work = createRunWork(run, versions.get(run.dagVersionId).graph, {
    limits: { maxMapLength: limits.maxMapLength, maxTaskRetryDelayMs: limits.maxTaskRetryDelayMs ?? DEFAULT_MAX_TASK_RETRY_DELAY_MS },
    listener,
    newInstanceId: () => settlement.reservedIds.shift() ?? settlement.nextTemporaryId.value--,
    isNew,
  });
  Object.assign(listener, listenTo(settlement, work));
  settlement.runs.set(run.id, work);
  return work;
}

/** Reads and locks all task instances of runs: for changes that may hit what dispatch and start are moving. */
export async function loadWholeRuns(settlement: Settlement, works: readonly RunWork[]): Promise<void> {
  const missing = works.filter((work) => !work.isWhole);
  if (missing.length === 0) return;
  const records = await lockTaskInstancesOfRuns(settlement.tx, { dagRunIds: missing.map((work) => work.run.id) });
  for (const record of records) addRecord(settlement.runs.get(record.dagRunId)!, record, { isLocked: true });
  for (const work of missing) {
    for (const taskId of work.graph.tasks.keys()) work.complete.add(taskId);
    work.isWhole = true;
  }
}

/** Makes sure that all instances of these tasks are in memory. */
export async function loadTasks(settlement: Settlement, wanted: Iterable<{ work: RunWork; taskIds: Iterable<string> }>): Promise<void> {
  const tasks: { dagRunId: number; taskId: string }[] = [];
  for (const { work, taskIds } of wanted) {
    for (const taskId of taskIds) {
      if (work.complete.has(taskId)) continue;
      work.complete.add(taskId);
      tasks.push({ dagRunId: work.run.id, taskId });
    }
  }
  if (tasks.length === 0) return;
  for (const record of await listTaskInstances(settlement.tx, { tasks })) addRecord(settlement.runs.get(record.dagRunId)!, record);
}

/**
 * Gives a task instance another state, in memory: run counters, upstream counters below, its place in the queue and its timer follow. Any state may be given, so it serves clearing
 * and marking too; what may follow what is for the caller to know.
 */
export function changeState(_settlement: Settlement, work: RunWork, instance: Instance, state: MaybeState, change: StateChange = {}): void {
  changeInModel(work, instance, state, change);
}

/** Has it decided about again in this settlement, if nothing is decided about it yet. */
export function reconsider(_settlement: Settlement, work: RunWork, instance: Instance): void {
  reconsiderInModel(work, instance);
}

/** Works out all upstream counters of a run that is loaded whole, from the states in memory; it replaces what is noted about them so far. */
export function recount(_settlement: Settlement, work: RunWork): void {
  recountModel(work);
}

/**
 * A branch, short circuit or gate ended well: notes what follows from its result.
 * @throws TradewindError `branch_invalid`, `loop_invalid`, `loop_exhausted`: the attempt has failed then
 */
export function decideBranch(_settlement: Settlement, work: RunWork, instance: Instance, result: Json | undefined): void {
  decideByResult(work, instance, result);
}

/** The time of its timer has come: the next try, the next poke of the same try, or the next try of its group. */
export function fireTimer(_settlement: Settlement, work: RunWork, instance: Instance): void {
  if (isTerminal(instance.state)) {
    for (const groupId of work.graph.tasks.get(instance.taskId)?.groupIds ?? []) {
      if (work.graph.groups.get(groupId)!.spec.retries > 0) work.dueGroups.add(groupId);
    }
  } else work.due.add(instance);
}
