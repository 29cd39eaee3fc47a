import { createReadStream } from "node:fs";
import { mkdir, open, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { TradewindError } from "@tradewind/core";
import type { LogLine } from "@tradewind/contract";
import { createLinePlaces, type LinePlaces } from "./line-places.ts";
import { logPath } from "./log-path.ts";
import type { LogPage, TaskLogStore } from "./log-store.ts";

/** Closes a file that nobody has written to for so long; a later chunk opens it again. */
const IDLE_CLOSE_MS = 30_000;
const END_MARK = '{"end":true}';

interface OpenLog {
  /** Lines in the file. */
  count: number;
  complete: boolean;
  handle: FileHandle | null;
  /** The writes of one attempt, one after the other. */
  tail: Promise<void>;
  idleTimer: NodeJS.Timeout | null;
}

/**
 * Logs as files: one JSON object a line, `<dir>/<day>/<attempt id>.ndjson`. The day is that of the attempt's id (UUID v7 carries its time), so old logs are removed folder by folder, and
 * the path follows from the id alone. A last line `{"end":true}` says that nothing more comes.
 */
export function createFileLogStore(options: { dir: string }): TaskLogStore {
  const logs = new Map<string, OpenLog>();
  const places = createLinePlaces();

  const pathOf = (attemptId: string): string => logPath(options.dir, attemptId);

  const entryOf = (attemptId: string): OpenLog => {
    const known = logs.get(attemptId);
    if (known !== undefined) return known;
    const entry: OpenLog = { count: 0, complete: false, handle: null, tail: Promise.resolve(), idleTimer: null };
    logs.set(attemptId, entry);
    return entry;
  };

  async function openLog(attemptId: string, entry: OpenLog): Promise<FileHandle> {
    if (entry.handle !== null) return entry.handle;
    const path = pathOf(attemptId);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const handle = await open(path, "a+", 0o600);
    // Another process, or this one before a restart, may have written already.
    const { count, complete } = await countLines(path);
    entry.count = count;
    entry.complete = complete;
    entry.handle = handle;
    return handle;
  }

  async function release(attemptId: string, entry: OpenLog): Promise<void> {
    if (entry.idleTimer !== null) clearTimeout(entry.idleTimer);
    logs.delete(attemptId);
    await entry.handle?.close();
    entry.handle = null;
  }

  async function write(attemptId: string, entry: OpenLog, chunk: { offset: number; lines: readonly LogLine[]; last?: boolean }): Promise<void> {
    const handle = await openLog(attemptId, entry);
    if (chunk.offset > entry.count) {
      throw new TradewindError(
        "conflict",
        `Log lines ${entry.count} to ${chunk.offset - 1} of attempt "${attemptId}" are missing: send them first.`,
        {
          details: { have: entry.count },
        },
      );
    }
    const fresh = chunk.lines.slice(entry.count - chunk.offset);
    const closes = chunk.last === true && !entry.complete;
    const text = fresh.map((line) => `${JSON.stringify(line)}\n`).join("") + (closes ? `${END_MARK}\n` : "");
    if (text !== "") await handle.appendFile(text);
    entry.count += fresh.length;
    if (closes) entry.complete = true;
  }

  return {
    append(attemptId, chunk) {
      pathOf(attemptId);
      const entry = entryOf(attemptId);
      const result = entry.tail.then(() => write(attemptId, entry, chunk));
      const settled = result.then(
        () => {},
        () => {},
      );
      entry.tail = settled;
      void settled.then(async () => {
        if (entry.tail !== settled) return;
        if (entry.idleTimer !== null) clearTimeout(entry.idleTimer);
        if (entry.complete) return release(attemptId, entry);
        entry.idleTimer = setTimeout(() => void release(attemptId, entry), IDLE_CLOSE_MS).unref();
      });
      return result;
    },

    async read(attemptId, { from, limit }) {
      const path = pathOf(attemptId);
      await logs.get(attemptId)?.tail;
      return readPage(path, { from, limit }, places);
    },

    async close() {
      await Promise.all([...logs].map(async ([attemptId, entry]) => entry.tail.then(() => release(attemptId, entry))));
    },
  };
}

/** The lines of a file, as many at a time as are read; a last line without its end (a write in progress, or cut off by a crash) does not count. */
async function* linesOf(path: string, startByte = 0): AsyncGenerator<string[]> {
  let rest = "";
  for await (const chunk of createReadStream(path, { encoding: "utf8", start: startByte }) as AsyncIterable<string>) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    if (lines.length > 0) yield lines;
  }
}

async function countLines(path: string): Promise<{ count: number; complete: boolean }> {
  let count = 0;
  let complete = false;
  for await (const lines of linesOf(path)) {
    const end = lines.indexOf(END_MARK);
    complete ||= end !== -1;
    count += end === -1 ? lines.length : lines.length - 1;
  }
  return { count, complete };
}

async function readPage(path: string, { from, limit }: { from: number; limit: number }, places: LinePlaces): Promise<LogPage | undefined> {
  const lines: LogLine[] = [];
  let { line: number, byte } = places.before(path, from);
  const page = (complete: boolean): LogPage => ({ lines, next: from + lines.length, complete });
  try {
    for await (const texts of linesOf(path, byte)) {
      for (const text of texts) {
        if (text === END_MARK) return page(true);
        if (number >= from + limit) return page(false);
        if (number >= from) lines.push(JSON.parse(text) as LogLine);
        number += 1;
        byte += Buffer.byteLength(text) + 1;
        places.note(path, { line: number, byte });
      }
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  return page(false);
}
