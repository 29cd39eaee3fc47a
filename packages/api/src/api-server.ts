import { randomUUID } from "node:crypto";
import type { AuthorUseCases, ChangeUseCases, ConnectionTestUseCases, PeopleUseCases, RunnerUseCases, WhyUseCases } from "@tradewind/engine";
import type { Database, Fernet } from "@tradewind/metadata";
import fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from "fastify";
import { createAccessTokens } from "./auth/access-tokens.ts";
import { type Access, type Authentication, requireAccess } from "./auth/authenticate.ts";
import { createLogIn } from "./auth/log-in.ts";
import { sessionRoutes } from "./auth/session-routes.ts";
import type { SignedTokens } from "./auth/signed-tokens.ts";
import { createChangeRateLimit, limitChanges } from "./auth/change-rate-limit.ts";
import { createDagGrants } from "./auth/dag-access.ts";
import type { Role } from "./auth/permissions.ts";
import { tokenRoutes } from "./auth/token-routes.ts";
import { createUserDirectory } from "./auth/users.ts";
import { executionApi } from "./execution/execution-api.ts";
import { sendExecutionError, sendRestError } from "./http/errors.ts";
import { indexPage } from "./http/index-page.ts";
import { type UiFiles, uiFiles } from "./http/ui-files.ts";
import { type QueueBoardPages, queueBoardRoutes } from "./http/queue-board.ts";
import { addSecurityHeaders } from "./http/security-headers.ts";
import { createLiveHub } from "./live/live-hub.ts";
import { HEARTBEAT_MS, type LiveOptions, liveRoutes } from "./live/live-routes.ts";
import { tellChanges } from "./live/rest-changes.ts";
import { sightOf } from "./live/sight.ts";
import { openApiRoutes } from "./openapi/openapi-routes.ts";
import type { ConnectionTester } from "./rest/connection-tests.ts";
import { restApi } from "./rest/rest-api.ts";
import type { RestContext, RestRoute, ShownOption } from "./rest/route.ts";
import { uiApi } from "./ui/ui-api.ts";
import type { TaskLogStore } from "./task-logs/log-store.ts";

/** `ui`: the user interface's files. `api`: for people and their clients. `execution`: for runners. */
export type ApiApp = "ui" | "api" | "execution";

export interface ApiServerOptions {
  db: Database;
  engine: PeopleUseCases & ConnectionTestUseCases & WhyUseCases & RunnerUseCases & AuthorUseCases & ChangeUseCases;
  fernet: Fernet;
  tokens: SignedTokens;
  logs: TaskLogStore;
  version: string;
  /** Commit this was built from. Default null. */
  gitVersion?: string | null;
  /** Which of them this server has. Default all. */
  apps?: readonly ApiApp[];
  /** Where the built user interface is; without it `/` says in words what answers here. */
  uiDirectory?: string | undefined;
  /** A pino logger. Default: none. */
  logger?: FastifyBaseLogger;
  /** Life of a token of the REST API. Default one day, as Airflow's `jwt_expiration_time`. */
  accessTokenTtlMs?: number;
  /** Life of a browser's session. Default one day. */
  sessionTtlMs?: number;
  /** The role of who says nothing about themselves. Default null: they have to log in. Airflow's `[webserver] auth_role_public`. */
  publicRole?: Role | null;
  /** How many changes a user may make in a minute; of who is not known, an address. Default 3,000. */
  changesPerMinute?: number;
  /** Life of a token of a runner host. Default one day; a host gets a new one with each registration. */
  hostTokenTtlMs?: number;
  /** Airflow's `[api] maximum_page_limit` and `fallback_page_limit`. Default 100 and 50. */
  pageLimits?: { maximum: number; fallback: number };
  /** A daemon whose last heartbeat is older counts as unhealthy. Default 30. */
  heartbeatThresholdSeconds?: number;
  /** A worker silent for longer counts as offline. Default 30. */
  workerOfflineSeconds?: number;
  /** Largest body of a request. Default 1 MiB for the REST API and 32 MiB for the execution API, which takes results and logs. */
  restBodyLimitBytes?: number;
  executionBodyLimitBytes?: number;
  /** Behind a proxy: take the client's address from `x-forwarded-for`. Addresses or ranges of the proxies. Default: no. */
  trustProxy?: string | string[];
  /** The folder that a bundle name stands for, to show whole paths. */
  folderOfBundle?: (bundleName: string) => string | undefined;
  /** The configuration in use, secrets masked, for those who may read connections. Default null: not shown. Airflow's `[api] expose_config`. */
  shownConfig?: readonly ShownOption[] | null;
  /** Tries connections, outside of this process. Default null: they are not tested here. Airflow's `[core] test_connection`. */
  testConnection?: ConnectionTester | null;
  /** Called after pools were changed: task instances that wait for slots may go on. */
  onPoolsChanged?: () => void;
  /** Pages about the queues in Redis, shown to operators below `/queues`. Default: none. */
  queueBoard?: QueueBoardPages;
  /** Of `GET /ui/live`; its heartbeat is also how often followed logs and waits look whether their reader still may. */
  live?: LiveOptions;
  /** For tests: answers of the REST API are checked against their schemas. */
  checkAnswers?: boolean;
  now?: () => number;
}

export interface ApiServer {
  /** Made, not listening: `app.listen` for a server, `app.inject` for a test. `app.close` lets requests finish first. */
  app: FastifyInstance;
  /** Routes of the REST API, with their schemas. */
  restRoutes: readonly RestRoute[];
  /** Every route of every app, with who may use it (undefined: it has credentials of its own kind, or is a file), for tests that walk through all. */
  routes: readonly KnownRoute[];
}

export interface KnownRoute {
  method: string;
  url: string;
  access: Access | undefined;
}

const DAY_MS = 86_400_000;
const CHANGES_PER_MINUTE = 3000;
const MIB = 1024 * 1024;
const CLOSE_IDLE_EVERY_MS = 50;

/**
 * Everything that answers HTTP, each with its own kind of credentials and shape of errors in a scope of its own:
 *
 *     /                 the user interface, for browsers; else what this is. /docs and /openapi.json describe the REST API
 *     /auth             password → token of the REST API, or a browser's session; a user's own tokens
 *     /ui               read models of the user interface: as the REST API
 *     /queues           what is in Redis, for operators, where workers are fed by it
 *     /api/v2           REST API: token of a user, permission per route
 *     /execution/v1     execution API: token of a host or of an attempt
 */
export async function createApiServer(options: ApiServerOptions): Promise<ApiServer> {
  const { apps = ["ui", "api", "execution"], now = Date.now } = options;
  const app = buildApp(options);
  const routes = listRoutes(app);
  const closing = new AbortController();
  app.addHook("preClose", async () => closing.abort());
  let restRoutes: () => readonly RestRoute[] = () => [];
  const ui = apps.includes("ui") ? await uiFiles(app, options.uiDirectory) : undefined;

  if (apps.includes("api")) restRoutes = peopleApps(app, options, { ui, now, closing: closing.signal });

  if (apps.includes("execution")) {
    app.register(
      async (scope) => {
        scope.setErrorHandler(sendExecutionError);
        const bodyLimit = options.executionBodyLimitBytes ?? 32 * MIB;
        scope.addHook("onRoute", (route) => {
          route.bodyLimit = bodyLimit;
        });
        const { engine, tokens, logs, hostTokenTtlMs = DAY_MS } = options;
        executionApi(scope, { engine, tokens, logs, hostTokenTtlMs });
      },
      { prefix: "/execution/v1" },
    );
  }

  app.setNotFoundHandler((request, reply) => {
    if (ui?.isPage(request.method, request.url, request.headers.accept) === true) return ui.sendPage(reply);
    return reply.code(404).send({ detail: "Not Found", code: "not_found", request_id: request.id });
  });
  await app.ready();
  return { app, restRoutes: restRoutes(), routes };
}

function listRoutes(app: FastifyInstance): readonly KnownRoute[] {
  const routes: KnownRoute[] = [];
  app.addHook("onRoute", ({ method, url, config }) => {
    for (const one of [method].flat()) if (one !== "HEAD") routes.push({ method: one, url, access: config?.access });
  });
  return routes;
}

interface PeopleAppOptions {
  ui: UiFiles | undefined;
  now: () => number;
  closing: AbortSignal;
}

/** Everything for people and their clients. Gives the routes of the REST API, known once the server is ready. */
function peopleApps(app: FastifyInstance, options: ApiServerOptions, { ui, now, closing }: PeopleAppOptions): () => readonly RestRoute[] {
  const { db, engine, tokens, queueBoard, accessTokenTtlMs = DAY_MS, sessionTtlMs = DAY_MS } = options;
  const authentication = authenticationOf(options, now);
  const context = restContext(options, closing);
  const changes = createChangeRateLimit({ perMinute: options.changesPerMinute ?? CHANGES_PER_MINUTE });
  let restRoutes: readonly RestRoute[] = [];

  app.register(
    async (scope) => {
      requireAccess(scope, authentication);
      limitChanges(scope, changes, now);
      tellChanges(scope, engine);
      const logIn = createLogIn({ db, now });
      tokenRoutes(scope, { logIn, tokens, accessTokenTtlMs });
      sessionRoutes(scope, { db, logIn, authentication, sessionTtlMs, now });
    },
    { prefix: "/auth" },
  );
  app.register(
    async (scope) => {
      tellChanges(scope, engine);
      restRoutes = restApi(scope, { context, authentication, limitChanges: () => limitChanges(scope, changes, now) });
    },
    { prefix: "/api/v2" },
  );
  if (queueBoard !== undefined) app.register(async (scope) => queueBoardRoutes(scope, queueBoard, authentication), { prefix: "/queues" });
  app.register(
    async (scope) => {
      uiApi(scope, { context, authentication });
      live(scope, options, authentication, closing);
    },
    { prefix: "/ui" },
  );
  app.register(async (scope) => {
    requireAccess(scope, authentication);
    indexPage(scope, { version: options.version, ui });
    openApiRoutes(scope, { routes: restRoutes, version: options.version });
  });
  return () => restRoutes;
}

function authenticationOf({ db, tokens, publicRole = null }: ApiServerOptions, now: () => number): Authentication {
  return { tokens, accessTokens: createAccessTokens(db, now), users: createUserDirectory(db, now), grants: createDagGrants(db, now), publicRole };
}

/** What changes, told to browsers. Its hub ends with the server. */
function live(scope: FastifyInstance, { db, engine, live: settings }: ApiServerOptions, authentication: Authentication, closing: AbortSignal): void {
  const hub = createLiveHub({ db, engine, ...settings?.hub, onError: (error) => scope.log.error({ err: error }, "changes could not be told") });
  scope.addHook("onClose", () => hub.close());
  liveRoutes(scope, { ...settings, hub, closing, look: (request) => sightOf(request, authentication) });
}

function buildApp({ logger, restBodyLimitBytes = MIB, trustProxy }: ApiServerOptions): FastifyInstance {
  const app: FastifyInstance = fastify({
    ...(logger === undefined ? { logger: false } : { loggerInstance: logger }),
    // Every line of a request would drown what matters, and a health check asks each few seconds.
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: restBodyLimitBytes,
    trustProxy: trustProxy ?? false,
    genReqId: () => randomUUID(),
    // A run id may be 250 characters, each of them encoded in up to twelve.
    routerOptions: { maxParamLength: 4096 },
    // Connections that wait for their next request do not hold up the end; those with a request under way do.
    forceCloseConnections: "idle",
    requestTimeout: 120_000,
  });
  closeConnectionsThatBecomeIdle(app);
  addSecurityHeaders(app);
  app.setErrorHandler(sendRestError);
  return app;
}

/** Those that are idle when the server closes are closed by it; one whose last request ends afterwards would hold it up for as long as its client keeps it. */
function closeConnectionsThatBecomeIdle(app: FastifyInstance): void {
  app.addHook("preClose", async () => {
    const timer = setInterval(() => app.server.closeIdleConnections(), CLOSE_IDLE_EVERY_MS).unref();
    app.server.once("close", () => clearInterval(timer));
  });
}

function restContext(options: ApiServerOptions, closing: AbortSignal): RestContext {
  const { db, engine, fernet, logs } = options;
  return {
    db,
    engine,
    fernet,
    logs,
    pageLimits: options.pageLimits ?? { maximum: 100, fallback: 50 },
    version: { version: options.version, gitVersion: options.gitVersion ?? null },
    heartbeatThresholdSeconds: options.heartbeatThresholdSeconds ?? 30,
    workerOfflineSeconds: options.workerOfflineSeconds ?? 30,
    folderOfBundle: options.folderOfBundle ?? (() => undefined),
    shownConfig: options.shownConfig ?? null,
    testConnection: options.testConnection ?? null,
    onPoolsChanged: options.onPoolsChanged ?? (() => {}),
    closing,
    followedLogsPerUser: options.live?.followedLogsPerUser ?? 100,
    recheckMs: options.live?.heartbeatMs ?? HEARTBEAT_MS,
    checkAnswers: options.checkAnswers ?? false,
  };
}
