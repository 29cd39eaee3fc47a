import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { checkFingerprints, createDagLoader, type DagFileLoad, type DagImportError, type LoadedDag, stopBundler } from "../src/index.ts";
import { type DagFolder, dagFolder } from "./dag-folder.ts";

process.env["TRADEWIND__DATABASE__URL"] = "postgres://secret";
process.env["NODE_AUTH_TOKEN"] = "secret";
/** One child at a time, so that one file after the other goes through the same process. */
const loader = createDagLoader({ processes: 1, timeoutMs: 3_000, memoryLimitMb: 256 });
afterAll(async () => {
  await loader.stop();
  await stopBundler();
});

const load = (folder: DagFolder, name: string) => loader.load({ path: folder.path(name), root: folder.root });
const GOOD = `import { Dag } from "tradewind";
const surroundings = [typeof (Array.prototype as any).extra, Math.max(1, 2), process.env.TZ, process.cwd()];
export const dag = new Dag("good", { description: JSON.stringify(surroundings) });
dag.task("t", async () => 1)();
`;
const dagFile = (body: string, id = "d") => `import { Dag } from "tradewind";\nexport const dag = new Dag("${id}");\n${body}\n`;

function dagsOf(result: DagFileLoad): LoadedDag[] {
  if (!result.ok) throw new Error(`${result.error.message}\n${result.error.frame}`);
  return result.dags;
}
function errorOf(result: DagFileLoad): DagImportError {
  if (result.ok) throw new Error("The file loads.");
  return result.error;
}

describe("a DAG file's DAGs are its exports", () => {
  it("takes single DAGs, lists, objects, the default export, and DAGs made in a loop", async () => {
    const folder = await dagFolder({
      "a.ts": `import { Dag } from "tradewind";
export const one = new Dag("one");
export const list = ["two", "three"].map((id) => new Dag(id));
export const byName = { four: new Dag("four") };
export const unrelated = 3;
export default one;\n`,
    });
    const dags = dagsOf(await load(folder, "a.ts"));
    expect(dags.map(({ dagId, exportName }) => `${dagId} ${exportName}`).sort()).toEqual(["four byName", "one default", "three list", "two list"]);
    for (const dag of dags) expect(JSON.parse(dag.specJson)).toEqual(dag.spec);
  });

  it("gives the same spec whatever was loaded before", async () => {
    const folder = await dagFolder({ "good.ts": GOOD, "other.ts": dagFile("dag.task('x', async () => 2)();", "other") });
    const alone = dagsOf(await load(folder, "good.ts"));
    await load(folder, "other.ts");
    expect(dagsOf(await load(folder, "good.ts"))).toEqual(alone);
  });

  it("fills in what the installation says where a DAG says nothing", async () => {
    const defaults = { timezone: "Europe/Madrid", catchup: true, maxActiveRuns: 3, retries: 2, retryDelayMs: 1_000 };
    const own = createDagLoader({ processes: 1, keepWarm: false, defaults });
    onTestFinished(() => own.stop());
    const folder = await dagFolder({
      "a.ts": `import { Dag } from "tradewind";
export const dag = new Dag("a", { schedule: "0 6 * * *", startDate: "2026-07-01" });
dag.task("t", async () => 1)();\n`,
    });
    const spec = dagsOf(await own.load({ path: folder.path("a.ts"), root: folder.root }))[0]?.spec;
    expect(spec).toMatchObject({
      schedule: { timezone: "Europe/Madrid" },
      startDate: "2026-06-30T22:00:00.000Z",
      catchup: true,
      maxActiveRuns: 3,
      maxActiveTasks: 16,
      tasks: [{ retries: 2, retryDelayMs: 1_000 }],
    });
    expect(own.settingsSha256).not.toBe(loader.settingsSha256);
  });

  it("refuses executors and queues that the installation does not have, at the author's line", async () => {
    const own = createDagLoader({ processes: 1, keepWarm: false, defaults: { executors: ["local", "bullmq"], queues: ["default", "gpu"] } });
    onTestFinished(() => own.stop());
    const task = (options: string) => dagFile(`\ndag.task("t", async () => 1, ${options})();`, "placed");
    const folder = await dagFolder({
      "known.ts": task('{ executor: "bullmq", queue: "gpu" }'),
      "executor.ts": task('{ executor: "bulmq" }'),
      "queue.ts": task('{ queue: "tpu-large" }'),
      "default-args.ts": `import { Dag } from "tradewind";
export const dag = new Dag("a", { schedule: null, defaultArgs: { executor: "kubernetes" } });
dag.task("t", async () => 1)();\n`,
    });
    const ownLoad = (name: string) => own.load({ path: folder.path(name), root: folder.root });
    expect(dagsOf(await ownLoad("known.ts"))[0]?.spec.tasks).toMatchObject([{ executor: "bullmq", queue: "gpu" }]);
    const [executor, queue, defaultArgs] = await Promise.all(
      ["executor.ts", "queue.ts", "default-args.ts"].map(async (name) => errorOf(await ownLoad(name))),
    );
    expect(executor).toMatchObject({ kind: "invalid_dag", file: "executor.ts" });
    expect(executor?.message).toContain(
      '"executor" of task "t" in DAG "placed" is "bulmq": it is not one of the executors of this installation, which are local, bullmq; did you mean "bullmq"?',
    );
    expect(executor?.frame).toContain('dag.task("t"');
    expect(queue?.message).toContain("it is not one of the task queues of this installation, which are default, gpu.");
    expect(defaultArgs?.message).toContain('is "kubernetes": it is not one of the executors of this installation, which are local, bullmq.');
  });

  it("keeps the process for the next file when a package leaves its mark, and replaces it when a global was changed", async () => {
    const own = createDagLoader({ processes: 1 });
    onTestFinished(() => own.stop());
    const pid = (name: string, body = "") =>
      `import { Dag } from "tradewind";\n${body}\nexport const dag = new Dag("${name}", { description: String(process.pid) });\n`;
    const folder = await dagFolder({
      "a.ts": pid("a", "(globalThis as any).__registry = {};"),
      "b.ts": pid("b", "(globalThis as any).shared = {};"),
      "c.ts": pid("c"),
    });
    const pids: (string | null)[] = [];
    for (const name of ["a.ts", "b.ts", "c.ts"]) {
      const [dag] = dagsOf(await own.load({ path: folder.path(name), root: folder.root }));
      pids.push(dag?.spec.description ?? null);
    }
    expect(pids[1]).toBe(pids[0]);
    expect(pids[2]).not.toBe(pids[1]);
  });

  it("takes a file without DAGs for no DAG file, and warns about a Dag that is not exported", async () => {
    const folder = await dagFolder({
      "dates.ts": "throw new Error('not loaded');\n",
      "dag-parts.ts": "export const tag = 1;\n",
      "lost.ts": `import { Dag } from "tradewind";\nnew Dag("lost");\n`,
    });
    expect(await load(folder, "dates.ts")).toMatchObject({ ok: true, bundle: null, dags: [], warnings: [] });
    expect(await load(folder, "dag-parts.ts")).toMatchObject({ ok: true, dags: [], warnings: [] });
    expect(await load(folder, "lost.ts")).toMatchObject({ ok: true, dags: [], warnings: [{ kind: "no_dag" }] });
  });
});

describe("errors name the author's file, line and column", () => {
  it("maps a throw in an imported file through the source map", async () => {
    const folder = await dagFolder({
      "a.ts": `import { Dag } from "tradewind";\nimport { check } from "./lib/check.ts";\nexport const dag = new Dag(check(undefined));\n`,
      "lib/check.ts": `interface Named {\n  name: string;\n}\n\nexport function check(value: Named | undefined): string {\n  return value!.name;\n}\n`,
    });
    const error = errorOf(await load(folder, "a.ts"));
    expect(error).toMatchObject({ kind: "throw", file: "lib/check.ts", line: 6, column: 17 });
    expect(error.frame).toContain("> 6 |   return value!.name;");
    expect(error.stack).toContain("at check (lib/check.ts:6:17)");
    expect(error.stack).toContain("a.ts:3:28");
    expect(error.stack).not.toMatch(/node:internal|loader\/src/u);
  });

  it.each([
    [
      "a DAG that is not allowed",
      `import { Dag } from "tradewind";\n\nexport const dag = new Dag("not allowed");\n`,
      { kind: "invalid_dag", line: 3 },
    ],
    [
      "an hour that there is not",
      `import { Dag } from "tradewind";\nexport const dag = new Dag("late", { schedule: "0 25 * * *" });\n`,
      { kind: "invalid_dag", line: 2 },
    ],
    ["two DAGs with one id", `import { Dag } from "tradewind";\nexport const dags = [new Dag("same"), new Dag("same")];\n`, { kind: "invalid_dag" }],
    ["a name that tradewind does not export", `import { Dag, Dog } from "tradewind";\nnew Dog();\n`, { kind: "throw", line: 1 }],
    ["process.exit", dagFile("process.exit(3);"), { kind: "exit", line: 3 }],
    ["a rejection nobody handles", dagFile(`Promise.reject(new Error("lost"));`), { kind: "unhandled_rejection", line: 3 }],
    ["an error a moment later", dagFile(`setTimeout(() => { throw new Error("late"); }, 5);`), { kind: "throw", line: 3 }],
    ["something thrown that is no error", dagFile("throw { reason: 'odd' };"), { kind: "throw", line: null }],
  ])("%s", async (_what, text, expected) => {
    const folder = await dagFolder({ "a.ts": text, "good.ts": GOOD });
    expect(errorOf(await load(folder, "a.ts"))).toMatchObject({ file: "a.ts", ...expected });
    expect(dagsOf(await load(folder, "good.ts"))).toHaveLength(1);
  });

  it("says which package is missing and how to install it, and notices when it is there", async () => {
    const folder = await dagFolder({
      "package.json": "{}",
      "dags/a.ts": `import { Dag } from "tradewind";\nimport { now } from "@acme/clock/now";\nexport const dag = new Dag(now);\n`,
    });
    const failed = await load(folder, "dags/a.ts");
    const error = errorOf(failed);
    expect(error).toMatchObject({ kind: "missing_package", file: "dags/a.ts", line: 2 });
    expect(error.message).toContain(`cd ${folder.root} && npm install @acme/clock`);
    expect(await checkFingerprints(failed.inputs)).toMatchObject({ unchanged: true });
    await folder.write({
      "node_modules/@acme/clock/package.json": `{ "name": "@acme/clock", "type": "module", "exports": { "./now": "./now.js" } }`,
      "node_modules/@acme/clock/now.js": `export const now = "noon";\n`,
    });
    expect(await checkFingerprints(failed.inputs)).toMatchObject({ unchanged: false });
    expect(dagsOf(await load(folder, "dags/a.ts"))).toMatchObject([{ dagId: "noon" }]);
  });
});

describe("a file that misbehaves hurts only itself", () => {
  it.each([
    ["hangs", dagFile("for (;;);"), "timeout"],
    ["waits for what never comes", dagFile("await new Promise(() => {});"), "timeout"],
    ["allocates objects without end", dagFile("const a: unknown[] = []; for (;;) a.push({ a: [1] });"), "out_of_memory"],
    ["allocates outside of the heap without end", dagFile("const a: unknown[] = []; for (;;) a.push(Buffer.alloc(4e6, 1));"), "out_of_memory"],
    ["ends the process for good", dagFile("process.reallyExit(0);").replace("process.really", "(process as any).really"), "exit"],
    ["kills the process", dagFile("process.kill(process.pid, 'SIGTERM'); for (;;);"), "crash"],
    ["closes the channel", dagFile("process.disconnect(); await new Promise((done) => setTimeout(done, 60_000));"), "crash"],
    ["breaks what the loader itself uses", dagFile("Array.prototype.filter = () => { throw new Error('no filter'); };"), "throw"],
    ["answers in our name", dagFile("process.send!({ type: 'loaded', loadId: 1, outcome: { ok: true, dags: [] } }); throw new Error('x');"), "throw"],
  ])("%s", async (_what, text, kind) => {
    const folder = await dagFolder({ "bad.ts": text, "good.ts": GOOD });
    const [before, bad, after] = await Promise.all([load(folder, "good.ts"), load(folder, "bad.ts"), load(folder, "good.ts")]);
    expect(errorOf(bad)).toMatchObject({ kind, file: "bad.ts" });
    expect(dagsOf(after)).toEqual(dagsOf(before));
  });

  it.each([
    ["changes a global", dagFile("(Array.prototype as any).extra = 1; Math.max = () => 7;")],
    ["replaces what our checks are made of", dagFile("Array.prototype.every = () => true;")],
    ["changes the environment", dagFile("process.env.TZ = 'Asia/Tokyo'; process.chdir('/');")],
    ["prints without end", dagFile("for (let i = 0; i < 20_000; i++) { console.log('x'.repeat(100)); console.error('y'.repeat(100)); }")],
    ["ends the process later", dagFile("setTimeout(() => (process as any).reallyExit(1), 100);")],
    ["hangs later", dagFile("setTimeout(() => { for (;;); }, 100);")],
    ["fails later", dagFile("setTimeout(() => { throw new Error('late'); }, 100);")],
  ])("%s, and loads all the same", async (_what, text) => {
    const folder = await dagFolder({ "odd.ts": text, "good.ts": GOOD });
    const [before, odd, after] = await Promise.all([load(folder, "good.ts"), load(folder, "odd.ts"), load(folder, "good.ts")]);
    expect(dagsOf(odd)).toHaveLength(1);
    expect(dagsOf(after)).toEqual(dagsOf(before));
  });

  it("is not blamed for what an earlier file of the same process does", async () => {
    // Unnoticed by the guard: a package's own state.
    const folder = await dagFolder({
      "node_modules/shared/index.js": "module.exports = { broken: false };",
      "poison.ts": dagFile(`import shared from "shared";\nshared.broken = true;`, "poison"),
      "victim.ts": dagFile(`import shared from "shared";\nif (shared.broken) throw new Error("broken by another file");`, "victim"),
    });
    const [poison, victim] = await Promise.all([load(folder, "poison.ts"), load(folder, "victim.ts")]);
    expect([...dagsOf(poison), ...dagsOf(victim)].map((dag) => dag.dagId)).toEqual(["poison", "victim"]);
  });

  it("shows what the file printed beside its error", async () => {
    const folder = await dagFolder({ "a.ts": dagFile(`console.log("about to fail");\nthrow new Error("x");`) });
    expect(errorOf(await load(folder, "a.ts")).output).toContain("about to fail");
  });

  it("warns about timers and connections that go on", async () => {
    const folder = await dagFolder({ "a.ts": dagFile("setInterval(() => {}, 1000);") });
    expect((await load(folder, "a.ts")).warnings).toMatchObject([{ kind: "left_running" }]);
  });

  it("sees none of our credentials", async () => {
    const folder = await dagFolder({
      "a.ts": `import { Dag } from "tradewind";\nexport const dag = new Dag("env", { description: JSON.stringify(process.env) });\n`,
    });
    const [dag] = dagsOf(await load(folder, "a.ts"));
    expect(dag?.spec.description).toContain("PATH");
    expect(dag?.spec.description).not.toMatch(/secret|TRADEWIND__|AUTH_TOKEN/u);
  });
});

describe("stopping", () => {
  it("leaves no process behind, not even one that the file started", async () => {
    const folder = await dagFolder({
      "a.ts": dagFile(`import { spawn } from "node:child_process";\nspawn("sleep", ["1000"]);`).replace(`"d"`, `"pid-" + process.pid`),
    });
    const own = createDagLoader({ processes: 1 });
    const [dag] = dagsOf(await own.load({ path: folder.path("a.ts"), root: folder.root }));
    const group = Number(dag?.dagId.slice("pid-".length));
    await own.stop();
    await expect.poll(() => isAlive(-group), { timeout: 5_000 }).toBe(false);
    await expect(own.load({ path: folder.path("a.ts"), root: folder.root })).rejects.toMatchObject({ code: "shutting_down" });
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
