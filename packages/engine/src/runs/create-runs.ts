import { type DagRunType, type DagSpec, staticExpansionLength, type TaskNode } from "@tradewind/core";
import { insertDagRuns, insertDagRunTimers, type LockedDagRun, type NewDagRun, reserveIds } from "@tradewind/metadata";
import { pastQuestionsOf } from "../past/past-timers.ts";
import { flush } from "../settle/flush.ts";
import { addInstance, createRunWork, type RunWork } from "../settle/run-work.ts";
import { startRun } from "../settle/run-outcomes.ts";
import { settle } from "../settle/settle.ts";
import { changeState, type Settlement } from "../settle/settlement.ts";

/** A run to be made. */
export interface RunRequest {
  dagId: string;
  dagVersionId: number;
  runId: string;
  runType: DagRunType;
  logicalDate: Date | null;
  dataInterval: { start: Date; end: Date } | null;
  runAfter: Date;
  /** JSON text. */
  conf: string;
  note: string | null;
  triggeredBy: string;
  triggeringUserName: string | null;
  /** Limits allow it and its time has come: it begins at once. Else it is queued. */
  starts: boolean;
  /** Of the DAG. */
  isPaused: boolean;
  /** Of the transaction. */
  now: Date;
}

/**
 * Makes runs with all their task instances. Those that start are evaluated in memory first, so their roots are inserted as scheduled, and what is decided already as ended. The caller
 * holds the DAGs' locks and has counted their runs.
 */
export async function createRuns(settlement: Settlement, requests: readonly RunRequest[]): Promise<RunWork[]> {
  if (requests.length === 0) return [];
  const { versions, limits } = settlement.context;
  await versions.load(
    settlement.tx,
    requests.map((request) => request.dagVersionId),
  );
  const plans = requests.map((request) => planInstances(versions.get(request.dagVersionId).graph.tasks.values(), request, limits.maxMapLength));
  const { dagRunIds, taskInstanceIds } = await reserveIds(settlement.tx, {
    dagRuns: requests.length,
    taskInstances: plans.reduce((sum, plan) => sum + plan.length, 0),
  });
  const nextIds = taskInstanceIds.values();
  const works = requests.map((request, index) => {
    const work = createRunWork(newRun(request, dagRunIds[index]!), versions.get(request.dagVersionId).graph, true);
    settlement.runs.set(work.run.id, work);
    addInstances(settlement, work, plans[index]!, nextIds);
    if (request.starts) startRun(settlement, work);
    return work;
  });
  await settle(settlement);
  await Promise.all([
    insertDagRuns(
      settlement.tx,
      works.map((work, index) => toRow(work, requests[index]!)),
    ),
    flush(settlement),
  ]);
  await notePredecessors(settlement, works);
  if (works.some((work) => work.run.state === "queued")) settlement.after.wakes.add("runs");
  settlement.after.wakes.add("state");
  return works;
}

/** A run that comes in between two others is the previous run of the later one from now on. */
async function notePredecessors({ tx, context, after }: Settlement, works: readonly RunWork[]): Promise<void> {
  const predecessors = works.filter(({ run, graph }) => run.logicalDate !== null && pastQuestionsOf(graph, run.id).length > 0);
  if (predecessors.length === 0) return;
  await insertDagRunTimers(tx, { timers: predecessors.map(({ run }) => ({ dagRunId: run.id, kind: "past_ended" })), now: context.stampAt() });
  after.wakes.add("timers");
}

interface PlannedInstance {
  node: TaskNode;
  mapIndex: number;
  isEmptyMap: boolean;
}

/** A task outside its own dates has no instance; a mapped one has as many as the DAG file tells, else a placeholder. */
function planInstances(nodes: Iterable<TaskNode>, request: RunRequest, maxMapLength: number): PlannedInstance[] {
  const planned: PlannedInstance[] = [];
  for (const node of nodes) {
    if (!isWithinDates(node.spec, request)) continue;
    const length = node.spec.mapping === null ? null : staticExpansionLength(node.spec.mapping);
    if (length === null || length === 0 || length > maxMapLength) planned.push({ node, mapIndex: -1, isEmptyMap: length === 0 });
    else for (let mapIndex = 0; mapIndex < length; mapIndex++) planned.push({ node, mapIndex, isEmptyMap: false });
  }
  return planned;
}

export function isWithinDates(
  { startDate, endDate }: Pick<DagSpec, "startDate" | "endDate">,
  { runType, logicalDate }: Pick<RunRequest, "runType" | "logicalDate">,
): boolean {
  if (runType === "backfill" || logicalDate === null) return true;
  return (startDate === null || logicalDate >= new Date(startDate)) && (endDate === null || logicalDate <= new Date(endDate));
}

function addInstances(settlement: Settlement, work: RunWork, plan: readonly PlannedInstance[], ids: Iterator<number>): void {
  const perTask = new Map<string, number>();
  for (const { node } of plan) perTask.set(node.taskId, (perTask.get(node.taskId) ?? 0) + 1);
  for (const { node, mapIndex } of plan) {
    const { spec } = node;
    addInstance(work, {
      id: ids.next().value!,
      dagRunId: work.run.id,
      taskId: node.taskId,
      mapIndex,
      state: null,
      tryNumber: 0,
      maxTries: spec.retries,
      attemptId: null,
      counts: {
        total: node.upstream.reduce((sum, taskId) => sum + (perTask.get(taskId) ?? 0), 0),
        success: 0,
        skipped: 0,
        failed: 0,
        upstreamFailed: 0,
        removed: 0,
      },
      branchSkipped: false,
      pool: spec.pool,
      poolSlots: spec.poolSlots,
      queue: spec.queue,
      executor: spec.executor,
      priorityWeight: node.effectivePriorityWeight,
      operator: spec.operator,
      stored: null,
    });
  }
  for (const taskId of work.graph.tasks.keys()) work.complete.add(taskId);
  work.run.unfinishedCount = plan.length;
  for (const { node, isEmptyMap } of plan) {
    if (!isEmptyMap) continue;
    for (const instance of work.byTask.get(node.taskId) ?? [])
      changeState(settlement, work, instance, "skipped", { reason: "it is mapped over nothing" });
  }
}

function newRun(request: RunRequest, id: number): LockedDagRun {
  const { dagId, runId, runType, dagVersionId, logicalDate, runAfter, isPaused, now } = request;
  return {
    id,
    dagId,
    runId,
    runType,
    dagVersionId,
    state: "queued",
    logicalDate,
    runAfter,
    startDate: null,
    queuedAt: now,
    unfinishedCount: 0,
    liveCount: 0,
    awaitedTasks: null,
    machineState: null,
    isPaused,
    now,
  };
}

function toRow({ run, timeoutAt }: RunWork, request: RunRequest): NewDagRun & { endDate: Date | null } {
  const { dataInterval, conf, note, triggeredBy, triggeringUserName } = request;
  return {
    ...run,
    queuedAt: run.queuedAt ?? request.now,
    endDate: run.state === "success" || run.state === "failed" ? run.now : null,
    dataIntervalStart: dataInterval?.start ?? null,
    dataIntervalEnd: dataInterval?.end ?? null,
    timeoutAt,
    conf,
    note,
    triggeredBy,
    triggeringUserName,
  };
}
