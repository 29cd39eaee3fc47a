import type { FastifyInstance } from "fastify";
import { type Authentication, requireAccess } from "../auth/authenticate.ts";
import { sendRestError } from "../http/errors.ts";
import { createRestRoutes, type RestContext, type RestRoute } from "../rest/route.ts";
import { calendarRoutes } from "./calendar.ts";
import { dagFactsRoutes } from "./dag-facts.ts";
import { createStructures } from "./dag-structure.ts";
import { durationRoutes } from "./durations.ts";
import { ganttRoutes } from "./gantt.ts";
import { graphRoutes } from "./graph.ts";
import { gridRoutes } from "./grid.ts";
import { homeRoutes } from "./home.ts";
import { latestRunRoutes } from "./latest-runs.ts";
import { taskContextRoutes } from "./task-context.ts";
import { versionRoutes } from "./versions.ts";
import { whyRoutes } from "./why.ts";

/**
 * Read models of the user interface, where one screen would need many calls of the REST API: a plugin for the prefix `/ui`. They change with the pages, and are nobody else's to rely on.
 */
export function uiApi(
  app: FastifyInstance,
  { context, authentication }: { context: RestContext; authentication: Authentication },
): readonly RestRoute[] {
  app.setErrorHandler(sendRestError);
  requireAccess(app, authentication);
  app.addHook("onSend", async (_request, reply) => {
    if (!reply.hasHeader("cache-control")) reply.header("cache-control", "no-store");
  });
  const routes = createRestRoutes(app, context);
  for (const addGroup of [calendarRoutes, durationRoutes, versionRoutes, taskContextRoutes]) addGroup(routes, context);
  const structures = createStructures(context.db);
  for (const addGroup of [latestRunRoutes, gridRoutes, graphRoutes, ganttRoutes, dagFactsRoutes, whyRoutes, homeRoutes])
    addGroup(routes, context, structures);
  return routes.list;
}
