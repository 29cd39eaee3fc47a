import type { LateTargets } from "./change-dialog.tsx";
import type { TablePage, TableRequest } from "../parts/data-table/columns.ts";

/** So many at once can be looked through by a person, and done by requests for each. */
const MOST_TARGETS = 1000;
const ROWS_PER_REQUEST = 100;

/** Everything that the filters of a table find, looked up when something is to be done to it. @throws Error when that are too many */
export function allTargets<Row, Target>(
  total: number,
  filters: TableRequest["filters"],
  fetchPage: (request: TableRequest, signal: AbortSignal) => Promise<TablePage<Row>>,
  toTarget: (row: Row) => Target,
  /** What does not change while the pages are read. */
  orderBy = "id",
): LateTargets<Target> {
  return {
    total,
    load: async (signal) => {
      const rows: Row[] = [];
      for (let offset = 0; ; offset += ROWS_PER_REQUEST) {
        const page = await fetchPage({ filters, orderBy, offset, limit: ROWS_PER_REQUEST }, signal);
        if (page.total > MOST_TARGETS) {
          throw new Error(
            `These are ${page.total.toLocaleString("en")}: at most ${MOST_TARGETS.toLocaleString("en")} can be changed at once. Filter for less.`,
          );
        }
        rows.push(...page.rows);
        if (page.rows.length < ROWS_PER_REQUEST) return rows.map(toTarget);
      }
    },
  };
}
