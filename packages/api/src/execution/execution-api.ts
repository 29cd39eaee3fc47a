import {
  type AttemptInputs,
  ConnectionTestReport,
  CONTRACT_VERSION,
  CONTRACT_VERSION_HEADER,
  ExchangeRequest,
  HeartbeatRequest,
  HostRegistration,
  LogRequest,
  TaskStatesQuery,
  TriggerRequest,
  VariableWrite,
  XComQuery,
  RenderedFieldsWrite,
  XComWrite,
} from "@tradewind/contract";
import { TradewindError } from "@tradewind/core";
import type { AuthorUseCases, RunnerUseCases } from "@tradewind/engine";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { SignedTokens, TokenKind } from "../auth/signed-tokens.ts";
import { parseBody } from "../http/parse.ts";
import type { TaskLogStore } from "../task-logs/log-store.ts";

export interface ExecutionApiOptions {
  engine: RunnerUseCases & AuthorUseCases;
  tokens: SignedTokens;
  logs: TaskLogStore;
  /** Life of a host token; a host gets a new one with each registration. */
  hostTokenTtlMs: number;
}

declare module "fastify" {
  interface FastifyRequest {
    /** Host id or attempt id, by the route's kind of token. */
    tokenSubject: string;
  }
}

/**
 * The execution API as a plugin: what runners talk to. Routes and their schemas are the contract's. Host routes act for the host that the token names, whatever the body says; attempt routes
 * for the attempt that the token names.
 */
export function executionApi(app: FastifyInstance, options: ExecutionApiOptions): void {
  app.decorateRequest("tokenSubject", "");
  app.addHook("onRequest", requireContractVersion);
  app.register(async (host) => {
    host.addHook("onRequest", requireToken(options.tokens, "host"));
    hostRoutes(host, options);
  });
  app.register(async (attempt) => {
    attempt.addHook("onRequest", requireToken(options.tokens, "attempt"));
    attemptRoutes(attempt, options.engine);
  });
}

async function requireContractVersion(request: FastifyRequest): Promise<void> {
  const version = request.headers[CONTRACT_VERSION_HEADER];
  if (version === String(CONTRACT_VERSION)) return;
  throw new TradewindError(
    "protocol_mismatch",
    `This server speaks version ${CONTRACT_VERSION} of the execution API, the request ${version === undefined ? "names none" : `speaks ${String(version)}`}: upgrade the older side.`,
  );
}

function requireToken(tokens: SignedTokens, kind: TokenKind) {
  return async (request: FastifyRequest): Promise<void> => {
    const header = request.headers.authorization;
    if (header === undefined || !header.startsWith("Bearer ")) {
      throw new TradewindError("unauthenticated", `This route takes a bearer token of an ${kind}; the request has none.`);
    }
    request.tokenSubject = tokens.verify(kind, header.slice("Bearer ".length));
  };
}

function hostRoutes(app: FastifyInstance, { engine, tokens, logs, hostTokenTtlMs }: ExecutionApiOptions): void {
  /** A host speaks only for itself. */
  const ownHost = (request: FastifyRequest, hostId: string): void => {
    if (hostId !== request.tokenSubject)
      throw new TradewindError("forbidden", `The token is of host "${request.tokenSubject}", the request is for host "${hostId}".`);
  };

  app.post("/hosts", async (request, reply) => {
    const registration = parseBody(HostRegistration, request.body);
    ownHost(request, registration.hostId);
    const registered = await engine.registerHost(registration);
    return reply.code(201).send({ ...registered, token: tokens.issue("host", registration.hostId, hostTokenTtlMs) });
  });

  app.post("/exchange", async (request) => {
    const exchange = parseBody(ExchangeRequest, request.body);
    ownHost(request, exchange.hostId);
    return engine.exchange(exchange);
  });

  app.post("/heartbeat", async (request) => {
    const heartbeat = parseBody(HeartbeatRequest, request.body);
    ownHost(request, heartbeat.hostId);
    return engine.heartbeat(heartbeat);
  });

  app.post("/connection-tests", async (request, reply) => {
    const report = parseBody(ConnectionTestReport, request.body);
    ownHost(request, report.hostId);
    await engine.reportConnectionTest(report);
    return reply.code(204).send();
  });

  app.post("/logs", async (request, reply) => {
    const { hostId, chunks } = parseBody(LogRequest, request.body);
    ownHost(request, hostId);
    await Promise.all(chunks.map((chunk) => logs.append(chunk.attemptId, chunk)));
    return reply.code(204).send();
  });

  app.get<{ Params: { sha256: string } }>("/bundles/:sha256", async (request, reply) => {
    const code = await engine.getBundle(request.params.sha256);
    if (code === null) throw new TradewindError("bundle_not_found", `No bundle is stored under the hash "${request.params.sha256}".`);
    return reply.type("text/javascript; charset=utf-8").header("cache-control", "public, max-age=31536000, immutable").send(code);
  });

  app.get<{ Params: { sha256: string } }>("/bundles/:sha256/map", async (request, reply) => {
    const map = await engine.getBundleMap(request.params.sha256);
    if (map === null) throw new TradewindError("bundle_not_found", `No source map is stored for the bundle "${request.params.sha256}".`);
    // Replaced when an edit changes comments only.
    return reply.type("application/json; charset=utf-8").header("cache-control", "no-cache").send(map);
  });
}

function attemptRoutes(app: FastifyInstance, engine: RunnerUseCases & AuthorUseCases): void {
  const inputsOf = async (attemptId: string): Promise<AttemptInputs> => {
    const resolved = await engine.getAttemptInputs(attemptId);
    if (resolved !== null) return resolved;
    throw new TradewindError("stale_attempt", `Attempt "${attemptId}" does not hold its lease any more: it has no inputs to read.`);
  };
  app.get("/attempt/resolved-inputs", (request) => inputsOf(request.tokenSubject));
  app.get("/attempt/inputs", async (request, reply) => {
    return reply.type("application/json; charset=utf-8").send((await inputsOf(request.tokenSubject)).inputs);
  });

  app.post("/attempt/xcom", async (request) => engine.findXCom(request.tokenSubject, parseBody(XComQuery, request.body)));

  app.put("/attempt/xcom", async (request, reply) => {
    await engine.setXCom(request.tokenSubject, parseBody(XComWrite, request.body));
    return noContent(reply);
  });

  app.put("/attempt/rendered-fields", async (request, reply) => {
    await engine.setRenderedFields(request.tokenSubject, parseBody(RenderedFieldsWrite, request.body));
    return noContent(reply);
  });

  app.get<{ Params: { key: string } }>("/attempt/variables/:key", async (request) => engine.findVariable(request.tokenSubject, request.params.key));

  app.put<{ Params: { key: string } }>("/attempt/variables/:key", async (request, reply) => {
    await engine.setVariable(request.tokenSubject, request.params.key, parseBody(VariableWrite, request.body));
    return noContent(reply);
  });

  app.delete<{ Params: { key: string } }>("/attempt/variables/:key", async (request, reply) => {
    await engine.deleteVariable(request.tokenSubject, request.params.key);
    return noContent(reply);
  });

  app.get<{ Params: { id: string } }>("/attempt/connections/:id", async (request) => engine.findConnection(request.tokenSubject, request.params.id));

  app.post("/attempt/dag-runs", async (request) => engine.triggerFromTask(request.tokenSubject, parseBody(TriggerRequest, request.body)));

  app.post("/attempt/task-states", async (request) => engine.findTaskStates(request.tokenSubject, parseBody(TaskStatesQuery, request.body)));

  app.get<{ Params: { dagId: string; runId: string } }>("/attempt/dag-runs/:dagId/:runId", async (request) =>
    engine.findDagRun(request.tokenSubject, request.params.dagId, request.params.runId),
  );
}

function noContent(reply: FastifyReply): FastifyReply {
  return reply.code(204).send();
}
