import { sql } from "kysely";
import type { Queryable } from "../../database-handle.ts";
import type { DagWarningType } from "../dag-warning.ts";
import { isEqual, isVisible, limitTo, type Listed, listWithTotal, orderBy, type OrderColumns, type Page, where } from "./list-query.ts";

export interface DagWarningRow {
  dagId: string;
  dagDisplayName: string;
  warningType: DagWarningType;
  message: string;
  timestamp: Date;
}

export const DAG_WARNING_ORDER_COLUMNS = {
  dag_id: { by: "w.dag_id" },
  warning_type: { by: "w.warning_type" },
  message: { by: "w.message" },
  timestamp: { by: "w.timestamp" },
} as const satisfies OrderColumns;

export interface DagWarningFilter {
  /** The only DAGs that who asks may see. */
  visibleDagIds?: readonly string[] | undefined;
  dagId?: string | undefined;
  warningType?: string | undefined;
}

/** Warnings of DAGs that are still found in their files. */
export async function listDagWarnings(db: Queryable, params: { filter: DagWarningFilter; page: Page }): Promise<Listed<DagWarningRow>> {
  const { filter, page } = params;
  const source = sql`from dag_warning w join dag d on d.dag_id = w.dag_id and not d.is_stale`;
  const conditions = where([
    isVisible("w.dag_id", filter.visibleDagIds),
    isEqual("w.dag_id", filter.dagId),
    isEqual("w.warning_type", filter.warningType),
  ]);
  return listWithTotal(db, page, {
    rows: sql`select w.dag_id as "dagId", d.dag_display_name as "dagDisplayName", w.warning_type as "warningType", w.message, w.timestamp
      ${source} ${conditions} ${orderBy(DAG_WARNING_ORDER_COLUMNS, page.orderBy, "w.dag_id")} ${limitTo(page)}`,
    count: sql`select count(*) as total ${source} ${conditions}`,
  });
}
