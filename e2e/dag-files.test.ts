import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Installation, makeInstallation } from "@tradewind/testkit";
import { expect, test } from "vitest";

const LOADER_TESTS = join(import.meta.dirname, "../packages/loader/test");
const RUN_TIMEOUT_MS = 90_000;

async function start(installation: Installation): Promise<void> {
  await Promise.all([installation.start("api-server"), installation.start("dag-processor"), installation.start("scheduler")]);
}

async function run(installation: Installation, dagId: string): Promise<string> {
  await installation.rest.call("PATCH", `/dags/${dagId}`, { is_paused: false });
  return installation.rest.trigger(dagId);
}

/** The last state of each task instance, by its id, and index when it is mapped. */
async function states(installation: Installation, dagId: string, runId: string): Promise<Record<string, string | null>> {
  const tries = (await installation.facts.tries(dagId)).filter((one) => one.runId === runId);
  const current = tries.filter((one) => one.isCurrent);
  const failed = tries.filter((one) => one.state === "failed").map(({ taskId, message }) => `${taskId}: ${message}`);
  expect(failed).toEqual([]);
  return Object.fromEntries(current.map(({ taskId, mapIndex, state }) => [mapIndex < 0 ? taskId : `${taskId}[${mapIndex}]`, state]));
}

test("a file for Airflow's TypeScript SDK runs as it is", async () => {
  const installation = await makeInstallation();
  const { rest, facts } = installation;
  installation.saveDag("sales.ts", readFileSync(join(LOADER_TESTS, "airflow-sdk/sales.ts"), "utf8"));
  await start(installation);
  await installation.untilKnown("airflow_sales", "airflow_other");
  await rest.call("POST", "/variables", { key: "north_rows", value: "5" });
  await rest.call("POST", "/connections", { connection_id: "warehouse", conn_type: "postgres", host: "db", extra: '{"sslmode":"on"}' });
  await rest.call("PATCH", "/dags/airflow_other", { is_paused: false });
  // Its schedule makes a run as well; both write the same variables, so one comes after the other.
  await rest.call("PATCH", "/dags/airflow_sales", { is_paused: false });
  expect(await installation.untilRunsEnded("airflow_sales", 1, RUN_TIMEOUT_MS)).toEqual({ success: 1 });
  const runId = await rest.trigger("airflow_sales");
  expect(await installation.untilRunsEnded("airflow_sales", 2, RUN_TIMEOUT_MS)).toEqual({ success: 2 });
  expect(await states(installation, "airflow_sales", runId)).toEqual({
    "extract.north": "success",
    "extract.south": "success",
    summarize: "success",
    look_up: "success",
    has_rows: "success",
    load_rows: "success",
    report_empty: "skipped",
    pick: "success",
    daily: "success",
    weekly: "skipped",
    told: "success",
    report: "success",
    start_other: "success",
  });
  const xcom = async (taskId: string, key = "return_value") => {
    const text = await facts.xcom({ dagId: "airflow_sales", runId, taskId, mapIndex: -1, key });
    return text === undefined ? undefined : (JSON.parse(text) as unknown);
  };
  expect(await xcom("summarize")).toMatchObject({
    total: 5,
    label: "both",
    where: { dagId: "airflow_sales", taskId: "summarize", tryNumber: 1, mapIndex: -1 },
  });
  expect(await xcom("look_up")).toMatchObject({
    written: "by a task",
    gone: "written",
    noConnection: "nowhere",
    missing: null,
    connection: { id: "warehouse", type: "postgres", host: "db", extra: '{"sslmode":"on"}' },
  });
  expect(await xcom("load_rows")).toEqual({ total: 5, decided: true });
  expect(await xcom("told")).toBe("daily");
  expect(await xcom("report")).toBe("NAMED");

  // The texts of triggerDagRun are templates.
  expect(await installation.untilRunsEnded("airflow_other", 2, RUN_TIMEOUT_MS)).toEqual({ success: 2 });
  const other = await rest.call<{ dag_runs: { conf: { day: string } }[] }>("GET", "/dags/airflow_other/dagRuns");
  expect(other.dag_runs[0]!.conf).toEqual({
    triggered_by: "airflow_sales",
    day: expect.stringMatching(/^\d{4}-\d\d-\d\d$/),
    nested: { list: ["5"] },
  });
});

test("a YAML DAG runs, is shown as YAML, and its templates are rendered", async () => {
  const installation = await makeInstallation();
  const { rest, facts } = installation;
  const source = `dagId: yaml_flow
params: { region: eu, mode: delta }
tasks:
  files:
    operator: value
    value: ["{{ params.region }}/a.csv", "{{ params.region }}/b.csv"]
  zip:
    operator: bash
    command: echo "{{ inputs.file | upper }} $DAY"
    env: { DAY: "{{ ds_nodash[:4] ~ '!' }}" }
    expand: { file: "{{ ti.xcom_pull('files') }}" }
  is_full:
    operator: if
    condition: "{{ params.mode == 'full' }}"
    then: all
    else: changed
    join: report
    after: zip
  all: { operator: empty }
  changed:
    operator: bash
    command: echo "{{ dag.dag_id }} {{ ti.xcom_pull('zip') | length }}"
  report:
    operator: bash
    command: echo "{{ inputs.line }}"
    inputs: { line: "{{ ti.xcom_pull('changed') }}" }
  wrong:
    operator: bash
    command: echo {{ dss }}
    after: report
`;
  installation.saveDag("flow.dag.yaml", source);
  await start(installation);
  await installation.untilKnown("yaml_flow");
  const runId = await run(installation, "yaml_flow");
  expect(await installation.untilRunsEnded("yaml_flow", 1, RUN_TIMEOUT_MS)).toEqual({ failed: 1 });
  const tries = await facts.tries("yaml_flow");
  const failed = tries.filter((one) => one.state === "failed");
  expect(failed.map((one) => [one.taskId, one.message])).toEqual([
    ["wrong", expect.stringMatching(/option "command" of task "wrong" in DAG "yaml_flow".*"dss" is not known; did you mean "ds"/)],
  ]);
  const xcom = (taskId: string, mapIndex = -1) => facts.xcom({ dagId: "yaml_flow", runId, taskId, mapIndex, key: "return_value" });
  expect(await xcom("zip", 1)).toMatch(/^"EU\/B\.CSV \d{4}!"$/);
  expect(await xcom("report")).toBe('"yaml_flow 2"');
  expect(Object.fromEntries(tries.map((one) => [one.taskId, one.state]))).toMatchObject({ all: "skipped", changed: "success", is_full: "success" });
  const zip = await rest.call<{ rendered_fields: object }>("GET", `/dags/yaml_flow/dagRuns/${encodeURIComponent(runId)}/taskInstances/zip/1`);
  expect(zip.rendered_fields).toEqual({
    command: expect.stringContaining("EU/B.CSV") as string,
    env: { DAY: expect.stringMatching(/^\d{4}!$/) as string },
  });
  const shown = await rest.call<{ content: string }>("GET", "/dagSources/yaml_flow");
  expect(shown.content).toBe(source);
});
