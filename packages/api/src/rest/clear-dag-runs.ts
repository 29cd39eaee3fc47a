import { TradewindError } from "@tradewind/core";
import type { Actor, TouchedTaskInstance } from "@tradewind/engine";
import { type DagRunRow, findDag } from "@tradewind/metadata/rest";
import { z } from "zod";
import { InstantInput } from "../http/values.ts";
import { MOST_ENTITIES } from "./bulk.ts";
import { BulkDagRunBody } from "./bulk-changes.ts";
import { DagRunCollectionResponse, toDagRunResponses } from "./dag-run-schemas.ts";
import { CLEAR_ALL, getDagRun, NewTaskCollectionResponse, Note } from "./dag-runs.ts";
import { dagNotFound, DagPath } from "./dags.ts";
import type { RestContext, RestRoutes } from "./route.ts";
import { TouchedCollectionResponse, toTouchedResponses } from "./task-instance-schemas.ts";

const partition = {
  partition_key: z.string().nullable().optional(),
  partition_date_start: InstantInput.nullable().optional(),
  partition_date_end: InstantInput.nullable().optional(),
};

const ClearRunsBody = z
  .strictObject({
    ...partition,
    dry_run: z.boolean().default(true),
    only_failed: z.boolean().default(false),
    only_new: z.boolean().default(false),
    run_on_latest_version: z.boolean().nullable().optional(),
    note: Note,
    dag_runs: z.array(BulkDagRunBody).max(MOST_ENTITIES).optional(),
  })
  .meta({ id: "BulkDAGRunClearBody" });
type ClearRunsBody = z.output<typeof ClearRunsBody>;

const ClearPartitionsBody = z
  .strictObject({
    ...partition,
    run_id: z.string().nullable().optional(),
    clear_task_instances: z.boolean().default(false),
    dry_run: z.boolean().default(true),
  })
  .meta({ id: "ClearPartitionsBody" });
const ClearPartitionsResponse = z
  .strictObject({ dag_runs_cleared: z.number(), task_instances_cleared: z.number(), dry_run: z.boolean() })
  .meta({ id: "ClearPartitionsResponse" });

/** Clears several runs of a DAG, or of all DAGs with `~`, where each run names its own. */
export function clearDagRunsRoutes(routes: RestRoutes, context: RestContext): void {
  routes.add(
    {
      method: "POST",
      path: "/dags/{dag_id}/clearDagRuns",
      access: "dag_runs:edit",
      pathSchema: DagPath,
      body: ClearRunsBody,
      countChanges: (body: ClearRunsBody) => body.dag_runs?.length ?? 1,
      status: 200,
      answer: z.union([TouchedCollectionResponse, NewTaskCollectionResponse, DagRunCollectionResponse]),
    },
    async ({ path, body, actor, dags }) => {
      const named = listNamed(path.dag_id, body);
      // Before any is looked for: whether there is one in a DAG that one may not read is not told.
      for (const { dagId } of named) dags.assert(dagId);
      const runs: DagRunRow[] = [];
      for (const { dagId, runId } of named) runs.push(await getDagRun(context, dagId, runId));
      if (body.only_new) return addNewTasks(context, runs, body, actor);
      const touched: TouchedTaskInstance[] = [];
      for (const { dagId, runId } of runs) {
        touched.push(
          ...(await context.engine.clearTaskInstances({
            ...CLEAR_ALL,
            dagId,
            runId,
            dryRun: body.dry_run,
            onlyFailed: body.only_failed,
            runOnLatestVersion: body.run_on_latest_version ?? false,
            note: body.note ?? undefined,
            actor,
          })),
        );
      }
      return body.dry_run ? toTouchedResponses(context, touched) : answerRuns(context, runs);
    },
  );

  routes.add(
    {
      method: "POST",
      path: "/dags/{dag_id}/clearPartitions",
      access: "dag_runs:edit",
      pathSchema: DagPath,
      body: ClearPartitionsBody,
      status: 200,
      answer: ClearPartitionsResponse,
    },
    async ({ path, body }) => {
      if ((await findDag(context.db, { dagId: path.dag_id })) === undefined) throw dagNotFound(path.dag_id);
      if (body.partition_key == null && body.partition_date_start == null && body.partition_date_end == null && body.run_id == null) {
        throw new TradewindError("invalid_request", "Say which partitions: give partition_key, partition_date_start, partition_date_end or run_id.");
      }
      if (body.run_id != null) await getDagRun(context, path.dag_id, body.run_id);
      // No run has a partition.
      return { dag_runs_cleared: 0, task_instances_cleared: 0, dry_run: body.dry_run };
    },
  );
}

/** Those named one by one; by partition there are none. */
function listNamed(dagId: string, body: ClearRunsBody): { dagId: string; runId: string }[] {
  const isByPartition = body.partition_key != null || body.partition_date_start != null || body.partition_date_end != null;
  const named = body.dag_runs ?? [];
  if (!isByPartition && named.length === 0) throw new TradewindError("invalid_request", "Say which runs to clear: give dag_runs.");
  if (isByPartition && named.length > 0) throw new TradewindError("invalid_request", "Give either dag_runs or partitions, not both.");
  return named.map((run) => {
    const of = dagId === "~" ? run.dag_id : dagId;
    if (of == null || of === "~" || (dagId !== "~" && run.dag_id != null && run.dag_id !== dagId)) {
      throw new TradewindError(
        "invalid_request",
        `dag_id of run "${run.dag_run_id}" must be named when the path says ~, and otherwise be that of the path.`,
      );
    }
    return { dagId: of, runId: run.dag_run_id };
  });
}

async function addNewTasks(
  context: RestContext,
  runs: readonly DagRunRow[],
  { dry_run: dryRun }: ClearRunsBody,
  actor: Actor,
): Promise<z.input<typeof NewTaskCollectionResponse> | z.input<typeof DagRunCollectionResponse>> {
  const added: { task_id: string; task_display_name: string }[] = [];
  for (const { dagId, runId } of runs) {
    const ofRun = await context.engine.addNewTasks({ dagId, runId, dryRun, actor });
    added.push(...ofRun.map(({ taskId, displayName }) => ({ task_id: taskId, task_display_name: displayName })));
  }
  return dryRun ? { task_instances: added, total_entries: added.length } : answerRuns(context, runs);
}

async function answerRuns(context: RestContext, runs: readonly DagRunRow[]): Promise<z.input<typeof DagRunCollectionResponse>> {
  const rows: DagRunRow[] = [];
  for (const { dagId, runId } of runs) rows.push(await getDagRun(context, dagId, runId));
  return {
    dag_runs: await toDagRunResponses(context, rows),
    total_entries: rows.length,
    total_entries_limit: null,
    next_cursor: null,
    previous_cursor: null,
  };
}
