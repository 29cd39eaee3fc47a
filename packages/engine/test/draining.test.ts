import type { DagSpec, TimetableSpec } from "@tradewind/core";
import { builder, run, useTestDatabase } from "@tradewind/metadata/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Engine, WakeKind } from "../src/index.ts";
import { auditOf } from "./audit-log.ts";
import { dagSpec, drain, failure, ok, runStateOf, startEngine, statesOf, storeDags, task } from "./fixture.ts";

// "Dag scheduling state: active / draining / paused. Draining: no new scheduled runs, unfinished runs finish, then the Dag pauses itself; can be asked for when triggering a run."

const database = useTestDatabase();
let nowMs = Date.parse("2026-03-31T12:00:00Z");
let engine: Engine;
let other: Engine;
beforeAll(async () => {
  const clock = { now: () => new Date(nowMs) };
  engine = await startEngine(database, { clock });
  other = await startEngine(database, { clock });
});
afterAll(async () => {
  await engine.close();
  await other.close();
});

const ada = { name: "ada" };
const daily: TimetableSpec = { kind: "cron_trigger", crons: ["0 0 * * *"], timezone: "UTC", intervalMs: 0, runImmediately: null };
const dailySpec = (dagId: string, fields: Partial<DagSpec> = {}): DagSpec =>
  dagSpec(dagId, [task("a")], { schedule: daily, startDate: "2026-03-01T00:00:00.000Z", ...fields });

const set = (dagId: string, state: "active" | "draining" | "paused", by = engine) => by.setSchedulingState({ dagId, state, actor: ada });
const stateOf = async (dagId: string): Promise<string> => {
  const query = builder(database.db).selectFrom("dag").select(["is_paused", "is_draining"]).where("dag_id", "=", dagId);
  const { is_paused: isPaused, is_draining: isDraining } = await query.executeTakeFirstOrThrow();
  return isPaused ? "paused" : isDraining ? "draining" : "active";
};
const runsOf = async (dagId: string): Promise<number> =>
  (await builder(database.db).selectFrom("dag_run").select("id").where("dag_id", "=", dagId).execute()).length;
const trigger = (dagId: string, fields: { drainsDag?: boolean; runAfter?: Date } = {}) =>
  engine.triggerDagRun({ dagId, logicalDate: null, triggeredBy: "test", actor: ada, ...fields });

test("no new scheduled runs, unfinished runs finish, then the DAG pauses itself, and the audit log says so", async () => {
  await storeDags(engine, dailySpec("plain"));
  await engine.createDueRuns({ limit: 10 });
  expect(await runsOf("plain")).toBe(1);
  const queued = await trigger("plain", { runAfter: new Date(nowMs + 1_000) });
  await set("plain", "draining");
  nowMs += 86_400_000;
  expect(await engine.createDueRuns({ limit: 10 })).toEqual({ created: 0, more: false });
  // Nor does it keep schedulers awake.
  expect((await engine.nextDueAt())?.getTime() ?? Number.POSITIVE_INFINITY).toBeGreaterThan(nowMs);
  expect((await engine.explainDag({ dagId: "plain" })).causes).toMatchObject([
    { code: "scheduler_not_alive" },
    { code: "dag_draining", sentence: expect.stringContaining("its 2 unfinished runs have ended") },
  ]);
  await drain(engine);
  await engine.startQueuedRuns({ limit: 10 });
  await drain(engine);
  expect(await runStateOf(database.db, queued.dagRunId)).toMatchObject({ state: "success" });
  await expect.poll(() => stateOf("plain")).toBe("paused");
  expect(await runsOf("plain")).toBe(2);
  expect((await auditOf(database.db, "plain")).filter(({ event }) => event !== "trigger_dag_run")).toMatchObject([
    { event: "patch_dag", owner: "ada", extra: { before: { is_paused: false }, after: { is_paused: false, scheduling_state: "draining" } } },
    { event: "drained", owner: "scheduler", extra: { before: { scheduling_state: "draining" }, after: { is_paused: true } } },
  ]);
  expect((await engine.explainDag({ dagId: "plain" })).causes).toContainEqual(
    expect.objectContaining({ code: "dag_paused", sentence: 'DAG "plain" has paused itself: it was draining, and its runs have ended.' }),
  );
  // Without catchup what was missed meanwhile stays missed.
  await set("plain", "active");
  await engine.createDueRuns({ limit: 10 });
  expect(await runsOf("plain")).toBe(3);
  await drain(engine);
});

test("a DAG without unfinished runs is paused at once; one that is to be active again drains no more", async () => {
  await storeDags(engine, dailySpec("idle", { schedule: { kind: "none" } }));
  await set("idle", "draining");
  expect(await stateOf("idle")).toBe("paused");
  await set("idle", "active");
  const { dagRunId } = await trigger("idle");
  await set("idle", "draining");
  await engine.setPaused({ dagId: "idle", isPaused: false, actor: ada });
  await drain(engine);
  expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
  await engine.sweep({ limit: 10 });
  expect(await stateOf("idle")).toBe("active");
});

test("can be asked for when triggering a run, of a paused DAG too: it runs this once", async () => {
  await storeDags(engine, dailySpec("once", { isPausedUponCreation: true }));
  const waiting = await trigger("once");
  expect(await runStateOf(database.db, waiting.dagRunId)).toMatchObject({ state: "queued" });
  const heard = new Set<WakeKind>();
  const stop = engine.onWake((kinds) => kinds.forEach((kind) => heard.add(kind)));
  const { dagRunId } = await trigger("once", { drainsDag: true });
  stop();
  expect(heard).toContain("runs");
  expect(await stateOf("once")).toBe("draining");
  expect(await engine.createDueRuns({ limit: 10 })).toEqual({ created: 0, more: false });
  await engine.startQueuedRuns({ limit: 10 });
  await drain(engine);
  for (const id of [waiting.dagRunId, dagRunId]) expect(await statesOf(database.db, id)).toEqual({ a: "success" });
  await expect.poll(() => stateOf("once")).toBe("paused");
  expect((await auditOf(database.db, "once")).map(({ event, extra }) => [event, extra["drain_dag"] ?? null])).toEqual([
    ["trigger_dag_run", null],
    ["patch_dag", null],
    ["trigger_dag_run", true],
    ["drained", null],
  ]);
});

test("a run without anything to do drains the DAG with its end", async () => {
  await storeDags(engine, dagSpec("empty", [task("a", { kind: "empty" })]));
  await trigger("empty", { drainsDag: true });
  await expect.poll(() => stateOf("empty")).toBe("paused");
});

test("a cleared run is unfinished again; a failed one ends it too", async () => {
  await storeDags(engine, dagSpec("again", [task("a")]));
  const { runId } = await trigger("again");
  await drain(engine, () => failure());
  await trigger("again");
  await set("again", "draining");
  const clear = { onlyFailed: false, onlyRunning: false, resetDagRuns: true, includeUpstream: false, includeDownstream: false };
  const around = { includeFuture: false, includePast: false, runOnLatestVersion: false, preventRunningTask: false, dryRun: false };
  await engine.clearTaskInstances({ dagId: "again", runId, ...clear, ...around, actor: ada });
  await engine.startQueuedRuns({ limit: 10 });
  await drain(engine, ({ context }) => (context.runId === runId ? ok() : failure()));
  await expect.poll(() => stateOf("again")).toBe("paused");
});

test("several schedulers: runs that end, a run that is made and the pause are in one order; a pause that was lost is made up for", async () => {
  for (let round = 0; round < 10; round++) {
    const dagId = `race_${round}`;
    await storeDags(engine, dagSpec(dagId, [task("a", { kind: "empty" })]));
    await Promise.all([
      trigger(dagId, { drainsDag: true }),
      other.triggerDagRun({ dagId, logicalDate: null, triggeredBy: "test", actor: ada }),
      set(dagId, "draining", other),
    ]);
    await expect.poll(async () => (await other.startQueuedRuns({ limit: 10 }), stateOf(dagId)), { timeout: 10_000 }).toBe("paused");
  }
  // As a crash after the end of the last run would leave it.
  await run(database.db, { text: "update dag set is_paused = false, is_draining = true where dag_id = 'race_0'" });
  await run(database.db, { text: "update dag_run set state = 'success', end_date = now() where dag_id = 'race_0' and state = 'queued'" });
  await other.sweep({ limit: 10 });
  expect(await stateOf("race_0")).toBe("paused");
});
