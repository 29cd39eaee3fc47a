import { describe, expect, it } from "vitest";
import type { TimetableSpec } from "../timetable-spec.ts";
import { validateTimetable } from "./validate-timetable.ts";

const cronTrigger = { kind: "cron_trigger", crons: ["@daily"], timezone: "Europe/Madrid", intervalMs: 0, runImmediately: null } as const;
const events = { kind: "events", events: ["2026-01-01T00:00:00.000Z"], restrictToEvents: false, description: null } as const;

describe("a timetable that works", () => {
  it.each([
    { kind: "none" },
    { kind: "once" },
    { kind: "continuous" },
    { ...cronTrigger, crons: ["@daily", "0 0 29 2 *", "0 0 * 2 1#5", "0 0 30 2 MON"] },
    { kind: "cron_data_interval", cron: "0 0 L * *", timezone: "UTC", runImmediately: 600_000 },
    { kind: "delta_trigger", everyMs: 1, intervalMs: 0 },
    { kind: "delta_data_interval", everyMs: 1 },
    { ...events, events: [...events.events] },
    { ...events, events: [] },
  ] satisfies TimetableSpec[])("%j", (spec) => {
    expect(() => validateTimetable(spec)).not.toThrow();
  });
});

describe("a timetable that cannot work says why", () => {
  it.each([
    [{ ...cronTrigger, crons: [] }, "needs at least one cron line"],
    [{ ...cronTrigger, crons: ["@daily", "0 25 * * *"] }, `Cron line "0 25 * * *" could not be read: hour "25" is out of range; expected 0-23.`],
    [{ ...cronTrigger, crons: ["0 0 30 2 *"] }, `Cron line "0 0 30 2 *" never ticks`],
    [{ ...cronTrigger, crons: ["@daily"], timezone: "Europe/Madird" }, `There is no time zone "Europe/Madird". Did you mean "Europe/Madrid"?`],
    [{ ...cronTrigger, crons: ["@daily"], intervalMs: -1 }, "A timetable's interval must be 0 milliseconds or more; found -1."],
    [
      { kind: "cron_data_interval", cron: "@daily", timezone: "UTC", runImmediately: -5 },
      "A timetable's runImmediately must be 0 milliseconds or more; found -5.",
    ],
    [
      { kind: "cron_data_interval", cron: "bad", timezone: "UTC", runImmediately: null },
      `Cron line "bad" could not be read: it has 1 fields; expected 5`,
    ],
    [{ kind: "delta_trigger", everyMs: 0, intervalMs: 0 }, "must be more than 0 milliseconds; found 0."],
    [{ kind: "delta_data_interval", everyMs: Number.NaN }, "must be more than 0 milliseconds; found NaN."],
    [{ ...events, events: ["2026-01-01T00:00:00.000Z", "soon"] }, `Event 2 of the timetable is not an ISO 8601 instant: "soon".`],
    [
      { ...events, events: ["2026-01-02T00:00:00.000Z", "2026-01-01T00:00:00.000Z"] },
      `must be sorted; "2026-01-01T00:00:00.000Z" comes after a later one`,
    ],
  ] satisfies [TimetableSpec, string][])("%j", (spec, message) => {
    expect(() => validateTimetable(spec)).toThrow(expect.objectContaining({ code: "invalid_timetable", message: expect.stringContaining(message) }));
  });
});
