import { isTerminal, type MaybeState, planBranch, planShortCircuit, type Json, type UpstreamCounts } from "@tradewind/core";
import { listTaskInstances, lockDagRuns, type LockedDagRun, lockTaskInstancesOfRuns, type Transaction } from "@tradewind/metadata";
import type { FinishedRun } from "../callbacks/run-callbacks.ts";
import type { AfterCommit, EngineContext } from "../context.ts";
import { addRecord, counterOf, createRunWork, type Instance, isLive, nodeOf, type RunWork } from "./run-work.ts";

/**
 * One transaction's changes to runs: load under the runs' locks, change in memory, `settle` what follows from it, `flush` once.
 *
 *     lockRuns ──► change states ──► settle: counters of the direct downstreams ──► trigger rules ──► … until nothing changes ──► outcomes of runs ──► flush
 *
 * What has to be read for it is read level by level while cascades are one level deep, as nearly all are, and at once for everything below when they go on.
 */
export interface Settlement {
  readonly context: EngineContext;
  readonly tx: Transaction;
  readonly runs: Map<number, RunWork>;
  /** Changes of upstream counters that are not yet applied below: by run, task and counter. */
  readonly pending: Map<RunWork, Map<string, Partial<Record<keyof UpstreamCounts, number>>>>;
  /** Instances to be looked at although no upstream of theirs changed. */
  readonly reconsidered: Map<RunWork, Set<Instance>>;
  readonly unqueued: Set<Instance>;
  readonly endedLeases: { attemptId: string | null; instance: Instance; work: RunWork }[];
  /** Attempts that run on although their task instance has moved on: they are told to stop. */
  readonly stops: { instance: Instance; reason: string }[];
  readonly unpark: Map<string, number>;
  /** Runs in which an instance is held back by an earlier run, which is to learn of it. */
  readonly pastWaits: Set<RunWork>;
  /** Runs whose previous run knows already that it is waited for. */
  readonly knownPastWaits: Set<RunWork>;
  /** Runs that ended in this settlement. */
  readonly finishedRuns: FinishedRun[];
  readonly after: AfterCommit;
}

export function createSettlement(context: EngineContext, tx: Transaction, after: AfterCommit): Settlement {
  return {
    context,
    tx,
    runs: new Map(),
    pending: new Map(),
    reconsidered: new Map(),
    unqueued: new Set(),
    endedLeases: [],
    stops: [],
    unpark: new Map(),
    pastWaits: new Set(),
    knownPastWaits: new Set(),
    finishedRuns: [],
    after,
  };
}

export function createAfterCommit(): AfterCommit {
  return { wakes: new Set(), events: [], dagsWithEndedRuns: new Set() };
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
  for (const run of runs) if (!settlement.runs.has(run.id)) settlement.runs.set(run.id, createRunWork(run, versions.get(run.dagVersionId).graph));
}

/** Reads and locks all task instances of runs: for changes that may hit what dispatch and start are moving. */
export async function loadWholeRuns(settlement: Settlement, works: readonly RunWork[]): Promise<void> {
  if (works.length === 0) return;
  const records = await lockTaskInstancesOfRuns(settlement.tx, { dagRunIds: works.map((work) => work.run.id) });
  for (const record of records) addRecord(settlement.runs.get(record.dagRunId)!, record);
  for (const work of works) for (const taskId of work.graph.tasks.keys()) work.complete.add(taskId);
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
export function changeState(
  settlement: Settlement,
  work: RunWork,
  instance: Instance,
  state: MaybeState,
  change: { reason?: string | null; failure?: string | null } = {},
): void {
  const before = instance.state;
  instance.stateReason = change.reason ?? null;
  instance.failure = change.failure ?? null;
  instance.stateChanged = true;
  if (before === "scheduled" && state !== "scheduled") settlement.unqueued.add(instance);
  instance.timerMs = null;
  instance.state = state;
  countRun(work, Number(!isTerminal(state)) - Number(!isTerminal(before)), Number(isLive(state)) - Number(isLive(before)));
  if (isTerminal(before)) addPending(settlement, work, instance.taskId, counterOf(before), -1);
  if (isTerminal(state)) {
    addPending(settlement, work, instance.taskId, counterOf(state), 1);
    const { events } = settlement.context;
    if (events.taskInstanceFinished !== undefined && before !== "running" && before !== "queued") {
      const event = { dagId: work.run.dagId, taskId: instance.taskId, operator: instance.operator, state, durationMs: null };
      settlement.after.events.push(() => events.taskInstanceFinished?.(event));
    }
  }
  if (state === null) reconsider(settlement, work, instance);
}

/**
 * As `changeState`, for an instance that may be at work: a queued attempt loses its lease at once, a running one is told to stop and keeps its slots until it has.
 * Its row must be locked (`loadWholeRuns`, `lockTaskInstances`).
 */
export function withdraw(settlement: Settlement, work: RunWork, instance: Instance, state: MaybeState, reason: string): void {
  if (instance.state === "running" || instance.state === "restarting") settlement.stops.push({ instance, reason });
  else if (instance.state === "queued") settlement.endedLeases.push({ attemptId: instance.attemptId, instance, work });
  changeState(settlement, work, instance, state, { reason });
}

export function countRun(work: RunWork, unfinished: number, live: number): void {
  work.run.unfinishedCount += unfinished;
  work.run.liveCount += live;
  work.changed.counts ||= unfinished !== 0 || live !== 0;
}

/** The number of instances below counts on: `counter` of the direct downstreams of `taskId` goes by `amount`. */
export function addPending(settlement: Settlement, work: RunWork, taskId: string, counter: keyof UpstreamCounts, amount: number): void {
  let tasks = settlement.pending.get(work);
  if (tasks === undefined) settlement.pending.set(work, (tasks = new Map()));
  let counts = tasks.get(taskId);
  if (counts === undefined) tasks.set(taskId, (counts = {}));
  counts[counter] = (counts[counter] ?? 0) + amount;
}

/** Has its trigger rule decided again in this settlement, if nothing is decided about it yet. */
export function reconsider(settlement: Settlement, work: RunWork, instance: Instance): void {
  let instances = settlement.reconsidered.get(work);
  if (instances === undefined) settlement.reconsidered.set(work, (instances = new Set()));
  instances.add(instance);
}

/**
 * A branch or short circuit ended well: marks what it does not follow.
 * @throws TradewindError `branch_invalid` when its result names no direct child: the attempt has failed then
 */
export async function decideBranch(settlement: Settlement, work: RunWork, instance: Instance, result: Json | undefined): Promise<void> {
  const kind = nodeOf(work, instance).spec.kind;
  const { skip } = kind === "branch" ? planBranch(work.graph, instance.taskId, result) : planShortCircuit(work.graph, instance.taskId, result);
  if (skip.length === 0) return;
  await loadTasks(settlement, [{ work, taskIds: skip }]);
  for (const taskId of skip) {
    for (const below of work.byTask.get(taskId) ?? []) {
      if (below.branchSkipped) continue;
      below.branchSkipped = true;
      below.countsChanged = true;
      reconsider(settlement, work, below);
    }
  }
}

/** All dependencies are met: to the queue, or, for a task that has nothing to run, to its end. */
export function makeReady(settlement: Settlement, work: RunWork, instance: Instance): void {
  const isEmpty = nodeOf(work, instance).spec.kind === "empty";
  instance.tryNumber += 1;
  changeState(settlement, work, instance, isEmpty ? "success" : "scheduled");
}
