import { isFinishedDagRun, TradewindError } from "@tradewind/core";
import {
  type DagRunTarget,
  listAllDagRunTargets,
  listDagRunTargets,
  listTaskInstancesOfRuns,
  markDagRunsCleared,
  type Queryable,
  writeTaskInstanceNotes,
} from "@tradewind/metadata";
import { commit } from "../commit.ts";
import type { EngineContext } from "../context.ts";
import type { ClearOptions, TouchedTaskInstance } from "../engine.ts";
import type { Instance, RunWork } from "../settle/run-work.ts";
import { settleAndFlush } from "../settle/settle.ts";
import { createSettlement, recount, type Settlement } from "../settle/settlement.ts";
import { audit, getDag, getDagRun, lockWholeRuns, requeueRun, toTouched } from "./change-runs.ts";
import { moveToVersion } from "./move-to-version.ts";
import { clearInstances, resetDecisions, type StoppedLeases, stopAttempts } from "./reset-instances.ts";
import {
  isSelected,
  passesStateFilter,
  type SelectableInstance,
  type Selection,
  selectTasksByVersion,
  windowAround,
  windowBetween,
} from "./select-targets.ts";
import { assertNote } from "./set-note.ts";

/** How many runs one transaction clears: their locks, and one of the few hot connections, hold up what runs meanwhile. */
const RUNS_AT_ONCE = 20;

/**
 * Clears task instances so that they run again: "any → null: cleared (not running)", "running → restarting". Finished runs become queued and begin again by the usual way; in runs that
 * are running, what is cleared is decided about at once.
 *
 * Over many runs it goes in portions, oldest first; calling again goes on where a call was cut off.
 * @returns what was cleared, with the states they have now; for a dry run what would be, with the states they have.
 * @throws TradewindError `dag_not_found`, `dag_run_not_found`, `task_not_found`; `conflict` for a running one with `preventRunningTask`
 */
export async function clearTaskInstances(context: EngineContext, options: ClearOptions): Promise<TouchedTaskInstance[]> {
  assertNote(options.note);
  const { dagVersionId: latestVersionId } = await getDag(context.db, options.dagId);
  const runs = await selectRuns(context.db, options);
  const versionOf = (run: { dagVersionId: number }): number => (options.runOnLatestVersion ? latestVersionId : run.dagVersionId);
  await context.versions.load(context.db, runs.map(versionOf));
  const graphs = new Map(runs.map((run) => [versionOf(run), context.versions.get(versionOf(run)).graph]));
  const selections = selectTasksByVersion(graphs, { ...options, targets: options.taskIds, withSetups: true });
  const matches = (selection: Selection, instance: SelectableInstance): boolean =>
    instance.state !== "removed" && isSelected(selection, instance) && passesStateFilter(instance.state, options);

  if (options.dryRun || options.preventRunningTask) {
    const found = await preview(context.db, runs, (run, instance) => matches(selections.get(versionOf(run))!, instance));
    if (options.preventRunningTask) refuseRunning(found);
    if (options.dryRun) return found;
  }
  const cleared: TouchedTaskInstance[] = [];
  for (let at = 0; at < runs.length; at += RUNS_AT_ONCE) {
    const portion = runs.slice(at, at + RUNS_AT_ONCE);
    cleared.push(
      ...(await commit(context, async (tx, after) => {
        const settlement = createSettlement(context, tx, after);
        const toVersionId = options.runOnLatestVersion ? latestVersionId : null;
        return clearRuns(settlement, portion, options, {
          toVersionId,
          matches: (work, instance) => matches(selections.get(versionOf(work.run))!, instance),
        });
      })),
    );
  }
  return cleared;
}

/** The runs that are meant: one, those along the logical dates from it, or those in a window of logical dates. */
async function selectRuns(db: Queryable, options: ClearOptions): Promise<DagRunTarget[]> {
  const { dagId, runId, startDate, endDate, includePast, includeFuture } = options;
  if (runId !== undefined) {
    const run = await getDagRun(db, dagId, runId);
    const window = windowAround(run.logicalDate, options);
    return window === null ? [run] : listDagRunTargets(db, { dagId, ...window });
  }
  const isAll = startDate === undefined && endDate === undefined && !includePast && !includeFuture;
  return isAll ? listAllDagRunTargets(db, { dagId }) : listDagRunTargets(db, { dagId, ...windowBetween(dagId, options) });
}

async function preview(
  db: Queryable,
  runs: readonly DagRunTarget[],
  matches: (run: DagRunTarget, instance: SelectableInstance) => boolean,
): Promise<TouchedTaskInstance[]> {
  const byId = new Map(runs.map((run) => [run.id, run]));
  const instances = await listTaskInstancesOfRuns(db, { dagRunIds: [...byId.keys()] });
  return instances.flatMap((instance) => {
    const run = byId.get(instance.dagRunId)!;
    return matches(run, instance) ? [toTouched(run, instance)] : [];
  });
}

function refuseRunning(found: Iterable<Pick<TouchedTaskInstance, "dagId" | "runId" | "taskId" | "mapIndex" | "state">>): void {
  for (const { dagId, runId, taskId, mapIndex, state } of found) {
    if (state !== "running") continue;
    throw new TradewindError(
      "conflict",
      `Tried to clear task "${taskId}" of run "${runId}" of DAG "${dagId}", which is running. Wait for its end, or allow running tasks to be stopped.`,
      { details: { dagId, runId, taskId, mapIndex } },
    );
  }
}

interface ClearPlan {
  /** Runs go on with this version; null: with their own. */
  toVersionId: number | null;
  matches: (work: RunWork, instance: Instance) => boolean;
}

async function clearRuns(
  settlement: Settlement,
  runs: readonly DagRunTarget[],
  options: ClearOptions,
  plan: ClearPlan,
): Promise<TouchedTaskInstance[]> {
  const { tx } = settlement;
  const works = await lockWholeRuns(
    settlement,
    runs.map((run) => run.id),
  );
  const targets = new Map(works.map((work) => [work, [...work.instances.values()].filter((instance) => plan.matches(work, instance))]));
  if (options.preventRunningTask)
    refuseRunning([...targets].flatMap(([work, instances]) => instances.map((instance) => toTouched(work.run, instance))));
  const before = statesOf(targets);
  const leases = await stopAttempts(settlement, [...targets.values()].flat(), "it was cleared");
  const cleared = new Map<RunWork, Instance[]>();
  for (const [work, instances] of targets) {
    if (instances.length === 0) continue;
    if (plan.toVersionId !== null) await moveToVersion(settlement, work, plan.toVersionId, instances);
    cleared.set(work, clearInstances(settlement, work, instances, leases));
  }
  await reset(settlement, cleared, options.resetDagRuns);
  const touched = [...cleared].flatMap(([work, instances]) => instances.map((instance) => ({ work, instance })));
  await settleAndFlush(settlement);
  const taskInstanceIds = touched.map(({ instance }) => instance.id);
  if (options.note !== undefined) await writeTaskInstanceNotes(tx, { taskInstanceIds, note: options.note });
  if (touched.length > 0) await auditClear(settlement, options, [...cleared.keys()], { before, count: touched.length });
  return touched.map(({ work, instance }) => toTouched(work.run, instance));
}

/** What follows for the runs from clearing instances in them: branch decisions, counters, and a finished run begins again. */
async function reset(settlement: Settlement, cleared: ReadonlyMap<RunWork, Instance[]>, resetDagRuns: boolean): Promise<void> {
  await resetDecisions(settlement, cleared);
  for (const work of cleared.keys()) recount(settlement, work);
  if (!resetDagRuns) return;
  const works = [...cleared.keys()];
  await markDagRunsCleared(settlement.tx, {
    dagRunIds: works.map((work) => work.run.id),
    now: works[0]?.run.now ?? settlement.context.now(),
  });
  for (const work of works) {
    work.run.queuedAt = work.run.now;
    if (isFinishedDagRun(work.run.state)) requeueRun(settlement, work);
  }
}

/** Clears what a person's change has made worth another look, as a part of that change. */
export async function clearAsConsequence(
  settlement: Settlement,
  targets: ReadonlyMap<RunWork, readonly Instance[]>,
  leases: StoppedLeases,
): Promise<{ work: RunWork; instance: Instance }[]> {
  const cleared = new Map<RunWork, Instance[]>();
  for (const [work, instances] of targets) if (instances.length > 0) cleared.set(work, clearInstances(settlement, work, instances, leases));
  await reset(settlement, cleared, true);
  return [...cleared].flatMap(([work, instances]) => instances.map((instance) => ({ work, instance })));
}

/** A change of thousands of instances is told by its first ones. */
const MOST_STATES_TOLD = 100;

function statesOf(
  targets: ReadonlyMap<RunWork, readonly Instance[]>,
): { run_id: string; task_id: string; map_index: number; state: string | null }[] {
  return [...targets]
    .flatMap(([{ run }, instances]) => instances.map((instance) => ({ run, instance })))
    .slice(0, MOST_STATES_TOLD)
    .map(({ run, instance: { taskId, mapIndex, state } }) => ({ run_id: run.runId, task_id: taskId, map_index: mapIndex, state }));
}

async function auditClear(
  { tx }: Settlement,
  options: ClearOptions,
  works: readonly RunWork[],
  { before, count }: { before: unknown; count: number },
): Promise<void> {
  const { dagId, runId, actor, dryRun, ...asked } = options;
  void dryRun;
  await audit(tx, {
    event: "post_clear_task_instances",
    actor,
    dagId,
    ...(runId !== undefined && { runId }),
    extra: { asked, before, run_ids: works.map((work) => work.run.runId), task_instances: count },
  });
}
