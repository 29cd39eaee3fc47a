import { type DagSpec, mayCreateRun, type SchemaValidator, TradewindError } from "@tradewind/core";
import {
  commitAlong,
  countActiveDagRuns,
  type DagRecord,
  type DagRunTarget,
  findDagRunAt,
  findDagRunTarget,
  lockScheduledDags,
  type ScheduledDag,
  type Transaction,
} from "@tradewind/metadata";
import { commit } from "../commit.ts";
import type { EngineContext } from "../context.ts";
import type { TriggerOptions } from "../engine.ts";
import { createRuns, type ReservedRuns, reserveRuns, type RunRequest } from "../runs/create-runs.ts";
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
  // By earlier tries of the transaction: one of them may have been committed, and its answer lost.
  const made = new Set<number>();
  const result = await commit(context, async (tx, after) => {
    // Others may have pushed it out of memory.
    await context.versions.load(tx, [known.dagVersionId]);
    const locking = lockScheduledDags(tx, { dagIds: [dagId], now: context.stampAt() });
    // Behind the lock, so that it is sure to stay: two round trips, one for all that is asked and one for all that is written.
    const [[found], foreseen] = await Promise.all([locking, askForRun(context, tx, known, planned)]);
    if (found === undefined) throw dagNotFound(dagId);
    const dag = options.drainsDag === true ? { ...found, isPaused: false, isDraining: true } : found;
    await context.versions.load(tx, [dag.dagVersionId]);
    // A new version came in between: what was found acceptable may not be any more.
    const isAsForeseen = dag.dagVersionId === known.dagVersionId;
    const run = isAsForeseen ? planned : plan(context.versions.get(dag.dagVersionId).graph.spec);
    const asked = isAsForeseen ? foreseen : await askForRun(context, tx, dag, run);
    const own = [asked.sameId, asked.sameDate].find((one) => one !== null && made.has(one.id));
    if (own != null) {
      after.wakes.add("ready").add("runs").add("state");
      return { dagRunId: own.id, runId: own.runId };
    }
    made.add(asked.reserved.dagRunIds[0]!);
    const runId = freeRunId(dagId, run, suffix, asked);
    const starts = mayStart(dag, run, asked);
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
    const request: RunRequest = {
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
    };
    const creating = createRuns(createSettlement(context, tx, after), [request], { reserved: asked.reserved, onSent: () => commitAlong(tx) });
    const [[work]] = await Promise.all([creating, auditing]);
    return { dagRunId: work!.run.id, runId };
  });
  if (change !== null) await followSchedulingState(context, dagId, change);
  return result;
}

async function getRunnableDag(context: EngineContext, dagId: string): Promise<DagRecord> {
  const dag = await getDag(context.db, dagId);
  const problem = dag.isStale ? "its file does not define it any more" : dag.hasImportErrors ? "its file has an import error" : null;
  if (problem === null) return dag;
  throw new TradewindError("dag_not_runnable", `Tried to trigger DAG "${dagId}", but ${problem}. Correct the file and try again.`, {
    details: { dagId },
  });
}

/** What is known of a DAG's runs under its lock: nobody else makes one meanwhile. */
interface Asked {
  /** The run at the same logical date, and the one with the same id. */
  sameDate: DagRunTarget | null;
  sameId: DagRunTarget | null;
  active: { running: number; queued: number };
  reserved: ReservedRuns;
}

/** By statements that travel together; they have been sent when this returns. The DAG version is in memory. */
async function askForRun(
  context: EngineContext,
  tx: Transaction,
  { dagId, dagVersionId }: Pick<ScheduledDag, "dagId" | "dagVersionId">,
  { runId, runType, logicalDate }: ManualRun,
): Promise<Asked> {
  const [sameDate, sameId, active, reserved] = await Promise.all([
    logicalDate === null ? null : findDagRunAt(tx, { dagId, logicalDate }),
    findDagRunTarget(tx, { dagId, runId }),
    countActiveDagRuns(tx, { dagIds: [dagId] }),
    reserveRuns(context, tx, [{ dagVersionId, runType, logicalDate }]),
  ]);
  return { sameDate, sameId, active: active.get(dagId)!, reserved };
}

/** An id that nobody chose gets random letters when it is in use. */
function freeRunId(dagId: string, { runId, logicalDate, isRunIdGiven }: ManualRun, suffix: string, { sameDate, sameId }: Asked): string {
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
function mayStart(dag: ScheduledDag, run: ManualRun, { active: { running, queued } }: Asked): boolean {
  if (dag.isPaused || run.runAfter > dag.now) return false;
  return queued === 0 && mayCreateRun({ queuedRuns: 0, runningRuns: running, maxActiveRuns: dag.maxActiveRuns });
}
