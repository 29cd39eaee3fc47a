import { describe, expect, it } from "vitest";
import { continuous, cron, events, every, once } from "./index.ts";
import { readInstant } from "./instant.ts";
import { readSchedule, type Schedule } from "./schedule.ts";

describe("a schedule", () => {
  it.each<[string, Schedule | undefined, object]>([
    ["nothing", undefined, { kind: "none" }],
    ["null", null, { kind: "none" }],
    ["a preset", "@daily", { kind: "cron_trigger", crons: ["@daily"], timezone: "Asia/Tokyo", intervalMs: 0, runImmediately: null }],
    ["@once", "@once", { kind: "once" }],
    ["@continuous", "@continuous", { kind: "continuous" }],
    [
      "a cron line",
      " 0  6 * * MON-FRI ",
      { kind: "cron_trigger", crons: ["0 6 * * MON-FRI"], timezone: "Asia/Tokyo", intervalMs: 0, runImmediately: null },
    ],
    [
      "a list of lines",
      ["0 6 * * *", "30 18 * * *"],
      { kind: "cron_trigger", crons: ["0 6 * * *", "30 18 * * *"], timezone: "Asia/Tokyo", intervalMs: 0, runImmediately: null },
    ],
    ["a cron line that begins like a duration", "5 d * * *", { kind: "cron_trigger", crons: ["5 d * * *"] }],
    ["a duration", "1h30m", { kind: "delta_trigger", everyMs: 5_400_000, intervalMs: 0 }],
    ["milliseconds", 60_000, { kind: "delta_trigger", everyMs: 60_000, intervalMs: 0 }],
    ["parts", { hours: 6 }, { kind: "delta_trigger", everyMs: 21_600_000, intervalMs: 0 }],
    [
      "cron with a zone, an interval and a bound",
      cron("0 6 * * *", { timezone: "Europe/Madrid", interval: "1d", runImmediately: "10m" }),
      { kind: "cron_trigger", crons: ["0 6 * * *"], timezone: "Europe/Madrid", intervalMs: 86_400_000, runImmediately: 600_000 },
    ],
    [
      "cron over data intervals",
      cron("@hourly", { dataInterval: true, runImmediately: true }),
      { kind: "cron_data_interval", cron: "@hourly", timezone: "Asia/Tokyo", runImmediately: true },
    ],
    ["every", every("10m", { interval: "5m" }), { kind: "delta_trigger", everyMs: 600_000, intervalMs: 300_000 }],
    ["every over data intervals", every("10m", { dataInterval: true }), { kind: "delta_data_interval", everyMs: 600_000 }],
    ["once", once(), { kind: "once" }],
    ["continuous", continuous(), { kind: "continuous" }],
    [
      "events, sorted, each once",
      events(["2026-06-12", "2026-06-11T00:00:00Z", new Date("2026-06-11T00:00:00Z")]),
      { kind: "events", events: ["2026-06-11T00:00:00.000Z", "2026-06-11T15:00:00.000Z"], restrictToEvents: false, description: null },
    ],
  ])("may be %s", (_what, schedule, spec) => {
    expect(readSchedule(schedule, "Asia/Tokyo")).toMatchObject(spec);
  });

  it.each<[string, () => unknown, RegExp]>([
    ["six fields", () => cron("0 0 6 * * *"), /is not a cron line/],
    ["an unknown preset", () => readSchedule("@fortnightly", "UTC"), /"@fortnightly" is not a cron line/],
    ["an empty list", () => cron([]), /empty list/],
    ["an unknown zone", () => cron("@daily", { timezone: "Europe/Atlantis" }), /"Europe\/Atlantis".* is not known/],
    ["both kinds of interval", () => cron("@daily", { dataInterval: true, interval: "1h" }), /both dataInterval and interval/],
    ["several lines over data intervals", () => cron(["@daily", "@hourly"], { dataInterval: true }), /takes one line, got 2/],
    ["a zero duration", () => every("0s"), /duration of zero/],
    ["no events", () => events([]), /no instants/],
    ["something else", () => readSchedule(true as never, "UTC"), /true is not a schedule/],
  ])("may not be %s", (_what, make, message) => {
    expect(make).toThrow(message);
  });
});

describe("an instant without an offset is local time in the zone", () => {
  it.each([
    ["2026-01-15", "UTC", "2026-01-15T00:00:00.000Z"],
    ["2026-01-15T06:30", "Europe/Madrid", "2026-01-15T05:30:00.000Z"],
    ["2026-07-15 06:30:15.5", "Europe/Madrid", "2026-07-15T04:30:15.500Z"],
    ["2026-07-15T06:30:00+05:30", "Europe/Madrid", "2026-07-15T01:00:00.000Z"],
    ["2026-03-29T02:30", "Europe/Madrid", "2026-03-29T01:30:00.000Z"],
    ["2026-10-25T02:30", "Europe/Madrid", "2026-10-25T00:30:00.000Z"],
    ["2026-03-29T01:59", "Europe/Madrid", "2026-03-29T00:59:00.000Z"],
    ["2026-03-29T03:00", "Europe/Madrid", "2026-03-29T01:00:00.000Z"],
    ["2026-10-25T03:00", "Europe/Madrid", "2026-10-25T02:00:00.000Z"],
    ["2026-03-08T12:00", "America/New_York", "2026-03-08T16:00:00.000Z"],
    ["2026-06-01", "Asia/Kathmandu", "2026-05-31T18:15:00.000Z"],
  ])("%s in %s is %s", (text, zone, expected) => {
    expect(readInstant(text, zone, "date")).toBe(expected);
  });

  it.each(["yesterday", "2026-13-01", "2026-02-29", "2026-01-01T25:00", "", "01/02/2026"])("refuses %j", (text) => {
    expect(() => readInstant(text, "UTC", "startDate")).toThrow(/The startDate is .* ISO 8601/);
  });
});
