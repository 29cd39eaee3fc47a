import { stripAnsi } from "./ansi.ts";

export const LOG_LEVELS = ["trace", "debug", "info", "warning", "error"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
/** Who said it: the process on its outputs, the author through `log`, or Tradewind about the attempt. */
export const LOG_SOURCES = ["stdout", "stderr", "log", "system"] as const;
export type LogSource = (typeof LOG_SOURCES)[number];

/** A line of a log as the REST API gives it; further members are the author's fields. */
export interface LogMessage {
  event: string;
  timestamp?: string;
  level?: string;
  logger?: string;
  [field: string]: unknown;
}

/** What is shown as one line: a message, a line of one, or the title of a group. */
export interface LogRow {
  /** Without escape sequences: what is searched and copied. */
  text: string;
  /** With its escape sequences, where it has any. */
  raw: string | null;
  /** Where the author's fields begin in `text`. */
  fieldsAt: number;
  /** Epoch milliseconds; null for further lines of a message. */
  at: number | null;
  level: LogLevel;
  source: LogSource;
  kind: "line" | "group" | "group_end";
  depth: number;
  /** The group it is in: number of the row with its title; -1: in none. */
  parent: number;
  /** Of a group: the row after its last one; -1 while it is open. */
  end: number;
  /** Of a group: rows with errors in it. */
  errors: number;
  /** Columns of a terminal that `text` takes. */
  cells: number;
}

/** All of a log that was read so far, in order. It only grows. */
export interface LogBook {
  readonly rows: readonly LogRow[];
  readonly levels: Readonly<Record<LogLevel, number>>;
  readonly sources: Readonly<Record<LogSource, number>>;
  /** Rows that begin a message of level error. */
  readonly errors: readonly number[];
  readonly widest: number;
  readonly groups: number;
  append(messages: readonly LogMessage[]): void;
}

/** A longer line is shown as several. */
const MOST_COLUMNS = 8000;
const GROUP = /^\s*(?:::group::|##\[group\])(.*)$/u;
const GROUP_END = /^\s*(?:::endgroup::|##\[endgroup\])/u;
const NO_FIELDS = new Set(["event", "timestamp", "level", "logger"]);
// oxlint-disable-next-line no-control-regex -- what is beyond ASCII, or a tab, may be wider than a column
const NOT_PLAIN = /[^\u0020-\u007e]/u;
const WIDE = /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

export function createLogBook(): LogBook {
  const rows: LogRow[] = [];
  const levels: Record<LogLevel, number> = { trace: 0, debug: 0, info: 0, warning: 0, error: 0 };
  const sources: Record<LogSource, number> = { stdout: 0, stderr: 0, log: 0, system: 0 };
  const errors: number[] = [];
  const open: number[] = [];
  let widest = 0;
  let groups = 0;

  const add = (line: string, base: Pick<LogRow, "at" | "level" | "source">, fields: string): void => {
    const raw = lastDrawn(line);
    const plain = stripAnsi(raw);
    const title = plain.includes("group") ? GROUP.exec(plain)?.[1] : undefined;
    const isEnd = title === undefined && plain.includes("group") && GROUP_END.test(plain);
    const said = title === undefined ? plain : title.trim() === "" ? "Group" : title.trim();
    const text = said + fields;
    if (isEnd) {
      const group = open.pop();
      if (group !== undefined) rows[group]!.end = rows.length + 1;
    }
    const cells = cellsOf(text);
    const parent = open.at(-1) ?? -1;
    rows.push({
      text,
      raw: plain === raw || title !== undefined ? null : raw,
      fieldsAt: said.length,
      ...base,
      kind: title !== undefined ? "group" : isEnd ? "group_end" : "line",
      depth: open.length,
      parent,
      end: -1,
      errors: 0,
      cells,
    });
    widest = Math.max(widest, cells + open.length * 2);
    if (title !== undefined) {
      open.push(rows.length - 1);
      groups += 1;
    }
  };

  return {
    rows,
    levels,
    sources,
    errors,
    get widest() {
      return widest;
    },
    get groups() {
      return groups;
    },
    append(messages) {
      for (const message of messages) {
        const level = levelOf(message.level);
        const source = sourceOf(message.logger);
        const at = message.timestamp === undefined ? null : Date.parse(message.timestamp);
        levels[level] += 1;
        sources[source] += 1;
        if (level === "error") {
          errors.push(rows.length);
          for (const group of open) rows[group]!.errors += 1;
        }
        const lines = linesOf(message.event);
        const fields = fieldsOf(message);
        lines.forEach((line, index) => add(line, { at: index === 0 ? at : null, level, source }, index === lines.length - 1 ? fields : ""));
      }
    },
  };
}

function linesOf(event: string): string[] {
  if (event.length <= MOST_COLUMNS && !event.includes("\n")) return [event];
  return event
    .replace(/\r?\n$/u, "")
    .split(/\r?\n/u)
    .flatMap((line) => {
      const parts: string[] = [];
      for (let from = 0; from === 0 || from < line.length; from += MOST_COLUMNS) parts.push(line.slice(from, from + MOST_COLUMNS));
      return parts;
    });
}

/** What a terminal shows at the end of a line that was drawn several times, as progress is. */
function lastDrawn(line: string): string {
  if (!line.includes("\r")) return line;
  return line.split("\r").findLast((part) => part !== "") ?? "";
}

function fieldsOf(message: LogMessage): string {
  let text = "";
  for (const name in message) {
    if (NO_FIELDS.has(name)) continue;
    const value = message[name];
    text += ` ${name}=${typeof value === "string" && /^[^\s"=]+$/u.test(value) ? value : JSON.stringify(value)}`;
  }
  return text;
}

function cellsOf(text: string): number {
  if (!NOT_PLAIN.test(text)) return text.length;
  let cells = 0;
  for (const sign of text) cells += columnsOf(sign, cells);
  return cells;
}

/** Columns of a terminal that a sign takes after so many others. */
export function columnsOf(sign: string, before: number): number {
  return sign === "\t" ? 8 - (before % 8) : isWide(sign) ? 2 : 1;
}

export function isWide(sign: string): boolean {
  return WIDE.test(sign);
}

function levelOf(level: string | undefined): LogLevel {
  if (level === "critical" || level === "fatal") return "error";
  if (level === "warn") return "warning";
  return LOG_LEVELS.find((known) => known === level) ?? "info";
}

function sourceOf(logger: string | undefined): LogSource {
  return LOG_SOURCES.find((known) => known === logger) ?? "log";
}
