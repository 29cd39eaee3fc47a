import { TradewindError } from "../errors.ts";
import { nearestName } from "../nearest-name.ts";

const DAY_MS = 86_400_000;
/** Transitions are looked for and kept in stretches of this length (13 months). */
const STRETCH_MS = 2 ** 35;
/** Wider than any offset, so that a stretch also answers for the wall-clock times that belong to it. */
const MARGIN_MS = 2 * DAY_MS;
/** No zone changes twice within this time since zones are kept (Morocco's Ramadan gives the shortest: four weeks). */
const PROBE_MS = 8 * DAY_MS;
const MAX_KEPT_STRETCHES = 256;

/** A stretch of time with one offset. The first of a list starts at -Infinity. */
interface OffsetSpan {
  startAtMs: number;
  offsetMs: number;
}

/**
 * The wall clock of a zone. `Intl` knows the offset of an instant but answers slowly (microseconds) and not the other way round, so the transitions are
 * found once per zone and year by probing and kept.
 */
export class TimeZone {
  readonly name: string;
  readonly #offsetAt: (atMs: number) => number;
  readonly #stretches = new Map<number, OffsetSpan[]>();

  /** `offsetAt` gives the offset (wall clock minus UTC, in milliseconds) at an instant. */
  constructor(name: string, offsetAt: (atMs: number) => number) {
    this.name = name;
    this.#offsetAt = offsetAt;
  }

  /** What the wall clock shows at an instant, written as if the clock stood in UTC. */
  toWallClock(atMs: number): number {
    return atMs + spanAt(this.#spansAround(atMs), atMs, false).offsetMs;
  }

  /**
   * The instant at which the wall clock shows a time. A time that comes twice (clocks set back) means the second one; a time that never comes (clocks
   * set forward) is moved forward by the gap. Both are Airflow's choices.
   */
  toInstant(wallClockMs: number): number {
    // Of the spans that have begun by that reading of the clock, the last one: after a set-back that is the second pass, in a gap the span before it,
    // whose offset moves the time forward by exactly the gap.
    return wallClockMs - spanAt(this.#spansAround(wallClockMs), wallClockMs, true).offsetMs;
  }

  #spansAround(ms: number): OffsetSpan[] {
    const index = Math.floor(ms / STRETCH_MS);
    const kept = this.#stretches.get(index);
    if (kept !== undefined) return kept;
    if (this.#stretches.size >= MAX_KEPT_STRETCHES) this.#stretches.clear();
    const found = this.#findSpans(index * STRETCH_MS - MARGIN_MS, (index + 1) * STRETCH_MS + MARGIN_MS);
    this.#stretches.set(index, found);
    return found;
  }

  #findSpans(fromMs: number, toMs: number): OffsetSpan[] {
    const spans: OffsetSpan[] = [{ startAtMs: -Infinity, offsetMs: this.#offsetAt(fromMs) }];
    for (let probeMs = fromMs; probeMs < toMs; probeMs += PROBE_MS) {
      const offsetMs = this.#offsetAt(probeMs + PROBE_MS);
      if (offsetMs === spans.at(-1)!.offsetMs) continue;
      spans.push({ startAtMs: this.#findChange(probeMs, probeMs + PROBE_MS), offsetMs });
    }
    return spans;
  }

  /** The first second at which the offset is no more the one at `lowMs`. */
  #findChange(lowMs: number, highMs: number): number {
    const before = this.#offsetAt(lowMs);
    let low = Math.floor(lowMs / 1000);
    let high = Math.ceil(highMs / 1000);
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.#offsetAt(middle * 1000) === before) low = middle;
      else high = middle;
    }
    return high * 1000;
  }
}

/** The last span that has begun, by the instant or by the wall clock of that span. */
function spanAt(spans: OffsetSpan[], ms: number, byWallClock: boolean): OffsetSpan {
  let found = spans[0]!;
  for (const span of spans) {
    if (span.startAtMs + (byWallClock ? span.offsetMs : 0) <= ms) found = span;
  }
  return found;
}

/** Gives the zone of a name, or throws `invalid_timetable`. An argument wherever zones are read, so that decisions hang on no hidden table. */
export type TimeZoneSource = (name: string) => TimeZone;

const zones = new Map<string, TimeZone>();

/** The zone of an IANA name ("Europe/Madrid", "UTC") by the rules that the JavaScript engine knows. The same object each time. */
export function getTimeZone(name: string): TimeZone {
  const known = zones.get(name);
  if (known !== undefined) return known;
  const zone = createTimeZone(name);
  zones.set(name, zone);
  return zone;
}

function createTimeZone(name: string): TimeZone {
  // Intl also takes bare offsets ("+01:00"): they are no IANA names, and a schedule with one would be wrong for half of the year.
  if (/^[A-Za-z]/.test(name)) {
    try {
      return new TimeZone(name, createOffsetReader(name));
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  const similar = findSimilarZones(name);
  const hint =
    similar.length > 0
      ? `Did you mean ${similar.map((zone) => `"${zone}"`).join(" or ")}?`
      : `Expected an IANA name such as "Europe/Madrid" or "UTC".`;
  throw new TradewindError("invalid_timetable", `There is no time zone "${name}". ${hint}`, { details: { timezone: name, similar } });
}

function createOffsetReader(name: string): (atMs: number) => number {
  const format = new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" });
  return (atMs) => {
    const parts = /GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(format.format(atMs));
    if (!parts) throw new TradewindError("internal", `The offset of time zone "${name}" at ${atMs} could not be read.`);
    const [, sign, hours = "0", minutes = "0", seconds = "0"] = parts;
    const offsetMs = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
    return sign === "-" ? -offsetMs : offsetMs;
  };
}

/** Zones whose last part is what was written ("Madrid", "new york"), else the one with the most similar name. */
function findSimilarZones(name: string): string[] {
  const known = Intl.supportedValuesOf("timeZone");
  const wanted = cityOf(name);
  const sameCity = wanted === "" ? [] : known.filter((zone) => cityOf(zone) === wanted);
  if (sameCity.length > 0) return sameCity;
  const nearest = nearestName(name, known);
  return nearest === undefined ? [] : [nearest];
}

function cityOf(zone: string): string {
  return zone
    .slice(zone.lastIndexOf("/") + 1)
    .toLowerCase()
    .replace(/[^a-z]/g, "");
}
