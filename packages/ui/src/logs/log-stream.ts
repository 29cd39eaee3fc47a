import { RestApiError } from "@tradewind/client";
import { createLogBook, type LogBook, type LogMessage } from "./log-book.ts";

export interface LogPlace {
  dagId: string;
  runId: string;
  taskId: string;
  mapIndex: number;
  tryNumber: number;
}

/** loading: nothing has come yet. live: more may come. away: the connection is lost, and is tried again. ended: all is here. failed: the server refused. */
export type LogStreamStatus = "loading" | "live" | "away" | "ended" | "full" | "failed";

export interface LogStream {
  readonly book: LogBook;
  /** Counts changes: the same number, the same content. */
  readonly version: number;
  readonly status: LogStreamStatus;
  readonly error: RestApiError | null;
  subscribe: (listener: () => void) => () => void;
  close: () => void;
}

/** What a browser holds of one log; the rest is for the download. */
export const MOST_ROWS = 500_000;
const NOTIFY_MS = 100;
/** The server says every ten seconds that it is there. */
const SILENCE_MS = 30_000;
/** A page that nobody looks at gives its connection back, and goes on where it was when it is looked at again. */
const HIDDEN_MS = 30_000;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 10_000;

export function logAddress({ dagId, runId, taskId, mapIndex, tryNumber }: LogPlace): string {
  const [dag, run, task] = [dagId, runId, taskId].map(encodeURIComponent);
  return `/api/v2/dags/${dag}/dagRuns/${run}/taskInstances/${task}/logs/${tryNumber}?map_index=${mapIndex}`;
}

/** What shows the log; it may be out of sight. */
type Page = Pick<Document, "hidden" | "addEventListener">;

/**
 * Reads a log from its beginning, and goes on while it grows. A lost connection is made again where it broke.
 * @param options.server where it is, when that is not where the page comes from
 */
export function openLogStream(place: LogPlace, { page = document, server = "" }: { page?: Page; server?: string } = {}): LogStream {
  const book = createLogBook();
  const listeners = new Set<() => void>();
  const closing = new AbortController();
  const state = { version: 0, status: "loading" as LogStreamStatus, error: null as RestApiError | null };
  let token: string | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const tell = (): void => {
    timer = undefined;
    state.version += 1;
    for (const listener of listeners) listener();
  };
  const change = (status: LogStreamStatus): void => {
    state.status = status;
    clearTimeout(timer);
    tell();
  };
  const take = (lines: readonly string[]): boolean => {
    const messages: LogMessage[] = [];
    let isOver = false;
    for (const line of lines) {
      const said = JSON.parse(line) as LogMessage | { event?: undefined; continuation_token: string | null };
      if (said.event !== undefined) messages.push(said);
      else {
        token = said.continuation_token ?? token;
        isOver ||= said.continuation_token === null;
      }
    }
    book.append(messages);
    if (state.status !== "live") change("live");
    else if (messages.length > 0) timer ??= setTimeout(tell, NOTIFY_MS);
    return isOver;
  };

  void run();
  return {
    book,
    get version() {
      return state.version;
    },
    get status() {
      return state.status;
    },
    get error() {
      return state.error;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      clearTimeout(timer);
      closing.abort();
    },
  };

  async function run(): Promise<void> {
    for (let delayMs = FIRST_DELAY_MS; !closing.signal.aborted; delayMs = Math.min(delayMs * 2, LONGEST_DELAY_MS)) {
      await inSight(page, closing.signal);
      const before = state.version;
      try {
        if (await readOnce()) return;
        if (state.version !== before) delayMs = FIRST_DELAY_MS;
      } catch (error) {
        if (closing.signal.aborted) return;
        if (error instanceof RestApiError && error.status !== undefined && error.status < 500) {
          state.error = error;
          return change("failed");
        }
      }
      if (state.status !== "away" && !page.hidden) change("away");
      await pause(delayMs, closing.signal);
    }
  }

  /** Whether all has been read that ever will be. Lines that came after the last token come again: they are taken only together with it. */
  async function readOnce(): Promise<boolean> {
    const watch = watchdog(page, closing.signal);
    try {
      const query = `&follow=true&tokens=true${token === undefined ? "" : `&token=${encodeURIComponent(token)}`}`;
      const response = await fetch(server + logAddress(place) + query, { headers: { accept: "application/x-ndjson" }, signal: watch.signal });
      if (!response.ok || response.body === null) throw await refusal(response);
      let waiting: string[] = [];
      for await (const lines of linesOf(response.body, watch.alive)) {
        for (const line of lines) {
          waiting.push(line);
          if (!isMark(line)) continue;
          if (take(waiting)) return (change("ended"), true);
          waiting = [];
          if (book.rows.length >= MOST_ROWS) return (change("full"), true);
        }
      }
      return false;
    } finally {
      watch.end();
    }
  }
}

/** A line that tells the place, and nothing of the log; authors may have a field of that name. */
function isMark(line: string): boolean {
  return line.startsWith('{"continuation_token"') && !line.includes('"event":');
}

async function* linesOf(body: ReadableStream<Uint8Array>, onChunk: () => void): AsyncGenerator<string[]> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    onChunk();
    const lines = (rest + decoder.decode(value, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    if (lines.length > 0) yield lines;
  }
}

async function refusal(response: Response): Promise<RestApiError> {
  const body = (await response.json().catch(() => ({}))) as { detail?: unknown; code?: string; request_id?: string };
  const message = typeof body.detail === "string" ? body.detail : `The server answered with ${response.status}.`;
  return new RestApiError({
    status: response.status,
    code: body.code ?? "internal",
    message,
    ...(body.request_id === undefined ? {} : { requestId: body.request_id }),
  });
}

/**
 * Ends a request of which nothing was heard for too long, or that nobody has looked at for a while: browsers open only six connections to one server, for all of its pages together.
 */
function watchdog(page: Page, outer: AbortSignal): { signal: AbortSignal; alive: () => void; end: () => void } {
  const controller = new AbortController();
  let timer = setTimeout(() => controller.abort(), SILENCE_MS);
  let unseen: ReturnType<typeof setTimeout> | undefined;
  const look = (): void => {
    clearTimeout(unseen);
    if (page.hidden) unseen = setTimeout(() => controller.abort(), HIDDEN_MS);
  };
  page.addEventListener("visibilitychange", look, { signal: controller.signal });
  look();
  return {
    signal: AbortSignal.any([outer, controller.signal]),
    alive: () => {
      clearTimeout(timer);
      timer = setTimeout(() => controller.abort(), SILENCE_MS);
    },
    end: () => {
      clearTimeout(timer);
      clearTimeout(unseen);
      controller.abort();
    },
  };
}

/** Waits until the page can be seen. */
async function inSight(page: Page, signal: AbortSignal): Promise<void> {
  if (!page.hidden) return;
  const done = new AbortController();
  await new Promise<void>((resolve) => {
    page.addEventListener("visibilitychange", () => page.hidden || resolve(), { signal: done.signal });
    signal.addEventListener("abort", () => resolve(), { signal: done.signal });
  });
  done.abort();
}

async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", finish);
      resolve();
    };
    const timer = setTimeout(finish, delayMs);
    signal.addEventListener("abort", finish);
  });
}
