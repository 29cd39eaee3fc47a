export type DagAction = "read" | "edit" | "delete";

/** What the user may do: by role for everything, by grants for some DAGs. */
export interface Rights {
  permissions: readonly string[];
  dag_grants: readonly { dag_id: string; actions: readonly DagAction[] }[];
}

/** The grant on a DAG that gives a permission for it, as the server has it; what is not here only a role gives. */
const NEEDED_GRANT: Readonly<Record<string, DagAction>> = {
  "dags:read": "read",
  "dag_runs:read": "read",
  "task_instances:read": "read",
  "task_logs:read": "read",
  "xcoms:read": "read",
  "dags:edit": "edit",
  "dag_runs:create": "edit",
  "dag_runs:edit": "edit",
  "dag_runs:delete": "edit",
  "task_instances:edit": "edit",
  "xcoms:edit": "edit",
  "dags:delete": "delete",
};

/** With a DAG: whether for that one. Without: whether for all, or for some. */
export function mayDo({ permissions, dag_grants: grants }: Rights, permission: string, dagId?: string): boolean {
  if (permissions.includes(permission)) return true;
  const needed = NEEDED_GRANT[permission];
  return needed !== undefined && grants.some((grant) => (dagId === undefined || grant.dag_id === dagId) && grant.actions.includes(needed));
}
