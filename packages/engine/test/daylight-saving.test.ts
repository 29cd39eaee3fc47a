import type { TimetableSpec } from "@tradewind/core";
import { builder, useTestDatabase } from "@tradewind/metadata/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Engine } from "../src/index.ts";
import { dagSpec, drain, startEngine, storeDags, task } from "./fixture.ts";

const HOUR_MS = 3_600_000;
const database = useTestDatabase();
let nowMs = Date.parse("2026-03-01T00:00:00Z");
let engine: Engine;
beforeEach(async () => {
  engine = await startEngine(database, { clock: { now: () => new Date(nowMs) } });
});
afterEach(() => engine.close());

const cron = (expression: string, timezone: string): TimetableSpec => ({
  kind: "cron_trigger",
  crons: [expression],
  timezone,
  intervalMs: 0,
  runImmediately: null,
});

interface CreatedRun {
  logicalDate: string;
  createdAt: string;
}

/** A few milliseconds of it are the next look, when the DAG was in the hands of somebody else. */
function expectAtTheirMoments(runs: readonly CreatedRun[]): void {
  expect(runs.filter((run) => Date.parse(run.createdAt) - Date.parse(run.logicalDate) > 1_000)).toEqual([]);
}

/** Lives through the time as a scheduler does: sleeps until the next moment something is due, and creates what is. Gives when each run was created. */
async function liveThrough(dagId: string, schedule: TimetableSpec, from: string, to: string): Promise<CreatedRun[]> {
  nowMs = Date.parse(from);
  await storeDags(engine, dagSpec(dagId, [task("a")], { schedule, startDate: new Date(nowMs).toISOString(), maxActiveRuns: 100 }));
  while (nowMs < Date.parse(to)) {
    while ((await engine.createDueRuns({ limit: 10 })).created > 0);
    await drain(engine);
    const dueAt = (await engine.nextDueAt())?.getTime() ?? Number.POSITIVE_INFINITY;
    nowMs = Math.max(nowMs + 1, Math.min(dueAt, Date.parse(to)));
  }
  const rows = await builder(database.db)
    .selectFrom("dag_run")
    .select(["logical_date", "queued_at"])
    .where("dag_id", "=", dagId)
    .orderBy("logical_date")
    .execute();
  await engine.setPaused({ dagId, isPaused: true, actor: { name: "test" } });
  return rows.map((row) => ({ logicalDate: row.logical_date!.toISOString(), createdAt: row.queued_at!.toISOString() }));
}

// "If the hour field is not `*`, the local wall-clock time is kept (08:00 stays 08:00, UTC offset moves)"
test.each([
  ["Europe/Madrid", "2026-03-28", ["2026-03-28T07:00", "2026-03-29T06:00", "2026-03-30T06:00"]],
  ["Europe/Madrid", "2026-10-24", ["2026-10-24T06:00", "2026-10-25T07:00", "2026-10-26T07:00"]],
  ["America/New_York", "2026-03-07", ["2026-03-07T13:00", "2026-03-08T12:00", "2026-03-09T12:00"]],
  ["America/New_York", "2026-10-31", ["2026-10-31T12:00", "2026-11-01T13:00", "2026-11-02T13:00"]],
])("08:00 in %s stays 08:00 over the change after %s, and each run is created at its moment", async (timezone, day, expected) => {
  const from = Date.parse(`${day}T00:00:00Z`);
  const runs = await liveThrough(
    `eight_${day}_${timezone.replace("/", "_")}`,
    cron("0 8 * * *", timezone),
    new Date(from).toISOString(),
    new Date(from + 72 * HOUR_MS).toISOString(),
  );
  expect(runs.map((run) => run.logicalDate)).toEqual(expected.map((instant) => `${instant}:00.000Z`));
  expectAtTheirMoments(runs);
});

// "If the hour field is `*` (every hour), the step is applied as elapsed time, so no repeated or lost hour."
test.each([
  ["Europe/Madrid", "2026-03-29"],
  ["Europe/Madrid", "2026-10-25"],
  ["America/New_York", "2026-03-08"],
  ["America/New_York", "2026-11-01"],
])("every hour in %s on %s: no hour is lost, none comes twice", async (timezone, day) => {
  const from = Date.parse(`${day}T00:00:00Z`);
  const runs = await liveThrough(
    `hourly_${day}_${timezone.replace("/", "_")}`,
    cron("0 * * * *", timezone),
    new Date(from).toISOString(),
    new Date(from + 23.5 * HOUR_MS).toISOString(),
  );
  expect(runs.map((run) => run.logicalDate)).toEqual(Array.from({ length: 24 }, (_, hour) => new Date(from + hour * HOUR_MS).toISOString()));
  expectAtTheirMoments(runs);
});
