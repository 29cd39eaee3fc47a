import { describe, expect, it } from "vitest";
import type { TimetableSpec } from "../timetable-spec.ts";
import type { NextRun, NextRunRequest } from "./intervals.ts";
import { manualInterval, nextRun } from "./next-run.ts";

type Asked = Partial<Omit<NextRunRequest, "now" | "startDate" | "endDate" | "lastRun">> & {
  now?: string;
  start?: string;
  end?: string;
  last?: [string, string];
};

const at = (iso: string) => new Date(`${iso}Z`);
const short = (date: Date) => date.toISOString().slice(0, 16);

/** "start/end" of the run's interval in UTC, or null. */
function ask(spec: TimetableSpec, { now = "2026-03-10T10:20", start, end, last, catchup = false }: Asked): string | null {
  const run = nextRun(spec, {
    lastRun: last ? { dataInterval: { start: at(last[0]), end: at(last[1]) } } : null,
    now: at(now),
    startDate: start === undefined ? null : at(start),
    endDate: end === undefined ? null : at(end),
    catchup,
  });
  return run && `${short(run.dataIntervalStart)}/${short(run.dataIntervalEnd)}`;
}

function cronTrigger(cron: string | string[], fields: Partial<Extract<TimetableSpec, { kind: "cron_trigger" }>> = {}): TimetableSpec {
  return { kind: "cron_trigger", crons: [cron].flat(), timezone: "UTC", intervalMs: 0, runImmediately: null, ...fields };
}

function cronDataInterval(cron: string, runImmediately: boolean | number | null = null): TimetableSpec {
  return { kind: "cron_data_interval", cron, timezone: "UTC", runImmediately };
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

describe("every run", () => {
  it("'logical date = interval start; run_after = interval end'", () => {
    const run = nextRun(cronDataInterval("@daily"), { lastRun: null, now: at("2026-03-10T10:20"), startDate: null, endDate: null, catchup: false });
    expect(run).toEqual({
      logicalDate: at("2026-03-09T00:00"),
      dataIntervalStart: at("2026-03-09T00:00"),
      dataIntervalEnd: at("2026-03-10T00:00"),
      runAfter: at("2026-03-10T00:00"),
    } satisfies NextRun);
  });
});

describe("cron_trigger: 'run fires at the tick t; interval = [t - interval_arg, t]'", () => {
  it.each([
    ["catchup: after the last run, however long ago", { catchup: true, last: ["2026-03-01T00:00", "2026-03-01T00:00"] }, "2026-03-02T00:00"],
    ["catchup: from the start date, which may be a tick", { catchup: true, start: "2026-01-01T00:00" }, "2026-01-01T00:00"],
    ["catchup: from the first tick after the start date", { catchup: true, start: "2026-01-01T00:01" }, "2026-01-02T00:00"],
    ["no catchup: the last tick up to now", { last: ["2026-03-01T00:00", "2026-03-01T00:00"], start: "2026-01-01T00:00" }, "2026-03-10T00:00"],
    ["no catchup: now is a tick", { now: "2026-03-10T00:00", start: "2026-01-01T00:00" }, "2026-03-10T00:00"],
    ["no catchup: the tick after the last run", { last: ["2026-03-10T00:00", "2026-03-10T00:00"], start: "2026-01-01T00:00" }, "2026-03-11T00:00"],
    ["no catchup: not before the start date", { start: "2026-04-01T12:00" }, "2026-04-02T00:00"],
    ["'end_date inclusive': a tick at the end runs", { last: ["2026-03-10T00:00", "2026-03-10T00:00"], end: "2026-03-11T00:00" }, "2026-03-11T00:00"],
    ["'tick > end: no more runs'", { last: ["2026-03-10T00:00", "2026-03-10T00:00"], end: "2026-03-10T23:59" }, null],
  ] satisfies [string, Asked, string | null][])("%s", (_, asked, tick) => {
    expect(ask(cronTrigger("@daily"), asked)).toBe(tick && `${tick}/${tick}`);
  });

  it("the interval reaches back by intervalMs", () => {
    expect(ask(cronTrigger("@daily", { intervalMs: 6 * HOUR_MS }), { start: "2026-01-01T00:00" })).toBe("2026-03-09T18:00/2026-03-10T00:00");
  });

  it.each([
    ["true: previous tick", true, "2026-03-10T23:00", "2026-03-10T00:00"],
    ["null: within 10 % of the gap", null, "2026-03-10T02:24", "2026-03-10T00:00"],
    ["null: later than 10 % of the gap", null, "2026-03-10T02:25", "2026-03-11T00:00"],
    ["false: as null", false, "2026-03-10T02:24", "2026-03-10T00:00"],
    ["false: as null", false, "2026-03-10T02:25", "2026-03-11T00:00"],
    ["a duration: within it", 30 * MINUTE_MS, "2026-03-10T00:30", "2026-03-10T00:00"],
    ["a duration: past it", 30 * MINUTE_MS, "2026-03-10T00:31", "2026-03-11T00:00"],
  ] as const)("no start date, catchup: runImmediately %s", (_, runImmediately, now, tick) => {
    expect(ask(cronTrigger("@daily", { runImmediately }), { now, catchup: true })).toBe(`${tick}/${tick}`);
  });

  it("'max(10 % of gap, 5 min)': a short gap still leaves five minutes", () => {
    expect(ask(cronTrigger("*/10 * * * *"), { now: "2026-03-10T10:25", catchup: true })).toBe("2026-03-10T10:20/2026-03-10T10:20");
    expect(ask(cronTrigger("*/10 * * * *"), { now: "2026-03-10T10:26", catchup: true })).toBe("2026-03-10T10:30/2026-03-10T10:30");
  });

  it("no start date, no catchup: the first run is decided the same way", () => {
    expect(ask(cronTrigger("@daily"), { now: "2026-03-10T10:20" })).toBe("2026-03-11T00:00/2026-03-11T00:00");
    expect(ask(cronTrigger("@daily", { runImmediately: true }), { now: "2026-03-10T10:20" })).toBe("2026-03-10T00:00/2026-03-10T00:00");
  });

  it("'union of crons, one run per instant'", () => {
    const spec = cronTrigger(["0 6 * * *", "0 6,18 * * *"]);
    expect(ask(spec, { catchup: true, last: ["2026-03-09T18:00", "2026-03-09T18:00"] })).toBe("2026-03-10T06:00/2026-03-10T06:00");
    expect(ask(spec, { catchup: true, last: ["2026-03-10T06:00", "2026-03-10T06:00"] })).toBe("2026-03-10T18:00/2026-03-10T18:00");
  });

  it("several crons without catchup: the newest tick that is due, else the earliest to come", () => {
    const spec = cronTrigger(["0 6 * * *", "0 9 * * *", "0 18 * * *"]);
    const start = "2026-01-01T00:00";
    expect(ask(spec, { start })).toBe("2026-03-10T09:00/2026-03-10T09:00");
    expect(ask(spec, { start, last: ["2026-03-10T09:00", "2026-03-10T09:00"] })).toBe("2026-03-10T18:00/2026-03-10T18:00");
    expect(ask(spec, { start, end: "2026-03-10T12:00", last: ["2026-03-10T09:00", "2026-03-10T09:00"] })).toBeNull();
  });
});

describe("cron_data_interval: 'run for [a,b) is created at b'", () => {
  it.each([
    ["'First interval starts at first tick >= start_date'", { catchup: true, start: "2026-03-01T00:01" }, "2026-03-02T00:00/2026-03-03T00:00"],
    ["'without start_date and with catchup: never'", { catchup: true }, null],
    ["'No catchup: newest complete interval'", {}, "2026-03-09T00:00/2026-03-10T00:00"],
    ["'if now is exactly a tick, the interval ending now is taken'", { now: "2026-03-10T00:00" }, "2026-03-09T00:00/2026-03-10T00:00"],
    ["'Consecutive intervals touch'", { last: ["2026-03-09T00:00", "2026-03-10T00:00"] }, "2026-03-10T00:00/2026-03-11T00:00"],
    [
      "'after a schedule change the last end is aligned back to the new grid'",
      { catchup: true, last: ["2026-03-09T06:00", "2026-03-09T18:00"] },
      "2026-03-09T00:00/2026-03-10T00:00",
    ],
    ["a start date in the future", { start: "2026-04-01T00:00" }, "2026-04-01T00:00/2026-04-02T00:00"],
    [
      "the end date is the last logical date",
      { last: ["2026-03-09T00:00", "2026-03-10T00:00"], end: "2026-03-10T00:00" },
      "2026-03-10T00:00/2026-03-11T00:00",
    ],
    ["past the end date", { last: ["2026-03-09T00:00", "2026-03-10T00:00"], end: "2026-03-09T23:59" }, null],
  ] satisfies [string, Asked, string | null][])("%s", (_, asked, expected) => {
    expect(ask(cronDataInterval("@daily"), asked)).toBe(expected);
  });

  it.each([
    [true, "2026-03-09T00:00/2026-03-10T00:00"],
    [false, "2026-03-10T00:00/2026-03-11T00:00"],
    [11 * HOUR_MS, "2026-03-09T00:00/2026-03-10T00:00"],
    [10 * HOUR_MS, "2026-03-10T00:00/2026-03-11T00:00"],
  ])("runImmediately %s decides the first run when there is no start date", (runImmediately, expected) => {
    expect(ask(cronDataInterval("@daily", runImmediately), {})).toBe(expected);
    expect(ask(cronDataInterval("@daily", runImmediately), { catchup: true })).toBe(expected);
    expect(ask(cronDataInterval("@daily", runImmediately), { start: "2026-01-01T00:00" })).toBe("2026-03-09T00:00/2026-03-10T00:00");
  });
});

describe("delta_trigger: 'not aligned to a grid: last + delta; no catchup: max(now, last + delta, start_date)'", () => {
  const spec: TimetableSpec = { kind: "delta_trigger", everyMs: 90 * MINUTE_MS, intervalMs: 0 };
  it.each([
    ["catchup", { catchup: true, last: ["2026-03-01T07:07", "2026-03-01T07:07"] }, "2026-03-01T08:37"],
    ["catchup from the start date", { catchup: true, start: "2026-03-01T07:07" }, "2026-03-01T07:07"],
    ["no catchup, last run long ago", { last: ["2026-03-01T07:07", "2026-03-01T07:07"] }, "2026-03-10T10:20"],
    ["no catchup, last run just now", { last: ["2026-03-10T10:00", "2026-03-10T10:00"] }, "2026-03-10T11:30"],
    ["no start date, no run yet", {}, "2026-03-10T10:20"],
    ["no catchup, start date in the future", { start: "2026-03-11T00:00" }, "2026-03-11T00:00"],
    ["past the end", { end: "2026-03-10T10:19" }, null],
  ] satisfies [string, Asked, string | null][])("%s", (_, asked, tick) => {
    expect(ask(spec, asked)).toBe(tick && `${tick}/${tick}`);
  });
});

describe("delta_data_interval: 'last end + delta; no catchup floor = (now rounded down to a multiple of delta since epoch) - delta'", () => {
  const spec: TimetableSpec = { kind: "delta_data_interval", everyMs: HOUR_MS };
  it.each([
    ["catchup", { catchup: true, last: ["2026-03-01T06:07", "2026-03-01T07:07"] }, "2026-03-01T07:07/2026-03-01T08:07"],
    ["catchup without a start date: never", { catchup: true }, null],
    ["no catchup", { last: ["2026-03-01T06:07", "2026-03-01T07:07"] }, "2026-03-10T09:00/2026-03-10T10:00"],
    ["no catchup, nothing missed", { last: ["2026-03-10T09:07", "2026-03-10T10:07"] }, "2026-03-10T10:07/2026-03-10T11:07"],
    ["a start date later than the floor", { start: "2026-03-10T09:30" }, "2026-03-10T09:30/2026-03-10T10:30"],
  ] satisfies [string, Asked, string | null][])("%s", (_, asked, expected) => {
    expect(ask(spec, asked)).toBe(expected);
  });
});

describe("none, once, continuous", () => {
  it("none: never", () => {
    expect(ask({ kind: "none" }, { start: "2026-01-01T00:00" })).toBeNull();
  });

  it("'@once: one run at start_date or now, ignores catchup'", () => {
    for (const catchup of [true, false]) {
      expect(ask({ kind: "once" }, { catchup, start: "2026-01-01T00:00" })).toBe("2026-01-01T00:00/2026-01-01T00:00");
      expect(ask({ kind: "once" }, { catchup })).toBe("2026-03-10T10:20/2026-03-10T10:20");
      expect(ask({ kind: "once" }, { catchup, last: ["2026-01-01T00:00", "2026-01-01T00:00"] })).toBeNull();
      expect(ask({ kind: "once" }, { catchup, start: "2026-01-02T00:00", end: "2026-01-01T00:00" })).toBeNull();
    }
  });

  it.each([
    ["'interval = last end..now'", { last: ["2026-03-10T09:00", "2026-03-10T10:00"] }, "2026-03-10T10:00/2026-03-10T10:20"],
    ["first run, start date past", { start: "2026-03-10T09:00" }, "2026-03-10T09:00/2026-03-10T10:20"],
    ["first run, no start date", {}, "2026-03-10T10:20/2026-03-10T10:20"],
    ["first run, start date in the future", { start: "2026-03-11T00:00" }, "2026-03-11T00:00/2026-03-11T00:00"],
    [
      "last end in the future: same length from the start date",
      { start: "2026-03-12T00:00", last: ["2026-03-10T09:00", "2026-03-10T11:00"] },
      "2026-03-12T00:00/2026-03-12T02:00",
    ],
    ["past the end date", { last: ["2026-03-10T09:00", "2026-03-10T10:00"], end: "2026-03-10T10:19" }, null],
  ] satisfies [string, Asked, string | null][])("continuous: %s", (_, asked, expected) => {
    expect(ask({ kind: "continuous" }, asked)).toBe(expected);
  });
});

describe("events: 'explicit list; no catchup: first future event'", () => {
  const spec: Extract<TimetableSpec, { kind: "events" }> = {
    kind: "events",
    events: ["2026-03-01T12:00:00.000Z", "2026-03-10T10:20:00.000Z", "2026-04-01T00:00:00.000Z"],
    restrictToEvents: false,
    description: null,
  };
  it.each([
    ["catchup", { catchup: true }, "2026-03-01T12:00"],
    ["catchup, after the last run", { catchup: true, last: ["2026-03-01T12:00", "2026-03-01T12:00"] }, "2026-03-10T10:20"],
    ["catchup, from the start date", { catchup: true, start: "2026-03-10T10:21" }, "2026-04-01T00:00"],
    ["no catchup: an event that is just now", {}, "2026-03-10T10:20"],
    ["no catchup: the first in the future", { now: "2026-03-10T10:21" }, "2026-04-01T00:00"],
    ["no catchup: the one after the last run", { last: ["2026-03-10T10:20", "2026-03-10T10:20"] }, "2026-04-01T00:00"],
    ["none is left", { now: "2026-04-01T00:01" }, null],
    ["past the end date", { now: "2026-03-10T10:21", end: "2026-03-31T00:00" }, null],
  ] satisfies [string, Asked, string | null][])("%s", (_, asked, event) => {
    expect(ask(spec, asked)).toBe(event && `${event}/${event}`);
  });

  it("restricted to events, a manual run is for the newest event past, or the first one", () => {
    const restricted = { ...spec, restrictToEvents: true };
    const manual = (now: string) => short(manualInterval(restricted, at(now)).start);
    expect(manual("2026-02-01T00:00")).toBe("2026-03-01T12:00");
    expect(manual("2026-03-10T10:19")).toBe("2026-03-01T12:00");
    expect(manual("2026-03-10T10:20")).toBe("2026-03-10T10:20");
    expect(manual("2027-01-01T00:00")).toBe("2026-04-01T00:00");
  });
});

describe("manual runs: 'trigger type [d - interval_arg, d]; cron interval type the last complete period before d; delta [d - delta, d]'", () => {
  it.each([
    [{ kind: "none" }, "2026-03-10T10:20/2026-03-10T10:20"],
    [{ kind: "once" }, "2026-03-10T10:20/2026-03-10T10:20"],
    [{ kind: "continuous" }, "2026-03-10T10:20/2026-03-10T10:20"],
    [cronTrigger("@daily", { intervalMs: HOUR_MS }), "2026-03-10T09:20/2026-03-10T10:20"],
    [{ kind: "delta_trigger", everyMs: 7 * HOUR_MS, intervalMs: HOUR_MS }, "2026-03-10T09:20/2026-03-10T10:20"],
    [cronDataInterval("@daily"), "2026-03-09T00:00/2026-03-10T00:00"],
    [{ kind: "delta_data_interval", everyMs: HOUR_MS }, "2026-03-10T09:20/2026-03-10T10:20"],
    [{ kind: "events", events: ["2026-03-01T12:00:00.000Z"], restrictToEvents: false, description: null }, "2026-03-10T10:20/2026-03-10T10:20"],
  ] satisfies [TimetableSpec, string][])("%j", (spec, expected) => {
    const { start, end } = manualInterval(spec, at("2026-03-10T10:20"));
    expect(`${short(start)}/${short(end)}`).toBe(expected);
  });
});

describe("catchup over a month with a change of the clock", () => {
  it("makes one run for each day, each beginning where the one before ended", () => {
    const spec: TimetableSpec = { kind: "cron_data_interval", cron: "@daily", timezone: "Europe/Madrid", runImmediately: null };
    const request = { now: at("2026-04-15T00:00"), startDate: at("2026-03-14T23:00"), endDate: null, catchup: true };
    const runs: NextRun[] = [];
    for (let last: NextRun | null = null; ;) {
      const lastRun: NextRunRequest["lastRun"] = last && { dataInterval: { start: last.dataIntervalStart, end: last.dataIntervalEnd } };
      const run: NextRun | null = nextRun(spec, { ...request, lastRun });
      if (run === null || run.runAfter > request.now) break;
      runs.push(run);
      last = run;
    }
    expect(runs).toHaveLength(31);
    const touches = runs.slice(1).every((run, index) => run.dataIntervalStart.getTime() === runs[index]!.dataIntervalEnd.getTime());
    expect(touches).toBe(true);
    const lengths = runs.map((run) => (run.dataIntervalEnd.getTime() - run.dataIntervalStart.getTime()) / HOUR_MS);
    expect(lengths.filter((hours) => hours !== 24)).toEqual([23]);
    expect(short(runs[14]!.logicalDate)).toBe("2026-03-28T23:00");
  });
});
