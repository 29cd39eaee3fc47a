import { LOG_LEVELS, LOG_SOURCES, type LogLevel, type LogSource } from "./log-book.ts";

/** What a person asked the log for; it can be kept in an address. */
export interface LogView {
  q?: string;
  /** Upper and lower case differ. */
  case?: true;
  /** `q` is a regular expression. */
  pattern?: true;
  /** From this level up. */
  level?: LogLevel;
  /** Sources that are left out. */
  without?: LogSource[];
}

/** The same out of an address: what is not understood is left out. For `validateSearch` of pages with a log. */
export function readLogView(search: Record<string, unknown>): LogView {
  const { q, level, without } = search;
  const hidden = LOG_SOURCES.filter((source) => Array.isArray(without) && without.includes(source));
  return {
    ...(typeof q === "string" && q !== "" ? { q } : typeof q === "number" ? { q: String(q) } : {}),
    ...(search["case"] === true ? { case: true } : {}),
    ...(search["pattern"] === true ? { pattern: true } : {}),
    ...(LOG_LEVELS.includes(level as LogLevel) && level !== "trace" ? { level: level as LogLevel } : {}),
    ...(hidden.length > 0 ? { without: hidden } : {}),
  };
}

export function withoutKey<K extends keyof LogView>(view: LogView, key: K): Omit<LogView, K> {
  const { [key]: _left, ...rest } = view;
  return rest;
}

/** `#L12` and `#L12-L20`: lines of a log, counted from 1. */
export interface LineRange {
  from: number;
  to: number;
}

export function readLineHash(hash: string): LineRange | null {
  const match = /^#?L(\d+)(?:-L(\d+))?$/u.exec(hash);
  if (match === null) return null;
  const [from, to] = [Number(match[1]), Number(match[2] ?? match[1])];
  return from === 0 || to === 0 ? null : { from: Math.min(from, to), to: Math.max(from, to) };
}

export function writeLineHash({ from, to }: LineRange): string {
  return from === to ? `L${from}` : `L${from}-L${to}`;
}
