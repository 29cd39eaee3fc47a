import type { TimetableSpec } from "@tradewind/core";
import { transaction } from "@tradewind/metadata";
import { builder, run, useTestDatabase } from "@tradewind/metadata/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Engine, WakeKind } from "../src/index.ts";
import { dagSpec, dispatchOnce, drain, HOST, ok, startEngine, storeDags, task } from "./fixture.ts";

/**
 * The end of a run asks without locks who waits for its place. Whoever begins to wait at that very moment, having seen the run active, must find out itself: these tests hold it back between its look
 * and its commit, by a lock of the table that only writing waits for, and end the run meanwhile.
 */
const database = useTestDatabase();
let nowMs = Date.parse("2026-03-31T12:00:00Z");
let engine: Engine;
const woken: WakeKind[] = [];
beforeAll(async () => {
  engine = await startEngine(database, { clock: { now: () => new Date(nowMs) } });
  engine.onWake((kinds) => woken.push(...kinds));
});
afterAll(() => engine.close());

const daily: TimetableSpec = { kind: "cron_trigger", crons: ["0 0 * * *"], timezone: "UTC", intervalMs: 0, runImmediately: null };

async function beginTask(): Promise<string> {
  const starts = await dispatchOnce(engine);
  const { granted } = await engine.exchange({ hostId: HOST, starts, finishes: [], want: 0, queues: null });
  expect(granted).toHaveLength(1);
  return granted[0]!.attemptId;
}

async function endTask(attemptId: string): Promise<void> {
  await engine.exchange({ hostId: HOST, starts: [], finishes: [{ attemptId, outcome: ok(), durationMs: 1 }], want: 0, queues: null });
  await engine.idle();
}

/** Does `work`, which writes to `dag`, and `meanwhile` when it has read all and waits to write. */
async function whileItWrites(work: () => Promise<unknown>, meanwhile: () => Promise<void>): Promise<void> {
  const holder = database.open({ maxConnections: 1 });
  let working: Promise<unknown> | undefined;
  await transaction(holder, async (tx) => {
    await run(tx, { text: "lock table dag in share mode" });
    working = work();
    await untilBlocked();
    await meanwhile();
  });
  await working;
  await engine.idle();
}

async function untilBlocked(): Promise<void> {
  const text = "select count(*)::int as waiting from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
  for (const giveUpAt = performance.now() + 10_000; ;) {
    const [row] = await run<{ waiting: number }>(database.db, { text });
    if (row!.waiting > 0) return;
    if (performance.now() > giveUpAt) throw new Error("Writing was to wait for the lock.");
  }
}

const factsOf = async (dagId: string) =>
  builder(database.db).selectFrom("dag").select(["is_paused", "creation_blocked"]).where("dag_id", "=", dagId).executeTakeFirstOrThrow();

test("the last run ends while its DAG is set to drain: the DAG is paused all the same", async () => {
  await storeDags(engine, dagSpec("drains", [task("a")]));
  await engine.triggerDagRun({ dagId: "drains", logicalDate: null, triggeredBy: "test", actor: { name: "ada" } });
  const attemptId = await beginTask();
  await whileItWrites(
    () => engine.setSchedulingState({ dagId: "drains", state: "draining", actor: { name: "ada" } }),
    () => endTask(attemptId),
  );
  expect(await factsOf("drains")).toMatchObject({ is_paused: true });
});

test("a run ends while the schedule finds all places taken: it goes on at once", async () => {
  const fields = { schedule: daily, startDate: "2026-03-30T00:00:00.000Z", catchup: true, maxActiveRuns: 1 };
  await storeDags(engine, dagSpec("blocked", [task("a")], fields));
  expect(await engine.createDueRuns({ limit: 10 })).toMatchObject({ created: 1 });
  await drain(engine);
  await engine.idle();
  // The second run is made, and its end is what the third one will have waited for.
  nowMs += 86_400_000;
  expect(await engine.createDueRuns({ limit: 10 })).toMatchObject({ created: 1 });
  const attemptId = await beginTask();
  await run(database.db, { text: "update dag set creation_blocked = false where dag_id = 'blocked'" });
  nowMs += 86_400_000;
  woken.length = 0;
  await whileItWrites(
    () => engine.createDueRuns({ limit: 10 }),
    () => endTask(attemptId),
  );
  expect(await factsOf("blocked")).toMatchObject({ creation_blocked: false });
  expect(woken).toContain("dags");
  expect(await engine.createDueRuns({ limit: 10 })).toMatchObject({ created: 1 });
  await drain(engine);
});

test("where nothing waits, the end of a run wakes no scheduler to look for runs", async () => {
  await storeDags(engine, dagSpec("alone", [task("a")]));
  await engine.triggerDagRun({ dagId: "alone", logicalDate: null, triggeredBy: "test", actor: { name: "ada" } });
  const attemptId = await beginTask();
  woken.length = 0;
  await endTask(attemptId);
  expect(woken).not.toContain("runs");
  expect(woken).not.toContain("dags");
});
