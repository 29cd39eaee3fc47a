import { mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEngine, type Engine } from "@tradewind/engine";
import { createDagLoader, type SpecDefaults, stopBundler } from "@tradewind/loader";
import { findDagSource, freshFernet, useTestDatabase } from "@tradewind/testkit/database";
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
