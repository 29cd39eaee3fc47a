import type { Actor, ConnectionTestUseCases, PeopleUseCases, WhyUseCases } from "@tradewind/engine";
import type { Database, Fernet } from "@tradewind/metadata";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";
import { ANONYMOUS, type Access } from "../auth/authenticate.ts";
import { type DagAccess, NO_DAG } from "../auth/dag-access.ts";
import { checkInput } from "../http/check-input.ts";
import type { PageLimits } from "../http/query-values.ts";
import type { TaskLogStore } from "../task-logs/log-store.ts";
import type { ConnectionTester } from "./connection-tests.ts";

/** One option of the configuration as people may see it: secrets are masked. */
export interface ShownOption {
  section: string;
  key: string;
  value: string;
}

/** What the routes of the REST API work with. */
export interface RestContext {
  db: Database;
  engine: PeopleUseCases & ConnectionTestUseCases & WhyUseCases;
  fernet: Fernet;
  logs: TaskLogStore;
  pageLimits: PageLimits;
  version: { version: string; gitVersion: string | null };
  /** A daemon whose last heartbeat is older counts as unhealthy. */
  heartbeatThresholdSeconds: number;
  /** A worker whose last heartbeat is older counts as offline. */
  workerOfflineSeconds: number;
  /** The folder that a bundle name stands for, to give whole paths; undefined: not known here. */
  folderOfBundle: (bundleName: string) => string | undefined;
  /** null: the configuration is not shown. */
  shownConfig: readonly ShownOption[] | null;
  /** null: connections are not tested here. */
  testConnection: ConnectionTester | null;
  /** Slots were added: what waits for them may go on. */
  onPoolsChanged: () => void;
  /** Aborted when the server begins to close: answers that stream without an end of their own stop. */
  closing: AbortSignal;
  /** How often such an answer looks whether who gets it still may. */
  recheckMs: number;
  /** Logs that one user follows at a time. */
  followedLogsPerUser: number;
  /** Answers are checked against their schemas before they are sent. For tests: it costs time. */
  checkAnswers: boolean;
}

export interface RestRequest<P, Q, B, H = undefined> {
  path: P;
  query: Q;
  headers: H;
  body: B;
  /** Who asks, for the audit log. */
  actor: Actor;
  /** The DAGs that it may be about, by its route's permission. A DAG in the path was checked; lists are narrowed to `dags.ids`, DAGs named elsewhere take `dags.assert`. */
  dags: DagAccess;
  raw: FastifyRequest;
  reply: FastifyReply;
}

export interface RestRoute {
  method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  /** As in Airflow's OpenAPI document, below `/api/v2`: `/dags/{dag_id}`. */
  path: string;
  access: Access;
  /** Not in Airflow's API. */
  isOurs?: boolean;
  pathSchema?: z.ZodObject;
  query?: z.ZodObject;
  /** Headers that say what is asked for, by their names as documented. */
  headers?: z.ZodObject;
  body?: z.ZodType;
  /** Status of success, and the answer's schema; null: none, or none in JSON. */
  status: number;
  answer: z.ZodType | null;
}

type Output<S> = S extends z.ZodType ? z.output<S> : undefined;

export interface RestRoutes {
  /** All that were added, for tests that compare them with a document. */
  readonly list: readonly RestRoute[];
  add<
    P extends z.ZodObject | undefined,
    Q extends z.ZodObject | undefined,
    B extends z.ZodType | undefined,
    A extends z.ZodType | null,
    H extends z.ZodObject | undefined = undefined,
  >(
    /** `countChanges`: how many changes the limit of changes takes a request for; default one. */
    route: RestRoute & { pathSchema?: P; query?: Q; headers?: H; body?: B; answer: A; countChanges?: (body: Output<B>) => number },
    handle: (
      request: RestRequest<Output<P>, Output<Q>, Output<B>, Output<H>>,
    ) => Promise<A extends z.ZodType ? z.input<A> | FastifyReply : FastifyReply | void>,
  ): void;
}

/** Collects routes and registers each: input is checked by its schemas, then handled, then sent with the declared status. */
export function createRestRoutes(app: FastifyInstance, { checkAnswers }: Pick<RestContext, "checkAnswers">): RestRoutes {
  const list: RestRoute[] = [];
  return {
    list,
    add(route, handle) {
      list.push(route);
      app.route({
        method: route.method,
        url: route.path.replaceAll(/\{(\w+)\}/g, ":$1"),
        config: { access: route.access },
        handler: async (request, reply) => {
          const asked = readRequest(route, request, reply);
          if (route.countChanges !== undefined) request.countChanges?.(route.countChanges(asked.body as never));
          const answer = await handle(asked as never);
          // What was sent as a stream comes back when the stream is over, also when the reader has left before its end.
          if (reply.sent || reply.raw.headersSent || reply.raw.destroyed || (answer as unknown) === reply) return reply;
          reply.code(route.status);
          if (route.answer === null || answer === undefined) return reply.send();
          if (checkAnswers) route.answer.parse(answer);
          return answer;
        },
      });
    },
  };
}

function readRequest(route: RestRoute, request: FastifyRequest, reply: FastifyReply): RestRequest<unknown, unknown, unknown, unknown> {
  return {
    path: route.pathSchema && checkInput("path", route.pathSchema, request.params),
    query: route.query && checkInput("query", route.query, request.query),
    headers: route.headers && checkInput("header", route.headers, pickHeaders(route.headers, request)),
    body: route.body && checkInput("body", route.body, request.body ?? undefined),
    actor: { name: request.user?.username ?? ANONYMOUS },
    dags: request.dags ?? NO_DAG,
    raw: request,
    reply,
  };
}

/** Node has the names in lower case. */
function pickHeaders(schema: z.ZodObject, { headers }: FastifyRequest): Record<string, unknown> {
  return Object.fromEntries(Object.keys(schema.shape).map((name) => [name, headers[name.toLowerCase()]]));
}

/** Airflow's answer where there is nothing to tell but that it was done. */
export function sendNull(reply: FastifyReply, status: number): FastifyReply {
  return reply.code(status).type("application/json; charset=utf-8").send("null");
}

/** Of an answer that goes on for long: over when it was sent, the client has gone or may not have it any more, or the server closes. */
export function endOf({ closing, recheckMs }: Pick<RestContext, "closing" | "recheckMs">, request: FastifyRequest, reply: FastifyReply): AbortSignal {
  const over = new AbortController();
  const recheck = async (): Promise<void> => {
    if (!(await request.isStillAllowed())) over.abort();
  };
  // What cannot be found out now is asked again.
  const timer = setInterval(
    () => void recheck().catch((error: unknown) => request.log.error({ err: error }, "access was not checked again")),
    recheckMs,
  );
  const end = (): void => {
    clearInterval(timer);
    over.abort();
  };
  reply.raw.once("close", end);
  if (reply.raw.destroyed) end();
  return AbortSignal.any([over.signal, closing]);
}

/** The fields a PATCH changes: those that the body has and, when there is an `update_mask`, that it names. */
export function patchedFields<T extends object, K extends keyof T & string>(
  body: T,
  updateMask: readonly string[] | null | undefined,
  fields: readonly K[],
): Set<K> {
  const masked = updateMask == null || updateMask.length === 0 ? fields : fields.filter((field) => updateMask.includes(field));
  return new Set(masked.filter((field) => body[field] !== undefined));
}

/** The members of a body that a PATCH changes. */
export function pickPatched<T extends object, K extends keyof T & string>(
  body: T,
  updateMask: readonly string[] | null | undefined,
  fields: readonly K[],
): Partial<Pick<T, K>> {
  return Object.fromEntries([...patchedFields(body, updateMask, fields)].map((field) => [field, body[field]])) as Partial<Pick<T, K>>;
}
