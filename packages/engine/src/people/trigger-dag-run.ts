import { type DagSpec, mayCreateRun, type SchemaValidator, TradewindError } from "@tradewind/core";
import {
  countActiveDagRuns,
  type DagRecord,
  findDagRunAt,
  findDagRunTarget,
  lockScheduledDags,
  type ScheduledDag,
  type Transaction,
} from "@tradewind/metadata";
import { commit } from "../commit.ts";
import type { EngineContext } from "../context.ts";
import type { TriggerOptions } from "../engine.ts";
import { createRuns } from "../runs/create-runs.ts";
import { createSettlement } from "../settle/settlement.ts";
import { audit, dagNotFound, getDag } from "./change-runs.ts";
import { type ManualRun, planManualRun } from "./plan-manual-run.ts";
import { assertNote } from "./set-note.ts";
import { changeSchedulingState, followSchedulingState, type SchedulingChange } from "./set-scheduling-state.ts";

/**
 * Makes a run because somebody asked for it. It begins at once when limits allow; of a paused DAG it waits, queued, until the DAG is unpaused.
 *
 * @throws TradewindError `dag_not_found`; `dag_not_runnable` for a DAG that is stale or does not load; `run_type_not_allowed`; `dag_run_already_exists` when the run id or the logical date is taken;
 * `invalid_params`, `invalid_run_id`, `validation_failed` for what was given
 */
export async function triggerDagRun(
  context: EngineContext,
  validate: SchemaValidator,
  options: TriggerOptions,
): Promise<{ dagRunId: number; runId: string }> {
  const { dagId } = options;
  assertNote(options.note);
  const suffix = context.newSuffix();
  const plan = (spec: DagSpec): ManualRun => planManualRun(spec, options, { now: context.now(), suffix, validate });
  const known = await getRunnableDag(context, dagId);
  await context.versions.load(context.db, [known.dagVersionId]);
  const planned = plan(context.versions.get(known.dagVersionId).graph.spec);

  let change: SchedulingChange | null = null;
  const made = await commit(context, async (tx, after) => {
    const [found] = await lockScheduledDags(tx, { dagIds: [dagId], now: context.stampAt() });
    if (found === undefined) throw dagNotFound(dagId);
    const dag = options.drainsDag === true ? { ...found, isPaused: false, isDraining: true } : found;
    await context.versions.load(tx, [dag.dagVersionId]);
    // A new version came in between: what was found acceptable may not be any more.
    const run = dag.dagVersionId === known.dagVersionId ? planned : plan(context.versions.get(dag.dagVersionId).graph.spec);
    const [runId, starts] = await Promise.all([findFreeRunId(tx, dagId, run, suffix), mayStart(tx, dag, run)]);
    change = options.drainsDag === true ? await changeSchedulingState(context, tx, { dag: found, state: "draining", actor: options.actor }) : null;
    // Travels with the first statements of what follows.
    const auditing = audit(tx, {
      event: "trigger_dag_run",
      actor: options.actor,
      dagId,
      runId,
      extra: {
        after: { logical_date: run.logicalDate, run_after: run.runAfter, conf: run.conf, note: options.note ?? null },
        triggered_by: options.triggeredBy,
        ...(options.drainsDag === true && { drain_dag: true }),
      },
    });
    const creating = createRuns(createSettlement(context, tx, after), [
      {
        dagId,
        dagVersionId: dag.dagVersionId,
        runId,
        runType: run.runType,
        logicalDate: run.logicalDate,
        dataInterval: run.dataInterval,
        runAfter: run.runAfter,
        conf: JSON.stringify(run.conf),
        note: options.note ?? null,
        triggeredBy: options.triggeredBy,
        triggeringUserName: options.triggeredBy === "operator" ? null : options.actor.name,
        starts,
        isPaused: dag.isPaused,
        now: dag.now,
      },
    ]);
    const [[work]] = await Promise.all([creating, auditing]);
    return { dagRunId: work!.run.id, runId };
  });
  if (change !== null) await followSchedulingState(context, dagId, change);
  return made;
}

async function getRunnableDag(context: EngineContext, dagId: string): Promise<DagRecord> {
  const dag = await getDag(context.db, dagId);
  const problem = dag.isStale ? "its file does not define it any more" : dag.hasImportErrors ? "its file has an import error" : null;
  if (problem === null) return dag;
  throw new TradewindError("dag_not_runnable", `Tried to trigger DAG "${dagId}", but ${problem}. Correct the file and try again.`, {
    details: { dagId },
  });
}

/** The id of the run, under the DAG's lock: nobody else takes it meanwhile. An id that nobody chose gets random letters when it is in use. */
async function findFreeRunId(tx: Transaction, dagId: string, { runId, logicalDate, isRunIdGiven }: ManualRun, suffix: string): Promise<string> {
  const [sameDate, sameId] = await Promise.all([
    logicalDate === null ? null : findDagRunAt(tx, { dagId, logicalDate }),
    findDagRunTarget(tx, { dagId, runId }),
  ]);
  if (sameDate !== null) {
    throw alreadyExists(
      dagId,
      `has the run "${sameDate.runId}" at the logical date ${logicalDate!.toISOString()} already: choose another date, or none`,
      {
        logicalDate,
        runId: sameDate.runId,
      },
    );
  }
  if (sameId === null) return runId;
  if (!isRunIdGiven) return `${runId}_${suffix}`;
  throw alreadyExists(dagId, `has a run "${runId}" already: choose another run id`, { runId });
}

function alreadyExists(dagId: string, what: string, details: Record<string, unknown>): TradewindError {
  return new TradewindError("dag_run_already_exists", `Tried to trigger DAG "${dagId}", which ${what}.`, { details: { dagId, ...details } });
}

/** Runs that wait go first. */
async function mayStart(tx: Transaction, dag: ScheduledDag, run: ManualRun): Promise<boolean> {
  if (dag.isPaused || run.runAfter > dag.now) return false;
  const { running, queued } = (await countActiveDagRuns(tx, { dagIds: [dag.dagId] })).get(dag.dagId)!;
  return queued === 0 && mayCreateRun({ queuedRuns: 0, runningRuns: running, maxActiveRuns: dag.maxActiveRuns });
}
