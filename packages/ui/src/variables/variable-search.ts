import { addressText } from "../app/address-text.ts";
import { type ColumnFilter, readTableSearch, type TableSearch } from "../parts/data-table/table-search.ts";

export const VARIABLE_FILTERS = { key: { kind: "text" } } as const satisfies Record<string, ColumnFilter>;

const FIELDS = [{ id: "key", filter: VARIABLE_FILTERS.key }, { id: "value" }, { id: "description" }];

/** Beside the table: which one is edited; an empty text: a new one. */
export interface VariableSearch extends TableSearch {
  edit?: string | undefined;
}

export function readVariableSearch(search: Record<string, unknown>): VariableSearch {
  const edit = addressText(search["edit"]);
  return { ...readTableSearch(FIELDS, search), ...(edit === undefined ? {} : { edit }) };
}
