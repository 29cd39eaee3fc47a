import { sql } from "kysely";
import type { Queryable } from "../../database-handle.ts";
import {
  isEqual,
  limitTo,
  type Listed,
  listWithTotal,
  matchesPattern,
  matchesPrefix,
  orderBy,
  type OrderColumns,
  type Page,
  selectOne,
  where,
} from "./list-query.ts";

export interface ImportErrorRow {
  id: number;
  timestamp: Date;
  bundleName: string;
  relativePath: string;
  kind: string;
  message: string;
  line: number | null;
  column: number | null;
  frame: string | null;
  stackTrace: string;
}

const columns = `e.id, e.timestamp, f.bundle_name as "bundleName", f.relative_path as "relativePath", e.kind, e.message, e.line, e.col as "column", e.frame,
  e.stack_trace as "stackTrace"`;

const source = sql`from import_error e join dag_file f on f.id = e.dag_file_id`;

export const IMPORT_ERROR_ORDER_COLUMNS = {
  id: { by: "e.id" },
  import_error_id: { by: "e.id" },
  timestamp: { by: "e.timestamp" },
  filename: { by: "f.relative_path" },
  bundle_name: { by: "f.bundle_name" },
  stacktrace: { by: "e.stack_trace" },
} as const satisfies OrderColumns;

export interface ImportErrorFilter {
  filename?: string | undefined;
  filenamePattern?: string | undefined;
  filenamePrefixPattern?: string | undefined;
  bundleName?: string | undefined;
}

export async function listImportErrors(db: Queryable, params: { filter: ImportErrorFilter; page: Page }): Promise<Listed<ImportErrorRow>> {
  const { filter, page } = params;
  const conditions = where([
    isEqual("f.relative_path", filter.filename),
    matchesPattern("f.relative_path", filter.filenamePattern),
    matchesPrefix("f.relative_path", filter.filenamePrefixPattern),
    isEqual("f.bundle_name", filter.bundleName),
  ]);
  return listWithTotal(db, page, {
    rows: sql`select ${sql.raw(columns)} ${source} ${conditions} ${orderBy(IMPORT_ERROR_ORDER_COLUMNS, page.orderBy, "e.id")} ${limitTo(page)}`,
    count: sql`select count(*) as total ${source} ${conditions}`,
  });
}

export async function findImportError(db: Queryable, params: { id: number }): Promise<ImportErrorRow | undefined> {
  return selectOne(db, sql`select ${sql.raw(columns)} ${source} where e.id = ${params.id}`);
}
