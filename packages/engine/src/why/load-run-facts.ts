import {
  addInstance,
  createRunModel,
  type DagGraph,
  listWhyNeeds,
  MOST_NAMED,
  type RunInstance,
  type RunModel,
  taskLimitKey,
  type WhyDag,
  type WhyInstance,
  type WhyRunFacts,
  type WhySystem,
  type WhyWorker,
  type XComReader,
  xcomKey,
} from "@tradewind/core";
import {
  countLiveOfTasks,
  findWhySystem,
  listPastFacts,
  listUnsuccessful,
  listWhyInstances,
  listWhyPools,
  listWhyWorkers,
  listXComs,
  type Queryable,
  type WhyInstanceRow,
  type WhyRunRow,
} from "@tradewind/metadata";
import { gatherXComs } from "../attempts/xcom-lookup.ts";
import type { EngineContext } from "../context.ts";
import type { SeesDag } from "../engine.ts";
import { pastQuestionOf, toPastFacts } from "../settle/past-facts.ts";
import { readMachineState } from "../settle/run-work.ts";

/** What is known of the installation beside what the database holds. */
export interface WhyOptions {
  parallelism: number | null;
  executorCapacity: ReadonlyMap<string, number | null> | null;
  schedulerSilentMs: number;
}

/** As many workers as are looked at for who could take an attempt. */
const WORKERS_SEEN = 500;
/** The look asks in turns, each of which may lead to another question; more turns than kinds of questions there are not. */
const MAX_LOOKS = 4;

/** Everything that decides about a run's task instances, in at most a dozen statements however large it is. */
export async function loadRunFacts(
  context: EngineContext,
  tx: Queryable,
  { dag, row, graph, options, sees }: { dag: WhyDag; row: WhyRunRow; graph: DagGraph; options: WhyOptions; sees: SeesDag },
): Promise<WhyRunFacts> {
  const rows = await listWhyInstances(tx, { dagRunId: row.id });
  const limited = [...graph.tasks.values()].filter((node) => node.spec.maxActiveTisPerDag !== null).map((node) => node.taskId);
  const system = await loadSystem(context, tx, rows, { options, sees });
  const live = await countLiveOfTasks(tx, { dagId: row.dagId, taskIds: limited });
  const { model, previousRuns } = await loadModel(context, tx, { row, rows, graph, now: system.now });
  return {
    system,
    dag,
    run: { queuedAt: row.queuedAt, endDate: row.endDate, stateReason: row.stateReason },
    model,
    instances: new Map(rows.map((one) => [one.id, toWhyInstance(one)])),
    liveByTask: new Map([...live].map(([taskId, count]) => [taskLimitKey(row.dagId, taskId), count])),
    previousRuns,
  };
}

/** @param rows of the run in question: their pools and executors are looked at */
export async function loadSystem(
  context: EngineContext,
  tx: Queryable,
  rows: readonly WhyInstanceRow[],
  { options: { parallelism, executorCapacity, schedulerSilentMs }, sees }: { options: WhyOptions; sees: SeesDag },
): Promise<WhySystem> {
  const now = context.stampAt();
  const pools = new Set(rows.flatMap((one) => (one.state === "scheduled" ? [one.pool] : [])));
  const executors = new Set(rows.flatMap((one) => (one.state === "queued" ? (one.leaseExecutor ?? []) : [])));
  const found = await findWhySystem(tx, { silentMs: schedulerSilentMs, now });
  const workers: WhyWorker[] = await listWhyWorkers(tx, {
    executors: [...executors],
    offlineMs: context.limits.hostOfflineMs,
    limit: WORKERS_SEEN,
    now,
  });
  const poolRows = await listWhyPools(tx, { names: [...pools], named: MOST_NAMED });
  return {
    now: found.now,
    schedulers: found.schedulers.map((liveAttempts) => ({ liveAttempts })),
    lastSchedulerHeartbeatAt: found.lastHeartbeatAt,
    parallelism,
    executors: executorCapacity,
    liveByExecutor: new Map(Object.entries(found.live)),
    workers,
    pools: new Map(
      poolRows.map(({ name, slots, includeDeferred, occupiedSlots, holders, holderCount }) => [
        name,
        { limit: { slots, includeDeferred, occupiedSlots, deferredSlots: 0 }, holders: holders.filter((one) => sees(one.dagId)), holderCount },
      ]),
    ),
  };
}

async function loadModel(
  context: EngineContext,
  tx: Queryable,
  { row, rows, graph, now }: { row: WhyRunRow; rows: readonly WhyInstanceRow[]; graph: DagGraph; now: Date },
): Promise<{ model: RunModel; previousRuns: WhyRunFacts["previousRuns"] }> {
  const { groupTries, markedState } = readMachineState(row.machineState);
  let read: XComReader = () => [];
  const { maxMapLength, maxTaskRetryDelayMs } = context.limits;
  const model = createRunModel({
    run: { ...row, markedState, now },
    graph,
    limits: { maxMapLength, maxTaskRetryDelayMs },
    newInstanceId: () => -1,
    readXComs: (ref) => read(ref),
    loadedXComs: new Set(),
    groupTries,
  });
  for (const one of rows) addRow(model, one);
  for (const taskId of graph.tasks.keys()) model.complete.add(taskId);
  model.isWhole = true;

  const previousRuns: WhyRunFacts["previousRuns"] & Map<string, unknown> = new Map();
  for (let look = 0; look < MAX_LOOKS; look++) {
    const needs = listWhyNeeds(model);
    if (needs === null) break;
    if (needs.past.size > 0) for (const [taskId, previous] of await loadPast(tx, model, [...needs.past])) previousRuns.set(taskId, previous);
    const refs = [...needs.xcoms.values()];
    if (refs.length === 0) continue;
    const gathered = gatherXComs(await listXComs(tx, { refs: refs.map((ref) => ({ dagRunId: row.id, ...ref })), maxBytes: null }));
    const before = read;
    const asked = new Set(refs.map(xcomKey));
    const ofRun = gathered.ofRun(row.id);
    read = (ref) => (asked.has(xcomKey(ref)) ? ofRun(ref) : before(ref));
    for (const key of asked) model.loadedXComs!.add(key);
  }
  return { model, previousRuns };
}

function addRow(model: RunModel, row: WhyInstanceRow): RunInstance {
  const { id, dagRunId, taskId, mapIndex, state, tryNumber, maxTries, attemptId, counts, branchSkipped } = row;
  const { pool, poolSlots, queue, executor, priorityWeight, operator } = row;
  return addInstance(model, {
    ...{ id, dagRunId, taskId, mapIndex, state, tryNumber, maxTries, attemptId, branchSkipped },
    ...{ pool, poolSlots, queue, executor, priorityWeight, operator },
    counts: { ...counts },
    stored: { state, mapIndex },
  });
}

/** What tasks have to know of the previous run, and which instances there keep it from being enough. */
async function loadPast(
  tx: Queryable,
  model: RunModel,
  taskIds: readonly string[],
): Promise<Map<string, { runId: string; bad: { mapIndex: number; state: RunInstance["state"] }[] }>> {
  const { run, graph } = model;
  const found = await listPastFacts(tx, { tasks: taskIds.map((taskId) => pastQuestionOf({ run, graph }, taskId)) });
  const byTask = new Map(found.map((facts) => [facts.taskId, facts]));
  for (const taskId of taskIds) model.past.set(taskId, toPastFacts(byTask.get(taskId), graph.tasks.get(taskId)!.spec, graph.spec));
  const asked = found.flatMap(({ taskId, previous }) => (previous === null ? [] : [{ dagRunId: previous.dagRunId, taskId }]));
  const rows = await listUnsuccessful(tx, { tasks: asked, limit: MOST_NAMED });
  return new Map(
    [...Map.groupBy(rows, (row) => row.taskId)].map(([taskId, bad]) => [
      taskId,
      { runId: bad[0]!.runId, bad: bad.flatMap(({ mapIndex, state }) => (mapIndex === null ? [] : [{ mapIndex, state }])) },
    ]),
  );
}

function toWhyInstance(row: WhyInstanceRow): WhyInstance {
  const { stateReason, hostname, scheduledAt, startedAt, endedAt, waitsForExecutor } = row;
  return {
    ...{ stateReason, hostname, scheduledAt, startedAt, endedAt, waitsForExecutor },
    timer: row.timerKind === null ? null : { kind: row.timerKind, dueAt: row.timerDueAt! },
    lease:
      row.leaseAttemptId === null
        ? null
        : {
            attemptId: row.leaseAttemptId,
            state: row.leaseState!,
            executor: row.leaseExecutor!,
            queue: row.leaseQueue!,
            worker: row.leaseWorker,
            queuedAt: row.leaseQueuedAt!,
            expiresAt: row.leaseExpiresAt!,
            stopReason: row.leaseStopReason,
            requeueCount: row.leaseRequeueCount!,
          },
  };
}
