import { TradewindError } from "@tradewind/core";
import { EVENT_LOG_ORDER_COLUMNS, type EventLogRow, findEventLog, listEventLogs } from "@tradewind/metadata/rest";
import { z } from "zod";
import { instant, list, paging, patterns, readPage, text, whole } from "../http/query-values.ts";
import { Instant, toIso, toIsoOrNull } from "../http/values.ts";
import type { RestContext, RestRoutes } from "./route.ts";

const EventLogResponse = z
  .strictObject({
    event_log_id: z.number(),
    when: Instant,
    dag_id: z.string().nullable(),
    task_id: z.string().nullable(),
    run_id: z.string().nullable(),
    map_index: z.number().nullable(),
    try_number: z.number().nullable(),
    event: z.string(),
    logical_date: Instant.nullable(),
    owner: z.string().nullable(),
    extra: z.string().nullable(),
    dag_display_name: z.string().nullable(),
    task_display_name: z.string().nullable(),
  })
  .meta({ id: "EventLogResponse" });
const EventLogCollectionResponse = z
  .strictObject({ event_logs: z.array(EventLogResponse), total_entries: z.number() })
  .meta({ id: "EventLogCollectionResponse" });

const ListQuery = z.object({
  ...paging,
  dag_id: text,
  task_id: text,
  run_id: text,
  map_index: whole,
  try_number: whole,
  owner: text,
  event: text,
  excluded_events: list,
  included_events: list,
  before: instant,
  after: instant,
  ...patterns("dag_id"),
  ...patterns("task_id"),
  ...patterns("run_id"),
  ...patterns("owner"),
  ...patterns("event"),
});

function toResponse(row: EventLogRow): z.infer<typeof EventLogResponse> {
  return {
    event_log_id: row.id,
    when: toIso(row.when),
    dag_id: row.dagId,
    task_id: row.taskId,
    run_id: row.runId,
    map_index: row.mapIndex,
    try_number: row.tryNumber,
    event: row.event,
    logical_date: toIsoOrNull(row.logicalDate),
    owner: row.owner,
    extra: row.extra,
    dag_display_name: row.dagDisplayName,
    task_display_name: row.taskId,
  };
}

export function eventLogRoutes(routes: RestRoutes, context: RestContext): void {
  routes.add(
    { method: "GET", path: "/eventLogs", access: "audit_logs:read", query: ListQuery, status: 200, answer: EventLogCollectionResponse },
    async ({ query }) => {
      const { items, total } = await listEventLogs(context.db, {
        filter: {
          dagId: query.dag_id,
          taskId: query.task_id,
          runId: query.run_id,
          mapIndex: query.map_index,
          tryNumber: query.try_number,
          owner: query.owner,
          event: query.event,
          includedEvents: query.included_events,
          excludedEvents: query.excluded_events,
          when: { gt: query.after, lt: query.before },
          patterns: {
            dagId: query.dag_id_pattern,
            taskId: query.task_id_pattern,
            runId: query.run_id_pattern,
            owner: query.owner_pattern,
            event: query.event_pattern,
          },
          prefixPatterns: {
            dagId: query.dag_id_prefix_pattern,
            taskId: query.task_id_prefix_pattern,
            runId: query.run_id_prefix_pattern,
            owner: query.owner_prefix_pattern,
            event: query.event_prefix_pattern,
          },
        },
        page: readPage(query, context.pageLimits, { columns: EVENT_LOG_ORDER_COLUMNS, byDefault: ["id"] }),
      });
      return { event_logs: items.map(toResponse), total_entries: total };
    },
  );

  routes.add(
    {
      method: "GET",
      path: "/eventLogs/{event_log_id}",
      access: "audit_logs:read",
      pathSchema: z.object({ event_log_id: z.coerce.number().int() }),
      status: 200,
      answer: EventLogResponse,
    },
    async ({ path }) => {
      const row = await findEventLog(context.db, { id: path.event_log_id });
      if (row === undefined) throw new TradewindError("not_found", `The Event Log with id: \`${path.event_log_id}\` not found`);
      return toResponse(row);
    },
  );
}
