import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { getTimeZone, TimeZone } from "./time-zone.ts";

const at = (iso: string) => Date.parse(iso);
const wall = (local: string) => Date.parse(`${local}Z`);
const iso = (ms: number) => new Date(ms).toISOString().slice(0, 19);

describe("the wall clock of a zone", () => {
  it.each([
    ["UTC", "2026-07-01T12:00:00Z", "2026-07-01T12:00:00"],
    ["Europe/Madrid", "2026-01-01T12:00:00Z", "2026-01-01T13:00:00"],
    ["Europe/Madrid", "2026-07-01T12:00:00Z", "2026-07-01T14:00:00"],
    ["America/New_York", "2026-03-08T06:59:59Z", "2026-03-08T01:59:59"],
    ["America/New_York", "2026-03-08T07:00:00Z", "2026-03-08T03:00:00"],
    ["Asia/Kathmandu", "2026-01-01T00:00:00Z", "2026-01-01T05:45:00"],
    ["Australia/Lord_Howe", "2026-10-03T15:29:59Z", "2026-10-04T01:59:59"],
    ["Australia/Lord_Howe", "2026-10-03T15:30:00Z", "2026-10-04T02:30:00"],
    ["Pacific/Apia", "2011-12-30T09:59:59Z", "2011-12-29T23:59:59"],
    ["Pacific/Apia", "2011-12-30T10:00:00Z", "2011-12-31T00:00:00"],
  ])("%s at %s shows %s", (zone, instant, local) => {
    expect(iso(getTimeZone(zone).toWallClock(at(instant)))).toBe(local);
  });

  it("shows what Intl says, in any zone at any time", () => {
    const zones = Intl.supportedValuesOf("timeZone");
    const instants = fc.integer({ min: Date.UTC(1975, 0) / 1000, max: Date.UTC(2060, 0) / 1000 }).map((seconds) => seconds * 1000);
    fc.assert(
      fc.property(fc.constantFrom(...zones), instants, (zone, ms) => {
        expect(iso(getTimeZone(zone).toWallClock(ms))).toBe(shownByIntl(zone, ms));
      }),
      { numRuns: 150 },
    );
  });
});

describe("the instant of a wall-clock time", () => {
  it.each([
    ["an ordinary time", "Europe/Madrid", "2026-07-01T08:00:00", "2026-07-01T06:00:00"],
    ["a time that comes twice: the second", "Europe/Madrid", "2026-10-25T02:30:00", "2026-10-25T01:30:00"],
    ["a time that comes twice: the second", "America/New_York", "2026-11-01T01:30:00", "2026-11-01T06:30:00"],
    ["a time that never comes: moved on by the gap", "Europe/Madrid", "2026-03-29T02:30:00", "2026-03-29T01:30:00"],
    ["a time that never comes: moved on by the gap", "America/New_York", "2026-03-08T02:30:00", "2026-03-08T07:30:00"],
    ["the first time after a gap", "Europe/Madrid", "2026-03-29T03:00:00", "2026-03-29T01:00:00"],
    ["a gap of half an hour", "Australia/Lord_Howe", "2026-10-04T02:10:00", "2026-10-03T15:40:00"],
    ["a day that never came", "Pacific/Apia", "2011-12-30T12:00:00", "2011-12-30T22:00:00"],
  ])("%s: %s %s is %s UTC", (_, zone, local, instant) => {
    expect(iso(getTimeZone(zone).toInstant(wall(local)))).toBe(instant);
  });

  it("leads back to the same wall-clock time wherever the clock shows it", () => {
    const zones = fc.constantFrom("Europe/Madrid", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia", "UTC");
    fc.assert(
      fc.property(zones, fc.integer({ min: at("2010-01-01T00:00:00Z"), max: at("2040-01-01T00:00:00Z") }), (name, ms) => {
        const zone = getTimeZone(name);
        const shown = zone.toWallClock(ms);
        expect(zone.toInstant(shown)).toBeGreaterThanOrEqual(ms);
        expect(zone.toWallClock(zone.toInstant(shown))).toBe(shown);
      }),
    );
  });

  it("asks for an offset only while the stretch is new", () => {
    let asked = 0;
    const zone = new TimeZone("Test/Zone", () => {
      asked++;
      return 3_600_000;
    });
    zone.toInstant(at("2026-01-01T00:00:00Z"));
    const first = asked;
    for (let day = 0; day < 100; day++) zone.toInstant(at("2026-01-01T00:00:00Z") + day * 86_400_000);
    expect(asked).toBe(first);
  });
});

describe("a zone that does not exist", () => {
  it.each([
    ["Madrid", `There is no time zone "Madrid". Did you mean "Europe/Madrid"?`],
    ["Europe/Madird", `There is no time zone "Europe/Madird". Did you mean "Europe/Madrid"?`],
    ["new york", `Did you mean "America/New_York"?`],
    ["Xyzzy/Nowhere_At_All", `Expected an IANA name such as "Europe/Madrid" or "UTC".`],
    ["+01:00", `There is no time zone "+01:00".`],
    ["", `There is no time zone "".`],
  ])("%j", (name, message) => {
    expect(() => getTimeZone(name)).toThrow(message);
    expect(() => getTimeZone(name)).toThrow(expect.objectContaining({ code: "invalid_timetable" }));
  });
});

function shownByIntl(timeZone: string, ms: number): string {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" });
  return format.format(ms).replace(" ", "T");
}
