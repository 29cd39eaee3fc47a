import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CronSchedule, getCronSchedule } from "./cron-schedule.ts";
import { parseCron } from "./cron-line.ts";
import { getTimeZone } from "./time-zone.ts";

const HOUR_MS = 3_600_000;
const at = (iso: string) => Date.parse(`${iso}Z`);
const iso = (ms: number) => new Date(ms).toISOString().slice(0, 16);

function scheduleOf(line: string, zone: string): CronSchedule {
  return getCronSchedule(line, getTimeZone(zone));
}

/** The ticks after an instant, in UTC. */
function ticks(line: string, zone: string, from: string, count: number): string[] {
  const schedule = scheduleOf(line, zone);
  const found: string[] = [];
  for (let ms = schedule.next(at(from)); found.length < count; ms = schedule.next(ms)) found.push(iso(ms));
  return found;
}

describe("'If the hour field is not `*`, the local wall-clock time is kept (08:00 stays 08:00, UTC offset moves)'", () => {
  it.each([
    ["Europe/Madrid", "clocks set forward on 29 March", "2026-03-27T12:00", ["2026-03-28T07:00", "2026-03-29T06:00", "2026-03-30T06:00"]],
    ["Europe/Madrid", "clocks set back on 25 October", "2026-10-23T12:00", ["2026-10-24T06:00", "2026-10-25T07:00", "2026-10-26T07:00"]],
    ["America/New_York", "clocks set forward on 8 March", "2026-03-06T18:00", ["2026-03-07T13:00", "2026-03-08T12:00", "2026-03-09T12:00"]],
    ["America/New_York", "clocks set back on 1 November", "2026-10-30T18:00", ["2026-10-31T12:00", "2026-11-01T13:00", "2026-11-02T13:00"]],
  ])("0 8 * * * in %s, %s", (zone, _, from, expected) => {
    expect(ticks("0 8 * * *", zone, from, 3)).toEqual(expected);
  });
});

describe("'a skipped local time is normalised by the zone rules': it comes later by the gap", () => {
  it.each([
    ["Europe/Madrid", "30 2 * * *", "2026-03-27T12:00", ["2026-03-28T01:30", "2026-03-29T01:30", "2026-03-30T00:30"]],
    ["America/New_York", "30 2 * * *", "2026-03-06T18:00", ["2026-03-07T07:30", "2026-03-08T07:30", "2026-03-09T06:30"]],
    ["Europe/Madrid", "0 2,3 * * *", "2026-03-29T00:00", ["2026-03-29T01:00", "2026-03-30T00:00", "2026-03-30T01:00"]],
    ["America/New_York", "0 1-4 * * *", "2026-03-08T05:00", ["2026-03-08T06:00", "2026-03-08T07:00", "2026-03-08T08:00"]],
    ["Europe/Madrid", "0 */2 * * *", "2026-03-28T22:30", ["2026-03-28T23:00", "2026-03-29T01:00", "2026-03-29T02:00"]],
  ])("%s, %s", (zone, line, from, expected) => {
    expect(ticks(line, zone, from, 3)).toEqual(expected);
  });
});

describe("a local time that comes twice ticks once, at the second of the two", () => {
  it.each([
    ["Europe/Madrid", "30 2 * * *", "2026-10-23T12:00", ["2026-10-24T00:30", "2026-10-25T01:30", "2026-10-26T01:30"]],
    ["America/New_York", "30 1 * * *", "2026-10-30T18:00", ["2026-10-31T05:30", "2026-11-01T06:30", "2026-11-02T06:30"]],
    ["Europe/Madrid", "0 1-3 * * *", "2026-10-24T22:30", ["2026-10-24T23:00", "2026-10-25T01:00", "2026-10-25T02:00"]],
    ["America/New_York", "0 0-2 * * *", "2026-11-01T03:30", ["2026-11-01T04:00", "2026-11-01T06:00", "2026-11-01T07:00"]],
  ])("%s, %s", (zone, line, from, expected) => {
    expect(ticks(line, zone, from, 3)).toEqual(expected);
  });
});

describe("'If the hour field is `*` (every hour), the step is applied as elapsed time, so no repeated or lost hour'", () => {
  it.each([
    ["Europe/Madrid", "30 * * * *", "2026-03-29T00:00", ["2026-03-29T00:30", "2026-03-29T01:30", "2026-03-29T02:30"]],
    ["Europe/Madrid", "30 * * * *", "2026-10-24T23:31", ["2026-10-25T00:30", "2026-10-25T01:30", "2026-10-25T02:30"]],
    ["America/New_York", "0 * * * *", "2026-03-08T05:30", ["2026-03-08T06:00", "2026-03-08T07:00", "2026-03-08T08:00"]],
    ["America/New_York", "*/30 * * * *", "2026-11-01T05:00", ["2026-11-01T05:30", "2026-11-01T06:00", "2026-11-01T06:30"]],
    ["America/New_York", "15 0-23 * * *", "2026-11-01T05:00", ["2026-11-01T05:15", "2026-11-01T06:15", "2026-11-01T07:15"]],
  ])("%s, %s", (zone, line, from, expected) => {
    expect(ticks(line, zone, from, 3)).toEqual(expected);
  });

  it.each([
    ["Europe/Madrid", "2026-03-29", 23],
    ["Europe/Madrid", "2026-10-25", 25],
    ["America/New_York", "2026-03-08", 23],
    ["America/New_York", "2026-11-01", 25],
  ])("@hourly in %s ticks as often on %s as the day has hours: %i", (name, day, hours) => {
    const zone = getTimeZone(name);
    const start = zone.toInstant(at(`${day}T00:00`));
    const end = zone.toInstant(at(`${day}T00:00`) + 24 * HOUR_MS);
    const schedule = scheduleOf("@hourly", name);
    let count = 0;
    for (let ms = schedule.alignToNext(start); ms < end; ms = schedule.next(ms)) count++;
    expect(count).toBe(hours);
  });
});

describe("alignment", () => {
  it("leaves a tick where it is and moves anything else to the nearest on that side", () => {
    const schedule = scheduleOf("0 8 * * *", "Europe/Madrid");
    expect(iso(schedule.alignToNext(at("2026-03-29T06:00")))).toBe("2026-03-29T06:00");
    expect(iso(schedule.alignToPrevious(at("2026-03-29T06:00")))).toBe("2026-03-29T06:00");
    expect(iso(schedule.alignToNext(at("2026-03-29T06:00:00.001")))).toBe("2026-03-30T06:00");
    expect(iso(schedule.alignToPrevious(at("2026-03-29T05:59:59.999")))).toBe("2026-03-28T07:00");
  });

  it("a line that never ticks is an error that names the line", () => {
    expect(() => scheduleOf("0 0 30 2 *", "UTC").next(0)).toThrow(`Cron line "0 0 30 2 *" never ticks`);
  });
});

describe("any line in any of the zones whose clocks change in their own ways", () => {
  const zones = fc.constantFrom("Europe/Madrid", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "America/Sao_Paulo", "UTC");
  const instants = fc.integer({ min: at("2015-01-01T00:00") / 1000, max: at("2035-01-01T00:00") / 1000 }).map((seconds) => seconds * 1000);
  const aroundChanges = fc
    .tuple(
      fc.constantFrom("2026-03-08T07:00", "2026-03-29T01:00", "2026-10-25T01:00", "2026-11-01T06:00", "2026-04-04T15:00"),
      fc.integer({ min: -180, max: 180 }),
    )
    .map(([change, minutes]) => at(change) + minutes * 60_000);
  const when = fc.oneof(instants, aroundChanges);
  const lines = fc.constantFrom("0 8 * * *", "30 2 * * *", "*/20 1-3 * * *", "0 */2 * * *", "15 1,2,3 * * MON", "0 0 L * *", "0 0 * * 1#1");
  const dailyLines = fc.constantFrom("0 8 * * *", "30 2 * * *", "*/20 1-3 * * *", "0 */2 * * *", "15 1,2,3 * * *");
  const hourlyLines = fc.constantFrom("@hourly", "30 * * * *", "*/7 * * * *", "*/15 * * * MON-FRI");

  it("the next tick is strictly later", () => {
    fc.assert(
      fc.property(fc.oneof(lines, hourlyLines), zones, when, (line, zone, from) => {
        expect(scheduleOf(line, zone).next(from)).toBeGreaterThan(from);
      }),
      { numRuns: 500 },
    );
  });

  it("fixed hours: the tick shows the line's time on the wall clock, unless that time is skipped that day", () => {
    fc.assert(
      fc.property(lines, zones, when, (line, name, from) => {
        const { hours, minutes } = parseCron(line);
        const zone = getTimeZone(name);
        const shown = new Date(zone.toWallClock(scheduleOf(line, name).next(from)));
        const fits = hours.includes(shown.getUTCHours()) && minutes.includes(shown.getUTCMinutes());
        const isAfterGap = zone.toWallClock(zone.toInstant(shown.getTime()) - 3 * HOUR_MS) < shown.getTime() - 3 * HOUR_MS;
        expect(fits || isAfterGap).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("fixed hours: from one tick to the next, no time of the line is passed over on the wall clock", () => {
    fc.assert(
      fc.property(dailyLines, zones, when, (text, name, from) => {
        const schedule = scheduleOf(text, name);
        const tick = schedule.next(from);
        expect(timesOfLine(schedule, tick, schedule.next(tick))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  it("every hour: the wall-clock minute fits, and two ticks are never more than an hour apart on the same day", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("@hourly", "30 * * * *", "*/15 * * * *"),
        fc.constantFrom("Europe/Madrid", "America/New_York", "UTC"),
        when,
        (line, name, from) => {
          const schedule = scheduleOf(line, name);
          const tick = schedule.next(from);
          const following = schedule.next(tick);
          expect(following - tick).toBeLessThanOrEqual(HOUR_MS);
          expect(schedule.line.minutes).toContain(new Date(schedule.zone.toWallClock(following)).getUTCMinutes());
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** The instants between two others at which the wall clock shows a time of the line; of a time that comes twice, only the second counts. */
function timesOfLine({ line, zone }: CronSchedule, fromMs: number, untilMs: number): string[] {
  const found: string[] = [];
  for (let ms = fromMs + 60_000; ms < untilMs; ms += 60_000) {
    const shown = new Date(zone.toWallClock(ms));
    const fits = line.hours.includes(shown.getUTCHours()) && line.minutes.includes(shown.getUTCMinutes());
    if (fits && zone.toInstant(shown.getTime()) === ms) found.push(iso(ms));
  }
  return found;
}
