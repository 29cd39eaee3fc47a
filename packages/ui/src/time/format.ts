/** `2026-11-21 06:30:05` in a zone: sorts as it reads, and is the same in every language. */
export function formatInstant(iso: string, zone: string, { seconds = true }: { seconds?: boolean } = {}): string {
  const parts = Object.fromEntries(
    formatterOf(zone)
      .formatToParts(new Date(iso))
      .map(({ type, value }) => [type, value]),
  );
  const { year, month, day, hour, minute, second } = parts;
  return `${year}-${month}-${day} ${hour}:${minute}${seconds ? `:${second}` : ""}`;
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(zone: string): Intl.DateTimeFormat {
  let formatter = formatters.get(zone);
  if (formatter === undefined) {
    formatter = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
    formatters.set(zone, formatter);
  }
  return formatter;
}

/** `3 ms`, `4.2 s`, `2 m 05 s`, `3 h 12 m`, `2 d 4 h`: two units at most, and milliseconds where they matter. */
export function formatDurationMs(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${String(seconds % 60).padStart(2, "0")} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")} m`;
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}

/** `in 12 m`, `3 h ago`, `now`: how far an instant is from another. */
export function formatDistance(iso: string, now: number): string {
  const ms = Date.parse(iso) - now;
  if (Math.abs(ms) < 1000) return "now";
  const text = oneUnit(Math.abs(ms));
  return ms > 0 ? `in ${text}` : `${text} ago`;
}

function oneUnit(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} m`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} d`;
}

/** How long something took, or has taken so far. */
export function elapsedMs(start: string | null, end: string | null, now: number): number | null {
  return start === null ? null : Math.max(0, (end === null ? now : Date.parse(end)) - Date.parse(start));
}
