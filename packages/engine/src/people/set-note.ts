import { TradewindError } from "@tradewind/core";
import {
  type DagRunTarget,
  lockTaskInstanceNotes,
  type NotedTaskInstance,
  transaction,
  type Transaction,
  writeDagRunNote,
  writeTaskInstanceNotes,
} from "@tradewind/metadata";
import type { EngineContext } from "../context.ts";
import type { PeopleUseCases } from "../engine.ts";
import { audit, dagRunNotFound, getDagRun } from "./change-runs.ts";

type SetNoteOptions = Parameters<PeopleUseCases["setNote"]>[0];

/** Airflow's limit. */
const MAX_NOTE_LENGTH = 1000;

/** Leaves a note on a run, or on a task instance of it (without a map index on all instances of the task); null takes it away. */
export async function setNote(context: EngineContext, options: SetNoteOptions): Promise<void> {
  assertNote(options.note ?? undefined);
  const { id, state } = await transaction(context.db, (tx) =>
    options.taskId === undefined ? noteRun(tx, options) : noteTask(tx, { ...options, taskId: options.taskId }),
  );
  context.noteChanges({ runs: [id] });
  // Its row was locked: who looked for queued runs to start meanwhile passed over it.
  context.wake("state", ...(state === "queued" ? (["runs"] as const) : []));
}

/** @throws TradewindError `validation_failed` */
export function assertNote(note: string | undefined): void {
  if (note === undefined || note.length <= MAX_NOTE_LENGTH) return;
  throw new TradewindError("validation_failed", `Tried to leave a note of ${note.length} characters; it may have ${MAX_NOTE_LENGTH}. Shorten it.`);
}

async function noteRun(tx: Transaction, { dagId, runId, note, actor }: SetNoteOptions): Promise<DagRunTarget> {
  const run = await getDagRun(tx, dagId, runId);
  const before = await writeDagRunNote(tx, { dagId, runId, note });
  if (before === undefined) throw dagRunNotFound(dagId, runId);
  await audit(tx, { event: "patch_dag_run", actor, dagId, runId, extra: { before: { note: before }, after: { note } } });
  return run;
}

async function noteTask(
  tx: Transaction,
  { dagId, runId, taskId, mapIndex, note, actor }: SetNoteOptions & { taskId: string },
): Promise<DagRunTarget> {
  const run = await getDagRun(tx, dagId, runId);
  const instances = await lockTaskInstanceNotes(tx, { dagRunId: run.id, taskId, mapIndex: mapIndex ?? null });
  if (instances.length === 0) throw taskInstanceNotFound({ dagId, runId, taskId, mapIndex });
  await writeTaskInstanceNotes(tx, { taskInstanceIds: instances.map((instance) => instance.id), note });
  const before = instances.map(({ mapIndex, note }: NotedTaskInstance) => ({ map_index: mapIndex, note }));
  const place = { dagId, runId, taskId, ...(mapIndex !== undefined && { mapIndex }) };
  await audit(tx, { event: "patch_task_instance", actor, ...place, extra: { before, after: { note } } });
  return run;
}

export function taskInstanceNotFound(place: { dagId: string; runId: string; taskId: string; mapIndex?: number | undefined }): TradewindError {
  const index = place.mapIndex === undefined ? "" : ` with the map index ${place.mapIndex}`;
  return new TradewindError(
    "task_instance_not_found",
    `Run "${place.runId}" of DAG "${place.dagId}" has no instance of task "${place.taskId}"${index}.`,
    {
      details: place,
    },
  );
}
