import type { TaskInstanceState } from "@tradewind/core";
import { sql } from "kysely";
import type { Queryable } from "../../database-handle.ts";
import { select } from "./list-query.ts";

/** Tries of one task in one run that have the same state: of a mapped task many, else one. */
export interface GanttRow {
  taskId: string;
  /** null: the present tries; a number: earlier tries with this number. */
  earlierTry: number | null;
  state: TaskInstanceState | null;
  instances: number;
  tryNumber: number;
  /** The earliest of them. */
  scheduledWhen: Date | null;
  queuedWhen: Date | null;
  startDate: Date | null;
  /** The latest of them. */
  endDate: Date | null;
}

const span = sql.raw(
  `min(scheduled_when) as "scheduledWhen", min(queued_when) as "queuedWhen", min(start_date) as "startDate", max(end_date) as "endDate"`,
);

/** When the tasks of a run waited and ran, all tries: as many rows as tasks have different states, however many instances a mapped task has. */
export async function listGanttRows(db: Queryable, { dagRunId }: { dagRunId: number }): Promise<GanttRow[]> {
  return select(
    db,
    sql`select task_id as "taskId", null::int as "earlierTry", state, count(*)::int as instances, max(try_number) as "tryNumber", ${span}
      from task_instance where dag_run_id = ${dagRunId} group by task_id, state
      union all
      select ti.task_id, h.try_number, h.state, count(*)::int, h.try_number, min(h.scheduled_when), min(h.queued_when), min(h.start_date), max(h.end_date)
      from task_instance ti join task_instance_history h on h.task_instance_id = ti.id
      where ti.dag_run_id = ${dagRunId} group by ti.task_id, h.try_number, h.state`,
  );
}

/** How often each task of a run gave its place back and was called again, and when it was first called: what it ran before the try's present start. */
export async function listGanttReschedules(
  db: Queryable,
  { dagRunId }: { dagRunId: number },
): Promise<{ taskId: string; tryNumber: number; reschedules: number; firstStart: Date }[]> {
  return select(
    db,
    sql`select ti.task_id as "taskId", s.try_number as "tryNumber", count(*)::int as reschedules, min(s.start_date) as "firstStart"
      from task_instance ti join task_reschedule s on s.task_instance_id = ti.id where ti.dag_run_id = ${dagRunId} group by ti.task_id, s.try_number`,
  );
}
