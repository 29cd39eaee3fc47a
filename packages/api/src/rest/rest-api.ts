import type { FastifyInstance } from "fastify";
import { type Authentication, requireAccess } from "../auth/authenticate.ts";
import { grantRoutes } from "../auth/grant-routes.ts";
import { userRoutes } from "../auth/user-routes.ts";
import { sendRestError } from "../http/errors.ts";
import { bulkChangeRoutes } from "./bulk-changes.ts";
import { clearDagRunsRoutes } from "./clear-dag-runs.ts";
import { configurationRoutes } from "./configuration.ts";
import { connectionTestRoutes } from "./connection-tests.ts";
import { connectionRoutes } from "./connections.ts";
import { dagRunRoutes } from "./dag-runs.ts";
import { dagVersionRoutes } from "./dag-versions.ts";
import { dagRoutes } from "./dags.ts";
import { eventLogRoutes } from "./event-logs.ts";
import { dagWarningRoutes } from "./dag-warnings.ts";
import { favoriteRoutes } from "./favorites.ts";
import { importErrorRoutes } from "./import-errors.ts";
import { loginPageRoutes } from "./login-pages.ts";
import { monitorRoutes } from "./monitor.ts";
import { parseDagFileRoutes } from "./parse-dag-file.ts";
import { poolRoutes } from "./pools.ts";
import { queueRoutes } from "./queues.ts";
import { createRestRoutes, type RestContext, type RestRoute } from "./route.ts";
import { taskInstanceChangeRoutes } from "./task-instance-changes.ts";
import { taskInstanceRoutes, taskTryRoutes } from "./task-instances.ts";
import { taskLogRoutes } from "./task-logs.ts";
import { taskDependencyRoutes } from "./task-dependencies.ts";
import { taskRoutes } from "./tasks.ts";
import { assetRoutes } from "./to-come/assets.ts";
import { backfillRoutes } from "./to-come/backfills.ts";
import { extensionRoutes } from "./to-come/extensions.ts";
import { humanInputRoutes } from "./to-come/human-input.ts";
import { stateStoreRoutes } from "./to-come/state-store.ts";
import { variableRoutes } from "./variables.ts";
import { waitRoutes } from "./wait.ts";
import { workerRoutes } from "./workers.ts";
import { xcomRoutes } from "./xcoms.ts";

const GROUPS = [
  monitorRoutes,
  configurationRoutes,
  loginPageRoutes,
  dagRoutes,
  favoriteRoutes,
  dagVersionRoutes,
  taskRoutes,
  dagRunRoutes,
  waitRoutes,
  taskInstanceRoutes,
  taskTryRoutes,
  taskInstanceChangeRoutes,
  bulkChangeRoutes,
  clearDagRunsRoutes,
  taskDependencyRoutes,
  taskLogRoutes,
  xcomRoutes,
  variableRoutes,
  connectionRoutes,
  connectionTestRoutes,
  poolRoutes,
  importErrorRoutes,
  dagWarningRoutes,
  parseDagFileRoutes,
  eventLogRoutes,
  workerRoutes,
  queueRoutes,
  assetRoutes,
  backfillRoutes,
  extensionRoutes,
  humanInputRoutes,
  stateStoreRoutes,
];

export interface RestApiOptions {
  context: RestContext;
  authentication: Authentication;
  /** Added after who asks is known. */
  limitChanges?: () => void;
}

/** The REST API, Airflow's version 2, as a plugin for the prefix `/api/v2`. Gives the routes it has. */
export function restApi(app: FastifyInstance, { context, authentication, limitChanges }: RestApiOptions): readonly RestRoute[] {
  app.setErrorHandler(sendRestError);
  requireAccess(app, authentication);
  limitChanges?.();
  app.addHook("onSend", async (_request, reply) => {
    if (!reply.hasHeader("cache-control")) reply.header("cache-control", "no-store");
  });
  const routes = createRestRoutes(app, context);
  for (const addGroup of GROUPS) addGroup(routes, context);
  for (const addGroup of [userRoutes, grantRoutes]) addGroup(routes, context, authentication);
  return routes.list;
}
