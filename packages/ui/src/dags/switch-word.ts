import type { DagRow } from "../api/queries.ts";

/** How the switch of a DAG stands, for who can't see it. */
export function switchWord({ scheduling_state: state }: Pick<DagRow, "scheduling_state">): string {
  return state === "active" ? "on" : state;
}
