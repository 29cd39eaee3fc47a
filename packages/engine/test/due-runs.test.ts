import { afterAll, beforeAll, expect, test } from "vitest";
import type { TimetableSpec } from "@tradewind/core";
import { useTestDatabase, builder } from "@tradewind/metadata/testing";
import type { Engine } from "../src/index.ts";
import { dagSpec, drain, failure, startEngine, storeDags, task } from "./fixture.ts";

const database = useTestDatabase();
let nowMs = Date.parse("2026-03-31T12:00:00Z");
const clock = { now: () => new Date(nowMs) };
const errors: unknown[] = [];
let engine: Engine;
beforeAll(async () => {
  engine = await startEngine(database, { clock, onError: (error) => errors.push(error) });
});
afterAll(() => engine.close());

const daily: TimetableSpec = { kind: "cron_trigger", crons: ["0 0 * * *"], timezone: "UTC", intervalMs: 0, runImmediately: null };

async function createAll(): Promise<number> {
  let created = 0;
  for (let more = true; more;) {
    const answer = await engine.createDueRuns({ limit: 10 });
    created += answer.created;
    more = answer.more && answer.created > 0;
  }
  return created;
}

async function datesOf(dagId: string): Promise<string[]> {
  const rows = await builder(database.db).selectFrom("dag_run").select("logical_date").where("dag_id", "=", dagId).orderBy("logical_date").execute();
  return rows.map((row) => row.logical_date!.toISOString().slice(0, 10));
}

test("catchup over a month: one run per day, within max_active_runs, none missed and none twice", async () => {
  await storeDags(engine, dagSpec("month", [task("a")], { schedule: daily, startDate: "2026-03-01T00:00:00.000Z", catchup: true, maxActiveRuns: 4 }));
  let rounds = 0;
  for (; rounds < 40; rounds++) {
    const created = await createAll();
    const live = await builder(database.db)
      .selectFrom("dag_run")
      .select("id")
      .where("dag_id", "=", "month")
      .where("state", "in", ["queued", "running"])
      .execute();
    expect(live.length).toBeLessThanOrEqual(4);
    await drain(engine);
    await engine.startQueuedRuns({ limit: 10 });
    await new Promise((resolve) => setImmediate(resolve));
    await expect
      .poll(
        async () =>
          (await builder(database.db).selectFrom("dag").select("creation_blocked").where("dag_id", "=", "month").executeTakeFirst())!
            .creation_blocked,
      )
      .toBe(false);
    if (created === 0) break;
  }
  expect(await datesOf("month")).toEqual(Array.from({ length: 31 }, (_, day) => `2026-03-${String(day + 1).padStart(2, "0")}`));
});

test("allowed_run_types without scheduled: the schedule makes no runs, until a new version of the DAG allows them", async () => {
  const fields = { schedule: daily, startDate: "2026-03-01T00:00:00.000Z" };
  await storeDags(engine, dagSpec("by_hand_only", [task("a")], { ...fields, allowedRunTypes: ["manual"] }));
  expect(await createAll()).toBe(0);
  expect((await engine.explainDag({ dagId: "by_hand_only" })).causes).toContainEqual(
    expect.objectContaining({
      code: "scheduled_runs_not_allowed",
      sentence: "Its schedule makes no runs: the DAG allows only manual runs (allowed_run_types).",
      action: expect.objectContaining({ id: "trigger_dag" }),
    }),
  );
  await storeDags(engine, dagSpec("by_hand_only", [task("a")], { ...fields, allowedRunTypes: ["scheduled", "manual"] }));
  expect(await createAll()).toBe(1);
  await drain(engine);
});

test("without catchup only the newest, and the next at its time", async () => {
  await storeDags(engine, dagSpec("newest", [task("a")], { schedule: daily, startDate: "2026-03-01T00:00:00.000Z" }));
  expect(await createAll()).toBe(1);
  expect(await datesOf("newest")).toEqual(["2026-03-31"]);
  nowMs = Date.parse("2026-04-01T00:00:00Z");
  await drain(engine);
  // A DAG whose run has just ended may be locked for a moment, and is passed over then.
  await expect.poll(async () => (await createAll(), datesOf("newest"))).toEqual(["2026-03-31", "2026-04-01"]);
});

test("two schedulers at once create each run once", async () => {
  await storeDags(
    engine,
    ...Array.from({ length: 20 }, (_, index) =>
      dagSpec(`pair_${index}`, [task("a")], { schedule: daily, startDate: "2026-03-30T00:00:00.000Z", catchup: true }),
    ),
  );
  const other = await startEngine(database, { clock });
  await Promise.all([
    engine.createDueRuns({ limit: 10 }),
    other.createDueRuns({ limit: 10 }),
    engine.createDueRuns({ limit: 10 }),
    other.createDueRuns({ limit: 10 }),
  ]);
  await createAll();
  for (let index = 0; index < 20; index++) expect(await datesOf(`pair_${index}`)).toEqual(["2026-03-30", "2026-03-31", "2026-04-01"]);
  await drain(engine);
  await other.close();
});

test("a DAG that cannot be read keeps no other from its run", async () => {
  await storeDags(engine, dagSpec("sound", [task("a")], { schedule: daily }), dagSpec("torn", [task("a")], { schedule: daily }));
  await builder(database.db).updateTable("dag_version").set({ spec: "{" }).where("dag_id", "=", "torn").execute();
  nowMs = Date.parse("2026-04-02T00:00:00Z");
  // A new engine: it has not seen the spec while it was whole.
  const fresh = await startEngine(database, { clock, onError: (error) => errors.push(error) });
  await fresh.createDueRuns({ limit: 100 });
  expect((await datesOf("sound")).at(-1)).toBe("2026-04-02");
  expect(await datesOf("torn")).toEqual([]);
  expect(String(errors.at(-1))).toMatch(/JSON/);
  await fresh.close();
});

test("max_consecutive_failed_dag_runs: the last N runs failed, so the DAG is paused", async () => {
  await storeDags(
    engine,
    dagSpec("failing", [task("a")], { schedule: daily, maxConsecutiveFailedDagRuns: 2, startDate: "2026-04-01T00:00:00.000Z", catchup: true }),
  );
  await createAll();
  await drain(engine, (grant) => (grant.context.dagId === "failing" ? failure() : { kind: "success" }));
  await expect
    .poll(
      async () => (await builder(database.db).selectFrom("dag").select("is_paused").where("dag_id", "=", "failing").executeTakeFirst())!.is_paused,
    )
    .toBe(true);
  const entries = await builder(database.db).selectFrom("event_log").selectAll().where("dag_id", "=", "failing").execute();
  expect(entries).toMatchObject([{ event: "paused", owner: "scheduler", extra: { reason: "the last 2 runs failed" } }]);
});

test("max_consecutive_failed_dag_runs: a success in between keeps the DAG going", async () => {
  await storeDags(engine, dagSpec("shaky", [task("a")], { maxConsecutiveFailedDagRuns: 2 }));
  for (const [index, isGood] of [false, true, false].entries()) {
    await engine.triggerDagRun({ dagId: "shaky", logicalDate: new Date(Date.UTC(2026, 0, index + 1)), triggeredBy: "test", actor: { name: "test" } });
    await drain(engine, () => (isGood ? { kind: "success" } : failure()));
  }
  await engine.sweep({ limit: 10 });
  expect(await builder(database.db).selectFrom("dag").select("is_paused").where("dag_id", "=", "shaky").executeTakeFirst()).toEqual({
    is_paused: false,
  });
});
