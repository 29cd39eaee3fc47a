/** What a role may do. Routes name one of these; a route that names none is not registered. */
export const PERMISSIONS = [
  "dags:read",
  "dags:edit",
  "dags:delete",
  "dag_runs:read",
  "dag_runs:create",
  "dag_runs:edit",
  "dag_runs:delete",
  "task_instances:read",
  "task_instances:edit",
  "task_logs:read",
  "xcoms:read",
  "xcoms:edit",
  "import_errors:read",
  "pools:read",
  "pools:edit",
  "jobs:read",
  "variables:read",
  "variables:edit",
  "connections:read",
  "connections:edit",
  "audit_logs:read",
  "users:read",
  "users:edit",
  "workers:read",
  "workers:edit",
] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** Airflow's roles. Each may do what the one before it may, and more. */
export const ROLES = ["Public", "Viewer", "User", "Op", "Admin"] as const;
export type Role = (typeof ROLES)[number];

const ADDED: Record<Role, readonly Permission[]> = {
  Public: [],
  Viewer: [
    "dags:read",
    "dag_runs:read",
    "task_instances:read",
    "task_logs:read",
    "xcoms:read",
    "import_errors:read",
    "pools:read",
    "jobs:read",
    "workers:read",
  ],
  User: ["dags:edit", "dags:delete", "dag_runs:create", "dag_runs:edit", "dag_runs:delete", "task_instances:edit"],
  Op: ["xcoms:edit", "pools:edit", "variables:read", "variables:edit", "connections:read", "connections:edit", "workers:edit"],
  Admin: ["audit_logs:read", "users:read", "users:edit"],
};

const GRANTED = new Map<string, ReadonlySet<Permission>>(
  ROLES.map((role, place) => [role, new Set(ROLES.slice(0, place + 1).flatMap((included) => ADDED[included]))]),
);

/** In the order of `PERMISSIONS`. */
export function permissionsOf(role: string): Permission[] {
  return PERMISSIONS.filter((permission) => isAllowed(role, permission));
}

/** A role that is not known may do nothing. */
export function isAllowed(role: string, permission: Permission): boolean {
  return GRANTED.get(role)?.has(permission) ?? false;
}

/** What a grant on a DAG gives: `read` is part of the other two. */
export const DAG_ACTIONS = ["read", "edit", "delete"] as const;
export type DagAction = (typeof DAG_ACTIONS)[number];

const NEEDED_GRANT: Partial<Record<Permission, DagAction>> = {
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

/** The grant on a DAG that gives a permission for it; undefined: the permission is not about DAGs, and only a role gives it. */
export function grantNeeded(permission: Permission): DagAction | undefined {
  return NEEDED_GRANT[permission];
}
