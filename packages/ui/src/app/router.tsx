import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { DagListPage, readDagListSearch } from "../dags/dag-list-page.tsx";
import { readRunsSearch } from "../dags/runs-search.ts";
import { readTaskSearch } from "../task/task-search.ts";
import { readRunListSearch } from "../runs/run-search.ts";
import { BrokenPage } from "./broken-page.tsx";
import { NotFound } from "./not-found.tsx";
import { Shell } from "./shell.tsx";

const root = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => redirect({ to: "/dags", throw: true }),
});

const dagList = createRoute({ getParentRoute: () => root, path: "/dags", component: DagListPage, validateSearch: readDagListSearch });

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
});
const dagDetails = createRoute({
  getParentRoute: () => dag,
  path: "details",
  component: lazyRouteComponent(() => import("../dags/details-tab.tsx"), "DetailsTab"),
});

const task = createRoute({
  getParentRoute: () => root,
  path: "/dags/$dagId/runs/$runId/tasks/$taskId",
  component: lazyRouteComponent(() => import("../task/task-page.tsx"), "TaskPage"),
  validateSearch: readTaskSearch,
});

const runList = createRoute({
  getParentRoute: () => root,
  path: "/runs",
  component: lazyRouteComponent(() => import("../runs/run-list-page.tsx"), "RunListPage"),
  validateSearch: readRunListSearch,
});

export const router = createRouter({
  routeTree: root.addChildren([home, runList, dagList, dag.addChildren([dagRuns, dagDetails]), task]),
  defaultPreload: "intent",
  defaultErrorComponent: BrokenPage,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
