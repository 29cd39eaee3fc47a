import { safeText } from "./display-width.ts";
import { paint, type Style, type Terminal } from "./terminal.ts";

const LEVEL_STYLES: Record<string, Style> = {
  error: "red",
  critical: "red",
  fatal: "red",
  warn: "yellow",
  warning: "yellow",
  debug: "dim",
  trace: "dim",
};
const WELL_KNOWN = new Set(["timestamp", "event", "level", "logger", "stream"]);

/** One entry of a task's log: time of day, level where it matters, message, fields. */
export function formatLogLine(
  line: { timestamp?: string; event: string; level?: string } & Record<string, unknown>,
  terminal: Pick<Terminal, "hasColours">,
): string {
  const time = line.timestamp === undefined ? "" : `${paint(terminal, "dim", line.timestamp.slice(11, 23))} `;
  const level = line.level ?? "info";
  const mark = level === "info" ? "" : `${paint(terminal, LEVEL_STYLES[level] ?? null, level.toUpperCase())} `;
  const fields = Object.entries(line).filter(([name, value]) => !WELL_KNOWN.has(name) && value !== undefined && value !== null);
  const tail = fields
    .map(([name, value]) => ` ${paint(terminal, "dim", `${name}=`)}${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("");
  return `${time}${mark}${safeText(line.event + tail, terminal.hasColours)}\n`;
}
