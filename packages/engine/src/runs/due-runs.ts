import { dependsOnPast, isTradewindError, makeRunId, mayCreateRun, type NextRun } from "@tradewind/core";
import {
  countActiveDagRuns,
  type DagScheduleChange,
  listDagsWithStartableRuns,
  listLastScheduledRuns,
  listTakenLogicalDates,
  lockDueDags,
  lockScheduledDags,
  type ScheduledDag,
  type Transaction,
  writeDagSchedules,
} from "@tradewind/metadata";
import { commit } from "../commit.ts";
import type { AfterCommit, EngineContext } from "../context.ts";
import { createSettlement } from "../settle/settlement.ts";
import { createRuns, type RunRequest } from "./create-runs.ts";
import { eachOnItsOwn } from "./each-on-its-own.ts";
import { startQueued, wantedRun } from "./next-runs.ts";

/** Runs that one call creates of one DAG at most: a long catchup must not keep its transaction open for long. */
const RUNS_PER_DAG = 25;
/** Task instances that one transaction makes, unless one DAG alone has more: it holds the locks of all its DAGs, and the event loop while it plans them. */
const MOST_INSTANCES = 10_000;
/** How long a DAG whose runs could not be created is left alone. */
const FAILED_PAUSE_MS = 60_000;

/** Creates runs that are due. One DAG that cannot have its run is logged and left alone for a while; it keeps nobody else back. */
export function createDueRunsUseCase(context: EngineContext): (options: { limit: number }) => Promise<{ created: number; more: boolean }> {
  const failedUntil = new Map<string, number>();

  const notNow = (): string[] => {
    for (const [dagId, until] of failedUntil) if (until <= context.now().getTime()) failedUntil.delete(dagId);
    return [...failedUntil.keys()];
  };

  function noteFailure(dagId: string, error: unknown): void {
    failedUntil.set(dagId, context.now().getTime() + FAILED_PAUSE_MS);
    context.onError(error, { what: "create a run of DAG", id: dagId });
  }

  return async ({ limit }) => {
    let dagIds: string[] = [];
    try {
      return await commit(context, async (tx, after) => {
        const dags = await lockDueDags(tx, { limit, except: notNow(), now: context.stampAt() });
        dagIds = dags.map((dag) => dag.dagId);
        const { created, isCut } = await createRunsOf(context, tx, after, dags, noteFailure);
        return { created, more: dags.length === limit || isCut };
      });
    } catch (error) {
      if (dagIds.length === 0) throw error;
      return { created: await createOneByOne(context, dagIds, noteFailure), more: true };
    }
  };
}

/** Something about one of these DAGs breaks the transaction of all: each gets its own. */
async function createOneByOne(
  context: EngineContext,
  dagIds: readonly string[],
  noteFailure: (dagId: string, error: unknown) => void,
): Promise<number> {
  let created = 0;
  for (const dagId of dagIds) {
    try {
      created += await commit(context, async (tx, after) => {
        const dags = await lockScheduledDags(tx, { dagIds: [dagId], now: context.stampAt() });
        const due = dags.filter(
          (dag) => !dag.isPaused && !dag.isDraining && !dag.isStale && !dag.creationBlocked && dag.next !== null && dag.next.runAfter <= dag.now,
        );
        return (await createRunsOf(context, tx, after, due, noteFailure)).created;
      });
    } catch (error) {
      noteFailure(dagId, error);
    }
  }
  return created;
}

interface Planned {
  requests: RunRequest[];
  change: DagScheduleChange;
  isCut: boolean;
  /** Task instances that the runs have, those of mapped tasks counted once. */
  instances: number;
}

async function createRunsOf(
  context: EngineContext,
  tx: Transaction,
  after: AfterCommit,
  dags: readonly ScheduledDag[],
  noteFailure: (dagId: string, error: unknown) => void,
): Promise<{ created: number; isCut: boolean }> {
  if (dags.length === 0) return { created: 0, isCut: false };
  const dagIds = dags.map((dag) => dag.dagId);
  const [active, lastRuns] = await Promise.all([
    countActiveDagRuns(tx, { dagIds }),
    listLastScheduledRuns(tx, { dagIds }),
    loadReadable(context, tx, dags),
  ]);
  const planned: Planned[] = [];
  for (const dag of dags) {
    try {
      await context.versions.load(tx, [dag.dagVersionId]);
      planned.push(planDag(context, dag, lastRuns.get(dag.dagId) ?? null, active.get(dag.dagId)!));
    } catch (error) {
      noteFailure(dag.dagId, error);
    }
  }
  const { now: fitting, isCut } = takeFitting(planned);
  const wanted = fitting.flatMap((plan) => plan.requests);
  const taken = await listTakenLogicalDates(tx, { dates: wanted.map((request) => ({ dagId: request.dagId, logicalDate: request.logicalDate! })) });
  const requests = wanted.filter((request) => !taken.has(`${request.dagId} ${request.logicalDate!.getTime()}`));
  await writeDagSchedules(
    tx,
    fitting.map((plan) => plan.change),
  );
  // A run may have ended after it was counted, and found nobody who waited for its place.
  for (const { change } of fitting) if (change.creationBlocked) after.dagsWithEndedRuns.add(change.dagId);
  // Others may have pushed some out of memory since they were planned.
  await context.versions.load(
    tx,
    requests.map((request) => request.dagVersionId),
  );
  for (const turn of inTurns(context, requests)) await createRuns(createSettlement(context, tx, after), turn);
  return { created: requests.length, isCut: isCut || fitting.some((plan) => plan.isCut) };
}

/** The first DAGs, with as much as one transaction should make; the others stay due. */
function takeFitting(planned: readonly Planned[]): { now: readonly Planned[]; isCut: boolean } {
  let sum = 0;
  const beyond = planned.findIndex(({ instances }, index) => (sum += instances) > MOST_INSTANCES && index > 0);
  return beyond === -1 ? { now: planned, isCut: false } : { now: planned.slice(0, beyond), isCut: true };
}

/** By one statement. What cannot be read is asked for once more by itself, and told of its own DAG. */
async function loadReadable(context: EngineContext, tx: Transaction, dags: readonly ScheduledDag[]): Promise<void> {
  await context.versions
    .load(
      tx,
      dags.map((dag) => dag.dagVersionId),
    )
    .catch((error: unknown) => {
      if (!isTradewindError(error)) throw error;
    });
}

/** A run with tasks that depend on the past finds the run before it in the database: of such a DAG one run is made after the other, oldest first. */
function inTurns(context: EngineContext, requests: readonly RunRequest[]): RunRequest[][] {
  const looksBack = ({ dagVersionId }: RunRequest): boolean =>
    context.versions.get(dagVersionId).graph.spec.tasks.some((task) => dependsOnPast(task));
  const turns: RunRequest[][] = [];
  const made = new Map<string, number>();
  for (const request of requests) {
    const turn = looksBack(request) ? (made.get(request.dagId) ?? 0) : 0;
    made.set(request.dagId, turn + 1);
    (turns[turn] ??= []).push(request);
  }
  return turns;
}

/** The runs a DAG gets now, as many as are due and its limit allows, and what its schedule wants after them. */
function planDag(
  context: EngineContext,
  dag: ScheduledDag,
  lastRun: { logicalDate: Date; dataIntervalStart: Date; dataIntervalEnd: Date; runAfter: Date } | null,
  active: { running: number; queued: number },
): Planned {
  const requests: RunRequest[] = [];
  let next: NextRun | null = wantedRun(context, dag, lastRun);
  let { running, queued } = active;
  const mayCreate = (): boolean => mayCreateRun({ queuedRuns: queued, runningRuns: running, maxActiveRuns: dag.maxActiveRuns });
  while (next !== null && next.runAfter <= dag.now && requests.length < RUNS_PER_DAG && mayCreate()) {
    requests.push(toRequest(dag, next, queued === 0));
    if (queued === 0) running += 1;
    else queued += 1;
    next = wantedRun(context, dag, next);
  }
  const isDue = next !== null && next.runAfter <= dag.now;
  return {
    requests,
    change: { dagId: dag.dagId, next, creationBlocked: isDue && !mayCreate() },
    isCut: isDue && mayCreate(),
    instances: requests.length * context.versions.get(dag.dagVersionId).graph.tasks.size,
  };
}

/** Runs that wait go first: behind them a new one is queued. */
function toRequest(dag: ScheduledDag, next: NextRun, starts: boolean): RunRequest {
  return {
    dagId: dag.dagId,
    dagVersionId: dag.dagVersionId,
    runId: makeRunId({ runType: "scheduled", runAfter: next.runAfter, logicalDate: next.logicalDate, suffix: "" }),
    runType: "scheduled",
    logicalDate: next.logicalDate,
    dataInterval: { start: next.dataIntervalStart, end: next.dataIntervalEnd },
    runAfter: next.runAfter,
    conf: "{}",
    note: null,
    triggeredBy: "timetable",
    triggeringUserName: null,
    starts,
    isPaused: dag.isPaused,
    now: dag.now,
  };
}

/** Starts queued runs whose time has come, within the limits of their DAGs. */
export function startQueuedRunsUseCase(context: EngineContext): (options: { limit: number }) => Promise<{ started: number; more: boolean }> {
  return async ({ limit }) => {
    const dagIds = await listDagsWithStartableRuns(context.db, { limit, now: context.stampAt() });
    if (dagIds.length === 0) return { started: 0, more: false };
    const start = (some: readonly string[]): Promise<number> =>
      commit(context, async (tx, after) => {
        const dags = await lockScheduledDags(tx, { dagIds: some, now: context.stampAt() });
        return startQueued(
          context,
          tx,
          after,
          dags.filter((dag) => !dag.isPaused),
        );
      });
    const started = await eachOnItsOwn(context, dagIds, start);
    return { started, more: started > 0 && dagIds.length === limit };
  };
}
