import { describe, expect, it } from "vitest";
import type { TimetableSpec } from "../timetable-spec.ts";
import { describeCron } from "./describe-cron.ts";
import { activeRunsLimit, describeTimetable, isPeriodic } from "./describe-timetable.ts";

describe("a cron line in English", () => {
  it.each([
    ["* * * * *", "Every minute"],
    ["*/15 * * * *", "Every 15 minutes"],
    ["@hourly", "Every hour"],
    ["30 * * * *", "At 30 minutes past the hour"],
    ["0 */2 * * *", "Every 2 hours"],
    ["@daily", "At 00:00"],
    ["0 9 * * 1-5", "At 09:00, Monday through Friday"],
    ["0 3 * * 7", "At 03:00, only on Sunday"],
    ["15 1,2,3 * * *", "At 01:15, 02:15 and 03:15"],
    ["*/20 1-3 * * *", "Every 20 minutes, between 01:00 and 03:59"],
    ["0 9-17/2 * * *", "Every 2 hours, between 09:00 and 17:59"],
    ["0 0,12 1,15 * *", "At 00:00 and 12:00, on day 1 and 15 of the month"],
    ["@quarterly", "At 00:00, on day 1 of the month, every 3 months"],
    ["5 4 * JAN,JUL *", "At 04:05, only in January and July"],
    ["59 23 L * *", "At 23:59, on the last day of the month"],
    ["0 0 * * 1#1", "At 00:00, on the first Monday of the month"],
    ["0 0 * * L5", "At 00:00, on the last Friday of the month"],
    ["10 2 */3 * *", "At 02:10, every 3 days"],
    ["0 12 15 * MON", "At 12:00, on day 15 of the month (or) At 12:00, only on Monday"],
  ])("%s: %s", (line, expected) => {
    expect(describeCron(line)).toBe(expected);
  });
});

describe("a timetable as the DAG list shows it", () => {
  it.each([
    [{ kind: "none" }, "None", "Never, external triggers only", false],
    [{ kind: "once" }, "@once", "Once, as soon as possible", false],
    [{ kind: "continuous" }, "@continuous", "As frequently as possible, but only one run at a time.", false],
    [
      { kind: "cron_trigger", crons: ["@daily", "0 12 * * *"], timezone: "UTC", intervalMs: 0, runImmediately: null },
      "0 0 * * *, 0 12 * * *",
      "At 00:00, At 12:00",
      true,
    ],
    [{ kind: "cron_data_interval", cron: "@weekly", timezone: "UTC", runImmediately: null }, "0 0 * * 0", "At 00:00, only on Sunday", true],
    [{ kind: "delta_trigger", everyMs: 5_400_000, intervalMs: 0 }, "1:30:00", "Every 1 hour 30 minutes", true],
    [
      { kind: "delta_trigger", everyMs: 90_061_500, intervalMs: 0 },
      "1 day, 1:01:01.500000",
      "Every 1 day 1 hour 1 minute 1 second 500 milliseconds",
      true,
    ],
    [{ kind: "delta_data_interval", everyMs: 86_400_000 }, "1 day, 0:00:00", "Every day", true],
    [{ kind: "delta_data_interval", everyMs: 900_000 }, "0:15:00", "Every 15 minutes", true],
    [{ kind: "events", events: [], restrictToEvents: false, description: null }, "0 events", "No events", true],
    [
      { kind: "events", events: ["2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z"], restrictToEvents: false, description: null },
      "2 events",
      "2 events between 2026-01-01T00:00:00.000Z and 2026-02-01T00:00:00.000Z",
      true,
    ],
    [{ kind: "events", events: ["2026-01-01T00:00:00.000Z"], restrictToEvents: false, description: "Cup finals" }, "Cup finals", "Cup finals", true],
  ] satisfies [TimetableSpec, string, string, boolean][])("%j", (spec, summary, description, periodic) => {
    expect(describeTimetable(spec)).toEqual({ summary, description });
    expect(isPeriodic(spec)).toBe(periodic);
    expect(activeRunsLimit(spec)).toBe(spec.kind === "continuous" ? 1 : null);
  });
});
