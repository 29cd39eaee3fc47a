import { formatInstant } from "./format.ts";

/** What a `datetime-local` field shows for an instant: the wall clock of a zone. */
export function toWallClock(iso: string, zone: string): string {
  return formatInstant(iso, zone).replace(" ", "T");
}

/**
 * The instant at which the clocks of a zone show this. Of two (when clocks are set back) the first; what clocks skip is taken as far after the change as it is after the hour that is
 * missing. undefined: the text is no date and time.
 */
export function fromWallClock(text: string, zone: string): string | undefined {
  const found = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2})?/.exec(text);
  if (found === null) return undefined;
  const asUtc = Date.parse(`${found[1]}T${found[2]}${found[3] ?? ":00"}Z`);
  if (Number.isNaN(asUtc)) return undefined;
  const offsetAt = (at: number) => Date.parse(`${toWallClock(new Date(at).toISOString(), zone)}Z`) - at;
  const before = asUtc - offsetAt(asUtc - 86_400_000);
  const after = asUtc - offsetAt(asUtc + 86_400_000);
  const exact = [before, after].filter((at) => at + offsetAt(at) === asUtc);
  return new Date(exact.length === 0 ? before : Math.min(...exact)).toISOString();
}
