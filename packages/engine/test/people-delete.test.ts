import type { TimetableSpec } from "@tradewind/core";
import { builder, useTestDatabase } from "@tradewind/metadata/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Engine } from "../src/index.ts";
import { auditOf } from "./audit-log.ts";
import { countAlive, dagSpec, dispatchOnce, drain, HOST, ok, runStateOf, startEngine, statesOf, storeDags, trigger } from "./fixture.ts";
import { tasksOf } from "./task-lines.ts";

const database = useTestDatabase();
let engine: Engine;
beforeAll(async () => {
  engine = await startEngine(database);
});
beforeEach(async () => {
  await drain(engine);
});
afterAll(() => engine.close());

const ada = { name: "ada" };
const deleteRun = (dagId: string, runId: string) => engine.deleteDagRun({ dagId, runId, actor: ada });
const deleteDag = (dagId: string) => engine.deleteDag({ dagId, actor: ada });

async function countRows(table: "dag" | "dag_version" | "dag_run" | "task_instance", dagId: string): Promise<number> {
  return (await builder(database.db).selectFrom(table).select("dag_id").where("dag_id", "=", dagId).execute()).length;
}

describe("deleting a run", () => {
  test("takes everything in it, and leaves the audit log", async () => {
    await storeDags(engine, dagSpec("whole", tasksOf(["a", "b < a"])));
    const { dagRunId, runId } = await trigger(engine, "whole");
    await drain(engine, () => ok(1));
    await deleteRun("whole", runId);
    expect(await countRows("dag_run", "whole")).toBe(0);
    expect(await countRows("task_instance", "whole")).toBe(0);
    expect(await builder(database.db).selectFrom("xcom").selectAll().where("dag_run_id", "=", dagRunId).execute()).toEqual([]);
    expect((await auditOf(database.db, "whole")).at(-1)).toMatchObject({
      event: "delete_dag_run",
      owner: "ada",
      runId,
      extra: { before: { state: "success" } },
    });
    await expect(deleteRun("whole", runId)).rejects.toMatchObject({ code: "dag_run_not_found" });
  });

  test("is refused while it is running", async () => {
    await storeDags(engine, dagSpec("busy", tasksOf(["a"])));
    const { dagRunId, runId } = await trigger(engine, "busy");
    await expect(deleteRun("busy", runId)).rejects.toMatchObject({ code: "conflict" });
    expect(await statesOf(database.db, dagRunId)).toEqual({ a: "scheduled" });
  });

  test("a queued one makes room: the schedule, held back by max_active_runs, goes on", async () => {
    const schedule = { kind: "cron_trigger", crons: ["0 0 * * *"], timezone: "UTC", intervalMs: 0, runImmediately: null } as TimetableSpec;
    const spec = dagSpec("room", tasksOf(["a"]), { schedule, startDate: "2026-01-01T00:00:00.000Z", maxActiveRuns: 1 });
    await storeDags(engine, spec);
    const { runId } = await engine.triggerDagRun({
      ...{ dagId: "room", logicalDate: null, runAfter: new Date(Date.now() + 3_600_000), triggeredBy: "test", actor: ada },
    });
    const isBlocked = async () =>
      (await builder(database.db).selectFrom("dag").select("creation_blocked").where("dag_id", "=", "room").executeTakeFirstOrThrow())
        .creation_blocked;
    expect(await engine.createDueRuns({ limit: 10 })).toMatchObject({ created: 0 });
    expect(await isBlocked()).toBe(true);
    await deleteRun("room", runId);
    await expect.poll(isBlocked).toBe(false);
    expect(await engine.createDueRuns({ limit: 10 })).toMatchObject({ created: 1 });
  });

  test("an attempt that has not stopped yet gives its slots to those who wait for them", async () => {
    await storeDags(engine, dagSpec("slots", tasksOf(["a"], { a: { maxActiveTisPerDag: 1 } })));
    const { runId } = await trigger(engine, "slots");
    const [attemptId] = (await dispatchOnce(engine)) as [string];
    await engine.exchange({ hostId: HOST, starts: [attemptId], finishes: [], want: 0, queues: null });
    const waiting = await trigger(engine, "slots");
    expect(await dispatchOnce(engine)).toEqual([]);
    await engine.setDagRunState({ dagId: "slots", runId, state: "failed", actor: ada });
    expect(await dispatchOnce(engine)).toEqual([]);
    await deleteRun("slots", runId);
    expect(await engine.heartbeat({ hostId: HOST, attempts: [{ attemptId }], queued: [] })).toEqual({ renewed: [], stop: [] });
    await drain(engine);
    expect(await runStateOf(database.db, waiting.dagRunId)).toMatchObject({ state: "success" });
    expect(await countAlive(database.db)).toEqual({ queue: 0, leases: 0, timers: 0 });
  });
});

describe("deleting a DAG", () => {
  test("takes its runs and versions, leaves others and the audit log, and it may come again", async () => {
    const spec = dagSpec("going", tasksOf(["a"]));
    await storeDags(engine, spec);
    await storeDags(engine, dagSpec("going", tasksOf(["a", "b"])));
    await storeDags(engine, dagSpec("staying", tasksOf(["a"])));
    for (let count = 0; count < 60; count += 1) await trigger(engine, "going");
    await trigger(engine, "staying");
    await drain(engine);
    await deleteDag("going");
    for (const table of ["dag", "dag_version", "dag_run", "task_instance"] as const) expect(await countRows(table, "going")).toBe(0);
    expect(await countRows("task_instance", "staying")).toBe(1);
    expect((await auditOf(database.db, "going")).at(-1)).toMatchObject({ event: "delete_dag", owner: "ada" });
    await expect(deleteDag("going")).rejects.toMatchObject({ code: "dag_not_found" });
    const [file] = await engine.listKnownDagFiles(["dags"]).then((files) => files.filter((known) => known.relativePath === "going.ts"));
    expect(file).toMatchObject({ fingerprint: null });
    await storeDags(engine, spec);
    await trigger(engine, "going");
    await drain(engine);
  });

  test("is refused while a task of it is running", async () => {
    await storeDags(engine, dagSpec("at_work", tasksOf(["a"])));
    const { runId } = await trigger(engine, "at_work");
    const [attemptId] = (await dispatchOnce(engine)) as [string];
    await engine.exchange({ hostId: HOST, starts: [attemptId], finishes: [], want: 0, queues: null });
    await expect(deleteDag("at_work")).rejects.toMatchObject({ code: "conflict", message: expect.stringMatching(/1 task instance is running/) });
    await engine.exchange({ hostId: HOST, starts: [], finishes: [{ attemptId, outcome: ok(), durationMs: 1 }], want: 0, queues: null });
    await deleteDag("at_work");
    await expect(deleteRun("at_work", runId)).rejects.toMatchObject({ code: "dag_run_not_found" });
  });
});

describe("notes", () => {
  test("on a run and on a task instance, changed and taken away, with the note before in the audit log", async () => {
    await storeDags(engine, dagSpec("noted", tasksOf(["a", "b"])));
    const { dagRunId, runId } = await trigger(engine, "noted");
    const setNote = (fields: { taskId?: string; mapIndex?: number; note: string | null }) =>
      engine.setNote({ dagId: "noted", runId, actor: ada, ...fields });
    await setNote({ note: "first" });
    await setNote({ note: "second" });
    expect((await auditOf(database.db, "noted")).at(-1)).toMatchObject({
      event: "patch_dag_run",
      extra: { before: { note: "first" }, after: { note: "second" } },
    });
    await setNote({ taskId: "a", note: "of a" });
    await setNote({ taskId: "b", mapIndex: -1, note: "of b" });
    expect((await auditOf(database.db, "noted")).at(-1)).toMatchObject({ event: "patch_task_instance", taskId: "b", mapIndex: -1 });
    const notes = async () => ({
      run: (await builder(database.db).selectFrom("dag_run").select("note").where("id", "=", dagRunId).executeTakeFirstOrThrow()).note,
      tasks: (
        await builder(database.db).selectFrom("task_instance").select("note").where("dag_run_id", "=", dagRunId).orderBy("task_id").execute()
      ).map((row) => row.note),
    });
    expect(await notes()).toEqual({ run: "second", tasks: ["of a", "of b"] });
    await setNote({ note: null });
    await setNote({ taskId: "a", note: null });
    expect(await notes()).toEqual({ run: null, tasks: [null, "of b"] });

    await expect(setNote({ taskId: "c", note: "x" })).rejects.toMatchObject({ code: "task_instance_not_found" });
    await expect(setNote({ taskId: "a", mapIndex: 2, note: "x" })).rejects.toMatchObject({ code: "task_instance_not_found" });
    await expect(engine.setNote({ dagId: "noted", runId: "gone", note: "x", actor: ada })).rejects.toMatchObject({ code: "dag_run_not_found" });
    await expect(setNote({ note: "x".repeat(1001) })).rejects.toMatchObject({ code: "validation_failed" });
  });
});
