import { addPlannedInstances, type DagRunType, isWithinDates, type PlannedInstance, planInstances } from "@tradewind/core";
import { insertDagRuns, insertDagRunTimers, type LockedDagRun, type NewDagRun, reserveIds, type Transaction } from "@tradewind/metadata";
import type { EngineContext } from "../context.ts";
import { pastQuestionsOf } from "../past/past-timers.ts";
import { flush } from "../settle/flush.ts";
import type { RunWork } from "../settle/run-work.ts";
import { startRun } from "../settle/run-outcomes.ts";
import { settle } from "../settle/settle.ts";
import { addRun, type Settlement } from "../settle/settlement.ts";

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

/** The instances of runs to be made, and ids for all of them. Those that are not used after all are a gap in the numbers. */
export interface ReservedRuns {
  plans: readonly (readonly PlannedInstance[])[];
  dagRunIds: readonly number[];
  taskInstanceIds: readonly number[];
}

/** By one statement, sent before this returns. The DAG versions are in memory. */
export async function reserveRuns(
  { versions, limits }: EngineContext,
  tx: Transaction,
  requests: readonly Pick<RunRequest, "dagVersionId" | "runType" | "logicalDate">[],
): Promise<ReservedRuns> {
  const plans = requests.map((request) =>
    planInstances(versions.get(request.dagVersionId).graph, (node) => isWithinDates(node.spec, request), limits.maxMapLength),
  );
  const taskInstances = plans.reduce((sum, plan) => sum + plan.length, 0);
  return { plans, ...(await reserveIds(tx, { dagRuns: requests.length, taskInstances })) };
}

/**
 * Makes runs with all their task instances. Those that start are evaluated in memory first, so their roots are inserted as scheduled, and what is decided already as ended. The caller
 * holds the DAGs' locks and has counted their runs.
 *
 * @param options.reserved of just these requests, by these versions. Default: they are reserved here.
 * @param options.onSent the last statement has been sent
 */
export async function createRuns(
  settlement: Settlement,
  requests: readonly RunRequest[],
  { reserved, onSent }: { reserved?: ReservedRuns; onSent?: () => void } = {},
): Promise<RunWork[]> {
  if (requests.length === 0) return [];
  const { context, tx } = settlement;
  await context.versions.load(
    tx,
    requests.map((request) => request.dagVersionId),
  );
  const { plans, dagRunIds, taskInstanceIds } = reserved ?? (await reserveRuns(context, tx, requests));
  settlement.reservedIds.push(...taskInstanceIds);
  const works = requests.map((request, index) => {
    const work = addRun(settlement, newRun(request, dagRunIds[index]!), { isNew: true });
    addPlannedInstances(work, plans[index]!);
    if (request.starts) startRun(settlement, work);
    return work;
  });
  await settle(settlement);
  await Promise.all([
    insertDagRuns(
      tx,
      works.map((work, index) => toRow(work, requests[index]!)),
    ),
    notePredecessors(settlement, works),
    // Last, since nothing may be sent behind it.
    flush(settlement, onSent),
  ]);
  if (works.some((work) => work.run.state === "queued")) settlement.after.wakes.add("runs");
  settlement.after.wakes.add("state");
  return works;
}

/** A run that comes in between two others is the previous run of the later one from now on. */
async function notePredecessors({ tx, context, after }: Settlement, works: readonly RunWork[]): Promise<void> {
  const predecessors = works.filter(({ run, graph }) => run.logicalDate !== null && pastQuestionsOf(graph, run).length > 0);
  if (predecessors.length === 0) return;
  await insertDagRunTimers(tx, { timers: predecessors.map(({ run }) => ({ dagRunId: run.id, kind: "past_ended" })), now: context.stampAt() });
  after.wakes.add("timers");
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

function toRow({ run, timeoutAt, stateReason }: RunWork, request: RunRequest): NewDagRun {
  const { dataInterval, conf, note, triggeredBy, triggeringUserName } = request;
  return {
    ...run,
    queuedAt: run.queuedAt ?? request.now,
    endDate: run.state === "success" || run.state === "failed" ? run.now : null,
    dataIntervalStart: dataInterval?.start ?? null,
    dataIntervalEnd: dataInterval?.end ?? null,
    stateReason,
    timeoutAt,
    conf,
    note,
    triggeredBy,
    triggeringUserName,
  };
}
