import type { components } from "@tradewind/client";
import { queryOptions } from "@tanstack/react-query";
import { api } from "./client.ts";
import { contains, withoutAbsent } from "./dag-runs.ts";
import { whenNotLive } from "./live.ts";

export type ImportError = components["schemas"]["ImportErrorResponse"];

/** An import error in its parts: what happened, and the lines of the file around it. */
export interface ImportErrorText {
  /** The first line. */
  summary: string;
  /** The rest, as it was written. */
  details: string;
}

export function readImportError({ stack_trace: text }: Pick<ImportError, "stack_trace">): ImportErrorText {
  const [summary = "", ...rest] = text.trimEnd().split("\n");
  return { summary, details: rest.join("\n").replace(/^\n+/, "") };
}

const MOST_ERRORS = 100;

/** Files that cannot be loaded, those that broke last first. */
export function brokenFilesQuery(fileName: string | undefined) {
  return queryOptions({
    queryKey: ["import-errors", "files", fileName ?? ""],
    queryFn: async ({ signal }) => {
      const query = withoutAbsent({ limit: MOST_ERRORS, order_by: ["-timestamp"], filename_pattern: contains(fileName) });
      return (await api.GET("/api/v2/importErrors", { params: { query }, signal })).data!;
    },
    refetchInterval: whenNotLive(2000),
  });
}
