import { type ColumnFilter, readTableSearch, type TableSearch } from "../parts/data-table/table-search.ts";

export const AUDIT_FILTERS = {
  when: { kind: "instant" },
  event: { kind: "text", placeholder: "trigger, clear, …" },
  by: { kind: "text", placeholder: "user name" },
  dag: { kind: "text" },
  run: { kind: "text" },
  task: { kind: "text" },
} as const satisfies Record<string, ColumnFilter>;

const FIELDS = [...Object.entries(AUDIT_FILTERS).map(([id, filter]) => ({ id, filter })), { id: "details" }];

/** Beside the table: which entry is open. */
export interface AuditSearch extends TableSearch {
  entry?: number | undefined;
}

export function readAuditSearch(search: Record<string, unknown>): AuditSearch {
  const { entry } = search;
  return { ...readTableSearch(FIELDS, search), ...(typeof entry === "number" ? { entry } : {}) };
}
