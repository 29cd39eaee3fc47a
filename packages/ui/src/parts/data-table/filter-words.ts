import { formatDurationMs, formatInstant } from "../../time/format.ts";
import { type ColumnFilter, type FilterValue, readRange } from "./table-search.ts";

const UNIT_WORDS: Readonly<Record<string, string>> = { m: "minute", h: "hour", d: "day" };

/** A filter's value in few words, for its chip. */
export function filterWords(filter: ColumnFilter, value: FilterValue, zone: string): string {
  if (typeof value === "boolean") return filter.kind === "flag" ? (value ? filter.yes : filter.no) : String(value);
  if (typeof value !== "string") {
    const labels = value.map((item) => (filter.kind === "choice" ? (filter.options.find((option) => option.value === item)?.label ?? item) : item));
    return labels.length > 3 ? `${labels.slice(0, 2).join(", ")} and ${labels.length - 2} more` : labels.join(", ");
  }
  if (filter.kind === "text") return `“${value}”`;
  const range = readRange(value);
  if (range === undefined) return value;
  const end = (text: string) => (filter.kind === "duration" ? formatDurationMs(Number(text) * 1000) : instantWords(text, zone));
  if (range.to === undefined) return lastWords(range.from!) ?? `from ${end(range.from!)}`;
  if (range.from === undefined) return `to ${end(range.to)}`;
  return range.from === range.to ? end(range.from) : `${end(range.from)} – ${end(range.to)}`;
}

/** `-24h` alone: the last 24 hours. */
function lastWords(from: string): string | undefined {
  const found = /^-(\d+)([mhd])$/.exec(from);
  if (found === null) return undefined;
  const [, count, unit] = found;
  return count === "1" ? `last ${UNIT_WORDS[unit!]}` : `last ${count} ${UNIT_WORDS[unit!]}s`;
}

function instantWords(text: string, zone: string): string {
  const found = /^([+-])(\d+)([mhd])$/.exec(text);
  if (found !== null) return found[1] === "-" ? `${found[2]} ${found[3]} ago` : `in ${found[2]} ${found[3]}`;
  return Number.isNaN(Date.parse(text)) ? text : formatInstant(text, zone, { seconds: false });
}
