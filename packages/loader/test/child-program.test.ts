import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { chmod, readFile, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import * as esbuild from "esbuild";
import type { Plugin } from "esbuild";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { prepareChildProgram, removeOldCompiled } from "../src/child-program/child-program.ts";
import { createDagLoader, stopBundler } from "../src/index.ts";
import { withLivingService } from "../src/living-service.ts";
import { type DagFolder, dagFolder } from "./dag-folder.ts";

const run = promisify(execFile);
afterAll(stopBundler);

const WEEK_MS = 7 * 24 * 60 * 60_000;

const SOURCES = {
  "program.ts": `import { said } from "./said.ts";\nexport const place: string = import.meta.url;\nconsole.log(JSON.stringify({ said, place }));\n`,
  "said.ts": `export const said: string = "first";\n`,
};

const prepare = (folder: DagFolder, ...names: string[]) =>
  prepareChildProgram({ entry: folder.path("program.ts"), folders: (names.length === 0 ? ["programs"] : names).map((name) => folder.path(name)) });

async function outputOf({ main }: { main: string }): Promise<{ said: string; place: string }> {
  const { stdout } = await run(process.execPath, [main]);
  return JSON.parse(stdout) as { said: string; place: string };
}

test("a program is packed once, and again when one of its sources has changed; code that asks for its place gets that of its source", async () => {
  const folder = await dagFolder(SOURCES);
  const first = await prepare(folder);
  const { ino } = await stat(first.main);
  expect(await outputOf(first)).toEqual({ said: "first", place: `file://${folder.path("program.ts")}` });
  const again = await prepare(folder);
  expect([again.main, (await stat(again.main)).ino]).toEqual([first.main, ino]);

  await folder.write({ "said.ts": `export const said: string = "other";\n` });
  const second = await prepare(folder);
  expect(second.main).not.toBe(first.main);
  expect((await outputOf(second)).said).toBe("other");
  // Who runs the first still finds it.
  expect((await outputOf(first)).said).toBe("first");
});

test("sources with other times and the same content are the same: a copy, a checkout", async () => {
  const folder = await dagFolder(SOURCES);
  const first = await prepare(folder);
  const { ino } = await stat(first.main);
  await utimes(folder.path("said.ts"), new Date(0), new Date(0));
  expect((await stat((await prepare(folder)).main)).ino).toBe(ino);
});

test("it is written to the first folder that takes it, and found in any; where none does, that is said", async () => {
  const folder = await dagFolder({ ...SOURCES, file: "not a folder" });
  const made = await prepare(folder, "file/programs", "programs");
  expect(made.main.startsWith(folder.path("programs"))).toBe(true);
  expect((await prepare(folder, "others", "programs")).main).toBe(made.main);
  // Which is known before anything is packed.
  await folder.write({ "said.ts": "no TypeScript at all" });
  await expect(prepare(folder, "file/programs")).rejects.toThrow("ENOTDIR");
});

test("what others may write to is not run: it is made anew", async () => {
  const folder = await dagFolder(SOURCES);
  const first = await prepare(folder);
  await writeFile(first.main, (await readFile(first.main, "utf8")).replace("first", "spoil"));
  await chmod(first.folder, 0o777);
  const second = await prepare(folder);
  expect((await stat(second.folder)).mode & 0o022).toBe(0);
  expect((await outputOf(second)).said).toBe("first");
});

test("a program that nobody has used for a week is removed when another is made, and one that is in use is not", async () => {
  const folder = await dagFolder(SOURCES);
  const paths: string[] = [];
  for (const said of ["one", "two", "three"]) {
    await folder.write({ "said.ts": `export const said: string = "${said}";\n` });
    paths.push((await prepare(folder)).folder);
    const long = new Date(Date.now() - WEEK_MS - 60_000);
    if (said === "one") await utimes(paths[0]!, long, long);
  }
  expect(new Set(readdirSync(folder.path("programs")).map((name) => folder.path(`programs/${name}`)))).toEqual(new Set(paths.slice(1)));
});

test("what was compiled long ago is removed, the rest stays", async () => {
  const folder = await dagFolder({ "compile-cache/v24-x64/old": "1", "compile-cache/v24-x64/new": "2" });
  const longAgo = new Date(Date.now() - 2 * WEEK_MS - 60_000);
  await utimes(folder.path("compile-cache/v24-x64/old"), longAgo, longAgo);
  await removeOldCompiled(folder.path("compile-cache"));
  await removeOldCompiled(folder.path("nowhere"));
  expect(readdirSync(folder.path("compile-cache/v24-x64"))).toEqual(["new"]);
});

test.each(["manifest.json", "main.mjs"])("a program with a damaged file is none, and is put right once: %s", async (name) => {
  const folder = await dagFolder(SOURCES);
  const made = await prepare(folder);
  await truncate(join(made.folder, name), 40);
  const mended = await prepare(folder);
  expect((await outputOf(mended)).said).toBe("first");
  expect(JSON.parse(await readFile(join(mended.folder, "manifest.json"), "utf8"))).toMatchObject({ main: "main.mjs" });
  const { ino } = await stat(mended.main);
  expect((await stat((await prepare(folder)).main)).ino).toBe(ino);
  expect(readdirSync(folder.path("programs"))).toEqual([basename(mended.folder)]);
});

test("a program is of one way of packing and of one set of entries too: another version of these makes another program", async () => {
  const folder = await dagFolder(SOURCES);
  const { inputs } = JSON.parse(await readFile(join((await prepare(folder)).folder, "manifest.json"), "utf8")) as { inputs: { path: string }[] };
  const paths = inputs.map(({ path }) => path);
  for (const end of ["/pack-program.ts", "/sdk/package.json", "/esbuild/package.json"])
    expect(paths).toContainEqual(expect.stringMatching(new RegExp(`${end}$`, "u")));
});

test("packing leaves a build that is under way in this process alone", async () => {
  const folder = await dagFolder(SOURCES);
  const [asked, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let loads = 0;
  const slow: Plugin = {
    name: "slow",
    setup(build) {
      build.onLoad({ filter: /said\.ts$/ }, async () => {
        loads += 1;
        asked.resolve();
        await goOn.promise;
        return { contents: "export const said = 'late';" };
      });
    },
  };
  const building = withLivingService(esbuild, () =>
    esbuild.build({ entryPoints: [folder.path("said.ts")], bundle: true, write: false, format: "esm", logLevel: "silent", plugins: [slow] }),
  );
  await asked.promise;
  await prepare(folder);
  goOn.resolve();
  expect((await building).outputFiles[0]!.text).toContain("late");
  expect(loads).toBe(1);
});

test("loader children run the packed program: their DAGs and those of the packages they import are made by its one copy of tradewind", async () => {
  const folder = await dagFolder({
    "dags/made.ts": `import { Dag } from "tradewind";
import { dagOf } from "team-dags";
export const own = new Dag("own", { description: process.argv[1] ?? "", tags: [String(dagOf("other") instanceof Dag)] });
own.task("one", () => 1)();
export const others = dagOf("others");
`,
    "node_modules/team-dags/package.json": `{ "name": "team-dags", "main": "i.js" }`,
    "node_modules/team-dags/i.js": `const { Dag } = require("tradewind");
exports.dagOf = (id) => { const dag = new Dag(id, {}); dag.task("two", () => 2)(); return dag; };
`,
  });
  const loader = createDagLoader({ processes: 1, keepWarm: false });
  onTestFinished(() => loader.stop());
  const loaded = await loader.load({ path: folder.path("dags/made.ts"), root: folder.path("dags") });
  if (!loaded.ok) throw new Error(loaded.error.message);
  const { own, others } = Object.fromEntries(loaded.dags.map(({ dagId, spec }) => [dagId, spec]));
  expect(own).toMatchObject({ description: expect.stringMatching(/\/tradewind-program-[0-9a-f]{16}\/main\.mjs$/u), tags: ["true"] });
  expect(others?.tasks.map(({ taskId }) => taskId)).toEqual(["two"]);
});
