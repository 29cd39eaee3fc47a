// @boundaries-ignore the loader gives it tradewind/airflow
import {
  Bundle,
  ConnectionNotFoundError,
  Dag,
  getClient,
  getContext,
  type TaskRef,
  VariableNotFoundError,
  withArgNames,
} from "apache-airflow-ts-sdk";

interface Rows {
  region: string;
  rows: number;
}

const dag = new Dag("airflow_sales", {
  schedule: "@daily",
  startDate: new Date("2026-01-01T00:00:00Z"),
  catchup: false,
  tags: ["sales", "airflow"],
  dagDisplayName: "Sales",
  docMd: "# Sales",
  maxActiveRuns: 2,
  dagrunTimeout: 3600,
  queue: "typescript",
});

const extract = dag.taskGroup("extract");
const north = extract.task("north", async (): Promise<Rows> => {
  const configured = await getClient().getVariable("north_rows");
  return { region: "north", rows: Number(configured ?? 3) };
});
const south = extract.task(async function south(): Promise<Rows> {
  return { region: "south", rows: 0 };
});

const summarize = dag.task(
  "summarize",
  async ({ first, second, label }: { first: Rows; second: Rows; label: string }) => {
    const { dagId, taskId, runId, tryNumber, mapIndex, signal } = getContext();
    await getClient().setXCom({ key: "total", value: first.rows + second.rows });
    return { total: first.rows + second.rows, label, where: { dagId, taskId, tryNumber, mapIndex, run: runId !== "", stopped: signal.aborted } };
  },
  { retries: 2, retryDelay: 30, executionTimeout: 60, pool: "default_pool", triggerRule: "none_failed" },
);
const summarized = summarize({ first: north(), second: south(), label: "both" });

const lookUp = dag.task("look_up", async () => {
  const client = getClient();
  await client.setVariable("written", "by a task", "a description");
  const written = await client.getVariableOrThrow("written");
  await client.deleteVariable("written");
  const gone = await client.getVariableOrThrow("written").catch((error: unknown) => error instanceof VariableNotFoundError && error.key);
  const noConnection = await client
    .getConnectionOrThrow("nowhere")
    .catch((error: unknown) => error instanceof ConnectionNotFoundError && error.connId);
  const connection = await client.getConnection("warehouse");
  return { written, gone, noConnection, missing: await client.getConnection("nowhere"), connection };
});
const looked = lookUp();

const hasRows = dag.task("has_rows", async ({ summary }: { summary: { total: number } }) => summary.total > 0);
const loadRows = dag.task("load_rows", async () => {
  const client = getClient();
  const total = await client.getXCom<number>({ key: "total", taskId: "summarize" });
  const decided = await client.getXCom<boolean>({ key: "return_value", taskId: "has_rows" });
  return { total, decided };
});
const reportEmpty = dag.task("report_empty", async () => ({ loaded: 0 }), { doXcomPush: false });
const gated = hasRows({ summary: summarized });
const loaded = loadRows();
const reported = reportEmpty();
dag.if(gated).then(loaded).else(reported);

const daily: TaskRef<string> = dag.task("daily", async () => "daily")();
const weekly = dag.task("weekly", async () => "weekly")();
const pick = dag.task("pick", async () => ((await getClient().getVariable("cadence")) === "weekly" ? weekly : daily));
const picked = pick();
dag.switch(picked).case(daily).case(weekly);
extract.before(picked);

const told = dag.task("told", async ({ choice }: { choice: string }) => choice, { triggerRule: "all_done" })({ choice: picked });
told.after(daily, weekly);

const report = withArgNames({ label: "run_label" }, async ({ label }: { label: string }) => label.toUpperCase());
dag.task("report", report)({ label: "named" }).after(looked);

dag
  .triggerDagRun(
    {
      taskId: "start_other",
      dagId: "airflow_other",
      conf: { triggered_by: "{{ dag.dag_id }}", day: "{{ ds }}", nested: { list: ["{{ ti.xcom_pull('summarize')['total'] }}"] } },
      pokeInterval: 1,
    },
    { triggerRule: "none_failed_min_one_success" },
  )
  .after(loaded, reported);

// The compiler knows what Airflow's compiler knows.
void (() => {
  // @ts-expect-error an argument is missing
  summarize({ first: north() });
  // @ts-expect-error a literal of another type
  hasRows({ summary: { total: "many" } });
  // @ts-expect-error durations are seconds, no texts
  dag.task("typed", async () => 1, { retryDelay: "30s" });
  // @ts-expect-error no option of Airflow's SDK
  new Dag("typed", { timezone: "UTC" });
});

const other = new Dag("airflow_other");
other.task("conf", async () => getContext().runId)();

const bundle = new Bundle(dag);
bundle.register(other);
await bundle.serve();
