import { DAG_RUN_STATES, DAG_RUN_TYPES, hasErrorCode, TradewindError } from "@tradewind/core";
import { DAG_RUN_ORDER_COLUMNS, type DagRunFilter, type DagRunRow, findDag, findDagRunRow, listDagRuns } from "@tradewind/metadata/rest";
import { z } from "zod";
import { readCursorPage, sealCursors } from "../http/cursors.ts";
import { instant, instantRange, list, paging, patterns, readPage, readRange, secondsRange, states, text, wholes } from "../http/query-values.ts";
import { InstantInput, JsonObject } from "../http/values.ts";
import { DagRunCollectionResponse, DagRunResponse, toDagRunResponses } from "./dag-run-schemas.ts";
import { dagNotFound, DagPath } from "./dags.ts";
import { patchedFields, type RestContext, type RestRoutes } from "./route.ts";
import { toTouchedResponses, TouchedCollectionResponse } from "./task-instance-schemas.ts";

export const DagRunPath = z.object({ dag_id: z.string(), dag_run_id: z.string() });
export const Note = z.string().max(1000).nullable().optional();

const TriggerBody = z
  .strictObject({
    dag_run_id: z.string().nullable().optional(),
    data_interval_start: InstantInput.nullable().optional(),
    data_interval_end: InstantInput.nullable().optional(),
    logical_date: InstantInput.nullable(),
    run_after: InstantInput.nullable().optional(),
    conf: JsonObject.nullable().optional(),
    note: Note,
    partition_key: z.null({ error: "Partitions are not supported." }).optional(),
    drain_dag: z.boolean().default(false),
  })
  .refine((body) => (body.data_interval_start == null) === (body.data_interval_end == null), {
    error: "Either both data_interval_start and data_interval_end must be provided or both must be None",
  });

const PatchBody = z
  .strictObject({ state: z.enum(["queued", "success", "failed"]).nullable().optional(), note: Note })
  .meta({ id: "DAGRunPatchBody" });

const ClearBody = z
  .strictObject({
    dry_run: z.boolean().default(true),
    only_failed: z.boolean().default(false),
    only_new: z.boolean().default(false),
    run_on_latest_version: z.boolean().nullable().default(false),
    note: Note,
  })
  .meta({ id: "DAGRunClearBody" });

export const NewTaskCollectionResponse = z.strictObject({
  task_instances: z.array(z.strictObject({ task_id: z.string(), task_display_name: z.string() }).meta({ id: "NewTaskResponse" })),
  total_entries: z.number(),
});

const ListQuery = z.object({
  ...paging,
  cursor: text,
  ...instantRange("run_after"),
  ...instantRange("logical_date"),
  ...instantRange("start_date"),
  ...instantRange("end_date"),
  ...secondsRange("duration"),
  conf_contains: text,
  run_type: states(DAG_RUN_TYPES),
  state: states(DAG_RUN_STATES),
  dag_version: wholes,
  bundle_version: text,
  ...patterns("run_id"),
  ...patterns("triggering_user_name"),
  ...patterns("dag_id"),
  ...instantRange("updated_at"),
  // No run has a partition, and no asset makes runs.
  partition_date_gte: instant,
  partition_date_lte: instant,
  ...patterns("partition_key"),
  consuming_asset_pattern: text,
});

const nullableInstant = InstantInput.nullable().optional();
const nullableNumber = z.number().nullable().optional();
export const bodyInstantRange = <const N extends string>(name: N) =>
  ({
    [`${name}_gte`]: nullableInstant,
    [`${name}_gt`]: nullableInstant,
    [`${name}_lte`]: nullableInstant,
    [`${name}_lt`]: nullableInstant,
  }) as Record<`${N}_${"gte" | "gt" | "lte" | "lt"}`, typeof nullableInstant>;
export const bodyDurationRange = {
  duration_gte: nullableNumber,
  duration_gt: nullableNumber,
  duration_lte: nullableNumber,
  duration_lt: nullableNumber,
};

const BatchBody = z
  .strictObject({
    order_by: z.string().nullable().optional(),
    page_offset: z.number().int().min(0).default(0),
    page_limit: z.number().int().min(0).default(100),
    dag_ids: z.array(z.string()).nullable().optional(),
    states: z.array(z.enum(DAG_RUN_STATES).nullable()).nullable().optional(),
    ...bodyInstantRange("run_after"),
    ...bodyInstantRange("logical_date"),
    ...bodyInstantRange("start_date"),
    ...bodyInstantRange("end_date"),
    ...bodyDurationRange,
    conf_contains: z.string().nullable().optional(),
  })
  .meta({ id: "DAGRunsBatchBody" });

const ORDER = { columns: DAG_RUN_ORDER_COLUMNS, byDefault: ["id"] };

export function dagRunNotFound(dagId: string, runId: string): TradewindError {
  return new TradewindError("dag_run_not_found", `The DagRun with dag_id: \`${dagId}\` and run_id: \`${runId}\` was not found`, {
    details: { dagId, runId },
  });
}

export async function getDagRun({ db }: Pick<RestContext, "db">, dagId: string, runId: string): Promise<DagRunRow> {
  const run = await findDagRunRow(db, { dagId, runId });
  if (run === undefined) throw dagRunNotFound(dagId, runId);
  return run;
}

function toFilter(query: z.output<typeof ListQuery>, dagId: string | undefined): DagRunFilter {
  const isOfPartition = [query.partition_date_gte, query.partition_date_lte].some((bound) => bound != null);
  return {
    dagId,
    matchesNothing:
      isOfPartition ||
      [query.partition_key_pattern, query.partition_key_prefix_pattern, query.consuming_asset_pattern].some((pattern) => isNarrowing(pattern)),
    updatedAt: readRange(query, "updated_at"),
    states: query.state,
    runTypes: query.run_type?.filter((type) => type !== null),
    logicalDate: readRange(query, "logical_date"),
    runAfter: readRange(query, "run_after"),
    startDate: readRange(query, "start_date"),
    endDate: readRange(query, "end_date"),
    duration: readRange(query, "duration"),
    confContains: query.conf_contains,
    dagVersions: query.dag_version,
    bundleVersion: query.bundle_version,
    runIdPattern: query.run_id_pattern,
    runIdPrefixPattern: query.run_id_prefix_pattern,
    dagIdPattern: query.dag_id_pattern,
    dagIdPrefixPattern: query.dag_id_prefix_pattern,
    triggeringUserNamePattern: query.triggering_user_name_pattern,
    triggeringUserNamePrefixPattern: query.triggering_user_name_prefix_pattern,
  };
}

/** `~` and nothing stand for everything. */
function isNarrowing(pattern: string | undefined): boolean {
  return pattern !== undefined && pattern !== "" && pattern !== "~";
}

export function dagRunRoutes(routes: RestRoutes, context: RestContext): void {
  const answerOne = async (dagId: string, runId: string): Promise<z.infer<typeof DagRunResponse>> => {
    const [answer] = await toDagRunResponses(context, [await getDagRun(context, dagId, runId)]);
    return answer!;
  };
  const answerMany = async (filter: DagRunFilter, page: ReturnType<typeof readPage>): Promise<z.infer<typeof DagRunCollectionResponse>> => {
    const { items, total, totalLimit, ...around } = await listDagRuns(context.db, { filter, page });
    return {
      dag_runs: await toDagRunResponses(context, items),
      total_entries: total,
      total_entries_limit: totalLimit,
      ...sealCursors(around, page, context.fernet),
    };
  };

  routes.add(
    {
      method: "POST",
      path: "/dags/{dag_id}/dagRuns",
      access: "dag_runs:create",
      pathSchema: DagPath,
      body: TriggerBody,
      status: 200,
      answer: DagRunResponse,
    },
    async ({ path, body, actor }) => {
      const interval =
        body.data_interval_start && body.data_interval_end ? { start: body.data_interval_start, end: body.data_interval_end } : undefined;
      const { runId } = await asBadRequest(
        context.engine.triggerDagRun({
          dagId: path.dag_id,
          logicalDate: body.logical_date,
          dataInterval: interval,
          runAfter: body.run_after ?? undefined,
          runId: body.dag_run_id ?? undefined,
          conf: body.conf ?? {},
          note: body.note ?? undefined,
          drainsDag: body.drain_dag,
          runType: "manual",
          triggeredBy: "rest_api",
          actor,
        }),
      );
      return answerOne(path.dag_id, runId);
    },
  );

  routes.add(
    {
      method: "GET",
      path: "/dags/{dag_id}/dagRuns",
      access: "dag_runs:read",
      pathSchema: DagPath,
      query: ListQuery,
      status: 200,
      answer: DagRunCollectionResponse,
    },
    async ({ path, query, dags }) => {
      const dagId = path.dag_id === "~" ? undefined : path.dag_id;
      if (dagId !== undefined && (await findDag(context.db, { dagId })) === undefined) throw dagNotFound(dagId);
      return answerMany(
        { ...toFilter(query, dagId), dagIds: dags.narrow(undefined) },
        readCursorPage(query, context.pageLimits, { ...ORDER, fernet: context.fernet }),
      );
    },
  );

  routes.add(
    {
      method: "POST",
      path: "/dags/{dag_id}/dagRuns/list",
      access: "dag_runs:read",
      pathSchema: z.object({ dag_id: z.literal("~", { error: "Only ~ is possible here: name DAGs in dag_ids." }) }),
      body: BatchBody,
      status: 200,
      answer: DagRunCollectionResponse,
    },
    async ({ body, dags }) => {
      const filter: DagRunFilter = {
        dagIds: dags.narrow(body.dag_ids),
        states: body.states ?? undefined,
        logicalDate: readRange(body, "logical_date"),
        runAfter: readRange(body, "run_after"),
        startDate: readRange(body, "start_date"),
        endDate: readRange(body, "end_date"),
        duration: readRange(body, "duration"),
        confContains: body.conf_contains ?? undefined,
      };
      const page = { limit: body.page_limit, offset: body.page_offset, order_by: body.order_by == null ? undefined : [body.order_by] };
      return answerMany(filter, readPage(page, context.pageLimits, ORDER));
    },
  );

  routes.add(
    {
      method: "GET",
      path: "/dags/{dag_id}/dagRuns/{dag_run_id}",
      access: "dag_runs:read",
      pathSchema: DagRunPath,
      status: 200,
      answer: DagRunResponse,
    },
    async ({ path }) => answerOne(path.dag_id, path.dag_run_id),
  );

  routes.add(
    {
      method: "PATCH",
      path: "/dags/{dag_id}/dagRuns/{dag_run_id}",
      access: "dag_runs:edit",
      pathSchema: DagRunPath,
      query: z.object({ update_mask: list }),
      body: PatchBody,
      status: 200,
      answer: DagRunResponse,
    },
    async ({ path, query, body, actor }) => {
      const run = { dagId: path.dag_id, runId: path.dag_run_id };
      await getDagRun(context, run.dagId, run.runId);
      const fields = patchedFields(body, query.update_mask, ["state", "note"]);
      if (fields.has("state") && body.state != null) await context.engine.setDagRunState({ ...run, state: body.state, actor });
      if (fields.has("note")) await context.engine.setNote({ ...run, note: body.note ?? null, actor });
      return answerOne(run.dagId, run.runId);
    },
  );

  routes.add(
    { method: "DELETE", path: "/dags/{dag_id}/dagRuns/{dag_run_id}", access: "dag_runs:delete", pathSchema: DagRunPath, status: 204, answer: null },
    async ({ path, actor }) => {
      await getDagRun(context, path.dag_id, path.dag_run_id);
      await context.engine.deleteDagRun({ dagId: path.dag_id, runId: path.dag_run_id, actor });
    },
  );

  routes.add(
    {
      method: "POST",
      path: "/dags/{dag_id}/dagRuns/{dag_run_id}/clear",
      access: "dag_runs:edit",
      pathSchema: DagRunPath,
      body: ClearBody,
      status: 200,
      answer: z.union([TouchedCollectionResponse, NewTaskCollectionResponse, DagRunResponse]),
    },
    async ({ path, body, actor }) => {
      await getDagRun(context, path.dag_id, path.dag_run_id);
      if (body.only_new) {
        const added = await context.engine.addNewTasks({ dagId: path.dag_id, runId: path.dag_run_id, dryRun: body.dry_run, actor });
        if (!body.dry_run) return answerOne(path.dag_id, path.dag_run_id);
        return {
          task_instances: added.map(({ taskId, displayName }) => ({ task_id: taskId, task_display_name: displayName })),
          total_entries: added.length,
        };
      }
      const touched = await context.engine.clearTaskInstances({
        ...CLEAR_ALL,
        dagId: path.dag_id,
        runId: path.dag_run_id,
        dryRun: body.dry_run,
        onlyFailed: body.only_failed,
        runOnLatestVersion: body.run_on_latest_version ?? false,
        note: body.note ?? undefined,
        actor,
      });
      return body.dry_run ? toTouchedResponses(context, touched) : answerOne(path.dag_id, path.dag_run_id);
    },
  );
}

/** All of a run, and nothing of others. */
export const CLEAR_ALL = {
  onlyRunning: false,
  resetDagRuns: true,
  includeUpstream: false,
  includeDownstream: false,
  includeFuture: false,
  includePast: false,
  preventRunningTask: false,
} as const;

/** Airflow answers 400 to a run that cannot be made as asked. */
async function asBadRequest<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (hasErrorCode(error, "invalid_params") || hasErrorCode(error, "invalid_run_id") || hasErrorCode(error, "dag_not_runnable")) {
      throw new TradewindError("invalid_request", error.message, { details: { ...error.details, reason: error.code }, cause: error });
    }
    throw error;
  }
}
