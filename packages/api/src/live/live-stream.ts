import type { ChangeSubject } from "@tradewind/engine";
import type { FastifyReply } from "fastify";
import type { Permission } from "../auth/permissions.ts";
import type { LiveHub, NamedChanges } from "./live-hub.ts";

/** What the user of a stream may see; asked again and again, since it may change while the stream is open. */
export interface Sight {
  may(permission: Permission): boolean;
  /** The DAGs whose runs the user may see; null: all. */
  dagIds: ReadonlySet<string> | null;
}

export interface LiveStreamOptions {
  hub: LiveHub;
  reply: FastifyReply;
  lastId: string | undefined;
  /** undefined: the session has ended, or the user is switched off. */
  look: () => Promise<Sight | undefined>;
  /** Aborted when the server closes. */
  closing: AbortSignal;
  heartbeatMs: number;
  /** A browser that has not read so much yet is cut: when it comes back, it gets what it missed or is told to read everything anew. */
  maxUnreadBytes: number;
  onError: (error: unknown) => void;
}

/** Needed to hear of it at all. Runs and DAGs are told by DAG. */
const PERMISSION: Partial<Record<ChangeSubject, Permission>> = {
  import_errors: "import_errors:read",
  pools: "pools:read",
  variables: "variables:read",
  connections: "connections:read",
  workers: "workers:read",
  users: "users:read",
  event_logs: "audit_logs:read",
};

/**
 * One browser's stream. Its events:
 *
 *     hello          changes are heard from now on; `resumed`: nothing was missed since the place that was asked for
 *     change         what changed (see `toMessage`), with the place to come back to
 *     resync         anything may have changed
 *     beat           nothing; who hears none for a while has lost the connection without being told
 *     session_ended  the last one: log in again
 *
 * Settles when the stream is over, whoever ended it.
 */
export async function runLiveStream(options: LiveStreamOptions): Promise<void> {
  const { hub, reply, lastId, closing, heartbeatMs, maxUnreadBytes, onError } = options;
  const { raw } = reply;
  const over = Promise.withResolvers<void>();
  let sight = await options.look();
  const write = (text: string): void => {
    if (raw.destroyed || raw.writableEnded) return;
    // Before the write: one long message is no sign of a browser that does not read.
    if (raw.writableLength > maxUnreadBytes) raw.destroy();
    else raw.write(text);
  };
  const send = (event: string, data: object, id?: string): void =>
    write(`event: ${event}\n${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`);
  const changed = (id: string, changes: NamedChanges): void => {
    const message = sight === undefined ? undefined : toMessage(changes, sight);
    if (message !== undefined) send("change", message, id);
  };
  const end = (): void => void raw.end();

  const heartbeat = setInterval(() => void beat().catch(onError), heartbeatMs);
  async function beat(): Promise<void> {
    const before = sight;
    sight = await options.look();
    if (sight === undefined) {
      send("session_ended", {});
      end();
    } else if (isAnother(before, sight)) send("resync", {});
    else send("beat", {});
  }

  raw.once("close", over.resolve);
  closing.addEventListener("abort", end, { once: true });
  reply.hijack();
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value);
  raw.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store", "x-accel-buffering": "no" });
  // How soon a browser tries again by itself.
  write("retry: 1000\n\n");
  const subscription = hub.subscribe({ changed, missed: (id) => send("resync", {}, id) }, lastId);
  try {
    await Promise.race([subscription, over.promise]);
    if (!raw.destroyed && !raw.writableEnded) await open();
    await over.promise;
  } catch (error) {
    // The answer has begun, so that it can only be broken off: the browser comes back by itself.
    onError(error);
    raw.destroy();
  } finally {
    clearInterval(heartbeat);
    closing.removeEventListener("abort", end);
    void subscription.then(
      (subscribed) => subscribed.end(),
      () => undefined,
    );
  }

  async function open(): Promise<void> {
    const subscribed = await subscription;
    const { id, since } = subscribed;
    send("hello", { resumed: since !== null }, id);
    if (since !== null) changed(id, since);
    subscribed.start();
  }
}

/** Ids that the user may know; undefined: nothing for them. */
export function toMessage({ runs, dags, subjects }: NamedChanges, sight: Sight): object | undefined {
  const isSeen = (dagId: string): boolean => sight.dagIds === null || sight.dagIds.has(dagId);
  const seenRuns = runs.filter(({ dagId }) => isSeen(dagId));
  const seenDags = [...dags].filter(isSeen);
  const seenSubjects = [...subjects].filter((subject) => PERMISSION[subject] === undefined || sight.may(PERMISSION[subject]));
  if (seenRuns.length + seenDags.length + seenSubjects.length === 0) return undefined;
  return {
    ...(seenRuns.length > 0 && { runs: seenRuns.map(({ dagId, runId }) => ({ dag_id: dagId, dag_run_id: runId })) }),
    ...(seenDags.length > 0 && { dags: seenDags }),
    ...Object.fromEntries(seenSubjects.map((subject) => [subject === "runs" ? "any_run" : subject === "dags" ? "any_dag" : subject, true])),
  };
}

function isAnother(before: Sight | undefined, after: Sight): boolean {
  if (before === undefined || before.dagIds === null || after.dagIds === null) return before?.dagIds !== after.dagIds;
  const known = before.dagIds;
  return known.size !== after.dagIds.size || [...after.dagIds].some((dagId) => !known.has(dagId));
}
