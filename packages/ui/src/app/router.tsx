import { createRootRoute, createRoute, createRouter, redirect } from "@tanstack/react-router";
import { DagListPage, readDagListSearch } from "../dags/dag-list-page.tsx";
import { DagPage, readDagPageSearch } from "../dags/dag-page.tsx";
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
const dag = createRoute({ getParentRoute: () => root, path: "/dags/$dagId", component: DagPage, validateSearch: readDagPageSearch });

export const router = createRouter({
  routeTree: root.addChildren([home, dagList, dag]),
  defaultPreload: "intent",
  defaultErrorComponent: BrokenPage,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
