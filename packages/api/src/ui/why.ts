import { type Cause, DAG_RUN_STATES, TASK_INSTANCE_STATES, type Why, WHY_ACTIONS, WHY_CODES, type WhySubject } from "@tradewind/core";
import { z } from "zod";
import type { DagAccess } from "../auth/dag-access.ts";
import { Instant, toIso, toIsoOrNull } from "../http/values.ts";
import { DagPath } from "../rest/dags.ts";
import type { RestContext, RestRoutes } from "../rest/route.ts";

const Subject = z
  .strictObject({
    dag_id: z.string(),
    dag_run_id: z.string().nullable(),
    task_id: z.string().nullable(),
    map_index: z.number().nullable(),
    state: z.enum([...TASK_INSTANCE_STATES, ...DAG_RUN_STATES]).nullable(),
  })
  .meta({ id: "WhySubject" });

const Action = z
  .strictObject({
    id: z.enum(WHY_ACTIONS),
    label: z.string(),
    dag_id: z.string().nullable(),
    dag_run_id: z.string().nullable(),
    task_id: z.string().nullable(),
    map_index: z.number().nullable(),
    pool: z.string().nullable(),
  })
  .meta({ id: "WhyAction" });

const CauseResponse = z
  .strictObject({
    code: z.enum(WHY_CODES),
    sentence: z.string(),
    unblock: z.string().nullable(),
    action: Action.nullable(),
    at: Instant.nullable(),
    since: Instant.nullable(),
    about: Subject.nullable(),
    count: z.number(),
    named: z.array(Subject),
    get because() {
      return z.array(CauseResponse);
    },
  })
  .meta({ id: "WhyCause" });

const WhyResponse = z
  .strictObject({
    subject: Subject,
    status: z.enum(["waiting", "running", "ended"]),
    summary: z.string(),
    causes: z.array(CauseResponse),
    /** By the clock of the server: what the instants of causes are to be compared with. */
    now: Instant,
  })
  .meta({ id: "WhyResponse" });

function toSubject({ dagId, runId, taskId, mapIndex, state }: WhySubject): z.infer<typeof Subject> {
  return { dag_id: dagId, dag_run_id: runId, task_id: taskId, map_index: mapIndex, state };
}

function toCause({ code, sentence, unblock, action, at, since, about, count, named, because }: Cause): z.infer<typeof CauseResponse> {
  return {
    code,
    sentence,
    unblock,
    action: action && {
      id: action.id,
      label: action.label,
      dag_id: action.dagId,
      dag_run_id: action.runId,
      task_id: action.taskId,
      map_index: action.mapIndex,
      pool: action.pool,
    },
    at: toIsoOrNull(at),
    since: toIsoOrNull(since),
    about: about && toSubject(about),
    count,
    named: named.map(toSubject),
    because: because.map(toCause),
  };
}

function toResponse({ subject, status, summary, causes }: Why): z.infer<typeof WhyResponse> {
  return { subject: toSubject(subject), status, summary, causes: causes.map(toCause), now: toIso(new Date()) };
}

const RunPath = DagPath.extend({ dag_run_id: z.string() });
const TaskPath = RunPath.extend({ task_id: z.string() });
const InstancePath = TaskPath.extend({ map_index: z.coerce.number().int().min(-1) });

/** "Why is this not running?", of a DAG, a run, or a task instance. */
export function whyRoutes(routes: RestRoutes, { engine }: RestContext): void {
  const answered = { method: "GET", status: 200, answer: WhyResponse } as const;
  const ofInstance = { ...answered, access: "task_instances:read" } as const;
  // Others' DAGs hold slots too: who may not see them hears how many there are.
  const about = (path: { dag_id: string; dag_run_id: string }, dags: DagAccess) => ({
    dagId: path.dag_id,
    runId: path.dag_run_id,
    sees: (dagId: string) => dags.has(dagId),
  });

  routes.add({ ...answered, path: "/why/{dag_id}", access: "dags:read", pathSchema: DagPath }, async ({ path }) =>
    toResponse(await engine.explainDag({ dagId: path.dag_id })),
  );
  routes.add({ ...answered, path: "/why/{dag_id}/{dag_run_id}", access: "dag_runs:read", pathSchema: RunPath }, async ({ path, dags }) =>
    toResponse(await engine.explainDagRun(about(path, dags))),
  );
  routes.add({ ...ofInstance, path: "/why/{dag_id}/{dag_run_id}/{task_id}", pathSchema: TaskPath }, async ({ path, dags }) =>
    toResponse(await engine.explainTaskInstance({ ...about(path, dags), taskId: path.task_id })),
  );
  routes.add({ ...ofInstance, path: "/why/{dag_id}/{dag_run_id}/{task_id}/{map_index}", pathSchema: InstancePath }, async ({ path, dags }) =>
    toResponse(await engine.explainTaskInstance({ ...about(path, dags), taskId: path.task_id, mapIndex: path.map_index })),
  );
}
