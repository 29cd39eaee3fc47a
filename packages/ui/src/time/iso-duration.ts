import { formatDurationMs } from "./format.ts";

const PATTERN = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?$/;
const UNITS_MS = [604_800_000, 86_400_000, 3_600_000, 60_000, 1000];

/** `PT7200S` as `2 h 00 m`; what is no duration of weeks to seconds stays as it is. */
export function formatIsoDuration(text: string): string {
  const found = PATTERN.exec(text);
  if (found === null) return text;
  const ms = found.slice(1).reduce((sum, part, index) => sum + (part === undefined ? 0 : Number(part) * UNITS_MS[index]!), 0);
  return formatDurationMs(ms);
}
