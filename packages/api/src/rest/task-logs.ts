import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { TradewindError } from "@tradewind/core";
import type { LogLine } from "@tradewind/contract";
import { listRescheduledAttempts, listTries, type TaskInstanceKey, type TryRow } from "@tradewind/metadata/rest";
import { z } from "zod";
import { flag, text, whole } from "../http/query-values.ts";
import { OpenStreams } from "../http/open-streams.ts";
import { readTryLog, type TryLogPlace } from "../task-logs/try-log.ts";
import { endOf, type RestContext, type RestRoutes } from "./route.ts";
import { getTaskInstance, TaskInstancePath, toKey, tryNotFound } from "./task-instances.ts";

/** Lines in one answer, and in one step of a stream. */
const PAGE_LINES = 2000;
/** Lines that one answer with `full_content` holds at most; its token leads on from there. */
const FULL_LINES = 200_000;
const FOLLOW_INTERVAL_MS = 200;
/** How often a stream looks whether a closed log goes on: its attempt may be about to be rescheduled. */
const LOOKS_AFTER_CLOSE = 5;
/** A stream with tokens says at least so often that it is alive, so that its reader knows a quiet log from a lost connection. */
const SIGN_OF_LIFE_MS = 10_000;

const LogMessage = z.looseObject({ timestamp: z.iso.datetime().optional(), event: z.string() }).meta({ id: "StructuredLogMessage" });
const LogResponse = z
  .strictObject({ content: z.array(LogMessage), continuation_token: z.string().nullable() })
  .meta({ id: "TaskInstancesLogResponse" });

const LogPath = TaskInstancePath.extend({ try_number: z.coerce.number().int().min(0) });
/**
 * Two are ours. `follow`: a stream goes on until the attempt ends. `tokens`: an ndjson stream has lines `{"continuation_token": …}` between the others, whose reader can go on from there when
 * the connection breaks; null says that the log is at its end.
 */
const LogQuery = z.object({
  full_content: flag.default(false),
  map_index: whole.default(-1),
  token: text,
  follow: flag.default(false),
  tokens: flag.default(false),
});

type Message = z.infer<typeof LogMessage>;

export function taskLogRoutes(routes: RestRoutes, context: RestContext): void {
  const followed = new OpenStreams("logs open that are followed");
  routes.add(
    {
      method: "GET",
      path: "/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/logs/{try_number}",
      access: "task_logs:read",
      pathSchema: LogPath,
      query: LogQuery,
      status: 200,
      answer: LogResponse,
    },
    async ({ path, query, raw, reply }) => {
      const key = toKey(path, query.map_index ?? -1);
      const attempt = await findAttempt(context, key, path.try_number);
      const from = query.token === undefined ? { part: 0, line: 0 } : readToken(query.token);
      const accept = raw.headers.accept ?? "";
      const write = accept.includes("application/x-ndjson") ? toNdjson : accept.includes("text/plain") ? toText : undefined;
      if (write === undefined) return readAnswer(context, attempt, from, query.full_content ? FULL_LINES : PAGE_LINES);
      if (query.follow) {
        const close = followed.open(raw, context.followedLogsPerUser);
        reply.raw.once("close", close);
        if (reply.raw.destroyed) close();
      }
      const pages = streamPages(context, key, path.try_number, { attempt, from, follow: query.follow, signal: endOf(context, raw, reply) });
      const body = write === toNdjson && query.tokens ? renderWithTokens(pages) : render(pages, write);
      return reply.type(write === toNdjson ? "application/x-ndjson" : "text/plain; charset=utf-8").send(Readable.from(body));
    },
  );
}

interface Attempt {
  /** Of this try, in order: more than one when it was rescheduled, none when it has not started yet. */
  attemptIds: string[];
  /** More may come. */
  isLive: boolean;
  /** It was rescheduled: another attempt of this try comes. */
  isWaiting: boolean;
}

async function findAttempt(context: Pick<RestContext, "db">, key: TaskInstanceKey, tryNumber: number): Promise<Attempt> {
  const [row] = await listTries(context.db, { ...key, tryNumber });
  if (row === undefined) {
    await getTaskInstance(context, key);
    throw tryNotFound(key, tryNumber);
  }
  const earlier = await listRescheduledAttempts(context.db, { taskInstanceId: row.id, tryNumber });
  return {
    attemptIds: [...new Set([...earlier, ...(row.attemptId === null ? [] : [row.attemptId])])],
    isLive: isLive(row),
    isWaiting: row.state === "up_for_reschedule",
  };
}

function isLive({ state }: TryRow): boolean {
  return state === "running" || state === "queued" || state === "scheduled" || state === "restarting" || state === "up_for_reschedule";
}

async function readAnswer(
  { logs }: RestContext,
  { attemptIds, isLive, isWaiting }: Attempt,
  from: TryLogPlace,
  limit: number,
): Promise<z.infer<typeof LogResponse>> {
  const { lines, next, complete } = await readTryLog(logs, attemptIds, from, limit);
  const isEnd = lines.length < limit && (!isLive || (complete && !isWaiting));
  return { content: lines.map(toMessage), continuation_token: isEnd ? null : makeToken(next) };
}

interface StreamPage {
  lines: LogLine[];
  /** Where the next page begins; null: there is none. */
  next: TryLogPlace | null;
}

/**
 * Page by page, so that a large log is never in memory as a whole. With `follow`, on until the attempt is over and all it wrote was sent, or the reader goes away; a page without lines then says
 * that nothing was written for a while.
 */
async function* streamPages(
  context: RestContext,
  key: TaskInstanceKey,
  tryNumber: number,
  { attempt, from, follow, signal }: { attempt: Attempt; from: TryLogPlace; follow: boolean; signal: AbortSignal },
): AsyncGenerator<StreamPage> {
  let { attemptIds, isLive, isWaiting } = attempt;
  let looksLeft = LOOKS_AFTER_CLOSE;
  let quietMs = 0;
  for (let next = from; !signal.aborted;) {
    const page = await readTryLog(context.logs, attemptIds, next, PAGE_LINES);
    next = page.next;
    const isFull = page.lines.length === PAGE_LINES;
    looksLeft = page.complete && !isWaiting ? looksLeft - 1 : LOOKS_AFTER_CLOSE;
    // Read once more after the attempt was seen to be over: its last lines may have come in between.
    const isOver = !isFull && (!follow || !isLive || looksLeft === 0);
    quietMs = page.lines.length > 0 ? 0 : quietMs + FOLLOW_INTERVAL_MS;
    if (isOver || page.lines.length > 0 || quietMs >= SIGN_OF_LIFE_MS) {
      yield { lines: page.lines, next: isOver && !isLive ? null : next };
      quietMs = 0;
    }
    if (isOver) return;
    if (isFull) continue;
    await sleep(FOLLOW_INTERVAL_MS, undefined, { signal }).catch(() => undefined);
    ({ attemptIds, isLive, isWaiting } = await findAttempt(context, key, tryNumber));
  }
}

async function* render(pages: AsyncIterable<StreamPage>, write: (message: Message) => string): AsyncGenerator<string> {
  for await (const { lines } of pages) if (lines.length > 0) yield lines.map((line) => write(toMessage(line))).join("");
}

async function* renderWithTokens(pages: AsyncIterable<StreamPage>): AsyncGenerator<string> {
  for await (const { lines, next } of pages) {
    const mark = JSON.stringify({ continuation_token: next === null ? null : makeToken(next) });
    yield `${lines.map((line) => toNdjson(toMessage(line))).join("")}${mark}\n`;
  }
}

function toMessage({ at, level, stream, message, fields }: LogLine): Message {
  return { ...fields, timestamp: new Date(at).toISOString(), level: level === "warn" ? "warning" : level, logger: stream, event: message };
}

function toNdjson(message: Message): string {
  return `${JSON.stringify(message)}\n`;
}

function toText({ timestamp, level, logger, event, ...fields }: Message): string {
  const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${typeof value === "string" ? value : JSON.stringify(value)}`);
  return `[${timestamp}] ${String(level).toUpperCase()} ${String(logger)} - ${event}${rest.join("")}\n`;
}

/** Where to read on. It grants nothing: whoever sends one must be allowed to read the log. */
function makeToken({ part, line }: TryLogPlace): string {
  return Buffer.from(JSON.stringify(part === 0 ? { log_pos: line } : { log_pos: line, part })).toString("base64url");
}

function readToken(token: string): TryLogPlace {
  const isPlace = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
  try {
    const { log_pos: line, part = 0 } = JSON.parse(Buffer.from(token, "base64url").toString()) as { log_pos?: unknown; part?: unknown };
    if (isPlace(line) && isPlace(part)) return { part, line };
  } catch {
    // Told below.
  }
  throw new TradewindError("invalid_request", "Bad continuation token. Please use only the tokens provided by the API.");
}
