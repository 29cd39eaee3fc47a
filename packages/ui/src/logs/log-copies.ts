import { formatInstant } from "../time/format.ts";
import type { LogBook, LogRow } from "./log-book.ts";
import { logAddress, type LogPlace } from "./log-stream.ts";

/** Some rows as text, with their times when those are shown. */
export function rowsAsText(book: LogBook, rows: Iterable<number>, zone: string | null): string {
  const lines: string[] = [];
  for (const number of rows) lines.push(asText(book.rows[number]!, zone));
  return lines.join("\n");
}

function asText({ text, at, depth }: LogRow, zone: string | null): string {
  const time = zone === null || at === null ? "" : `${formatInstant(new Date(at).toISOString(), zone)} `;
  return `${time}${"  ".repeat(depth)}${text}`;
}

/** Gives the whole log as the server writes it for people, as a file. @throws Error when the server refuses */
export async function downloadLog(place: LogPlace): Promise<void> {
  const response = await fetch(logAddress(place), { headers: { accept: "text/plain" } });
  if (!response.ok) throw new Error(`The log could not be read: the server answered with ${response.status}.`);
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement("a");
  link.href = url;
  link.download = fileNameOf(place);
  link.click();
  URL.revokeObjectURL(url);
}

function fileNameOf({ dagId, runId, taskId, mapIndex, tryNumber }: LogPlace): string {
  const parts = [dagId, runId, taskId, ...(mapIndex < 0 ? [] : [String(mapIndex)]), `try ${tryNumber}`];
  return `${parts.join(" ").replaceAll(/[^\w.+-]+/gu, "_")}.log`;
}
