import { TASK_INSTANCE_STATES } from "@tradewind/core";
import { type ColumnFilter, readTableSearch, type TableSearch } from "../parts/data-table/table-search.ts";
import { lookOf } from "../states/state-look.ts";
import { usePoolNames } from "./pool-names.ts";

/** What the list of task instances can be filtered by. `none`: has no state yet. */
export const INSTANCE_FILTERS = {
  state: { kind: "choice", options: [...TASK_INSTANCE_STATES, "none"].map((value) => ({ value, label: lookOf(value).label, isState: true })) },
  dag: { kind: "text" },
  task: { kind: "text" },
  run: { kind: "text" },
  index: { kind: "numbers" },
  label: { kind: "text" },
  try: { kind: "numbers" },
  operator: { kind: "text" },
  pool: { kind: "list", useSuggestions: usePoolNames },
  queue: { kind: "list" },
  executor: { kind: "list" },
  started: { kind: "instant" },
  ended: { kind: "instant" },
  took: { kind: "duration" },
  after: { kind: "instant" },
  logical: { kind: "instant" },
  version: { kind: "numbers" },
} as const satisfies Record<string, ColumnFilter>;

const FIELDS: readonly { id: string; filter?: ColumnFilter }[] = [
  ...Object.entries(INSTANCE_FILTERS).map(([id, filter]) => ({ id, filter })),
  ...["host", "note", "why", "priority", "queued", "actions"].map((id) => ({ id })),
];

export function readTaskInstanceListSearch(search: Record<string, unknown>): TableSearch {
  return readTableSearch(FIELDS, search);
}
