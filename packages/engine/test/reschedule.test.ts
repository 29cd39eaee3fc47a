import type { AttemptGrant, TaskOutcome } from "@tradewind/contract";
import { builder, useTestDatabase } from "@tradewind/metadata/testing";
import { listRescheduledAttempts } from "@tradewind/metadata";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../src/index.ts";
import { countAlive, dagSpec, drain, failure, instancesOf, ok, runStateOf, startEngine, statesOf, storeDags, task, trigger } from "./fixture.ts";

const database = useTestDatabase();
let now = new Date("2026-03-01T00:00:00Z");
let engine: Engine;
beforeAll(async () => {
  engine = await startEngine(database, { clock: { now: () => now } });
});
afterAll(() => engine.close());

const later = (ms: number): void => {
  now = new Date(now.getTime() + ms);
};
const wait = (ms: number, message = "no file yet"): TaskOutcome => ({ kind: "reschedule", resumeAfterMs: ms, message });

async function poke(behave: (grant: AttemptGrant) => TaskOutcome): Promise<AttemptGrant[]> {
  await engine.fireTimers({ limit: 100 });
  return drain(engine, behave);
}

async function rowOf(dagRunId: number, taskId: string) {
  return builder(database.db)
    .selectFrom("task_instance")
    .selectAll()
    .where("dag_run_id", "=", dagRunId)
    .where("task_id", "=", taskId)
    .executeTakeFirstOrThrow();
}

describe("reschedule: frees slot and process, state up_for_reschedule, try_number unchanged", () => {
  test("the same try goes on under a new attempt id, with no entry in the history and no retry used", async () => {
    await storeDags(engine, dagSpec("sensor", [task("wait", { retries: 1 }), task("below", { upstream: ["wait"] })]));
    const { dagRunId } = await trigger(engine, "sensor");
    const startedAt = now.toISOString();
    const [first] = await poke(() => wait(60_000));
    expect(first!.context).toMatchObject({ tryNumber: 1, firstStartedAt: null, rescheduleCount: 0 });
    expect(await statesOf(database.db, dagRunId)).toEqual({ wait: "up_for_reschedule", below: null });
    expect(await countAlive(database.db)).toEqual({ queue: 0, leases: 0, timers: 1 });
    expect(await rowOf(dagRunId, "wait")).toMatchObject({ state_reason: "no file yet", try_number: 1, reschedule_count: 1 });

    later(59_000);
    expect(await poke(() => ok())).toEqual([]);
    later(1_000);
    const [second] = await poke(() => wait(60_000));
    expect(second!.context).toMatchObject({ tryNumber: 1, firstStartedAt: startedAt, rescheduleCount: 1 });
    expect(second!.attemptId).not.toBe(first!.attemptId);
    later(60_000);
    const done = await poke(() => ok());
    expect(done.map((grant) => [grant.context.taskId, grant.context.rescheduleCount])).toEqual([
      ["wait", 2],
      ["below", 0],
    ]);
    expect(await runStateOf(database.db, dagRunId)).toMatchObject({ state: "success" });
    const row = await rowOf(dagRunId, "wait");
    expect(row).toMatchObject({ try_number: 1, start_date: new Date(startedAt), duration: 120 });
    expect(await builder(database.db).selectFrom("task_instance_history").selectAll().where("task_instance_id", "=", row.id).execute()).toEqual([]);
    expect(await listRescheduledAttempts(database.db, { taskInstanceId: row.id, tryNumber: 1 })).toEqual([first!.attemptId, second!.attemptId]);
  });

  test("timeout counts from the first poke over reschedules and retries; a new try counts its reschedules anew", async () => {
    await storeDags(engine, dagSpec("over_tries", [task("wait", { retries: 1, retryDelayMs: 10_000 })]));
    const { dagRunId } = await trigger(engine, "over_tries");
    const startedAt = now.toISOString();
    await poke(() => wait(60_000));
    later(60_000);
    await poke(() => failure());
    expect(await statesOf(database.db, dagRunId)).toEqual({ wait: "up_for_retry" });
    later(10_000);
    const [grant] = await poke(() => ok());
    expect(grant!.context).toMatchObject({ tryNumber: 2, firstStartedAt: startedAt, rescheduleCount: 0 });
  });

  test("clearing begins anew: nothing is left of the timer, the first start or the count", async () => {
    await storeDags(engine, dagSpec("cleared", [task("wait")]));
    const { dagRunId, runId } = await trigger(engine, "cleared");
    await poke(() => wait(60_000));
    await engine.clearTaskInstances({
      ...{ dagId: "cleared", runId, dryRun: false, onlyFailed: false, onlyRunning: false, resetDagRuns: true, actor: { name: "test" } },
      ...{
        includeUpstream: false,
        includeDownstream: false,
        includeFuture: false,
        includePast: false,
        runOnLatestVersion: false,
        preventRunningTask: false,
      },
    });
    expect(await countAlive(database.db)).toEqual({ queue: 1, leases: 0, timers: 0 });
    later(5_000);
    const [grant] = await poke(() => ok());
    expect(grant!.context).toMatchObject({ tryNumber: 2, firstStartedAt: null, rescheduleCount: 0 });
    expect((await instancesOf(database.db, dagRunId)).map(({ state }) => state)).toEqual(["success"]);
  });
});

test("map_index_template renders a label after the run; a retry policy's reason is kept as state_reason", async () => {
  await storeDags(engine, dagSpec("labels", [task("a"), task("b")]));
  const { dagRunId } = await trigger(engine, "labels");
  await drain(engine, (grant) =>
    grant.context.taskId === "a"
      ? { kind: "success", mapIndexLabel: "eu-west" }
      : { kind: "failed", failure: { reason: "error", message: "503" }, retryable: false, retryReason: "the API is gone", mapIndexLabel: "us" },
  );
  expect(await rowOf(dagRunId, "a")).toMatchObject({ state: "success", rendered_map_index: "eu-west" });
  expect(await rowOf(dagRunId, "b")).toMatchObject({ state: "failed", rendered_map_index: "us", state_reason: "the API is gone" });
});
