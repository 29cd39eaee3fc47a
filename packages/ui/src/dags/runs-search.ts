import { DAG_RUN_STATES, DAG_RUN_TYPES } from "@tradewind/core";
import type { GridFilter } from "../api/dag-runs-page.ts";

export const RUN_LIMITS = [10, 25, 50, 100, 365] as const;
export type RunLimit = (typeof RUN_LIMITS)[number];
export const DEFAULT_RUN_LIMIT: RunLimit = 25;

/** What stands beside the grid. */
const VIEWS = ["both", "graph", "gantt", "grid"] as const;
export type RunsView = (typeof VIEWS)[number];

/** Where there is room for one thing only: which it is. */
const PANES = ["grid", "graph", "gantt", "selected"] as const;
export type RunsPane = (typeof PANES)[number];

/** The whole state of the page is in its address. What is at its default is left out. */
export interface RunsSearch {
  run?: string;
  /** A task, or a group. */
  task?: string;
  /** One instance of a mapped task. */
  map?: number;
  view?: RunsView;
  pane?: RunsPane;
  /** The graph from top to bottom, or from left to right; absent: as there is room. */
  dir?: "TB" | "LR";
  runs?: RunLimit;
  state?: string;
  type?: string;
  /** Only runs at or before this instant. */
  before?: string;
  /** With `all` every group is folded but those of `except`; without it none is but those. */
  fold?: "all";
  except?: string[];
}

export function readRunsSearch(given: Record<string, unknown>): RunsSearch {
  const { run, task, map, view, pane, dir, runs, state, type, before, fold, except } = given;
  return {
    ...(typeof run === "string" && run !== "" ? { run } : {}),
    ...(typeof task === "string" && task !== "" ? { task } : {}),
    ...(typeof task === "string" && typeof map === "number" && Number.isInteger(map) && map >= 0 ? { map } : {}),
    ...(isOneOf(VIEWS, view) && view !== "both" ? { view } : {}),
    ...(isOneOf(PANES, pane) && pane !== usualPane({ run, task }) ? { pane } : {}),
    ...(dir === "TB" || dir === "LR" ? { dir } : {}),
    ...(isOneOf(RUN_LIMITS, runs) && runs !== DEFAULT_RUN_LIMIT ? { runs } : {}),
    ...(isOneOf(DAG_RUN_STATES, state) ? { state } : {}),
    ...(isOneOf(DAG_RUN_TYPES, type) ? { type } : {}),
    ...(typeof before === "string" && !Number.isNaN(Date.parse(before)) ? { before } : {}),
    ...(fold === "all" ? { fold } : {}),
    ...(Array.isArray(except) && except.length > 0 ? { except: except.map(String) } : {}),
  };
}

/** The runs that the page shows. */
export function gridFilterOf({ runs: limit = DEFAULT_RUN_LIMIT, state, type: runType, before }: RunsSearch): GridFilter {
  return { limit, state, runType, before };
}

/** Who comes by a link to a run or a task comes for it. */
export function usualPane({ run, task }: { run?: unknown; task?: unknown }): RunsPane {
  return run === undefined && task === undefined ? "grid" : "selected";
}

function isOneOf<T>(all: readonly T[], value: unknown): value is T {
  return all.includes(value as T);
}

type Folding = Pick<RunsSearch, "fold" | "except">;

/** Which groups are folded, of those there are. */
export function foldedGroups({ fold, except = [] }: Folding, groupIds: readonly string[]): ReadonlySet<string> {
  const named = new Set(except);
  return new Set(groupIds.filter((groupId) => named.has(groupId) !== (fold === "all")));
}

/** Folds a group, or unfolds it. */
export function toggleFold({ fold, except = [] }: Folding, groupId: string): Folding {
  const next = except.includes(groupId) ? except.filter((id) => id !== groupId) : [...except, groupId];
  return { ...(fold === undefined ? {} : { fold }), except: next };
}

/** Members to change; undefined takes one out. */
export type RunsChange = { [K in keyof RunsSearch]: RunsSearch[K] | undefined };
