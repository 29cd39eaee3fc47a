import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { ChildPrograms } from "../src/host/child-programs.ts";
import { isAlive, startHost, until } from "./host-fixture.ts";

async function folderWith(files: Record<string, string> = {}): Promise<string> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "tradewind-program-test-")));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  return root;
}

type Run = Awaited<ReturnType<typeof startHost>>["run"];

async function resultOf(running: ReturnType<Run>): Promise<unknown> {
  const { outcome } = (await running).finish!;
  if (outcome.kind !== "success") throw new Error(`The attempt did not succeed: ${JSON.stringify(outcome)}`);
  return outcome.result === undefined ? undefined : JSON.parse(outcome.result);
}

/** What author code of all kinds imports, and where its process was started from. */
const SHARING = `
  import { createRequire } from "node:module";
  import { Dag as SameDag } from "tradewind";
  import { taskIdByImport } from "by-import";
  const require = createRequire(import.meta.url);
  const { taskIdByRequire } = require("by-require");
  dag.task("who", async () => ({
    main: process.argv[1],
    ids: [getContext().task.taskId, taskIdByImport(), taskIdByRequire(), require("tradewind").getContext().task.taskId, (await import("tradewind")).getContext().task.taskId],
    isSameDag: dag instanceof SameDag && dag instanceof require("tradewind").Dag,
  }))();`;

const PROJECT = {
  "node_modules/by-import/package.json": `{ "name": "by-import", "type": "module", "exports": "./i.js" }`,
  "node_modules/by-import/i.js": `import { getContext } from "tradewind";\nexport const taskIdByImport = () => getContext().task.taskId;\n`,
  "node_modules/by-require/index.js": `const { getContext } = require("tradewind");\nexports.taskIdByRequire = () => getContext().task.taskId;\n`,
  // The project's own copy is not the one that is used.
  "node_modules/tradewind/package.json": `{ "name": "tradewind", "type": "module", "exports": "./i.js" }`,
  "node_modules/tradewind/i.js": "export const getContext = () => ({ task: { taskId: 'of another copy' } });\n",
};

const SHARED = { ids: ["who", "who", "who", "who", "who"], isSameDag: true };

test("children run the packed program, and author code shares its one copy of tradewind: by import, import(), require, and in packages of the project", async () => {
  const project = await folderWith(PROJECT);
  const { run } = await startHost(SHARING);
  expect(await resultOf(run("who", { resolveFrom: [project] }))).toEqual({
    ...SHARED,
    main: expect.stringMatching(/\/tradewind-program-[0-9a-f]{16}\/main\.mjs$/u),
  });
});

test("where no folder can be written to they run the sources, told once, and nothing else is different", async () => {
  const project = await folderWith({ ...PROJECT, file: "not a folder" });
  const warned: string[] = [];
  const quiet = () => undefined;
  const logger = { debug: quiet, info: quiet, warn: (_fields: object, message: string) => void warned.push(message), error: quiet };
  const { run } = await startHost(SHARING, { programFolders: [join(project, "file/programs")], logger });
  const found = { ...SHARED, main: expect.stringMatching(/\/src\/child\/child-main\.ts$/u) };
  expect(await resultOf(run("who", { resolveFrom: [project] }))).toEqual(found);
  expect(await resultOf(run("who", { resolveFrom: [project], isolation: "process" }))).toEqual(found);
  expect(warned.filter((message) => message.includes("start from the sources"))).toHaveLength(1);
});

test("what is loaded on use is found: operators, templates, YAML, JSON schema, with their dependencies from npm", async () => {
  const { peer, run } = await startHost(`
    import { bash } from "tradewind/operators";
    import { testConnection, toSpec } from "tradewind/internal";
    dag.add(bash("greet", { command: "echo hello" }));
    dag.task("params", async () => {
      try { toSpec(new Dag("p", { schedule: "0 0 * * *", startDate: "2026-01-01", params: { n: { default: "one", type: "integer" } } })); } catch (error) { return error.message; }
    })();
    dag.task("database", async () => testConnection({ connectionId: "c", connType: "postgres", host: "127.0.0.1", port: 1, login: "u", schema: "s", extra: {} }, AbortSignal.timeout(5000)))();`);
  expect(await resultOf(run("greet"))).toBe("hello");
  expect(await resultOf(run("params"))).toContain("must be integer");
  // The client of PostgreSQL was loaded, and found nobody.
  expect(await resultOf(run("database"))).toMatchObject({ status: false, message: expect.stringContaining("ECONNREFUSED") });
  const yaml = "dagId: d\ntasks:\n  shout:\n    operator: bash\n    command: echo {{ 'quiet' | upper }}\n";
  const bundleSha256 = peer.addBundle(`import { dagsOfYaml } from "tradewind/yaml";\nexport const dags = dagsOfYaml(${JSON.stringify(yaml)});`);
  expect(await resultOf(run("shout", { bundleSha256 }))).toBe("QUIET");
});

test("stacks end where the author's code does: frames of the packed program are not shown", async () => {
  const { run } = await startHost(`
    dag.task("fail", async function failing() { await null; dag.task("fail", async () => 1)(); new Dag("not an id", {}); })();
    dag.task("own", async function failing() { throw new Error("mine", { cause: new Error("under it") }); })();`);
  for (const taskId of ["fail", "own"]) {
    const { outcome } = (await run(taskId)).finish!;
    if (outcome.kind !== "failed") throw new Error("It was to fail.");
    expect(outcome.failure.stack).toMatch(/at .*failing .*\.mjs:\d+:\d+/u);
    expect(outcome.failure.stack).not.toMatch(/tradewind-program-|node:internal/u);
  }
});

test("what children have compiled is kept, although they are killed", async () => {
  const programs = await folderWith();
  const { host, run } = await startHost(`dag.task("one", async () => 1)();`, { programFolders: [programs] });
  await run("one", { isolation: "process" });
  await host.stop({ drain: false, timeoutMs: 0 });
  const [program] = readdirSync(programs);
  const kept = readdirSync(join(programs, program!, "compile-cache"), { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  expect(kept.length).toBeGreaterThan(10);
});

test("hosts that start at the same time on the same folder make one program of it", async () => {
  const programs = await folderWith();
  const hosts = await Promise.all([1, 2, 3].map(() => startHost(`dag.task("main", async () => process.argv[1])();`, { programFolders: [programs] })));
  const mains = await Promise.all(hosts.map(({ run }) => resultOf(run("main"))));
  expect(readdirSync(programs)).toHaveLength(1);
  expect(new Set(mains)).toEqual(new Set([join(programs, readdirSync(programs)[0]!, "main.mjs")]));
});

test("a program that takes long to pack is used by the children that start when it is there", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const warned: string[] = [];
  const quiet = () => undefined;
  const logger = { debug: quiet, info: quiet, warn: (_fields: object, message: string) => void warned.push(message), error: quiet };
  const programs = new ChildPrograms({ stateDir: await folderWith(), folders: [await folderWith()], logger });
  onTestFinished(() => programs.close());
  const ready = programs.ready();
  vi.advanceTimersByTime(10_000);
  await ready;
  expect(programs.current()).toBeNull();
  expect(warned).toEqual([expect.stringContaining("start from the sources")]);
  await until(() => programs.current() !== null, "the program");
});

test("a packed program that is taken away while the host runs does not stop tasks", async () => {
  const programs = await folderWith();
  const { run } = await startHost(`dag.task("main", async () => process.argv[1])();`, { programFolders: [programs], childPolicy: { spare: false } });
  expect(await resultOf(run("main", { isolation: "process" }))).toMatch(/main\.mjs$/u);
  await rm(programs, { recursive: true });
  expect(await resultOf(run("main", { isolation: "process" }))).toMatch(/child-main\.ts$/u);
});

test("while tasks come that want a process of their own, several wait for them; each runs one task", async () => {
  const { run, stateDir } = await startHost(`dag.task("pid", async () => process.pid)();`);
  const started = () => (existsSync(join(stateDir, "children")) ? readFileSync(join(stateDir, "children"), "utf8").split("\n").filter(Boolean) : []);
  const waiting = () => started().flatMap((line) => (isAlive(parseInt(line, 10)) ? [parseInt(line, 10)] : []));
  const pids = new Set<unknown>();
  for (let round = 0; round < 4; round++) {
    const before = pids.size === 0 ? [] : await settled(waiting, 2);
    const pid = await resultOf(run("pid", { isolation: "process" }));
    expect(pids.has(pid)).toBe(false);
    pids.add(pid);
    // The first came as it was; those after it had been started before they were asked for.
    if (round > 0) expect(before).toContain(pid);
    await until(() => !isAlive(Number(pid)), "the end of the process");
  }
});

async function settled(waiting: () => number[], count: number): Promise<number[]> {
  await until(() => waiting().length >= count, `${count} waiting processes`);
  return waiting();
}
