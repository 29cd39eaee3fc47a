import type { DagRow } from "../api/queries.ts";

/** What a DAG says against runs by hand, for the button that would make one; null: nothing. */
export function whyNotTriggered({ allowed_run_types: allowed }: Pick<DagRow, "allowed_run_types">): string | null {
  if (allowed === null || allowed.includes("manual")) return null;
  return `This DAG allows only ${allowed.map((type) => type.replaceAll("_", " ")).join(", ")} runs`;
}
