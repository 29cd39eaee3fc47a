import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { gridQuery } from "../api/dag-runs-page.ts";
import { queryClient } from "../api/query-client.ts";
import { readDagListSearch } from "../dags/dag-list/dag-list-search.ts";
import { readAuditSearch } from "../audit/audit-search.ts";
import { readCalendarSearch } from "../calendar/calendar-search.ts";
import { readCodeSearch } from "../code/code-search.ts";
import { readConfigurationSearch } from "../configuration/configuration-search.ts";
import { readConnectionSearch } from "../connections/connection-search.ts";
import { gridFilterOf, readRunsSearch } from "../dags/runs-search.ts";
import { readDurationsSearch } from "../durations/durations-search.ts";
import { readImportErrorSearch } from "../import-errors/import-error-search.ts";
import { readPoolSearch } from "../pools/pool-search.ts";
import { readRunListSearch } from "../runs/run-search.ts";
import { readTaskSearch } from "../task/task-search.ts";
import { readTaskInstanceListSearch } from "../task-instances/task-instance-search.ts";
import { readUsersSearch } from "../users/user-search.ts";
import { readVariableSearch } from "../variables/variable-search.ts";
import { readWorkerSearch } from "../workers/worker-search.ts";
import { readTriggerSearch } from "../trigger/trigger-search.ts";
import { BrokenPage } from "./broken-page.tsx";
import { NotFound } from "./not-found.tsx";
import { Shell } from "./shell.tsx";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound, validateSearch: readTriggerSearch });

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  component: lazyRouteComponent(() => import("../home/home-page.tsx"), "HomePage"),
});

const dagList = createRoute({
  getParentRoute: () => root,
  path: "/dags",
  component: lazyRouteComponent(() => import("../dags/dag-list/dag-list-page.tsx"), "DagListPage"),
  validateSearch: readDagListSearch,
});

/** The pages about one DAG; what their tabs are called is in `dags/dag-tabs.ts`. */
const dag = createRoute({
  getParentRoute: () => root,
  path: "/dags/$dagId",
  component: lazyRouteComponent(() => import("../dags/dag-page.tsx"), "DagPage"),
});
const dagRuns = createRoute({
  getParentRoute: () => dag,
  path: "/",
  component: lazyRouteComponent(() => import("../dags/runs-tab.tsx"), "RunsTab"),
  validateSearch: readRunsSearch,
  loaderDeps: ({ search }) => gridFilterOf(search),
  // Asked for while the page's code is fetched, unless it is there. Nobody waits for it here, and the page itself tells what goes wrong.
  loader: ({ params, deps }) => {
    queryClient.ensureQueryData(gridQuery(params.dagId, deps)).catch(() => undefined);
  },
});
const dagCalendar = createRoute({
  getParentRoute: () => dag,
  path: "calendar",
  component: lazyRouteComponent(() => import("../calendar/calendar-page.tsx"), "CalendarPage"),
  validateSearch: readCalendarSearch,
});
const dagDurations = createRoute({
  getParentRoute: () => dag,
  path: "durations",
  component: lazyRouteComponent(() => import("../durations/durations-page.tsx"), "DurationsPage"),
  validateSearch: readDurationsSearch,
});
const dagCode = createRoute({
  getParentRoute: () => dag,
  path: "code",
  component: lazyRouteComponent(() => import("../code/code-page.tsx"), "CodePage"),
  validateSearch: readCodeSearch,
});
const dagDetails = createRoute({
  getParentRoute: () => dag,
  path: "details",
  component: lazyRouteComponent(() => import("../dags/details-tab.tsx"), "DetailsTab"),
});

const runList = createRoute({
  getParentRoute: () => root,
  path: "/runs",
  component: lazyRouteComponent(() => import("../runs/run-list-page.tsx"), "RunListPage"),
  validateSearch: readRunListSearch,
});

const task = createRoute({
  getParentRoute: () => root,
  path: "/dags/$dagId/runs/$runId/tasks/$taskId",
  component: lazyRouteComponent(() => import("../task/task-page.tsx"), "TaskPage"),
  validateSearch: readTaskSearch,
});

const taskInstanceList = createRoute({
  getParentRoute: () => root,
  path: "/task-instances",
  component: lazyRouteComponent(() => import("../task-instances/task-instance-list-page.tsx"), "TaskInstanceListPage"),
  validateSearch: readTaskInstanceListSearch,
});

const workers = createRoute({
  getParentRoute: () => root,
  path: "/workers",
  component: lazyRouteComponent(() => import("../workers/workers-page.tsx"), "WorkersPage"),
  validateSearch: readWorkerSearch,
});
const pools = createRoute({
  getParentRoute: () => root,
  path: "/pools",
  component: lazyRouteComponent(() => import("../pools/pool-list-page.tsx"), "PoolListPage"),
  validateSearch: readPoolSearch,
});
const importErrors = createRoute({
  getParentRoute: () => root,
  path: "/import-errors",
  component: lazyRouteComponent(() => import("../import-errors/import-error-page.tsx"), "ImportErrorPage"),
  validateSearch: readImportErrorSearch,
});
const variables = createRoute({
  getParentRoute: () => root,
  path: "/variables",
  component: lazyRouteComponent(() => import("../variables/variable-list-page.tsx"), "VariableListPage"),
  validateSearch: readVariableSearch,
});
const connections = createRoute({
  getParentRoute: () => root,
  path: "/connections",
  component: lazyRouteComponent(() => import("../connections/connection-list-page.tsx"), "ConnectionListPage"),
  validateSearch: readConnectionSearch,
});
const users = createRoute({
  getParentRoute: () => root,
  path: "/users",
  component: lazyRouteComponent(() => import("../users/users-page.tsx"), "UsersPage"),
  validateSearch: readUsersSearch,
});
const account = createRoute({
  getParentRoute: () => root,
  path: "/account",
  component: lazyRouteComponent(() => import("../account/account-page.tsx"), "AccountPage"),
});
const configuration = createRoute({
  getParentRoute: () => root,
  path: "/configuration",
  component: lazyRouteComponent(() => import("../configuration/configuration-page.tsx"), "ConfigurationPage"),
  validateSearch: readConfigurationSearch,
});
const audit = createRoute({
  getParentRoute: () => root,
  path: "/audit",
  component: lazyRouteComponent(() => import("../audit/audit-page.tsx"), "AuditPage"),
  validateSearch: readAuditSearch,
});

export const router = createRouter({
  routeTree: root.addChildren([
    home,
    runList,
    taskInstanceList,
    dagList,
    dag.addChildren([dagRuns, dagCalendar, dagDurations, dagCode, dagDetails]),
    task,
    workers,
    pools,
    importErrors,
    variables,
    connections,
    audit,
    configuration,
    users,
    account,
  ]),
  defaultPreload: "intent",
  defaultErrorComponent: BrokenPage,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
