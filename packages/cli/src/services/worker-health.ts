import { createServer, type ServerResponse } from "node:http";
import type { TradewindConfig } from "@tradewind/config";
import type { FeedHealth } from "@tradewind/executor-bullmq";
import type { RunnerHost } from "@tradewind/runner";
import { portError } from "./busy-port.ts";

export interface WorkerHealthOptions {
  config: Pick<TradewindConfig["worker"], "healthHost" | "healthPort" | "queues">;
  name: string;
  hostId: string;
  host: Pick<RunnerHost, "load" | "state" | "dues" | "apiSilentForMs">;
  feed: { health(): FeedHealth };
}

export interface WorkerHealth {
  /** null: no port is configured. */
  url: string | null;
  /** The server knows the worker, and it reads its queues. */
  registered(): void;
  draining(): void;
  close(): Promise<void>;
}

/** A read that should have come back so long ago, over a connection that is thought to be there, is dead: nothing but a new process is sure to help. */
const DEAD_READ_MS = 30_000;
/** A worker that can't reach the API for so long does nothing useful, once it holds no attempt any more that may go on. */
const API_DEAD_MS = 60_000;
/** Longer than a restart of the server takes. */
const NOT_READY_AFTER_MS = 10_000;

export interface HealthFacts extends FeedHealth {
  isRegistered: boolean;
  isDraining: boolean;
  apiSilentForMs: number;
  /** Attempts whose leases it holds, at work or standing still until they can be renewed: a restart would end them. */
  held: number;
}

/**
 * What is wrong. `live`: for as long as this is said only a restart helps. `ready`: it takes no work, or could not report it. A worker without Redis is alive: it runs what it has, and
 * reads on when Redis is back; an idle one is as well: its blocking read comes back empty every few seconds.
 */
export function judgeHealth({ isRegistered, isDraining, apiSilentForMs, held, awayForMs, overdueMs }: HealthFacts): {
  live: string[];
  ready: string[];
} {
  const live: string[] = [];
  if (awayForMs === null && overdueMs !== null && overdueMs > DEAD_READ_MS) live.push(`a read of Redis has been overdue for ${overdueMs} ms`);
  if (apiSilentForMs > API_DEAD_MS && held === 0) live.push(`the execution API has not answered for ${Math.round(apiSilentForMs)} ms`);
  const ready = [...live];
  if (!isRegistered) ready.push("it is not registered yet");
  if (isDraining) ready.push("it is draining");
  if (awayForMs !== null && awayForMs > NOT_READY_AFTER_MS) ready.push(`Redis has been away for ${Math.round(awayForMs)} ms`);
  if (live.length === 0 && apiSilentForMs > NOT_READY_AFTER_MS) ready.push(`the execution API has not answered for ${Math.round(apiSilentForMs)} ms`);
  return { live, ready };
}

/** Answers `/livez` and `/readyz` with 200 or 503, and with what is wrong. */
export async function startWorkerHealth({ config, name, hostId, host, feed }: WorkerHealthOptions): Promise<WorkerHealth> {
  const state = { isRegistered: false, isDraining: false };
  const marks = { registered: () => void (state.isRegistered = true), draining: () => void (state.isDraining = true) };
  if (config.healthPort === null) return { url: null, ...marks, close: () => Promise.resolve() };
  const server = createServer((request, response) => {
    const path = request.url?.split("?")[0];
    if (path !== "/livez" && path !== "/readyz") return answer(response, 404, { detail: "There are /livez and /readyz." });
    const redis = feed.health();
    const apiSilentForMs = Math.round(host.apiSilentForMs());
    const isDraining = state.isDraining || host.state() !== "running";
    const problems = judgeHealth({ ...state, isDraining, ...redis, apiSilentForMs, held: host.dues().held })[path === "/livez" ? "live" : "ready"];
    answer(response, problems.length === 0 ? 200 : 503, {
      status: problems.length === 0 ? "healthy" : "unhealthy",
      problems,
      name,
      hostId,
      queues: config.queues,
      ...host.load(),
      redis,
      apiSilentForMs,
    });
  });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(config.healthPort!, config.healthHost, resolve);
    });
  } catch (error) {
    throw portError(error, config.healthHost, config.healthPort, {
      what: "the worker's health endpoint",
      option: "--health-port (or TRADEWIND__WORKER__HEALTH_PORT)",
    });
  }
  const { port } = server.address() as { port: number };
  return {
    url: `http://${config.healthHost}:${port}`,
    ...marks,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(body)}\n`);
}
