import { DAG_WARNING_ORDER_COLUMNS, listDagWarnings } from "@tradewind/metadata/rest";
import { z } from "zod";
import { paging, readPage, text } from "../http/query-values.ts";
import { Instant, toIso } from "../http/values.ts";
import type { RestContext, RestRoutes } from "./route.ts";

const DagWarningType = z.enum(["asset conflict", "non-existent pool", "runtime varying value"]).meta({ id: "DagWarningType" });
const DAGWarningResponse = z
  .strictObject({ dag_id: z.string(), warning_type: DagWarningType, message: z.string(), timestamp: Instant, dag_display_name: z.string() })
  .meta({ id: "DAGWarningResponse" });
const DAGWarningCollectionResponse = z
  .strictObject({ dag_warnings: z.array(DAGWarningResponse), total_entries: z.number() })
  .meta({ id: "DAGWarningCollectionResponse" });

export function dagWarningRoutes(routes: RestRoutes, context: RestContext): void {
  routes.add(
    {
      method: "GET",
      path: "/dagWarnings",
      access: "dags:read",
      query: z.object({ ...paging, dag_id: text, warning_type: DagWarningType.optional() }),
      status: 200,
      answer: DAGWarningCollectionResponse,
    },
    async ({ query, dags }) => {
      const { items, total } = await listDagWarnings(context.db, {
        filter: { visibleDagIds: dags.ids, dagId: query.dag_id, warningType: query.warning_type },
        page: readPage(query, context.pageLimits, { columns: DAG_WARNING_ORDER_COLUMNS, byDefault: ["dag_id"] }),
      });
      const answer = items.map((warning) => ({
        dag_id: warning.dagId,
        warning_type: warning.warningType,
        message: warning.message,
        timestamp: toIso(warning.timestamp),
        dag_display_name: warning.dagDisplayName,
      }));
      return { dag_warnings: answer, total_entries: total };
    },
  );
}
