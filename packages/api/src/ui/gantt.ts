import { TASK_INSTANCE_STATES, TERMINAL_STATES } from "@tradewind/core";
import { type GanttRow, listGanttReschedules, listGanttRows } from "@tradewind/metadata/rest";
import { z } from "zod";
import { Instant, toIsoOrNull } from "../http/values.ts";
import { getDagRun } from "../rest/dag-runs.ts";
import type { RestContext, RestRoutes } from "../rest/route.ts";

const GanttTry = z
  .strictObject({
    try_number: z.number(),
    state: z.enum(TASK_INSTANCE_STATES).nullable(),
    scheduled_when: Instant.nullable(),
    queued_when: Instant.nullable(),
    start_date: Instant.nullable(),
    /** null: it is not over, or has not begun. */
    end_date: Instant.nullable(),
    /** Of a sensor that gives its place back: how often it did, and when it was first called. */
    reschedules: z.number(),
    first_start: Instant.nullable(),
  })
  .meta({ id: "GanttTry" });
const GanttTask = z
  .strictObject({
    task_id: z.string(),
    instances: z.number(),
    counts: z.array(z.tuple([z.enum(TASK_INSTANCE_STATES).nullable(), z.number()])),
    /** In order. Of a task with several instances one, from the first start of any to the last end of any. */
    tries: z.array(GanttTry),
  })
  .meta({ id: "GanttTask" });
const GanttResponse = z.strictObject({ dag_id: z.string(), dag_run_id: z.string(), tasks: z.array(GanttTask) }).meta({ id: "GanttResponse" });

/** When the tasks of a run waited and ran. */
export function ganttRoutes(routes: RestRoutes, { db }: RestContext): void {
  routes.add(
    {
      method: "GET",
      path: "/gantt/{dag_id}/{dag_run_id}",
      access: "task_instances:read",
      pathSchema: z.object({ dag_id: z.string(), dag_run_id: z.string() }),
      status: 200,
      answer: GanttResponse,
    },
    async ({ path }) => {
      const { id: dagRunId } = await getDagRun({ db }, path.dag_id, path.dag_run_id);
      const [rows, rescheduled] = await Promise.all([listGanttRows(db, { dagRunId }), listGanttReschedules(db, { dagRunId })]);
      const reschedules = new Map(rescheduled.map((row) => [`${row.tryNumber} ${row.taskId}`, row]));
      const tasks = [...Map.groupBy(rows, (row) => row.taskId)].map(([taskId, ofTask]) => {
        const present = ofTask.filter((row) => row.earlierTry === null);
        const instances = present.reduce((sum, row) => sum + row.instances, 0);
        const tries = instances === 1 ? ofTask.toSorted((a, b) => a.tryNumber - b.tryNumber) : [summarise(ofTask, present)];
        return {
          task_id: taskId,
          instances,
          counts: present.map((row): [GanttRow["state"], number] => [row.state, row.instances]),
          tries: tries.map((row) => {
            const again = instances === 1 ? reschedules.get(`${row.tryNumber} ${taskId}`) : undefined;
            return { ...toTry(row), reschedules: again?.reschedules ?? 0, first_start: toIsoOrNull(again?.firstStart ?? null) };
          }),
        };
      });
      return { dag_id: path.dag_id, dag_run_id: path.dag_run_id, tasks };
    },
  );
}

const ENDED: ReadonlySet<string | null> = new Set(TERMINAL_STATES);

/** All instances and tries of a mapped task as one span; it has no end while one of them goes on. */
function summarise(all: readonly GanttRow[], present: readonly GanttRow[]): GanttRow {
  const instants = (pick: (row: GanttRow) => Date | null) => all.flatMap((row) => pick(row)?.getTime() ?? []);
  const first = (pick: (row: GanttRow) => Date | null) => toDate(instants(pick), Math.min);
  const isOver = present.every((row) => ENDED.has(row.state));
  return {
    ...present[0]!,
    tryNumber: Math.max(...present.map((row) => row.tryNumber)),
    scheduledWhen: first((row) => row.scheduledWhen),
    queuedWhen: first((row) => row.queuedWhen),
    startDate: first((row) => row.startDate),
    endDate: isOver
      ? toDate(
          instants((row) => row.endDate),
          Math.max,
        )
      : null,
  };
}

function toDate(instants: readonly number[], choose: (...values: number[]) => number): Date | null {
  return instants.length === 0 ? null : new Date(choose(...instants));
}

function toTry(row: GanttRow): Omit<z.infer<typeof GanttTry>, "reschedules" | "first_start"> {
  return {
    try_number: row.tryNumber,
    state: row.state,
    scheduled_when: toIsoOrNull(row.scheduledWhen),
    queued_when: toIsoOrNull(row.queuedWhen),
    start_date: toIsoOrNull(row.startDate),
    end_date: toIsoOrNull(row.endDate),
  };
}
