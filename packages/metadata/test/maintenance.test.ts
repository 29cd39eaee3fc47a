import { randomUUID } from "node:crypto";
import pg from "pg";
import { expect, test } from "vitest";
import { transaction } from "../src/database.ts";
import { run } from "../src/database-handle.ts";
import { createFernet, generateFernetKey } from "../src/fernet.ts";
import { createSideDatabase } from "../src/side-database.ts";
import { countActiveRuns, countFinishedRuns, deleteFinishedRuns, readPoolGauges, rotateSecrets } from "../src/stores/maintenance.ts";
import { seedDag, seedDagRun, seedLease, seedTaskInstance, seedTry, startPrivateServer, useTestDatabase } from "../src/testing/index.ts";

const database = useTestDatabase();

const spec = (dagId: string) =>
  ({
    dagId,
    displayName: null,
    owner: "a",
    tags: [],
    description: null,
    maxActiveRuns: 1,
    maxActiveTasks: 1,
    maxConsecutiveFailedDagRuns: 0,
  }) as never;
const day = (number: number): Date => new Date(Date.UTC(2026, 0, number));

test("old finished runs go in batches, with their attempts told; the latest automated run of a DAG stays, and what is younger or not over", async () => {
  const { db } = database;
  await seedDag(db, { spec: spec("old") });
  await seedDag(db, { spec: spec("other") });
  for (const number of [1, 2, 3]) {
    await seedDagRun(db, { dagId: "old", runId: `s${number}`, runType: "scheduled", logicalDate: day(number), endDate: day(number) });
  }
  const manual = await seedDagRun(db, { dagId: "old", runId: "m", endDate: day(3), runAfter: day(3) });
  await seedDagRun(db, { dagId: "old", runId: "young", endDate: day(20), runAfter: day(4) });
  await seedDagRun(db, { dagId: "old", runId: "live", state: "running", runAfter: day(1) });
  await seedDagRun(db, { dagId: "other", runId: "o", endDate: day(1), runAfter: day(1) });
  const attempts = [randomUUID(), randomUUID()];
  const instance = await seedTaskInstance(db, { dagRunId: manual, taskId: "t", state: "success", attemptId: attempts[1]! });
  await seedTry(db, { taskInstanceId: instance, tryNumber: 1, state: "failed", attemptId: attempts[0]! });

  const filter = { endedBefore: day(10), dagId: "old" };
  expect(await countFinishedRuns(db, filter)).toEqual([{ dagId: "old", runs: 3 }]);
  expect(await countFinishedRuns(db, { endedBefore: day(10) })).toEqual([
    { dagId: "old", runs: 3 },
    { dagId: "other", runs: 1 },
  ]);
  const first = await transaction(db, (tx) => deleteFinishedRuns(tx, { ...filter, limit: 2 }));
  const second = await transaction(db, (tx) => deleteFinishedRuns(tx, { ...filter, limit: 2 }));
  const third = await transaction(db, (tx) => deleteFinishedRuns(tx, { ...filter, limit: 2 }));
  expect([first, second, third].map(({ deleted }) => deleted)).toEqual([2, 1, 0]);
  expect([...first.attemptIds, ...second.attemptIds].sort()).toEqual(attempts.sort());
  const left = await run<{ runId: string }>(db, { text: `select run_id as "runId" from dag_run where dag_id = 'old' order by run_id` });
  expect(left.map(({ runId }) => runId)).toEqual(["live", "s3", "young"]);
});

test("secrets of an old key are encrypted anew by the first one; those of the first are left", async () => {
  const { db } = database;
  const [oldKey, newKey] = [generateFernetKey(), generateFernetKey()];
  const [older, newer] = [createFernet(oldKey), createFernet(newKey)];
  await run(db, {
    text: "insert into connection (connection_id, conn_type, password, extra) values ('a', 'x', $1, null), ('b', 'x', $2, $1)",
    values: [older.encrypt("secret"), newer.encrypt("other")],
  });
  await run(db, { text: "insert into variable (key, value) values ('v', $1)", values: [older.encrypt("value")] });
  const both = createFernet(`${newKey},${oldKey}`);
  expect(await transaction(db, (tx) => rotateSecrets(tx, both))).toEqual({ rotated: 3, current: 1 });
  expect(await transaction(db, (tx) => rotateSecrets(tx, both))).toEqual({ rotated: 0, current: 4 });
  const rows = await run<{ token: string }>(db, {
    text: "select password as token from connection union all select extra from connection where extra is not null union all select value from variable",
  });
  expect(rows.map(({ token }) => newer.decrypt(token)).sort()).toEqual(["other", "secret", "secret", "value"]);
});

test("gauges count slots, not rows", async () => {
  const { db } = database;
  await seedDag(db, { spec: spec("gauges") });
  const before = await countActiveRuns(db);
  const dagRunId = await seedDagRun(db, { dagId: "gauges", runId: "g", state: "running" });
  await run(db, { text: "insert into pool (name, slots) values ('small', 4)" });
  for (const [taskId, state, poolSlots] of [
    ["a", "running", 2],
    ["b", "queued", 1],
  ] as const) {
    const taskInstanceId = await seedTaskInstance(db, { dagRunId, taskId, state, pool: "small", poolSlots });
    await seedLease(db, { taskInstanceId, attemptId: randomUUID(), state });
  }
  expect((await readPoolGauges(db)).find(({ name }) => name === "small")).toEqual({ name: "small", slots: 4, running: 2, queued: 1, scheduled: 0 });
  expect(await countActiveRuns(db)).toEqual({ ...before, running: before.running + 1 });
});

test("a side database is its role's own, and the role cannot open the metadata database", async () => {
  await using server = await startPrivateServer();
  const made = { url: server.postgres.url, database: "side", role: "side_user", password: "it's secret" };
  await createSideDatabase(made);
  await createSideDatabase(made);
  const connect = async (name: string): Promise<void> => {
    const { hostname, port } = new URL(server.postgres.url);
    const client = new pg.Client({ host: hostname, port: Number(port), user: made.role, password: made.password, database: name });
    await client.connect();
    await client.query("create table if not exists t (x int)");
    await client.end();
  };
  await connect("side");
  await expect(connect(new URL(server.postgres.url).pathname.slice(1))).rejects.toThrow(/permission denied for database/);
});
