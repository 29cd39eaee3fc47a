import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createDagLoader, type DagFileLoad, discoverDagFiles, stopBundler } from "../src/index.ts";
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

const orders = await readFile(join(import.meta.dirname, "yaml-dags/orders.dag.yaml"), "utf8");

describe("a YAML DAG", () => {
  it("is found by its name and loaded, one DAG per document", async () => {
    const folder = await dagFolder({ "orders.dag.yaml": orders, "a.dag.yml": "dagId: a\n", "config.yaml": "dagId: no\n" });
    expect((await discoverDagFiles(folder.root)).files.map((file) => file.relativePath)).toEqual(["a.dag.yml", "orders.dag.yaml"]);
    const result = loaded(await load(folder, "orders.dag.yaml"));
    expect(result.sourceText).toBe(orders);
    expect(result.dags.map((dag) => dag.dagId)).toEqual(["yaml_orders", "yaml_second"]);
  });

  it("makes the same spec as TypeScript would", async () => {
    const folder = await dagFolder({ "orders.dag.yaml": orders });
    const { spec } = loaded(await load(folder, "orders.dag.yaml")).dags[0]!;
    expect(spec).toMatchObject({
      dagId: "yaml_orders",
      schedule: { kind: "cron_trigger", crons: ["0 6 * * *"], timezone: "Europe/Madrid" },
      tags: ["orders", "yaml"],
      params: { region: { schema: {}, default: "eu" }, mode: { default: "delta" } },
    });
    const task = (id: string) => spec.tasks.find((one) => one.taskId === id)!;
    expect(task("wait")).toMatchObject({
      operator: "time_delta_sensor",
      sensor: { mode: "reschedule", pokeIntervalMs: 60_000 },
      retries: 2,
      retryDelayMs: 30_000,
    });
    expect(task("zip")).toMatchObject({
      operator: "bash",
      upstream: ["files"],
      inputs: { format: { kind: "value", value: "gz" } },
      mapping: { kind: "expand", order: ["file"], inputs: { file: { kind: "xcom", taskId: "files", key: "return_value", path: [] } } },
      maxActiveTisPerDagrun: 2,
    });
    expect(task("start_cluster")).toMatchObject({ isSetup: true });
    expect(task("stop_cluster")).toMatchObject({ isTeardown: true, setups: ["start_cluster"], onFailureFailDagRun: true });
    expect(task("is_full")).toMatchObject({ kind: "branch", upstream: ["list_files"] });
    expect(task("report")).toMatchObject({ triggerRule: "none_failed_min_one_success", upstream: ["load.all", "load.changed", "load.done", "zip"] });
    expect(task("per_region.read")).toMatchObject({
      groupId: "per_region",
      inputs: { region: { kind: "group_input", groupId: "per_region", name: "region" } },
    });
    expect(task("per_region.write").upstream).toEqual(["per_region.read"]);
    expect(spec.groups).toMatchObject([
      { groupId: "load", retries: 1, tooltip: "into the warehouse" },
      { groupId: "per_region", mapping: { kind: "expand" } },
    ]);
  });

  it("loops until an expression is true", async () => {
    const folder = await dagFolder({
      "a.dag.yaml": `dagId: a
groups:
  refine:
    loop: { maxIterations: 5, result: improve, until: "{{ result.error < 1 }}" }
    tasks:
      improve:
        operator: bash
        command: improve {{ inputs.n }} {{ inputs.last }}
        inputs: { n: "{{ loop.index }}", last: "{{ loop.previous.guess }}" }
`,
    });
    const { spec } = loaded(await load(folder, "a.dag.yaml")).dags[0]!;
    expect(spec.groups[0]).toMatchObject({ loop: { maxIterations: 5, hasUntil: true, resultTaskId: "refine.improve" } });
    expect(spec.tasks[0]!.inputs).toEqual({
      n: { kind: "loop_index", groupId: "refine" },
      last: { kind: "loop_previous", groupId: "refine", path: ["guess"] },
    });
  });
});

describe("what is wrong with a YAML DAG is told at its place", () => {
  const head = "dagId: wrong\ntasks:\n";
  it.each([
    ["no YAML", "dagId: [\n", 1, "syntax", /This is not YAML/],
    ["a name twice", `${head}  a: { operator: empty }\n  a: { operator: empty }\n`, 4, "syntax", /unique/],
    ["no operator", `${head}  a: { command: x }\n`, 3, "invalid_dag", /Task "a" lacks "operator"/],
    ["an unknown operator", `${head}  a:\n    operator: bsh\n`, 4, "invalid_dag", /operator "bsh".*did you mean "bash"/],
    [
      "an unknown option",
      `${head}  a:\n    operator: bash\n    comand: x\n    command: y\n`,
      5,
      "invalid_dag",
      /"comand" is not known in task "a"; did you mean "command"/,
    ],
    ["Airflow's spelling", `dag_id: wrong\ndagId: wrong\n`, 1, "invalid_dag", /"dag_id" is not known in the DAG; did you mean "dagId"/],
    ["a missing option", `${head}  a:\n    operator: bash\n`, 4, "invalid_dag", /Task "a" lacks "command", which must be a text/],
    [
      "a wrong type",
      `${head}  a:\n    operator: bash\n    command: x\n    retries: two\n`,
      6,
      "invalid_dag",
      /"retries" of task "a" is "two": it must be a whole number/,
    ],
    ["a duration without a unit", `${head}  a:\n    operator: empty\n    retryDelay: 30\n`, 5, "invalid_dag", /must be a duration such as "30s"/],
    ["a wrong trigger rule", `${head}  a:\n    operator: empty\n    triggerRule: all_succes\n`, 5, "invalid_dag", /one of all_success/],
    [
      "a template where none is rendered",
      `${head}  a:\n    operator: sql\n    connection: "{{ params.db }}"\n    sql: select 1\n`,
      5,
      "invalid_dag",
      /"connection" of task "a".*templates are not rendered here/,
    ],
    ["a cron line", `dagId: wrong\nschedule: "0 6 * *"\n`, 2, "invalid_dag", /cron/],
    [
      "an unknown upstream",
      `${head}  load:\n    operator: empty\n  b:\n    operator: empty\n    after: [laod]\n`,
      7,
      "invalid_dag",
      /no task or group "laod".*"load"/,
    ],
    ["a cycle", `${head}  a: { operator: empty, after: b }\n  b: { operator: empty, after: a }\n`, 3, "invalid_dag", /cycle/],
    [
      "a template that is no reference",
      `${head}  a:\n    operator: empty\n    inputs: { day: "{{ ds }}" }\n`,
      5,
      "invalid_dag",
      /inputs are values and references/,
    ],
    [
      "a result of nobody",
      `${head}  a:\n    operator: empty\n    inputs: { x: "{{ ti.xcom_pull('b') }}" }\n`,
      5,
      "invalid_dag",
      /no task or group "b"/,
    ],
    ["a group that is not mapped", `${head}  a:\n    operator: empty\n    inputs: { x: "{{ group.x }}" }\n`, 5, "invalid_dag", /not mapped/],
    ["an id", `${head}  a b: { operator: empty }\n`, 3, "invalid_dag", /letters, digits/],
    [
      "an option of the DAG in a group",
      `dagId: wrong\ngroups:\n  g:\n    schedule: "@daily"\n    tasks: { a: { operator: empty } }\n`,
      4,
      "invalid_dag",
      /"schedule" is not known in group "g"/,
    ],
    ["a check of the operator's own", `${head}  a:\n    operator: timeSensor\n    targetTime: "25:00"\n`, 3, "invalid_dag", /targetTime/],
  ])("%s", async (_what, text, line, kind, message) => {
    const folder = await dagFolder({ "wrong.dag.yaml": text });
    const result = await load(folder, "wrong.dag.yaml");
    expect(result).toMatchObject({
      ok: false,
      error: { kind, file: "wrong.dag.yaml", line, message: expect.stringMatching(message), frame: expect.stringContaining(`> ${line}`) },
    });
  });

  it("tells all problems of a file at once", async () => {
    const folder = await dagFolder({ "wrong.dag.yaml": `${head}  a: { operator: bash }\n  b: { operator: empty, retries: -1 }\n` });
    const result = await load(folder, "wrong.dag.yaml");
    expect(result.ok ? "" : result.error.message).toMatch(/lacks "command"[^]*Line 4, column \d+: "retries" of task "b" is -1/);
  });
});
