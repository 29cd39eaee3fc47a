import { listRenderedFields } from "@tradewind/metadata/rest";
import { builder, useTestDatabase } from "@tradewind/metadata/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Engine } from "../src/index.ts";
import { dagSpec, dispatchOnce, failure, HOST, startEngine, storeDags, trigger } from "./fixture.ts";
import { tasksOf } from "./task-lines.ts";

const database = useTestDatabase();
let engine: Engine;
beforeAll(async () => {
  engine = await startEngine(database);
});
afterAll(() => engine.close());

async function begin(): Promise<string> {
  const [attemptId] = (await dispatchOnce(engine)) as [string];
  await engine.exchange({ hostId: HOST, starts: [attemptId], finishes: [], want: 0, queues: null });
  return attemptId;
}

test("rendered options are kept with the instance while and after it runs; those of a further try take their place, and they go with the instance", async () => {
  await storeDags(engine, dagSpec("rendered", tasksOf(["a"], { a: { retries: 1, retryDelayMs: 0 } })));
  const { dagRunId, runId } = await trigger(engine, "rendered");
  const { id } = await builder(database.db).selectFrom("task_instance").select("id").where("dag_run_id", "=", dagRunId).executeTakeFirstOrThrow();
  const kept = async () => (await listRenderedFields(database.db, { instances: [{ id, dagRunId }] })).get(id);
  const first = await begin();
  expect(await kept()).toBeUndefined();
  await engine.setRenderedFields(first, { fields: { sql: "select 1", parameters: [1] } });
  await engine.setRenderedFields(first, { fields: { sql: "select 2", table: "t" } });
  expect(await kept()).toEqual({ sql: "select 2", parameters: [1], table: "t" });
  await engine.exchange({ hostId: HOST, starts: [], finishes: [{ attemptId: first, outcome: failure(), durationMs: 1 }], want: 0, queues: null });
  await expect(engine.setRenderedFields(first, { fields: { sql: "late" } })).rejects.toMatchObject({ code: "stale_attempt" });
  await engine.fireTimers({ limit: 10 });
  const second = await begin();
  await engine.setRenderedFields(second, { fields: { sql: "select 3" } });
  expect(await kept()).toEqual({ sql: "select 3" });
  await expect(engine.setRenderedFields(second, { fields: { sql: "x".repeat(1_100_000) } })).rejects.toMatchObject({ code: "payload_too_large" });
  await engine.deleteTaskInstance({ dagId: "rendered", runId, taskId: "a", mapIndex: -1, actor: { name: "ada" } });
  expect(await kept()).toBeUndefined();
});
