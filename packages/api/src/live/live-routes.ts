import type { FastifyInstance, FastifyRequest } from "fastify";
import { OpenStreams } from "../http/open-streams.ts";
import type { LiveHub } from "./live-hub.ts";
import { runLiveStream, type Sight } from "./live-stream.ts";

export const HEARTBEAT_MS = 15_000;

export interface LiveOptions {
  /** How often a stream says that it is still there, and asks whether its user may still see what it tells. Default 15 s. */
  heartbeatMs?: number;
  /** Open streams of one user: pages in other windows, other machines. Default 20. */
  streamsPerUser?: number;
  /** Logs that one user follows at a time, each asking the database several times a second. Default 100. */
  followedLogsPerUser?: number;
  /** Default 256 KiB. */
  maxUnreadBytes?: number;
  hub?: { collectMs?: number; kept?: number; lingerMs?: number };
}

export interface LiveRouteOptions extends Omit<LiveOptions, "hub" | "followedLogsPerUser"> {
  hub: LiveHub;
  /** What who sent this request may see now; undefined: they are not logged in any more. */
  look: (request: FastifyRequest) => Promise<Sight | undefined>;
  closing: AbortSignal;
}

/** `GET /live`: what changes, as server-sent events. `Last-Event-ID`, or `last_event_id` of the query: the place to go on from. */
export function liveRoutes(app: FastifyInstance, options: LiveRouteOptions): void {
  const { hub, look, closing, heartbeatMs = HEARTBEAT_MS, streamsPerUser = 20, maxUnreadBytes = 262_144 } = options;
  const streams = new OpenStreams("pages open that show changes live");

  app.get("/live", { config: { access: "anyone" } }, async (request, reply) => {
    const close = streams.open(request, streamsPerUser);
    try {
      await runLiveStream({
        hub,
        reply,
        closing,
        heartbeatMs,
        maxUnreadBytes,
        lastId: lastIdOf(request),
        look: () => look(request),
        onError: (error) => request.log.error({ err: error }, "a live stream failed"),
      });
    } finally {
      close();
    }
    return reply;
  });
}

/** Browsers send the header when they come back by themselves; a page that makes its stream anew can only say it in the address. */
function lastIdOf({ headers, query }: FastifyRequest): string | undefined {
  const asked = (query as { last_event_id?: unknown }).last_event_id;
  const header = headers["last-event-id"];
  return typeof header === "string" ? header : typeof asked === "string" ? asked : undefined;
}
