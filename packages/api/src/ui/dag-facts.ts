import { DAG_CALLBACKS, type DagSpec, nextRun, readDagSpec } from "@tradewind/core";
import { type DagDetailsRow, findDagDetails } from "@tradewind/metadata/rest";
import { z } from "zod";
import { Instant, toIso } from "../http/values.ts";
import { dagNotFound, DagPath } from "../rest/dags.ts";
import type { RestContext, RestRoutes } from "../rest/route.ts";

const MOST_NEXT_RUNS = 5;

const Counted = z.array(z.strictObject({ name: z.string(), tasks: z.number() }));
const NextRunFacts = z.strictObject({ logical_date: Instant, run_after: Instant }).meta({ id: "NextRunFacts" });
const DagFactsResponse = z
  .strictObject({
    dag_id: z.string(),
    /** What the schedule asks for next, when nothing changes. */
    next_runs: z.array(NextRunFacts),
    tasks: z.number(),
    groups: z.number(),
    operators: Counted,
    pools: Counted,
    queues: Counted,
    fail_fast: z.boolean(),
    callbacks: z.array(z.enum(DAG_CALLBACKS)),
    /** The different numbers of retries that its tasks have. */
    retries: z.array(z.number()),
  })
  .meta({ id: "DagFactsResponse" });

/** What is known of a DAG beyond what the REST API tells: the next runs, and what its tasks have in common. */
export function dagFactsRoutes(routes: RestRoutes, { db }: RestContext): void {
  routes.add(
    { method: "GET", path: "/dag_facts/{dag_id}", access: "dags:read", pathSchema: DagPath, status: 200, answer: DagFactsResponse },
    async ({ path }) => {
      const dag = await findDagDetails(db, { dagId: path.dag_id });
      if (dag === undefined) throw dagNotFound(path.dag_id);
      const spec = readDagSpec(dag.spec);
      return {
        dag_id: path.dag_id,
        next_runs: nextRuns(dag, spec),
        tasks: spec.tasks.length,
        groups: spec.groups.length,
        operators: countBy(spec, (task) => task.operator),
        pools: countBy(spec, (task) => task.pool),
        queues: countBy(spec, (task) => task.queue),
        fail_fast: spec.failFast,
        callbacks: spec.callbacks,
        retries: [...new Set(spec.tasks.map((task) => task.retries))].sort((a, b) => a - b),
      };
    },
  );
}

/** The run that is planned, and those the timetable asks for after it. */
function nextRuns(dag: DagDetailsRow, spec: DagSpec): z.infer<typeof NextRunFacts>[] {
  const { nextLogicalDate, nextDataIntervalStart, nextDataIntervalEnd, nextRunAt } = dag;
  if (nextLogicalDate === null || nextRunAt === null) return [];
  let run = {
    logicalDate: nextLogicalDate,
    dataIntervalStart: nextDataIntervalStart ?? nextLogicalDate,
    dataIntervalEnd: nextDataIntervalEnd ?? nextLogicalDate,
    runAfter: nextRunAt,
  };
  const runs = [run];
  // After a continuous run, or the only one, comes what depends on when that ended.
  while (runs.length < MOST_NEXT_RUNS && dag.timetablePeriodic) {
    const next = nextRun(spec.schedule, {
      lastRun: { logicalDate: run.logicalDate, dataInterval: { start: run.dataIntervalStart, end: run.dataIntervalEnd }, runAfter: run.runAfter },
      now: run.runAfter,
      startDate: spec.startDate === null ? null : new Date(spec.startDate),
      endDate: spec.endDate === null ? null : new Date(spec.endDate),
      catchup: spec.catchup,
    });
    if (next === null || next.runAfter <= run.runAfter) break;
    runs.push(next);
    run = next;
  }
  return runs.map(({ logicalDate, runAfter }) => ({ logical_date: toIso(logicalDate), run_after: toIso(runAfter) }));
}

/** Most frequent first. */
function countBy(spec: DagSpec, pick: (task: DagSpec["tasks"][number]) => string): z.infer<typeof Counted> {
  const counts = [...Map.groupBy(spec.tasks, pick)].map(([name, tasks]) => ({ name, tasks: tasks.length }));
  return counts.sort((a, b) => b.tasks - a.tasks || a.name.localeCompare(b.name));
}
