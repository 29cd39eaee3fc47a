import { addressText } from "../app/address-text.ts";
import { type ColumnFilter, readTableSearch, type TableSearch } from "../parts/data-table/table-search.ts";

export const CONNECTION_FILTERS = { id: { kind: "text" } } as const satisfies Record<string, ColumnFilter>;

const FIELDS = [{ id: "id", filter: CONNECTION_FILTERS.id }, ...["type", "host", "login", "schema", "description"].map((id) => ({ id }))];

/** Beside the table: which one is edited; an empty text: a new one. */
export interface ConnectionSearch extends TableSearch {
  edit?: string | undefined;
}

export function readConnectionSearch(search: Record<string, unknown>): ConnectionSearch {
  const edit = addressText(search["edit"]);
  return { ...readTableSearch(FIELDS, search), ...(edit === undefined ? {} : { edit }) };
}
