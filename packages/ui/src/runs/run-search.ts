import { DAG_RUN_STATES, DAG_RUN_TYPES } from "@tradewind/core";
import { type ColumnFilter, readTableSearch, type TableSearch } from "../parts/data-table/table-search.ts";
import { lookOf } from "../states/state-look.ts";

/** What the list of runs has, and what of it can be filtered by. Apart from how it is drawn, because the router knows addresses before it loads pages. */
export const RUN_FILTERS = {
  state: { kind: "choice", options: DAG_RUN_STATES.map((value) => ({ value, label: lookOf(value).label, isState: true })) },
  dag: { kind: "text" },
  run: { kind: "text" },
  type: { kind: "choice", options: DAG_RUN_TYPES.map((value) => ({ value, label: value.replaceAll("_", " ") })) },
  after: { kind: "instant" },
  logical: { kind: "instant" },
  started: { kind: "instant" },
  ended: { kind: "instant" },
  took: { kind: "duration" },
  by: { kind: "text", placeholder: "user name" },
  version: { kind: "numbers" },
  conf: { kind: "text", placeholder: "part of the JSON" },
} as const satisfies Record<string, ColumnFilter>;

const FIELDS: readonly { id: string; filter?: ColumnFilter }[] = [
  ...Object.entries(RUN_FILTERS).map(([id, filter]) => ({ id, filter })),
  ...["note", "interval", "queued", "actions"].map((id) => ({ id })),
];

export function readRunListSearch(search: Record<string, unknown>): TableSearch {
  return readTableSearch(FIELDS, search);
}
