import {
  type Icon,
  IconAdjustments,
  IconFileAlert,
  IconGauge,
  IconHistory,
  IconHome,
  IconListCheck,
  IconPlayerPlay,
  IconPlug,
  IconSchema,
  IconServer2,
  IconUsers,
  IconVariable,
} from "@tabler/icons-react";

/** Where a page stands in the navigation: beside the name, or in one of the two menus. */
export type PageSection = "main" | "operate" | "admin";

export interface PageEntry {
  path: string;
  title: string;
  icon: Icon;
  section: PageSection;
  /** What one must be allowed to see it. Null: everybody who is logged in. */
  permission: string | null;
  /** By what else it is found in the palette. */
  keywords: string;
}

export const SECTION_TITLES: Readonly<Record<PageSection, string>> = { main: "Pages", operate: "Operate", admin: "Admin" };

/** Every page that stands on its own, in the order of the navigation. The top bar, the menu of narrow screens and the command palette show them from here. */
export const PAGES: readonly PageEntry[] = [
  { path: "/", title: "Home", icon: IconHome, section: "main", permission: "dags:read", keywords: "overview health attention dashboard" },
  { path: "/dags", title: "DAGs", icon: IconSchema, section: "main", permission: "dags:read", keywords: "workflows pipelines" },
  {
    path: "/runs",
    title: "DAG runs",
    icon: IconPlayerPlay,
    section: "main",
    permission: "dag_runs:read",
    keywords: "executions history clear retry",
  },
  {
    path: "/task-instances",
    title: "Task instances",
    icon: IconListCheck,
    section: "main",
    permission: "task_instances:read",
    keywords: "tasks failed clear retry mark",
  },
  {
    path: "/workers",
    title: "Workers",
    icon: IconServer2,
    section: "operate",
    permission: "workers:read",
    keywords: "hosts slots drain queues services jobs scheduler",
  },
  { path: "/pools", title: "Pools", icon: IconGauge, section: "operate", permission: "pools:read", keywords: "slots limits concurrency" },
  {
    path: "/import-errors",
    title: "Import errors",
    icon: IconFileAlert,
    section: "operate",
    permission: "import_errors:read",
    keywords: "broken files parse",
  },
  { path: "/variables", title: "Variables", icon: IconVariable, section: "admin", permission: "variables:read", keywords: "settings key value" },
  {
    path: "/connections",
    title: "Connections",
    icon: IconPlug,
    section: "admin",
    permission: "connections:read",
    keywords: "credentials passwords hosts",
  },
  { path: "/audit", title: "Audit log", icon: IconHistory, section: "admin", permission: "audit_logs:read", keywords: "event logs changes who" },
  { path: "/users", title: "Users", icon: IconUsers, section: "admin", permission: "users:read", keywords: "roles grants permissions accounts" },
  {
    path: "/configuration",
    title: "Configuration",
    icon: IconAdjustments,
    section: "admin",
    permission: "connections:read",
    keywords: "settings options config environment",
  },
];
