import { DAG_RUN_STATES } from "@tradewind/core";
import { type ColumnFilter, readTableSearch, type TableSearch } from "../../parts/data-table/table-search.ts";
import { lookOf } from "../../states/state-look.ts";
import { useOwners, useTags } from "./suggestions.ts";

/** What the list of DAGs can be filtered by. */
export const DAG_FILTERS = {
  paused: { kind: "flag", yes: "Paused", no: "On" },
  starred: { kind: "flag", yes: "Yes", no: "No" },
  dag: { kind: "text" },
  state: { kind: "choice", options: DAG_RUN_STATES.map((value) => ({ value, label: lookOf(value).label, isState: true })) },
  started: { kind: "instant" },
  tags: { kind: "list", useSuggestions: useTags },
  owner: { kind: "list", useSuggestions: useOwners },
  broken: { kind: "flag", yes: "With import errors", no: "Without" },
} as const satisfies Record<string, ColumnFilter>;

const FIELDS: readonly { id: string; filter?: ColumnFilter }[] = [
  ...Object.entries(DAG_FILTERS).map(([id, filter]) => ({ id, filter })),
  ...["runs", "next", "schedule", "file", "limits", "trigger"].map((id) => ({ id })),
];

/** Which DAGs, in one word: what is asked for most. */
export const SHOWN = ["all", "starred", "on", "paused", "failed", "running"] as const;
export type Shown = (typeof SHOWN)[number];

const FILTERS_OF_SHOWN: Readonly<Record<Shown, { starred?: boolean; paused?: boolean; state?: readonly string[] }>> = {
  all: {},
  starred: { starred: true },
  on: { paused: false },
  paused: { paused: true },
  failed: { state: ["failed"] },
  running: { state: ["running"] },
};

/** `?show=failed` is the short form of the filters that it stands for. */
export function readDagListSearch({ show, ...search }: Record<string, unknown>): TableSearch {
  const short = SHOWN.includes(show as Shown) ? FILTERS_OF_SHOWN[show as Shown] : {};
  return readTableSearch(FIELDS, { ...search, ...short });
}

export function withShown(search: TableSearch, shown: Shown): TableSearch {
  return { ...search, starred: undefined, paused: undefined, state: undefined, at: undefined, picked: undefined, ...FILTERS_OF_SHOWN[shown] };
}

/** undefined: the filters are none that has a word. */
export function shownOf(search: TableSearch): Shown | undefined {
  const key = keyOf(search);
  return SHOWN.find((shown) => keyOf(FILTERS_OF_SHOWN[shown]) === key);
}

function keyOf({ starred, paused, state }: TableSearch): string {
  return JSON.stringify([starred, paused, state]);
}
