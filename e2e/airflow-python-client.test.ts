/**
 * The official client of Apache Airflow, as it is on PyPI, takes a Tradewind for an Airflow: `airflow-client/day.py` goes through everything that exists here. It needs Python and PyPI, the
 * first time, and is skipped without them.
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { ADMIN_PASSWORD, makeInstallation } from "@tradewind/testkit";
import { expect, test } from "vitest";
import { saveDags } from "./airflow-client/dags.ts";
import { pythonWithClient } from "./airflow-client/client-python.ts";

const client = pythonWithClient();
if ("missing" in client) process.stderr.write(`skipped: Airflow's Python client. ${client.missing}\n`);

test.skipIf("missing" in client)("Airflow's own Python client does a whole day's work", async () => {
  const installation = await makeInstallation();
  await installation.start("standalone", "a", ["--no-examples"]);
  await saveDags(installation);
  const said: Record<string, Record<string, unknown>> = {};
  const { python } = client as { python: string };
  const day = join(import.meta.dirname, "airflow-client/day.py");
  const { stdout } = await promisify(execFile)(python, [day, installation.rest.url, "admin", ADMIN_PASSWORD], { timeout: 150_000 });
  for (const line of stdout.split("\n").filter(Boolean)) {
    const { step, ...facts } = JSON.parse(line) as { step: string };
    said[step] = facts;
  }
  expect(said).toEqual(DAY);
});

const NONE = { queued: 0, running: 0, success: 0, failed: 0 };

/** What each step of the day says. */
const DAY = {
  health: { metadatabase: "healthy", scheduler: "healthy", version: expect.stringMatching(/^\d/) as string },
  dags: { first: ["flaky", "sales"], rest: ["spare"], total: 3 },
  filters: { tag: ["sales"], pattern: ["sales"], owner: ["sales"], paused: 0, tags: ["daily", "shop"] },
  details: {
    params: { day: { value: "sunday", schema: { type: "string" }, description: null, source: "dag" } },
    timetable: "None",
    tasks: ["checks.rows", "checks.sums", "count", "extract", "load"],
  },
  task: { downstream: ["count"] },
  favorite: { found: ["sales"], marked: true },
  "unfavorite twice": { status: 409 },
  "bad conf": { status: 400 },
  "no such dag": { status: 404 },
  "bad order": { status: 400 },
  triggered: { run_id: "morning", state_known: true, conf: { day: "monday" }, note: "by hand", by: "admin" },
  "same id again": { status: 409 },
  waited: { last: { state: "success", results: { load: { total: 12 } } } },
  "task instances": {
    states: {
      "extract[-1]": "success",
      "count[0]": "success",
      "count[1]": "success",
      "count[2]": "success",
      "load[-1]": "success",
      "checks.rows[-1]": "success",
      "checks.sums[-1]": "success",
    },
    total: 7,
  },
  "task instance": { tries: 1, operator: "task", run_after: true, version: 1 },
  mapped: { indexes: [2, 1, 0], one: "success" },
  "by state": { failed: 0, success: 7 },
  batch: { shown: 2, total: 7 },
  log: { said: true },
  xcom: { value: [1, 2, 3], keys: ["return_value"] },
  "own xcom": { value: [2] },
  links: { links: {} },
  dependencies: { of_ended: [] },
  tries: { tries: [1] },
  "dry run of a clear": { would: ["shaky"], still: "failed" },
  cleared: { tries: ["failed", "success"] },
  marked: { planned: ["shaky"], state: "failed", note: "not good" },
  "marked a group": { states: { "checks.rows": "skipped", "checks.sums": "skipped" } },
  "bulk task instances": { done: ["flaky.first.shaky[-1]"] },
  "marked a run": { state: "failed", would_clear: ["shaky"] },
  "cleared runs": { runs: ["first"] },
  runs: { all: ["morning", "first"], batch: 1, stats: { flaky: { ...NONE, success: 1 }, sales: { ...NONE, success: 1 } } },
  pools: { slots: 5, created: ["lake"], errors: 1, names: ["default_pool", "lake", "warehouse"] },
  "default pool": { status: 400 },
  variables: { value: "no", hidden: "***", created: ["one", "api_token"], keys: ["api_token", "mended", "one"] },
  connections: { port: 5432, password: "***", created: ["web"], ids: ["db", "web"] },
  "test of a connection": { status: 403 },
  "import errors": { files: ["broken.ts"], one: "dags" },
  "event logs": {
    events: ["delete_xcom", "patch_task_instance", "patch_xcom", "post_xcom", "trigger_dag_run"],
    owners: ["admin"],
    one: "trigger_dag_run",
  },
  versions: { numbers: [1], one: "sales" },
  source: { has: true },
  jobs: { types: ["DagProcessorJob", "SchedulerJob"] },
  warnings: { total: 0 },
  "nothing of": { assets: 0, asset: 404, events: 0, backfills: 0, questions: 0, plugins: 0, providers: 0, upstream: 0 },
  paused: { all: true },
  "deleted runs": { bulk: ["flaky.first"], left: 0, gone: 404 },
  "deleted a dag": { gone: 404 },
};
