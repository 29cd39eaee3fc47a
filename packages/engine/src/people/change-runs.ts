import { TradewindError } from "@tradewind/core";
import {
  type DagRecord,
  type DagRunTarget,
  findDagRecord,
  findDagRunTarget,
  type Queryable,
  type TaskInstanceRecord,
  type Transaction,
} from "@tradewind/metadata";
import { insertEventLog } from "@tradewind/metadata/rest";
import type { Actor, TouchedTaskInstance } from "../engine.ts";
import type { RunWork } from "../settle/run-work.ts";
import { loadWholeRuns, lockRuns, type Settlement } from "../settle/settlement.ts";

/** @throws TradewindError `dag_not_found` */
export async function getDag(db: Queryable, dagId: string): Promise<DagRecord> {
  const dag = await findDagRecord(db, { dagId });
  if (dag === null) throw dagNotFound(dagId);
  return dag;
}

export function dagNotFound(dagId: string): TradewindError {
  return new TradewindError("dag_not_found", `There is no DAG "${dagId}".`, { details: { dagId } });
}

/** @throws TradewindError `dag_run_not_found` */
export async function getDagRun(db: Queryable, dagId: string, runId: string): Promise<DagRunTarget> {
  const run = await findDagRunTarget(db, { dagId, runId });
  if (run === null) throw dagRunNotFound(dagId, runId);
  return run;
}

export function dagRunNotFound(dagId: string, runId: string): TradewindError {
  return new TradewindError("dag_run_not_found", `DAG "${dagId}" has no run "${runId}".`, { details: { dagId, runId } });
}

/** What somebody did, as Airflow names it; in the transaction that does it. */
export interface AuditEntry {
  event:
    | "trigger_dag_run"
    | "post_clear_task_instances"
    | "patch_task_instance"
    | "patch_dag_run"
    | "patch_dag"
    | "delete_task_instance"
    | "delete_dag_run"
    | "delete_dag";
  actor: Actor;
  dagId: string;
  runId?: string;
  taskId?: string;
  mapIndex?: number;
  /** What it was before and is after, and what was asked for. */
  extra: { before?: unknown; after?: unknown; [fact: string]: unknown };
}

export async function audit(tx: Transaction, { actor, ...entry }: AuditEntry): Promise<void> {
  await insertEventLog(tx, { ...entry, owner: actor.name });
}

/** A run goes back to where new ones begin, and is started by the same way as they are. */
export function requeueRun({ after }: Settlement, work: RunWork): void {
  const { run } = work;
  run.state = "queued";
  run.queuedAt = run.now;
  run.startDate = null;
  work.stateReason = null;
  work.endDate = null;
  work.timeoutAt = null;
  work.changed.state = true;
  after.wakes.add("runs").add("state");
}

/** Locks runs and everything in them; runs that are gone meanwhile are left out. Who looked for queued runs to start passed over these: after the commit they are looked for again. */
export async function lockWholeRuns(settlement: Settlement, dagRunIds: readonly number[]): Promise<RunWork[]> {
  const works = await lockRuns(settlement, dagRunIds);
  if (works.some((work) => work.run.state === "queued")) settlement.after.wakes.add("runs");
  await loadWholeRuns(settlement, works);
  return works;
}

export function toTouched(
  run: { dagId: string; runId: string },
  instance: Pick<TaskInstanceRecord, "id" | "taskId" | "mapIndex" | "state">,
): TouchedTaskInstance {
  return {
    taskInstanceId: instance.id,
    dagId: run.dagId,
    runId: run.runId,
    taskId: instance.taskId,
    mapIndex: instance.mapIndex,
    state: instance.state,
  };
}
