/** A page about one DAG, as its tab says. */
export interface DagTab {
  /** Below `/dags/{dag_id}`; empty: the first one. */
  path: string;
  title: string;
  /** What one must be allowed to see it. */
  permission: string;
}

/** The pages about one DAG, in the order of their tabs. Each has its route below that of the DAG in `app/router.tsx`. */
export const DAG_TABS: readonly DagTab[] = [
  { path: "", title: "Runs", permission: "task_instances:read" },
  { path: "calendar", title: "Calendar", permission: "dag_runs:read" },
  { path: "durations", title: "Durations", permission: "dag_runs:read" },
  { path: "code", title: "Code", permission: "dags:read" },
  { path: "details", title: "Details", permission: "dags:read" },
];

export function dagTabAddress(dagId: string, path: string): string {
  const dag = `/dags/${encodeURIComponent(dagId)}`;
  return path === "" ? dag : `${dag}/${path}`;
}
