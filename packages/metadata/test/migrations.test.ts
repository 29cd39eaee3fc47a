import { expect, onTestFinished, test } from "vitest";
import { run } from "../src/database-handle.ts";
import { type Database, openDatabase } from "../src/database.ts";
import { assertSchemaUsable, checkSchema, checksumOf, migrate, type Migration } from "../src/migrations.ts";
import { migrations as released } from "../src/migrations/index.ts";
import { createEmptyDatabase } from "./empty-database.ts";

const first: Migration = { id: 1, name: "first", sql: "create table one (id integer primary key); insert into one values (1);" };
const second: Migration = { id: 2, name: "second", sql: ["alter table one add column note text", "update one set note = 'two'"] };
const index: Migration = { id: 3, name: "index", sql: ["create index concurrently if not exists one_note on one (note)"], transactional: false };

async function emptyDatabase(): Promise<{ url: string; db: Database }> {
  const empty = await createEmptyDatabase();
  const { url } = empty;
  const db = openDatabase({ url });
  onTestFinished(async () => {
    await db.close();
    await empty.drop();
  });
  return { url, db };
}

test("from empty, then again: the second time does nothing", async () => {
  const { url } = await emptyDatabase();
  expect((await checkSchema({ url })).pending).toEqual(released);
  expect(await migrate({ url })).toEqual(released);
  expect(await migrate({ url })).toEqual([]);
  const status = await checkSchema({ url });
  expect(status).toMatchObject({ pending: [], newer: [], changed: [] });
  expect(status.applied.map(({ id, checksum }) => [id, checksum])).toEqual(released.map((step) => [step.id, checksumOf(step)]));
  await assertSchemaUsable({ url });
});

test("twenty installers at once: each step is applied once, and all end well", async () => {
  const { url, db } = await emptyDatabase();
  const applied = await Promise.all(Array.from({ length: 20 }, () => migrate({ url })));
  expect(applied.flat()).toEqual(released);
  expect(await run(db, { text: "select count(*) from tradewind_migration" })).toEqual([{ count: released.length }]);
});

test("an older schema goes forward, also by a step outside a transaction", async () => {
  const { url, db } = await emptyDatabase();
  const seen: number[] = [];
  await migrate({ url, migrations: [first] });
  await migrate({ url, migrations: [first, second, index], onApplied: ({ id }) => seen.push(id) });
  expect(seen).toEqual([2, 3]);
  expect(await run(db, { text: "select note, to_regclass('one_note') is not null as indexed from one" })).toEqual([{ note: "two", indexed: true }]);
});

test("a step that fails leaves nothing behind, and the ones before it stay", async () => {
  const { url, db } = await emptyDatabase();
  const broken: Migration = { id: 2, name: "broken", sql: "create table half (id integer); select 1/0;" };
  await expect(migrate({ url, migrations: [first, broken] })).rejects.toMatchObject({
    code: "schema_outdated",
    message: expect.stringContaining('2 "broken" failed: division by zero'),
  });
  expect(await run(db, { text: "select to_regclass('half') as half, (select max(id) from tradewind_migration) as last" })).toEqual([
    { half: null, last: 1 },
  ]);
  // And the lock is free again.
  await migrate({ url, migrations: [first, second] });
});

test("a newer schema is not migrated; processes of the release before may still work on it", async () => {
  const { url } = await emptyDatabase();
  await migrate({ url, migrations: [first, second] });
  await expect(migrate({ url, migrations: [first] })).rejects.toMatchObject({
    code: "schema_outdated",
    message: expect.stringContaining('2 "second"'),
  });
  expect((await checkSchema({ url, migrations: [first] })).newer).toMatchObject([{ id: 2, name: "second" }]);
  await assertSchemaUsable({ url, migrations: [first] });
});

test("an older schema is not usable, and the error says what to do", async () => {
  const { url } = await emptyDatabase();
  await migrate({ url, migrations: [first] });
  await expect(assertSchemaUsable({ url, migrations: [first, second] })).rejects.toMatchObject({
    code: "schema_outdated",
    message: expect.stringContaining("tradewind db migrate"),
  });
});

test("a released step that was edited is refused", async () => {
  const { url } = await emptyDatabase();
  await migrate({ url, migrations: [first] });
  const edited = { ...first, sql: "create table one (id bigint primary key);" };
  await expect(migrate({ url, migrations: [edited, second] })).rejects.toMatchObject({
    code: "schema_outdated",
    message: expect.stringContaining("must not change"),
  });
  await expect(assertSchemaUsable({ url, migrations: [edited] })).rejects.toMatchObject({ code: "schema_outdated" });
});

test("the released steps are numbered in their order, and each has a name of its own", () => {
  const ids = released.map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)].sort((one, other) => one - other));
  expect(new Set(released.map(({ name }) => name)).size).toBe(released.length);
});
