import { createHash, randomUUID } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type AttemptFinish,
  type AttemptGrant,
  type ConnectionTestGrant,
  ConnectionTestReport,
  type ConnectionValue,
  CONTRACT_VERSION,
  CONTRACT_VERSION_HEADER,
  ExchangeRequest,
  HeartbeatRequest,
  HostRegistration,
  LogRequest,
  type LogLine,
  type TaskCommand,
  type TaskStatesAnswer,
  TaskStatesQuery,
  VariableWrite,
  XComQuery,
  XComWrite,
} from "@tradewind/contract";

export interface PeerAttempt {
  command: TaskCommand;
  grant: Omit<AttemptGrant, "leaseMs" | "token">;
  /** Answered by `attempt/resolved-inputs` when the grant carries none. */
  largeInputs?: string;
  state: "queued" | "running" | "ended";
  token: string;
  /** The one before, which a call on its way may still carry. */
  formerToken: string | null;
  leaseEndsAt: number;
  finish: AttemptFinish | null;
  finishes: number;
  lines: LogLine[];
  logClosed: boolean;
  progress: unknown[];
  xcoms: Map<string, unknown>;
}

export interface NewAttempt {
  dagId: string;
  taskId: string;
  bundleSha256: string;
  inputs?: Record<string, unknown>;
  isolation?: "warm" | "process";
  memoryLimitMb?: number;
  executionTimeoutMs?: number;
  resolveFrom?: string[];
  largeInputs?: string;
  callbacks?: AttemptGrant["callbacks"];
  tryNumber?: number;
  maxTries?: number;
}

/** As a source map: the request for it is left without an answer. */
export const NEVER = "never";

/**
 * A peer that speaks the execution API as the contract states it, over real HTTP, with leases that run out. What the engine would decide (which attempts there are, who may start) is
 * what the test sets up.
 */
export class ExecutionApiPeer {
  leaseMs = 4_000;
  heartbeatMs = 200;
  /** How long an attempt may stand still whose lease was not renewed; undefined: not said, as by an earlier release. */
  holdMs: number | undefined;
  /** Nobody takes for lost what was not renewed in time: its lease is renewed when that is asked for. */
  nobodyTakesOver = false;
  exchangeTakesMs = 0;
  /** Between a heartbeat and its answer. */
  heartbeatTakesMs = 0;
  /** Between an exchange and its answer. */
  answerTakesMs = 0;
  /** So many exchanges are carried out and never answered: the connection breaks. */
  answersToLose = 0;
  /** What the host said it knows of, with each request that it repeated. */
  readonly known: string[][] = [];
  readonly attempts = new Map<string, PeerAttempt>();
  readonly bundles = new Map<string, Buffer>();
  /** Source maps, by the bundle's hash. */
  readonly bundleMaps = new Map<string, string>();
  readonly variables = new Map<string, string>();
  readonly connections = new Map<string, ConnectionValue>();
  /** What is known of other DAGs, by id. */
  readonly taskStates = new Map<string, TaskStatesAnswer>();
  readonly stops = new Map<string, string>();
  /** What people want of the host. */
  wanted: "run" | "drain" = "run";
  /** Connections to be tried, given out as hosts have room. */
  readonly connectionTests: ConnectionTestGrant[] = [];
  readonly connectionTestReports: ConnectionTestReport[] = [];
  /** What the host said it is about, each time something else. */
  readonly hostStates: string[] = [];
  readonly requests = new Map<string, number>();
  mapsAsked = 0;
  largestBody = 0;
  /** Attempts to hand out as `next`. */
  readonly ready: string[] = [];
  hostToken = "host-token-1";
  /** Answers every call like this instead, while set. */
  refuseWith: { status: number; routes?: string[] } | null = null;
  #server: Server | undefined;

  async start(): Promise<string> {
    this.#server = createServer((request, response) => void this.#handle(request, response));
    await new Promise<void>((resolve) => this.#server!.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/execution/v1`;
  }

  async stop(): Promise<void> {
    this.#server?.closeAllConnections();
    await new Promise((resolve) => this.#server?.close(resolve));
  }

  addBundle(code: string): string {
    const sha256 = createHash("sha256").update(code).digest("hex");
    this.bundles.set(sha256, Buffer.from(code));
    return sha256;
  }

  addAttempt(options: NewAttempt): TaskCommand {
    const attemptId = randomUUID();
    const ids = { dagId: options.dagId, runId: "manual__1", taskId: options.taskId, mapIndex: -1, tryNumber: options.tryNumber ?? 1 };
    const command: TaskCommand = {
      attemptId,
      taskInstanceId: 1,
      ...ids,
      executor: "local",
      queue: "default",
      priorityWeight: 1,
      bundleSha256: options.bundleSha256,
    };
    const dates = { logicalDate: null, dataIntervalStart: null, dataIntervalEnd: null, runAfter: "2026-01-01T00:00:00Z", runStartedAt: null };
    const grant = {
      attemptId,
      taskInstanceId: 1,
      bundleSha256: options.bundleSha256,
      resolveFrom: options.resolveFrom ?? [import.meta.dirname],
      isolation: options.isolation ?? ("warm" as const),
      memoryLimitMb: options.memoryLimitMb ?? null,
      executionTimeoutMs: options.executionTimeoutMs ?? null,
      context: { ...ids, runType: "manual", maxTries: options.maxTries ?? 1, attemptId, ...dates, conf: {}, params: {}, dagVersion: 1 },
      callbacks: options.callbacks,
      inputs: options.largeInputs === undefined ? JSON.stringify(options.inputs ?? {}) : null,
    };
    const attempt = {
      command,
      grant,
      largeInputs: options.largeInputs,
      state: "queued" as const,
      token: `attempt-${attemptId}`,
      formerToken: null,
      leaseEndsAt: 0,
    };
    this.attempts.set(attemptId, { ...attempt, finish: null, finishes: 0, lines: [], logClosed: false, progress: [], xcoms: new Map() });
    return command;
  }

  /** Begins an attempt on the host, which did not ask for it, as the scheduler's dispatch does. */
  begin({ attemptId }: TaskCommand): AttemptGrant {
    return this.#grant(this.get(attemptId));
  }

  get(attemptId: string): PeerAttempt {
    return this.attempts.get(attemptId)!;
  }

  text(attemptId: string): string {
    return this.get(attemptId)
      .lines.map((line) => line.message)
      .join("\n");
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const route = new URL(request.url!, "http://peer").pathname.replace("/execution/v1/", "");
    const group = route.split("/")[0]!;
    this.requests.set(group, (this.requests.get(group) ?? 0) + 1);
    const body = await readBody(request);
    this.largestBody = Math.max(this.largestBody, body.length);
    const refuse = this.refuseWith;
    if (refuse !== null && (refuse.routes === undefined || refuse.routes.includes(group)))
      return answer(response, refuse.status, { code: "internal", message: "refused for the test" });
    if (request.headers[CONTRACT_VERSION_HEADER] !== String(CONTRACT_VERSION))
      return answer(response, 426, { code: "protocol_mismatch", message: "wrong version" });
    try {
      if (group === "attempt") this.#attemptRoute(request, response, route.slice("attempt/".length), body);
      else this.#hostRoute(request, response, route, body);
    } catch (error) {
      answer(response, 400, { code: "invalid_request", message: String(error) });
    }
  }

  #hostRoute(request: IncomingMessage, response: ServerResponse, route: string, body: string): void {
    if (request.headers.authorization !== `Bearer ${this.hostToken}`)
      return answer(response, 401, { code: "unauthenticated", message: "unknown host token" });
    if (route.endsWith("/map")) return this.#bundleMap(response, route.split("/")[1]!);
    if (route.startsWith("bundles/")) {
      const bundle = this.bundles.get(route.slice("bundles/".length));
      return bundle === undefined ? answer(response, 404, { code: "bundle_not_found", message: "no such bundle" }) : void response.end(bundle);
    }
    const json: unknown = JSON.parse(body);
    if (route === "hosts") {
      HostRegistration.parse(json);
      return answer(response, 201, { leaseMs: this.leaseMs, heartbeatMs: this.heartbeatMs, holdMs: this.holdMs, token: this.hostToken });
    }
    if (route === "exchange") {
      // As long as a transaction takes, when the test wants to know what a real server would make of it.
      setTimeout(() => {
        const content = this.#exchange(ExchangeRequest.parse(json));
        if (this.answersToLose-- > 0) response.destroy();
        else setTimeout(() => answer(response, 200, content), this.answerTakesMs);
      }, this.exchangeTakesMs);
      return;
    }
    if (route === "connection-tests") {
      this.connectionTestReports.push(ConnectionTestReport.parse(json));
      return void response.writeHead(204).end();
    }
    if (route === "heartbeat") {
      const content = this.#heartbeat(HeartbeatRequest.parse(json));
      return void setTimeout(() => answer(response, 200, content), this.heartbeatTakesMs);
    }
    if (route === "logs") {
      this.#logs(LogRequest.parse(json));
      return void response.writeHead(204).end();
    }
    answer(response, 404, { code: "not_found", message: route });
  }

  #bundleMap(response: ServerResponse, sha256: string): void {
    this.mapsAsked++;
    const map = this.bundleMaps.get(sha256);
    if (map === undefined) return answer(response, 404, { code: "bundle_not_found", message: "no source map" });
    // An answer that never comes is what a hanging server gives.
    if (map !== NEVER) response.end(map);
  }

  #exchange(request: ExchangeRequest): object {
    const finished = request.finishes.map((finish) => this.#finish(finish));
    const granted = [];
    const refused = [];
    for (const attemptId of request.starts) {
      const attempt = this.attempts.get(attemptId);
      if (attempt === undefined) refused.push({ attemptId, code: "unknown", reason: "no such attempt" });
      else if (attempt.state !== "queued") refused.push({ attemptId, code: "not_queued", reason: attempt.state });
      else granted.push(this.#grant(attempt));
    }
    const next = this.ready.splice(0, request.want).map((attemptId) => this.#grant(this.get(attemptId)));
    if (request.known !== undefined) next.push(...this.#grantAgain(request.known));
    return { granted, refused, finished, next };
  }

  #grantAgain(known: string[]): AttemptGrant[] {
    this.known.push(known);
    return [...this.attempts]
      .filter(([id, attempt]) => attempt.state === "running" && !known.includes(id))
      .map(([, attempt]) => this.#grant(attempt));
  }

  #finish(finish: AttemptFinish): object {
    const attempt = this.attempts.get(finish.attemptId);
    const accepted = attempt !== undefined && attempt.state === "running" && !this.#isOver(attempt);
    if (attempt !== undefined) attempt.finishes++;
    if (!accepted) return { attemptId: finish.attemptId, accepted, reason: "stale" };
    attempt.state = "ended";
    attempt.finish = finish;
    return { attemptId: finish.attemptId, accepted };
  }

  #isOver(attempt: PeerAttempt): boolean {
    return attempt.leaseEndsAt <= performance.now() && !this.nobodyTakesOver;
  }

  #grant(attempt: PeerAttempt): AttemptGrant {
    attempt.state = "running";
    attempt.leaseEndsAt = performance.now() + this.leaseMs;
    return { ...attempt.grant, leaseMs: this.leaseMs, token: attempt.token };
  }

  #heartbeat(request: HeartbeatRequest): object {
    const renewed = [];
    const stop = [];
    for (const { attemptId, progress } of request.attempts) {
      const attempt = this.attempts.get(attemptId);
      if (progress !== undefined) attempt?.progress.push(progress);
      const reason = this.stops.get(attemptId);
      if (reason !== undefined) {
        stop.push({ attemptId, reason });
        continue;
      }
      if (attempt?.state !== "running" || this.#isOver(attempt)) continue;
      attempt.leaseEndsAt = performance.now() + this.leaseMs;
      attempt.formerToken = attempt.token;
      attempt.token = `attempt-${attemptId}-${renewed.length}`;
      renewed.push({ attemptId, leaseMs: this.leaseMs, token: attempt.token });
    }
    if (request.state !== undefined && request.state !== this.hostStates.at(-1)) this.hostStates.push(request.state);
    const connectionTests = this.connectionTests.splice(0, request.connectionTests ?? 0);
    return { renewed, stop, wanted: this.wanted, ...(connectionTests.length > 0 && { connectionTests }) };
  }

  #logs(request: LogRequest): void {
    for (const chunk of request.chunks) {
      const attempt = this.attempts.get(chunk.attemptId);
      if (attempt === undefined) continue;
      if (chunk.offset > attempt.lines.length)
        throw new Error(`a gap in the log of ${chunk.attemptId}: ${chunk.offset} after ${attempt.lines.length}`);
      attempt.lines.push(...chunk.lines.slice(attempt.lines.length - chunk.offset));
      if (chunk.last === true) attempt.logClosed = true;
    }
  }

  #attemptRoute(request: IncomingMessage, response: ServerResponse, route: string, body: string): void {
    const token = request.headers.authorization?.replace("Bearer ", "");
    const attempt = [...this.attempts.values()].find((one) => one.state === "running" && (one.token === token || one.formerToken === token));
    if (attempt === undefined) return answer(response, 401, { code: "unauthenticated", message: "unknown attempt token" });
    const [kind, name] = route.split("/").map(decodeURIComponent) as [string, string | undefined];
    if (kind === "resolved-inputs") return void response.end(JSON.stringify({ inputs: attempt.largeInputs, inputMaps: [] }));
    if (kind === "xcom") return this.#xcom(attempt, request, response, body);
    if (kind === "variables") return this.#variable(name!, request, response, body);
    if (kind === "task-states") {
      const { dagId } = TaskStatesQuery.parse(JSON.parse(body));
      return answer(response, 200, this.taskStates.get(dagId) ?? { dagFound: false, run: null, unknownIds: [], tasks: [] });
    }
    const connection = this.connections.get(name!);
    answer(response, 200, { found: connection !== undefined, connection: connection ?? null });
  }

  #xcom(attempt: PeerAttempt, request: IncomingMessage, response: ServerResponse, body: string): void {
    if (request.method === "PUT") {
      const write = XComWrite.parse(JSON.parse(body));
      attempt.xcoms.set(write.key, write.value);
      return void response.writeHead(204).end();
    }
    const query = XComQuery.parse(JSON.parse(body));
    answer(response, 200, { found: attempt.xcoms.has(query.key), value: attempt.xcoms.get(query.key) ?? null });
  }

  #variable(key: string, request: IncomingMessage, response: ServerResponse, body: string): void {
    if (request.method === "GET") return answer(response, 200, { found: this.variables.has(key), value: this.variables.get(key) ?? null });
    if (request.method === "DELETE") return void response.writeHead(this.variables.delete(key) ? 204 : 404).end();
    this.variables.set(key, VariableWrite.parse(JSON.parse(body)).value);
    response.writeHead(204).end();
  }
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
