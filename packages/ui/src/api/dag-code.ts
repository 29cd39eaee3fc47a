import { queryOptions } from "@tanstack/react-query";
import type { DagSpec } from "@tradewind/core";
import { whenNotLive } from "./live.ts";
import { readModel } from "./read-models.ts";

const LIVE_MS = 10_000;

export interface DagVersionUse {
  version_number: number;
  created_at: string;
  bundle_version: string;
  relative_path: string;
  /** Runs that were made with it. */
  runs: number;
  first_run_after: string | null;
  last_run_after: string | null;
  last_run_id: string | null;
}

export interface DagVersionContent {
  version_number: number;
  relative_path: string;
  source: string;
  spec: DagSpec;
}

/** The versions of a DAG, newest first, and which runs are of each. */
export function dagVersionsQuery(dagId: string) {
  return queryOptions({
    queryKey: ["dag", dagId, "versions"],
    queryFn: async ({ signal }) => (await readModel<{ versions: DagVersionUse[] }>(`/ui/versions/${encodeURIComponent(dagId)}`, signal)).versions,
    refetchInterval: whenNotLive(LIVE_MS),
  });
}

/** A version never changes. */
export function dagVersionQuery(dagId: string, versionNumber: number) {
  return queryOptions({
    queryKey: ["dag-version", dagId, versionNumber],
    queryFn: ({ signal }) => readModel<DagVersionContent>(`/ui/versions/${encodeURIComponent(dagId)}/${versionNumber}`, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
}
