import type { TimetableSpec } from "@tradewind/core";
import { transaction } from "@tradewind/metadata";
import { builder, run, useTestDatabase } from "@tradewind/metadata/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Engine, WakeKind } from "../src/index.ts";
import { dagSpec, dispatchOnce, drain, HOST, ok, startEngine, storeDags, task, untilBlocked } from "./fixture.ts";

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
    await untilBlocked(database.db);
    await meanwhile();
  });
  await working;
  await engine.idle();
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
  await engine.setPaused({ dagId: "blocked", isPaused: true, actor: { name: "ada" } });
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

async function beginRuns(): Promise<string[]> {
  const starts = await dispatchOnce(engine);
  const { granted } = await engine.exchange({ hostId: HOST, starts, finishes: [], want: 0, queues: null });
  return granted.map(({ attemptId }) => attemptId);
}

const runStates = async (dagId: string): Promise<string[]> =>
  (await builder(database.db).selectFrom("dag_run").select("state").where("dag_id", "=", dagId).orderBy("run_after").orderBy("id").execute()).map(
    (row) => row.state,
  );

test("a queued run that somebody holds at that moment keeps its place, and is looked for again when it is let go", async () => {
  await storeDags(engine, dagSpec("narrow", [task("a")], { maxActiveRuns: 1 }));
  const actor = { name: "ada" };
  const runIds: string[] = [];
  for (let index = 0; index < 3; index++)
    runIds.push((await engine.triggerDagRun({ dagId: "narrow", logicalDate: null, triggeredBy: "test", actor })).runId);
  expect(await runStates("narrow")).toEqual(["running", "queued", "queued"]);
  const [attemptId] = await beginRuns();
  const holder = database.open({ maxConnections: 1 });
  await transaction(holder, async (tx) => {
    await run(tx, { text: "select 1 from dag_run where dag_id = 'narrow' and run_id = $1 for update", values: [runIds[1]] });
    await endTask(attemptId!);
    // The third is not let in before the second: it may depend on it.
    expect(await runStates("narrow")).toEqual(["success", "queued", "queued"]);
  });
  for (const change of [
    () => engine.setNote({ dagId: "narrow", runId: runIds[1]!, note: "look here", actor }),
    () =>
      engine.clearTaskInstances({
        ...{ dagId: "narrow", runId: runIds[1]!, actor, dryRun: false, resetDagRuns: true, runOnLatestVersion: false, preventRunningTask: false },
        ...{ onlyFailed: false, onlyRunning: false, includeUpstream: false, includeDownstream: false, includeFuture: false, includePast: false },
      }),
  ]) {
    woken.length = 0;
    await change();
    expect(woken).toContain("runs");
  }
  await engine.startQueuedRuns({ limit: 10 });
  expect(await runStates("narrow")).toEqual(["success", "running", "queued"]);
  await drain(engine);
  expect(await runStates("narrow")).toEqual(["success", "success", "success"]);
});

test("a DAG whose version this release cannot read keeps the next runs of no other back", async () => {
  const narrow = { maxActiveRuns: 1, schedule: daily, startDate: "2026-03-30T00:00:00.000Z", catchup: true };
  await storeDags(engine, dagSpec("legible", [task("a")], { maxActiveRuns: 1 }), dagSpec("later", [task("a")], narrow));
  await engine.createDueRuns({ limit: 10 });
  for (let index = 0; index < 2; index++)
    await engine.triggerDagRun({ dagId: "legible", logicalDate: null, triggeredBy: "test", actor: { name: "ada" } });
  const attemptIds = await beginRuns();
  expect(attemptIds).toHaveLength(2);
  expect(await factsOf("later")).toMatchObject({ creation_blocked: true });
  // A later release changes its file.
  await run(database.db, {
    text: `with newer as (insert into dag_version (dag_id, version_number, spec, spec_sha256, bundle_sha256, export_name, bundle_name, relative_path, source, resolve_from)
        select dag_id, 99, '{"specVersion": 99}', spec_sha256, bundle_sha256, export_name, bundle_name, relative_path, source, resolve_from from dag_version where dag_id = 'later' limit 1
        returning id, dag_id)
      update dag d set dag_version_id = newer.id from newer where d.dag_id = newer.dag_id`,
  });
  const finishes = attemptIds.map((attemptId) => ({ attemptId, outcome: ok(), durationMs: 1 }));
  await engine.exchange({ hostId: HOST, starts: [], finishes, want: 0, queues: null });
  await engine.idle();
  expect(await runStates("legible")).toEqual(["success", "running"]);
  await engine.sweep({ limit: 10 });
  await run(database.db, { text: "update dag set is_paused = true where dag_id = 'later'" });
  await drain(engine);
});

test("the file of a continuous DAG changes while its run is active: it goes on when that has ended", async () => {
  const schedule: TimetableSpec = { kind: "continuous" };
  const spec = (description: string) =>
    dagSpec("always", [task("a")], { schedule, startDate: "2026-03-30T00:00:00.000Z", maxActiveRuns: 1, description });
  await storeDags(engine, spec("before"));
  expect(await engine.createDueRuns({ limit: 10 })).toMatchObject({ created: 1 });
  const attemptId = await beginTask();
  await storeDags(engine, spec("after"));
  expect(await engine.createDueRuns({ limit: 10 })).toMatchObject({ created: 0 });
  await endTask(attemptId);
  nowMs += 1_000;
  expect(await engine.createDueRuns({ limit: 10 })).toMatchObject({ created: 1 });
  await run(database.db, { text: "update dag set is_paused = true where dag_id = 'always'" });
  await drain(engine);
});
