import type { DagSpec, TimetableSpec } from "@tradewind/core";
import { builder, useTestDatabase } from "@tradewind/metadata/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../src/index.ts";
import { dagSpec, drain, startEngine, storeDags, task } from "./fixture.ts";

/** Every kind of timetable through the engine: due dates, runs and their data intervals, at their moments. The arithmetic itself has its own tables in core. */
const database = useTestDatabase();
let now = new Date("2026-03-10T12:07:00Z");
let engine: Engine;
beforeAll(async () => {
  engine = await startEngine(database, { clock: { now: () => now } });
});
afterAll(() => engine.close());

const HOUR_MS = 3_600_000;
const at = (time: string): string => `2026-03-10T${time}:00.000Z`;
const utc = "UTC";

interface SeenRun {
  logical: string;
  from: string;
  to: string;
  /** When it came up. */
  made: string;
}

const time = (date: Date | null): string => (date === null ? "none" : date.toISOString().slice(date.getUTCDate() === 10 ? 11 : 8, 16));

/** Lets the hours pass, minute by minute where it matters, and gives the runs in the order they came up. */
async function watch(dagId: string, options: { until: string; stepMs?: number }): Promise<SeenRun[]> {
  const seen = new Map<number, SeenRun>();
  for (const end = new Date(at(options.until)); now <= end; now = new Date(now.getTime() + (options.stepMs ?? 60_000))) {
    for (let created = 1; created > 0;) ({ created } = await engine.createDueRuns({ limit: 10 }));
    // What follows the end of a run holds its DAG for a moment, which may be hours here.
    await engine.idle();
    const rows = await builder(database.db).selectFrom("dag_run").selectAll().where("dag_id", "=", dagId).orderBy("id").execute();
    if (rows.every(({ id }) => seen.has(id))) continue;
    for (const row of rows.filter(({ id }) => !seen.has(id)))
      seen.set(row.id, { logical: time(row.logical_date), from: time(row.data_interval_start), to: time(row.data_interval_end), made: time(now) });
    await drain(engine);
  }
  return [...seen.values()];
}

let number = 0;
async function store(schedule: TimetableSpec, fields: Partial<DagSpec> = {}): Promise<string> {
  now = new Date(at("12:07"));
  const dagId = `timetable_${(number += 1)}`;
  await storeDags(engine, dagSpec(dagId, [task("a", { kind: "empty" })], { schedule, maxActiveRuns: 100, ...fields }));
  return dagId;
}

const cron = (crons: string[], fields: Partial<Extract<TimetableSpec, { kind: "cron_trigger" }>> = {}): TimetableSpec => ({
  kind: "cron_trigger",
  crons,
  timezone: utc,
  intervalMs: 0,
  runImmediately: null,
  ...fields,
});

describe("the runs of each timetable", () => {
  test("several crons: the union, one run per instant", async () => {
    const dagId = await store(cron(["0 * * * *", "*/30 * * * *"]), { startDate: at("12:00"), catchup: true });
    expect((await watch(dagId, { until: "13:35" })).map(({ logical, made }) => [logical, made])).toEqual([
      ["12:00", "12:07"],
      ["12:30", "12:30"],
      ["13:00", "13:00"],
      ["13:30", "13:30"],
    ]);
  });

  test("a trigger with an interval: interval = [t - interval_arg, t]", async () => {
    const dagId = await store(cron(["0 * * * *"], { intervalMs: HOUR_MS }), { startDate: at("12:30"), catchup: true });
    expect(await watch(dagId, { until: "13:05" })).toEqual([{ logical: "12:00", from: "12:00", to: "13:00", made: "13:00" }]);
  });

  test.each([
    ["True = previous tick", true, "12:00"],
    ["None = previous tick only if within max(10% of gap, 5 min) of now", null, "13:00"],
    ["False = as None", false, "13:00"],
    ["a timedelta = within that", 10 * 60_000, "12:00"],
    ["a timedelta that is too short", 60_000, "13:00"],
  ])("no start_date: run_immediately decides the first run: %s", async (_rule, runImmediately, first) => {
    const dagId = await store(cron(["0 * * * *"], { runImmediately }));
    expect((await watch(dagId, { until: "13:05" }))[0]).toMatchObject({ logical: first });
  });

  test("cron data intervals: run for [a,b) is created at b; consecutive intervals touch", async () => {
    const dagId = await store(
      { kind: "cron_data_interval", cron: "0 * * * *", timezone: utc, runImmediately: null },
      { startDate: at("11:00"), catchup: true },
    );
    expect(await watch(dagId, { until: "13:05" })).toEqual([
      { logical: "11:00", from: "11:00", to: "12:00", made: "12:07" },
      { logical: "12:00", from: "12:00", to: "13:00", made: "13:00" },
    ]);
  });

  test("cron data intervals without start_date and with catchup: never", async () => {
    const dagId = await store({ kind: "cron_data_interval", cron: "0 * * * *", timezone: utc, runImmediately: null }, { catchup: true });
    expect(await watch(dagId, { until: "14:05" })).toEqual([]);
  });

  test("delta ticks are not aligned to a grid: last + delta", async () => {
    const dagId = await store({ kind: "delta_trigger", everyMs: 25 * 60_000, intervalMs: 0 }, { startDate: at("12:20"), catchup: true });
    expect((await watch(dagId, { until: "13:15" })).map(({ logical }) => logical)).toEqual(["12:20", "12:45", "13:10"]);
  });

  test("delta data intervals: last end + delta; no catchup floor = now rounded down to a multiple of delta since epoch, minus delta", async () => {
    const dagId = await store({ kind: "delta_data_interval", everyMs: 30 * 60_000 });
    expect(await watch(dagId, { until: "12:35" })).toEqual([
      { logical: "11:30", from: "11:30", to: "12:00", made: "12:07" },
      { logical: "12:00", from: "12:00", to: "12:30", made: "12:30" },
    ]);
  });

  test("events: an explicit list; no catchup: first future event; with catchup all from the start date", async () => {
    const events = [at("11:00"), at("12:00"), at("12:20"), at("13:10")];
    const schedule: TimetableSpec = { kind: "events", events, restrictToEvents: false, description: null };
    expect((await watch(await store(schedule), { until: "13:30" })).map(({ logical, made }) => [logical, made])).toEqual([
      ["12:20", "12:20"],
      ["13:10", "13:10"],
    ]);
    const caughtUp = await store(schedule, { catchup: true, startDate: at("11:30") });
    expect((await watch(caughtUp, { until: "13:30" })).map(({ logical }) => logical)).toEqual(["12:00", "12:20", "13:10"]);
  });

  test("@once: one run at start_date or now, ignores catchup", async () => {
    expect((await watch(await store({ kind: "once" }), { until: "12:20" })).map(({ logical }) => logical)).toEqual(["12:07"]);
    const dated = await store({ kind: "once" }, { startDate: at("12:15"), catchup: false });
    expect((await watch(dated, { until: "12:30" })).map(({ logical, made }) => [logical, made])).toEqual([["12:15", "12:15"]]);
  });

  test("end_date inclusive: tick > end: no more runs", async () => {
    const dagId = await store(cron(["*/10 * * * *"]), { startDate: at("12:10"), endDate: at("12:30"), catchup: true });
    expect((await watch(dagId, { until: "13:05" })).map(({ logical }) => logical)).toEqual(["12:10", "12:20", "12:30"]);
  });
});

describe("the data interval of a manual run, by the timetable", () => {
  const events: TimetableSpec = { kind: "events", events: [at("08:00"), at("12:00"), at("15:00")], restrictToEvents: true, description: null };
  test.each<[string, TimetableSpec, string, string]>([
    ["trigger type [d - interval_arg, d]", cron(["0 * * * *"], { intervalMs: HOUR_MS }), "11:30", "12:30"],
    [
      "cron interval type: the last complete period before d",
      { kind: "cron_data_interval", cron: "0 * * * *", timezone: utc, runImmediately: null },
      "11:00",
      "12:00",
    ],
    ["delta [d - delta, d]", { kind: "delta_data_interval", everyMs: 2 * HOUR_MS }, "10:30", "12:30"],
    ["delta trigger [d - interval_arg, d]", { kind: "delta_trigger", everyMs: HOUR_MS, intervalMs: 600_000 }, "12:20", "12:30"],
    ["events, restricted to them: the newest one up to d", events, "12:00", "12:00"],
    ["events, not restricted: d itself", { ...events, restrictToEvents: false }, "12:30", "12:30"],
    ["none", { kind: "none" }, "12:30", "12:30"],
  ])("%s", async (_rule, schedule, from, to) => {
    const dagId = await store(schedule);
    const { dagRunId } = await engine.triggerDagRun({ dagId, logicalDate: new Date(at("12:30")), triggeredBy: "test", actor: { name: "test" } });
    const row = await builder(database.db).selectFrom("dag_run").selectAll().where("id", "=", dagRunId).executeTakeFirstOrThrow();
    expect([time(row.logical_date), time(row.data_interval_start), time(row.data_interval_end)]).toEqual(["12:30", from, to]);
  });

  test("logical date null: no interval", async () => {
    const dagId = await store(cron(["0 * * * *"], { intervalMs: HOUR_MS }));
    const { dagRunId } = await engine.triggerDagRun({ dagId, logicalDate: null, triggeredBy: "test", actor: { name: "test" } });
    const row = await builder(database.db).selectFrom("dag_run").selectAll().where("id", "=", dagRunId).executeTakeFirstOrThrow();
    expect(row).toMatchObject({ logical_date: null, data_interval_start: null, data_interval_end: null });
  });
});
