import type { TimetableSpec } from "@tradewind/core";
import { builder, useTestDatabase } from "@tradewind/metadata/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDagVersions } from "../src/dag-versions.ts";
import type { Engine } from "../src/index.ts";
import { dagSpec, startEngine, storeDags, task } from "./fixture.ts";

const database = useTestDatabase();
let engine: Engine;
beforeAll(async () => {
  engine = await startEngine(database, { clock: { now: () => new Date("2026-03-31T12:00:00Z") } });
});
afterAll(() => engine.close());

const daily: TimetableSpec = { kind: "cron_trigger", crons: ["0 0 * * *"], timezone: "UTC", intervalMs: 0, runImmediately: null };
const tasks = (count: number) => Array.from({ length: count }, (_, index) => task(`t${index}`));

async function versionOf(dagId: string): Promise<number> {
  return (await builder(database.db).selectFrom("dag").select("dag_version_id").where("dag_id", "=", dagId).executeTakeFirstOrThrow()).dag_version_id;
}

test("a DAG version that several waited for at once takes its place in memory once", async () => {
  await storeDags(engine, dagSpec("first", tasks(2)), dagSpec("second", tasks(2)));
  const [first, second] = [await versionOf("first"), await versionOf("second")];
  const versions = createDagVersions({ maxTasks: 4 });
  await Promise.all([1, 2, 3].map(() => versions.load(database.db, [first])));
  await versions.load(database.db, [second]);
  expect([versions.peek(first)?.dagId, versions.peek(second)?.dagId]).toEqual(["first", "second"]);
});

test("runs that are due of large DAGs are made by several transactions: what does not fit stays due", async () => {
  const fields = { schedule: daily, startDate: "2026-03-30T00:00:00.000Z" };
  await storeDags(engine, dagSpec("large_1", tasks(6_000), fields), dagSpec("large_2", tasks(6_000), fields));
  expect(await engine.createDueRuns({ limit: 10 })).toEqual({ created: 1, more: true });
  expect(await engine.createDueRuns({ limit: 10 })).toEqual({ created: 1, more: false });
});
