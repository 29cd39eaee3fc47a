import { type LogView, readLogView } from "../logs/log-view.ts";

export const TASK_TABS = ["log", "tries", "xcoms", "instances", "details"] as const;
export type TaskTab = (typeof TASK_TABS)[number];

/** All that the page of a task instance shows. */
export interface TaskSearch extends LogView {
  /** Absent: the task is not mapped, or all of its instances are looked at. */
  map_index?: number;
  /** Absent: the latest. */
  try?: number;
  /** A second try, whose log is beside the first. */
  beside?: number;
  tab?: TaskTab;
  /** Page of the list of mapped instances, from 1. */
  page?: number;
}

export function readTaskSearch(search: Record<string, unknown>): TaskSearch {
  const { map_index: mapIndex, try: tryNumber, beside, tab, page } = search;
  return {
    ...(isWhole(mapIndex, 0) ? { map_index: mapIndex } : {}),
    ...(isWhole(tryNumber, 1) ? { try: tryNumber } : {}),
    ...(isWhole(beside, 1) ? { beside } : {}),
    ...(TASK_TABS.includes(tab as TaskTab) ? { tab: tab as TaskTab } : {}),
    ...(isWhole(page, 2) ? { page } : {}),
    ...readLogView(search),
  };
}

function isWhole(value: unknown, least: number): value is number {
  return Number.isSafeInteger(value) && (value as number) >= least;
}
