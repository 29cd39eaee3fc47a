import { describe, expect, it } from "vitest";
import { plannedRuns } from "./planned-runs.ts";

const DAILY = { kind: "cron_trigger", crons: ["0 6 * * *"], timezone: "UTC", intervalMs: 0, runImmediately: false } as const;
const spec = { schedule: DAILY, startDate: "2026-01-01T00:00:00.000Z", endDate: null, catchup: false } as unknown as Parameters<
  typeof plannedRuns
>[0];
const at = (text: string) => new Date(text);
const run = (text: string) => ({ logicalDate: at(text), dataIntervalStart: at(text), dataIntervalEnd: at(text), runAfter: at(text) });
const days = (planned: { at: Date[] }) => planned.at.map((date) => date.toISOString().slice(0, 16));

describe("plannedRuns", () => {
  it("are the ticks from now until the end of what is asked", () => {
    const planned = plannedRuns(spec, run("2026-03-01T06:00:00Z"), { now: at("2026-03-01T12:00:00Z"), until: at("2026-03-04T06:00:00Z"), most: 10 });
    expect([days(planned), planned.isCut]).toEqual([["2026-03-02T06:00", "2026-03-03T06:00"], false]);
  });

  it("end with the DAG, and are cut when there are too many", () => {
    const ending = { ...spec, endDate: "2026-03-02T12:00:00.000Z" };
    const window = { now: at("2026-03-01T12:00:00Z"), until: at("2027-01-01T00:00:00Z"), most: 3 };
    expect(days(plannedRuns(ending, run("2026-03-01T06:00:00Z"), window))).toEqual(["2026-03-02T06:00"]);
    const cut = plannedRuns(spec, run("2026-03-01T06:00:00Z"), window);
    expect([cut.at.length, cut.isCut]).toEqual([3, true]);
  });

  it("leave out what is late already, and are none without a schedule", () => {
    const window = { now: at("2026-03-05T12:00:00Z"), until: at("2026-03-07T00:00:00Z"), most: 9 };
    expect(days(plannedRuns({ ...spec, catchup: true }, run("2026-03-01T06:00:00Z"), window))).toEqual(["2026-03-06T06:00"]);
    expect(days(plannedRuns({ ...spec, schedule: { kind: "none" } }, undefined, window))).toEqual([]);
    expect(days(plannedRuns(spec, undefined, window))).toEqual(["2026-03-06T06:00"]);
  });
});
