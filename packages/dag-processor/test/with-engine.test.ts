import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEngine, type Engine } from "@tradewind/engine";
import { createDagLoader, type SpecDefaults, stopBundler } from "@tradewind/loader";
import { findDag, findDagSource, freshFernet, listDagWarnings, listImportErrors, useTestDatabase } from "@tradewind/testkit/database";
import { afterAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { DagProcessor } from "../src/index.ts";

const database = useTestDatabase();
afterAll(stopBundler);

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
let root: string;
let engine: Engine;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "tradewind-processor-")));
  engine = createEngine({
    db: database.db,
    hot: database.hot,
    fernet: freshFernet(),
    issueAttemptToken: () => "",
    defaultExecutor: "local",
    listens: false,
  });
  onTestFinished(async () => {
    await engine.close();
    await rm(root, { recursive: true, force: true });
  });
});

/** One pass of a dag-processor that was just started. */
async function pass(defaults: Partial<SpecDefaults> = {}) {
  const loader = createDagLoader({ processes: 1, keepWarm: false, defaults });
  const processor = new DagProcessor({ engine, loader, folders: [{ name: root, path: root }], release: "1", logger: quiet });
  const done = await processor.runOnce();
  await processor.stop();
  return done;
}

const dagFile = (id: string) => `import { Dag } from "tradewind";\nexport const dag = new Dag("${id}");\ndag.task("t", async () => 1)();\n`;

test("an edit of comments makes no version, but is the text that people see; what the code does not say makes one", async () => {
  await writeFile(join(root, "a.ts"), dagFile("edited"));
  expect(await pass()).toMatchObject({ loaded: 1 });
  expect(await findDagSource(database.db, { dagId: "edited" })).toMatchObject({ versionNumber: 1, source: dagFile("edited") });
  await writeFile(join(root, "a.ts"), `// why\n${dagFile("edited")}`);
  expect(await pass()).toMatchObject({ loaded: 1 });
  expect(await findDagSource(database.db, { dagId: "edited" })).toMatchObject({ versionNumber: 1, source: `// why\n${dagFile("edited")}` });
  expect(await pass({ retries: 2 })).toMatchObject({ loaded: 1 });
  expect(await findDagSource(database.db, { dagId: "edited" })).toMatchObject({ versionNumber: 2 });
  expect(await pass({ retries: 2 })).toMatchObject({ loaded: 0 });
});

test("a file that cannot be stored is told, and keeps none of the files that are recorded with it from being stored", async () => {
  const ids = Array.from({ length: 8 }, (_, index) => `stored_${index}`);
  for (const id of ids) await writeFile(join(root, `${id}.ts`), dagFile(id));
  // PostgreSQL has no text with a zero in it.
  await writeFile(join(root, "stored_zero.ts"), `// \0\n${dagFile("stored_zero")}`);
  const told: object[] = [];
  const logger = { ...quiet, error: (fields: object) => void told.push(fields) };
  const loader = createDagLoader({ processes: 1, keepWarm: false });
  const processor = new DagProcessor({ engine, loader, folders: [{ name: root, path: root }], release: "1", logger });
  expect(await processor.runOnce()).toMatchObject({ loaded: 8 });
  await processor.stop();
  expect(told).toEqual([{ file: join(root, "stored_zero.ts"), error: expect.stringContaining("0x00") as string }]);
  for (const id of ids) expect(await findDagSource(database.db, { dagId: id })).toMatchObject({ versionNumber: 1 });
  expect(await findDagSource(database.db, { dagId: "stored_zero" })).toBeUndefined();
});

test("a file that is broken, mended and deleted is known as such after each", async () => {
  const known = async () => (await engine.listKnownDagFiles([root])).map(({ relativePath, hasError }) => ({ relativePath, hasError }));
  await writeFile(join(root, "b.ts"), dagFile("broken"));
  await pass();
  await writeFile(join(root, "b.ts"), `${dagFile("broken")}let 1x;\n`);
  expect(await pass()).toMatchObject({ failed: 1 });
  expect(await known()).toEqual([{ relativePath: "b.ts", hasError: true }]);
  await writeFile(join(root, "b.ts"), dagFile("broken"));
  expect(await pass()).toMatchObject({ loaded: 1 });
  expect(await known()).toEqual([{ relativePath: "b.ts", hasError: false }]);
  await rm(join(root, "b.ts"));
  expect(await pass()).toMatchObject({ deleted: 1 });
  expect(await known()).toEqual([]);
});

const warnings = async (dagId: string) =>
  (await listDagWarnings(database.db, { filter: { dagId }, page: { limit: 10, offset: 0, orderBy: [] } })).items.map(({ warningType, message }) => [
    warningType,
    message,
  ]);

test("a file whose spec varies between two loads of the same source gets a warning that names what varies", async () => {
  const source = (id: string) => `import { Dag } from "tradewind";
export const dag = new Dag("${id}");
dag.task("t", async ({ seed }: { seed: number }) => seed)({ seed: Math.random() });\n`;
  await writeFile(join(root, "random.ts"), source("random"));
  await pass();
  expect(await warnings("random")).toEqual([]);
  // The same bytes, saved again.
  await writeFile(join(root, "random.ts"), source("random"));
  await pass();
  expect(await findDagSource(database.db, { dagId: "random" })).toMatchObject({ versionNumber: 2 });
  expect(await warnings("random")).toEqual([
    [
      "runtime varying value",
      expect.stringMatching(/different specs: tasks\["t"\]\.inputs\.seed\.value is 0\.\d+ in one and 0\.\d+ in the other\. Each difference/),
    ],
  ]);
  await writeFile(join(root, "random.ts"), source("random").replace("Math.random()", "4"));
  await pass();
  expect(await warnings("random")).toEqual([]);
});

test("so does one that goes by something beside its source", async () => {
  const outside = join(root, "regions.txt");
  const source = `import { readFileSync } from "node:fs";
import { Dag } from "tradewind";
export const dag = new Dag("outside", { tags: [readFileSync(${JSON.stringify(outside)}, "utf8")] });\n`;
  await writeFile(outside, "north");
  await writeFile(join(root, "outside.ts"), source);
  await pass();
  await writeFile(outside, "south");
  await writeFile(join(root, "outside.ts"), `// saved again\n${source}`);
  await pass();
  expect(await warnings("outside")).toEqual([
    ["runtime varying value", expect.stringMatching(/another spec than it did before: tags\[0\] is "north" before and "south" now\./)],
  ]);
  // Other defaults are a reason to differ.
  await pass({ retries: 3 });
  expect(await warnings("outside")).toHaveLength(1);
});

test("and one whose DAG ids vary", async () => {
  const source = `import { Dag } from "tradewind";\nexport const dag = new Dag("varies_" + process.hrtime.bigint());\n`;
  await writeFile(join(root, "ids.ts"), source);
  await pass();
  await writeFile(join(root, "ids.ts"), source);
  await pass();
  const all = await listDagWarnings(database.db, { filter: {}, page: { limit: 100, offset: 0, orderBy: [] } });
  const own = all.items.filter(({ dagId }) => dagId.startsWith("varies_"));
  expect(own.map(({ message }) => message)).toEqual([expect.stringMatching(/define other DAGs: "varies_\d+" in one, "varies_\d+" in the other/)]);
});

test("a folder that is not configured any more: its import errors are gone, its DAGs are stale, and come back with it", async () => {
  const isStale = async (dagId: string) => (await findDag(database.db, { dagId }))?.isStale;
  const errors = async () =>
    (await listImportErrors(database.db, { filter: { bundleName: root }, page: { limit: 10, offset: 0, orderBy: [] } })).total;
  await writeFile(join(root, "old.ts"), dagFile("old_folder"));
  await writeFile(join(root, "bad.ts"), `${dagFile("bad_folder")}let 1x;\n`);
  await pass();
  expect({ stale: await isStale("old_folder"), errors: await errors() }).toEqual({ stale: false, errors: 1 });

  const other = await realpath(await mkdtemp(join(tmpdir(), "tradewind-processor-")));
  onTestFinished(() => rm(other, { recursive: true, force: true }));
  const loader = createDagLoader({ processes: 1, keepWarm: false });
  const processor = new DagProcessor({ engine, loader, folders: [{ name: "another", path: other }], release: "1", logger: quiet });
  await processor.runOnce();
  await processor.stop();
  expect({ stale: await isStale("old_folder"), errors: await errors() }).toEqual({ stale: true, errors: 0 });

  await pass();
  expect({ stale: await isStale("old_folder"), errors: await errors() }).toEqual({ stale: false, errors: 1 });
});

test("another spec after an edit is no warning", async () => {
  await writeFile(join(root, "steady.ts"), dagFile("steady"));
  await pass();
  await writeFile(join(root, "steady.ts"), dagFile("steady").replace('Dag("steady")', 'Dag("steady", { tags: ["a"] })'));
  await pass();
  expect(await findDagSource(database.db, { dagId: "steady" })).toMatchObject({ versionNumber: 2 });
  expect(await warnings("steady")).toEqual([]);
});

test("a DAG of Airflow's SDK belongs to the file that registers it, in whatever order its files are loaded", async () => {
  const native = `import { Dag } from "apache-airflow-ts-sdk";\nexport const dag = new Dag("native_ID");\ndag.task("t", async () => 1)();\n`;
  const main = (file: string) =>
    `import { Bundle } from "apache-airflow-ts-sdk";\nimport { dag } from "./${file}";\nawait new Bundle(dag).serve();\n`;
  const save = (name: string, text: string, id: string) => writeFile(join(root, name), text.replace("ID", id));
  for (const [id, module, entry] of [
    ["one", "a_module.ts", "b_main.ts"],
    ["two", "d_module.ts", "c_main.ts"],
  ] as const) {
    await save(module, native, id);
    await save(entry, main(module), id);
    await pass();
    await pass();
    expect(await findDagSource(database.db, { dagId: `native_${id}` })).toMatchObject({ source: main(module) });
  }
  const files = await engine.listKnownDagFiles([root]);
  expect(files.filter(({ hasError }) => hasError)).toEqual([]);

  // Without the file that registers it, it is that of the module again.
  const loader = createDagLoader({ processes: 1, keepWarm: false });
  const processor = new DagProcessor({ engine, loader, folders: [{ name: root, path: root }], release: "2", logger: quiet });
  onTestFinished(() => processor.stop());
  await processor.runOnce();
  await rm(join(root, "b_main.ts"));
  await processor.runOnce();
  expect(await findDagSource(database.db, { dagId: "native_one" })).toMatchObject({ source: native.replace("ID", "one") });
});
