import { mkdir, mkdtemp, readFile, realpath, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createDagLoader, type DagLoader, stopBundler } from "@tradewind/loader";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DagProcessor, type DagProcessorOptions } from "../src/index.ts";
import { Ledger } from "./ledger.ts";

let root: string;
let ledger: Ledger;
const processors: DagProcessor[] = [];

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "tradewind-processor-")));
  ledger = new Ledger();
});
afterEach(async () => {
  await Promise.all(processors.splice(0).map((processor) => processor.stop()));
  await rm(root, { recursive: true, force: true });
});
afterAll(stopBundler);

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

function processor(options: Partial<DagProcessorOptions> = {}): DagProcessor {
  const loader = createDagLoader({ processes: 3, timeoutMs: 2_000, memoryLimitMb: 256 });
  // Rescans are left out, so that what these tests see comes from file events.
  const made = new DagProcessor({
    engine: ledger,
    loader,
    folders: [{ name: "dags", path: join(root, "dags") }],
    release: "1",
    logger: quiet,
    rescanMs: 3_600_000,
    ...options,
  });
  processors.push(made);
  return made;
}
async function write(files: Record<string, string>): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
}
const dag = (id: string, rest = "") => `import { Dag } from "tradewind";\nexport const dag = new Dag("${id}");\n${rest}\n`;
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 10_000, interval: 10 });

describe("runOnce", () => {
  it("records each file's DAGs, and what is wrong with the others", async () => {
    await write({
      "dags/a.ts": dag("a"),
      "dags/team/b.ts": `import { x } from "./c.ts";\n${dag("b", "console.log(x);")}`,
      "dags/team/c.ts": "export const x = 1;\nlet 1y;\n",
      "dags/.tradewindignore": "c.ts\n",
    });
    expect(await processor().runOnce()).toEqual({ files: 2, loaded: 1, failed: 1, deleted: 0 });
    expect(ledger.last("a.ts")).toMatchObject({ bundleName: "dags", result: { ok: true, source: dag("a"), dags: [{ dagId: "a" }] } });
    // Where a task's stack trace points to: names relative to the DAG folder.
    expect(ledger.last("a.ts")?.result).toMatchObject({ bundle: { sourceMap: expect.stringContaining('"sources":["a.ts"]') as string } });
    expect(ledger.last("team/b.ts")?.result).toMatchObject({
      ok: false,
      error: { kind: "syntax", line: 2, frame: expect.stringMatching(/^team\/c\.ts:2:6\n.*> 2 \| let 1y;/su) as string },
    });
  });

  it("loads nothing again that did not change: in the next pass, and after a restart", async () => {
    await write({ "dags/a.ts": dag("a"), "dags/dates.ts": "export const today = 1;\n" });
    const first = processor();
    expect(await first.runOnce()).toMatchObject({ loaded: 2 });
    expect(await first.runOnce()).toEqual({ files: 2, loaded: 0, failed: 0, deleted: 0 });
    expect(await processor().runOnce()).toEqual({ files: 2, loaded: 0, failed: 0, deleted: 0 });
    expect(await processor({ release: "2" }).runOnce()).toMatchObject({ loaded: 2 });
    expect(ledger.version("a")).toBe(1);
  });

  it("takes back what is known of folders that are not configured any more", async () => {
    await write({ "dags/a.ts": dag("a"), "others/b.ts": dag("b") });
    const others = { name: "others", path: join(root, "others") };
    await processor({ folders: [{ name: "dags", path: join(root, "dags") }, others] }).runOnce();
    expect((await ledger.listKnownDagFiles(["dags", "others"])).map(({ relativePath }) => relativePath).sort()).toEqual(["a.ts", "b.ts"]);
    await processor().runOnce();
    expect((await ledger.listKnownDagFiles(["dags", "others"])).map(({ relativePath }) => relativePath)).toEqual(["a.ts"]);
  });

  it("loads a file again that somebody asks for, although it did not change: in the next pass, and at once while it watches", async () => {
    await write({ "dags/a.ts": dag("a"), "dags/b.ts": dag("b") });
    await processor().runOnce();
    ledger.request("dags", "a.ts");
    expect(await processor().runOnce()).toMatchObject({ loaded: 1 });
    const watching = processor();
    await watching.start();
    const before = ledger.records.length;
    ledger.request("dags", "b.ts");
    await eventually(() => ledger.records.slice(before).map(({ relativePath }) => relativePath)).toEqual(["b.ts"]);
  });

  it("loads everything again, and makes versions, after a change of what DAGs are by default", async () => {
    await write({ "dags/a.ts": dag("a", "dag.task('t', async () => 1)();"), "dags/b.ts": dag("b") });
    const by = (retries: number) =>
      processor({ loader: createDagLoader({ processes: 3, timeoutMs: 2_000, memoryLimitMb: 256, defaults: { retries } }) });
    expect(await processor().runOnce()).toMatchObject({ loaded: 2 });
    // What was the default all along is no change.
    expect(await by(0).runOnce()).toMatchObject({ loaded: 0 });
    expect(await by(2).runOnce()).toMatchObject({ loaded: 2 });
    expect(ledger.version("a")).toBe(2);
    expect(ledger.version("b")).toBe(1);
    expect(ledger.last("a.ts")?.result).toMatchObject({ ok: true, dags: [{ spec: { tasks: [{ retries: 2 }] } }] });
  });

  it("loads the files that import what changed, and makes a version only of other content", async () => {
    await write({
      "dags/a.ts": `import { tag } from "../lib/tag.ts";\n${dag("a", "dag.task('t', async () => tag)();")}`,
      "lib/tag.ts": "export const tag = 1;\n",
      "dags/b.ts": dag("b"),
    });
    const one = processor();
    await one.runOnce();
    await write({ "lib/tag.ts": "// only a comment\nexport const tag = 1;\n" });
    expect(await one.runOnce()).toMatchObject({ loaded: 1 });
    expect(ledger.version("a")).toBe(1);
    await write({ "lib/tag.ts": "export const tag = 2;\n" });
    expect(await one.runOnce()).toMatchObject({ loaded: 1 });
    expect(ledger.version("a")).toBe(2);
    expect(ledger.version("b")).toBe(1);
  });

  it("records deleted files, also those that went while no processor ran", async () => {
    await write({ "dags/a.ts": dag("a"), "dags/b.ts": dag("b"), "dags/c.ts": dag("c") });
    const first = processor();
    await first.runOnce();
    await rm(join(root, "dags/a.ts"));
    expect(await first.runOnce()).toEqual({ files: 2, loaded: 0, failed: 0, deleted: 1 });
    await rm(join(root, "dags/b.ts"));
    expect(await processor().runOnce()).toMatchObject({ deleted: 1 });
    expect(ledger.deleted).toEqual(["a.ts", "b.ts"]);
  });

  it("takes a folder that cannot be read for no reason to forget its DAGs", async () => {
    await write({ "dags/a.ts": dag("a") });
    const one = processor();
    await one.runOnce();
    await rename(join(root, "dags"), join(root, "unmounted"));
    expect(await one.runOnce()).toMatchObject({ files: 0, deleted: 0 });
    expect(ledger.deleted).toEqual([]);
  });

  it("tries again what may pass by itself, and what could not be recorded", async () => {
    await write({
      "dags/a.ts": `import { existsSync } from "node:fs";\n${dag("a", `if (!existsSync("${root}/ready")) throw new Error("not ready");`)}`,
    });
    const one = processor({ retryDelayMs: 1 });
    expect(await one.runOnce()).toMatchObject({ failed: 1 });
    await write({ ready: "" });
    ledger.failNext = new Error("database is away");
    expect(await one.runOnce()).toMatchObject({ loaded: 0, failed: 0 });
    await vi.waitFor(async () => expect(await one.runOnce()).toMatchObject({ loaded: 1, failed: 0 }));
  });

  it("lets two processors share one folder", async () => {
    await write(Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`dags/d${index}.ts`, dag(`d${index}`)])));
    await Promise.all([processor().runOnce(), processor().runOnce()]);
    for (let index = 0; index < 10; index++) expect(ledger.version(`d${index}`)).toBe(1);
  });
});

describe("a running dag-processor", () => {
  it("loads a file that is saved in place, saved by rename, new, or in a new folder", async () => {
    await write({ "dags/a.ts": dag("a") });
    const one = processor();
    await one.start();
    await one.whenIdle();
    await write({ "dags/a.ts": dag("a", "dag.task('one', async () => 1)();") });
    await eventually(() => ledger.version("a")).toBe(2);
    await write({ "dags/.a.ts.tmp": dag("a", "dag.task('two', async () => 2)();") });
    await rename(join(root, "dags/.a.ts.tmp"), join(root, "dags/a.ts"));
    await eventually(() => ledger.version("a")).toBe(3);
    await write({ "dags/b.ts": dag("b") });
    await eventually(() => ledger.version("b")).toBe(1);
    await write({ "dags/team/deep/c.ts": dag("c") });
    await eventually(() => ledger.version("c")).toBe(1);
    await write({ "dags/team/deep/c.ts": dag("c", "dag.task('x', async () => 1)();") });
    await eventually(() => ledger.version("c")).toBe(2);
    expect(ledger.records.filter((record) => !record.result.ok)).toEqual([]);
  });

  it("follows imported files outside the folder, and mends a file whose missing import appears", async () => {
    await write({ "dags/a.ts": `import { tag } from "../lib/tag.ts";\n${dag("a", "dag.task(tag, async () => 1)();")}`, "lib/other.ts": "" });
    const one = processor();
    await one.start();
    await eventually(() => ledger.last("a.ts")?.result.ok).toBe(false);
    expect(ledger.last("a.ts")?.result).toMatchObject({ error: { kind: "unresolved_import", line: 1 } });
    await write({ "lib/tag.ts": "export const tag = 'x';\n" });
    await eventually(() => ledger.version("a")).toBe(1);
    await write({ "lib/tag.ts": "export const tag = 'y';\n" });
    await eventually(() => ledger.version("a")).toBe(2);
  });

  it("keeps a DAG whose file is emptied and removed for a moment while it is saved, and lets go of a deleted one", async () => {
    await write({ "dags/a.ts": dag("a"), "dags/b.ts": dag("b") });
    const one = processor();
    await one.start();
    await one.whenIdle();
    const text = await readFile(join(root, "dags/a.ts"), "utf8");
    await writeFile(join(root, "dags/a.ts"), "");
    await new Promise((resolve) => setTimeout(resolve, 60));
    await rm(join(root, "dags/a.ts"));
    await new Promise((resolve) => setTimeout(resolve, 60));
    await writeFile(join(root, "dags/a.ts"), text);
    await rm(join(root, "dags/b.ts"));
    await eventually(() => ledger.deleted).toEqual(["b.ts"]);
    await one.whenIdle();
    for (const record of ledger.records) expect(record.result).toMatchObject({ ok: true, dags: [{}] });
  });

  it("notices that links were turned to another folder, as Kubernetes does with a ConfigMap", async () => {
    await write({ "store/v1/a.ts": dag("a"), "store/v2/a.ts": dag("a", "dag.task('new', async () => 1)();"), "dags/.keep": "" });
    await symlink(join(root, "store/v1"), join(root, "dags/..data"));
    await symlink("..data/a.ts", join(root, "dags/a.ts"));
    const one = processor();
    await one.start();
    await eventually(() => ledger.version("a")).toBe(1);
    await one.whenIdle();
    await symlink(join(root, "store/v2"), join(root, "dags/..next"));
    await rename(join(root, "dags/..next"), join(root, "dags/..data"));
    await eventually(() => ledger.version("a")).toBe(2);
    expect(ledger.deleted).toEqual([]);
  });

  it("loads an edited file while others hang", async () => {
    await write({
      "dags/hang1.ts": dag("h1", "for (;;);"),
      "dags/hang2.ts": dag("h2", "for (;;);"),
      "dags/hang3.ts": dag("h3", "for (;;);"),
      "dags/a.ts": dag("a"),
    });
    const one = processor();
    await one.start();
    await eventually(() => ledger.version("a")).toBe(1);
    await write({ "dags/a.ts": dag("a", "dag.task('x', async () => 1)();") });
    await eventually(() => ledger.version("a")).toBe(2);
    expect(ledger.last("hang3.ts")).toBeUndefined();
  });

  it("loads a file that was just put there while others hang", async () => {
    await write({ "dags/hang1.ts": dag("h1", "for (;;);"), "dags/hang2.ts": dag("h2", "for (;;);"), "dags/hang3.ts": dag("h3", "for (;;);") });
    // Longer than this test is patient.
    const one = processor({ loader: createDagLoader({ processes: 3, timeoutMs: 60_000, memoryLimitMb: 256 }) });
    await one.start();
    await write({ "dags/new.ts": dag("new") });
    await eventually(() => ledger.version("new")).toBe(1);
    expect(ledger.last("hang1.ts")).toBeUndefined();
  });

  it("loads on while files are being recorded, and has those that came meanwhile recorded together", async () => {
    await write(Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`dags/d${index}.ts`, dag(`d${index}`)])));
    const letGo = ledger.hold();
    const loader = createDagLoader({ processes: 3, timeoutMs: 2_000, memoryLimitMb: 256 });
    let loaded = 0;
    const counting: DagLoader = { ...loader, load: (request) => loader.load(request).finally(() => loaded++) };
    const one = processor({ loader: counting });
    await one.start();
    await eventually(() => ledger.batches.length).toBe(1);
    // More than there are lanes, while nothing is recorded. A scan finds nothing of them to be loaded again.
    await eventually(() => loaded).toBe(12);
    ledger.request("dags", "none.ts");
    await eventually(() => ledger.requests).toEqual([]);
    // Edited after it was loaded: it is loaded again, and recorded twice.
    await write({ "dags/d11.ts": dag("d11", "dag.task('x', async () => 1)();") });
    letGo();
    await eventually(() => ledger.version("d11")).toBe(2);
    await one.whenIdle();
    expect([loaded, ledger.records.length]).toEqual([13, 13]);
    expect(ledger.batches.length).toBeLessThan(6);
    for (let index = 0; index < 11; index++) expect(ledger.version(`d${index}`)).toBe(1);
  });

  it("records the end of a file after what was recorded of it", async () => {
    await write({ "dags/a.ts": dag("a") });
    const letGo = ledger.hold();
    const one = processor();
    await one.start();
    await eventually(() => ledger.batches).toEqual([["a.ts"]]);
    await rm(join(root, "dags/a.ts"));
    // Longer than a file may be away while it is saved.
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(ledger.deleted).toEqual([]);
    letGo();
    await eventually(() => ledger.deleted).toEqual(["a.ts"]);
    expect(ledger.records).toHaveLength(1);
  });

  it("starts and stops many times, in the middle of loading, and leaves nothing behind", async () => {
    await write(Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`dags/d${index}.ts`, dag(`d${index}`)])));
    for (let round = 0; round < 5; round++) {
      const one = processor();
      await one.start();
      await one.stop();
    }
    expect(await processor().runOnce()).toMatchObject({ files: 20 });
    for (let index = 0; index < 20; index++) expect(ledger.version(`d${index}`)).toBe(1);
  });
});
