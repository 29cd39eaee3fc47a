import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { createDagLoader, type DagFileLoad, stopBundler } from "../src/index.ts";
import { type DagFolder, dagFolder } from "./dag-folder.ts";

const loader = createDagLoader({ processes: 1 });
afterAll(async () => {
  await loader.stop();
  await stopBundler();
});

const load = (folder: DagFolder, name: string) => loader.load({ path: folder.path(name), root: folder.root });

function loaded(result: DagFileLoad): Extract<DagFileLoad, { ok: true }> {
  if (!result.ok) throw new Error(`${result.error.message}\n${result.error.frame}`);
  return result;
}

const sales = await readFile(join(import.meta.dirname, "airflow-sdk/sales.ts"), "utf8");

describe("a file for Airflow's TypeScript SDK", () => {
  it("loads as it is, and defines what its bundle holds", async () => {
    const folder = await dagFolder({ "sales.ts": sales });
    const result = loaded(await load(folder, "sales.ts"));
    expect(result.dags.map((dag) => dag.dagId).sort()).toEqual(["airflow_other", "airflow_sales"]);
    expect(result.warnings).toEqual([]);
    const spec = result.dags.find((dag) => dag.dagId === "airflow_sales")!.spec;
    expect(spec).toMatchObject({
      displayName: "Sales",
      doc: "# Sales",
      schedule: { kind: "cron_trigger", timezone: "UTC" },
      startDate: "2026-01-01T00:00:00.000Z",
      dagrunTimeoutMs: 3_600_000,
      maxActiveRuns: 2,
    });
    const task = (id: string) => spec.tasks.find((one) => one.taskId === id)!;
    expect(task("summarize")).toMatchObject({
      retries: 2,
      retryDelayMs: 30_000,
      executionTimeoutMs: 60_000,
      triggerRule: "none_failed",
      upstream: ["extract.north", "extract.south"],
    });
    expect(task("pick")).toMatchObject({ kind: "branch", upstream: ["extract.north", "extract.south"] });
    expect(task("told").inputs).toEqual({ choice: { kind: "xcom", taskId: "pick", key: "decision", path: [] } });
    expect(task("start_other")).toMatchObject({ operator: "trigger_dag_run", upstream: ["load_rows", "report_empty"] });
  });

  it.each(["apache-airflow-ts-sdk", "@apache-airflow/ts-sdk"])("finds Tradewind under the name %s, though the package is installed", async (name) => {
    const folder = await dagFolder({
      "dag.ts": `import { Bundle, Dag } from "${name}";\nconst dag = new Dag("d");\ndag.task("t", async () => 1)();\nawait new Bundle(dag).serve();\n`,
      [`node_modules/${name}/package.json`]: `{ "name": "${name}", "type": "module", "exports": "./index.js" }`,
      [`node_modules/${name}/index.js`]: `export class Dag { constructor() { throw new Error("the real one"); } }\nexport class Bundle {}\n`,
    });
    expect(loaded(await load(folder, "dag.ts")).dags.map((dag) => dag.dagId)).toEqual(["d"]);
  });

  it("takes exported DAGs of a file that has no bundle, and leaves those to a bundle that it has", async () => {
    const folder = await dagFolder({
      "native.ts": `import { Dag } from "apache-airflow-ts-sdk";\nexport const dag = new Dag("native");\ndag.task("t", async () => 1)();\n`,
      "main.ts": `import { Bundle, Dag } from "apache-airflow-ts-sdk";\nimport { dag } from "./native.ts";\nexport const other = new Dag("left_out");\nother.task("t", async () => 1)();\nawait new Bundle(dag).serve();\n`,
    });
    expect(loaded(await load(folder, "native.ts")).dags).toMatchObject([{ dagId: "native", exportName: "dag", yields: true }]);
    expect(loaded(await load(folder, "main.ts")).dags).toMatchObject([{ dagId: "native", yields: false }]);
  });

  it("leaves out a queue that the installation does not have, and keeps one that it has", async () => {
    const source = `import { Dag } from "apache-airflow-ts-sdk";\nexport const dag = new Dag("queues", { queue: "typescript" });\ndag.task("a", async () => 1)();\ndag.task("b", async () => 1, { queue: "heavy" })();\n`;
    const folder = await dagFolder({ "queues.ts": source });
    const own = createDagLoader({ processes: 1, keepWarm: false, defaults: { queues: ["default", "heavy"] } });
    onTestFinished(() => own.stop());
    const result = loaded(await own.load({ path: folder.path("queues.ts"), root: folder.root }));
    expect(result.dags[0]!.spec.tasks.map((task) => task.queue)).toEqual(["default", "heavy"]);
  });

  it("tells of handlers for tasks that Python declares", async () => {
    const folder = await dagFolder({
      "main.ts": `import { Bundle, TaskHandler } from "apache-airflow-ts-sdk"; // handlers of a dag\nconst bundle = new Bundle();\nbundle.register(new TaskHandler("etl", "transform", async () => 1));\nawait bundle.serve();\n`,
    });
    const result = loaded(await load(folder, "main.ts"));
    expect(result.dags).toEqual([]);
    expect(result.warnings).toMatchObject([{ kind: "foreign_tasks", message: expect.stringContaining("etl.transform") }]);
  });

  it.each([
    ["an option Airflow does not have", `new Dag("d", { schedul: "@daily" } as never);`, /"schedul".*did you mean "schedule"/],
    ["a task that is never called", `dag.task("lost", async () => 1);`, /"lost".*never called/],
    ["an id given twice", `dag.task("t", async () => 1, { taskId: "u" });`, /Give the id once/],
    ["a DAG registered twice", `new Bundle(dag, dag);`, /registered already/],
    ["human in the loop", `dag.task("ask", approval({ subject: "Ship?" }));`, /asks a person/],
    ["an option of a trigger", `dag.triggerDagRun({ taskId: "t", dagId: "o", resetDagRun: true });`, /resetDagRun/],
  ])("tells where it is wrong: %s", async (_what, line, message) => {
    const source = `import { Bundle, Dag } from "apache-airflow-ts-sdk";\nimport { approval } from "apache-airflow-ts-sdk/hitl";\nconst dag = new Dag("wrong");\n${line}\nvoid approval;\nawait new Bundle(dag).serve();\n`;
    const folder = await dagFolder({ "wrong.ts": source });
    const result = await load(folder, "wrong.ts");
    expect(result).toMatchObject({ ok: false, error: { kind: "invalid_dag", file: "wrong.ts", line: 4, message: expect.stringMatching(message) } });
  });
});
