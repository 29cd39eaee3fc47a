import { clearDagWarnings, recordDagWarnings, transaction } from "@tradewind/metadata";
import { seedDag, seedDagRun, seedImportError, seedJob, seedLease, seedTaskInstance } from "@tradewind/metadata/testing";
import { beforeAll, describe, expect, it } from "vitest";
import { dagSpec, taskSpec } from "./specs.ts";
import { useTestServer } from "./test-server.ts";

const server = useTestServer({ folderOfBundle: (name) => (name === "dags" ? "/srv/dags" : undefined) });

beforeAll(async () => {
  const { db } = server.database;
  const sales = dagSpec("sales", {
    displayName: "Daily sales",
    tags: ["money", "daily"],
    owner: "ann",
    schedule: { kind: "cron_trigger", crons: ["0 6 * * *"], timezone: "Europe/Madrid", intervalMs: 0, runImmediately: null },
    params: { day: { schema: { type: "string" }, default: "monday", description: "which" }, city: { schema: {}, description: null } },
    paramOrder: ["day", "city"],
    dagrunTimeoutMs: 90_000,
    tasks: [
      taskSpec("load", { displayName: "Load it", retries: 2, retryDelayMs: 90_500 }),
      taskSpec("report", { upstream: ["load"], executionTimeoutMs: 90_000_000, maxActiveTisPerDag: 2 }),
    ],
  });
  await seedDag(db, { spec: sales, source: "// first\n" });
  await seedDag(db, { spec: { ...sales, description: "second" }, source: "// second\n" });
  await seedDag(db, { spec: dagSpec("stock", { tags: ["daily"], allowedRunTypes: ["scheduled", "backfill"] }), isPaused: true, owners: ["bob"] });
  await seedDag(db, { spec: dagSpec("old"), isStale: true });
  await seedDag(db, { spec: dagSpec("broken", { tags: ["money"] }), hasImportErrors: true, bundleName: "other" });
  await seedDagRun(db, { dagId: "sales", runId: "r1", state: "success", runAfter: new Date("2026-01-01"), startDate: new Date("2026-01-01") });
  await seedDagRun(db, { dagId: "sales", runId: "r2", state: "failed", runAfter: new Date("2026-01-02"), startDate: new Date("2026-01-02") });
  const stock = await seedDagRun(db, {
    dagId: "stock",
    runId: "r1",
    state: "running",
    runAfter: new Date("2026-01-01"),
    startDate: new Date("2026-01-03"),
  });
  await seedImportError(db, { relativePath: "bad.ts", message: "Unexpected token", line: 3, frame: "  3 | const =\n    |       ^" });
  await seedImportError(db, { relativePath: "worse.ts", message: "Cannot find module", bundleName: "other" });
  await seedJob(db, { id: "01a00000-0000-7000-8000-000000000001", jobType: "SchedulerJob" });
  await seedJob(db, { id: "01a00000-0000-7000-8000-000000000002", jobType: "DagProcessorJob", heartbeatAgeSeconds: 300 });
  const attempts = ["01a00000-0000-7000-8000-00000000000a", "01a00000-0000-7000-8000-00000000000b"] as const;
  for (const [index, attemptId] of attempts.entries()) {
    const state = index === 0 ? "running" : "queued";
    const taskInstanceId = await seedTaskInstance(db, { dagRunId: stock, taskId: `t${index}`, state, poolSlots: index + 2, attemptId });
    await seedLease(db, { taskInstanceId, attemptId, state });
  }
});

const listDags = async (query: Record<string, string | string[]>): Promise<string[]> => {
  const answer = await server.call("GET", "/api/v2/dags", { query });
  expect({ status: answer.statusCode, body: answer.statusCode === 200 ? "" : answer.body }).toEqual({ status: 200, body: "" });
  return answer.json<{ dags: { dag_id: string }[] }>().dags.map((dag) => dag.dag_id);
};

describe("allowed_run_types", () => {
  it("is told in lists and details, null where all are allowed", async () => {
    for (const path of ["", "/details"]) {
      expect((await server.call("GET", `/api/v2/dags/stock${path}`)).json()).toMatchObject({ allowed_run_types: ["scheduled", "backfill"] });
      expect((await server.call("GET", `/api/v2/dags/sales${path}`)).json()).toMatchObject({ allowed_run_types: null });
    }
  });
});

describe("GET /dags", () => {
  it.each<[string, Record<string, string | string[]>, string[]]>([
    ["all that are not stale, by id", {}, ["broken", "sales", "stock"]],
    ["stale ones too", { exclude_stale: "false" }, ["broken", "old", "sales", "stock"]],
    ["part of the id, whatever the case", { dag_id_pattern: "STO" }, ["stock"]],
    ["one of two patterns", { dag_id_pattern: "sale|stoc" }, ["sales", "stock"]],
    ["everything", { dag_id_pattern: "~" }, ["broken", "sales", "stock"]],
    ["how the id begins, by case", { dag_id_prefix_pattern: "s" }, ["sales", "stock"]],
    ["how the id begins, in the wrong case", { dag_id_prefix_pattern: "S" }, []],
    ["display name", { dag_display_name_pattern: "daily" }, ["sales"]],
    ["any of the tags", { tags: ["money", "daily"] }, ["broken", "sales", "stock"]],
    ["all of the tags", { tags: ["money", "daily"], tags_match_mode: "all" }, ["sales"]],
    ["paused", { paused: "true" }, ["stock"]],
    ["owners", { owners: ["ann", "bob"] }, ["sales", "stock"]],
    ["import errors", { has_import_errors: "true" }, ["broken"]],
    ["state of the latest run", { last_dag_run_state: "failed" }, ["sales"]],
    ["state of the latest run is not that of an earlier one", { last_dag_run_state: "success" }, []],
    ["start of the latest run", { dag_run_start_date_gte: "2026-01-03T00:00:00Z" }, ["stock"]],
    ["folder", { bundle_name: "other" }, ["broken"]],
    ["downwards", { order_by: "-dag_id" }, ["stock", "sales", "broken"]],
    ["by start of the latest run, without one last", { order_by: "-last_run_start_date" }, ["stock", "sales", "broken"]],
    ["a page", { limit: "1", offset: "1" }, ["sales"]],
  ])("%s", async (_what, query, expected) => {
    expect(await listDags(query)).toEqual(expected);
  });

  it("tells the number of all, not of the page", async () => {
    const queries: Record<string, string>[] = [
      { limit: "1" },
      { limit: "1", offset: "2" },
      { limit: "5", offset: "9" },
      { limit: "1", last_dag_run_state: "failed" },
    ];
    const counts = await Promise.all(
      queries.map(async (query) =>
        server.call("GET", "/api/v2/dags", { query }).then((answer) => answer.json<{ total_entries: number }>().total_entries),
      ),
    );
    expect(counts).toEqual([3, 3, 3, 1]);
  });

  it("refuses an order that does not exist, and values that cannot be", async () => {
    expect((await server.call("GET", "/api/v2/dags", { query: { order_by: "spec" } })).statusCode).toBe(400);
    const bad = await server.call("GET", "/api/v2/dags", { query: { limit: "-1", paused: "perhaps", dag_run_start_date_lt: "yesterday" } });
    expect(bad.statusCode).toBe(422);
    expect(
      bad
        .json<{ detail: { loc: string[] }[] }>()
        .detail.map(({ loc }) => loc.join("."))
        .sort(),
    ).toEqual(["query.dag_run_start_date_lt", "query.limit", "query.paused"]);
  });

  it("never gives more than the maximum, and the usual number for a limit of 0", async () => {
    expect((await listDags({ limit: "100000" })).length).toBe(3);
    expect((await listDags({ limit: "0" })).length).toBe(3);
  });
});

describe("one DAG", () => {
  it("is as Airflow shows it", async () => {
    const dag = (await server.call("GET", "/api/v2/dags/sales")).json<Record<string, unknown>>();
    expect(dag).toMatchObject({
      dag_id: "sales",
      dag_display_name: "Daily sales",
      description: "second",
      fileloc: "/srv/dags/sales.ts",
      relative_fileloc: "sales.ts",
      last_parse_duration: 0.0125,
      tags: [{ name: "daily" }, { name: "money" }],
      has_task_concurrency_limits: true,
    });
    expect(dag["last_parsed_time"]).toMatch(/^\d{4}-.*Z$/);
  });

  it("has details, params in the author's order", async () => {
    const details = (await server.call("GET", "/api/v2/dags/sales/details")).json<{ params: object }>();
    expect(Object.keys(details.params)).toEqual(["day", "city"]);
    expect(details).toMatchObject({
      timezone: "Europe/Madrid",
      dag_run_timeout: "PT90S",
      params: { day: { value: "monday", schema: { type: "string" } } },
      latest_dag_version: { version_number: 2, dag_id: "sales" },
      active_runs_count: 0,
    });
  });

  it("that does not exist is 404, with a hint for programs", async () => {
    const answer = await server.call("GET", "/api/v2/dags/nothing");
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toMatchObject({ detail: expect.stringContaining("`nothing`"), code: "dag_not_found", details: { dagId: "nothing" } });
  });

  it("takes an id that cannot be stored as one that is not acceptable", async () => {
    expect((await server.call("GET", "/api/v2/dags/a%00b")).statusCode).toBe(422);
  });
});

describe("source and versions", () => {
  it("gives the source of the latest or another version, as JSON or as text", async () => {
    expect((await server.call("GET", "/api/v2/dagSources/sales")).json()).toMatchObject({ content: "// second\n", version_number: 2 });
    const text = await server.call("GET", "/api/v2/dagSources/sales", { query: { version_number: "1" }, headers: { accept: "text/plain" } });
    expect([text.headers["content-type"], text.body]).toEqual(["text/plain; charset=utf-8", "// first\n"]);
    expect((await server.call("GET", "/api/v2/dagSources/sales", { query: { version_number: "3" } })).statusCode).toBe(404);
  });

  it("lists versions of one DAG and of all", async () => {
    const one = (await server.call("GET", "/api/v2/dags/sales/dagVersions", { query: { order_by: "-version_number" } })).json<{
      dag_versions: { version_number: number; id: string }[];
    }>();
    expect(one.dag_versions.map((version) => version.version_number)).toEqual([2, 1]);
    expect((await server.call("GET", "/api/v2/dags/~/dagVersions")).json()).toMatchObject({ total_entries: 5 });
    expect((await server.call("GET", "/api/v2/dags/sales/dagVersions/1")).json()).toMatchObject({ version_number: 1, id: one.dag_versions[1]?.id });
  });

  it("lists tags", async () => {
    expect((await server.call("GET", "/api/v2/dagTags", { query: { order_by: "-name" } })).json()).toEqual({
      tags: ["money", "daily"],
      total_entries: 2,
    });
    expect((await server.call("GET", "/api/v2/dagTags", { query: { tag_name_pattern: "mon" } })).json()).toEqual({
      tags: ["money"],
      total_entries: 1,
    });
  });

  it("counts runs by state", async () => {
    const { dags } = (await server.call("GET", "/api/v2/dagStats", { query: { dag_ids: "sales" } })).json<{
      dags: { stats: { state: string; count: number }[] }[];
    }>();
    expect(dags[0]?.stats).toEqual([
      { state: "queued", count: 0 },
      { state: "running", count: 0 },
      { state: "success", count: 1 },
      { state: "failed", count: 1 },
    ]);
  });
});

describe("tasks", () => {
  it("lists them in order, with what they lead to", async () => {
    const { tasks } = (await server.call("GET", "/api/v2/dags/sales/tasks", { query: { order_by: "-task_id" } })).json<{
      tasks: Record<string, unknown>[];
    }>();
    expect(tasks.map((task) => task["task_id"])).toEqual(["report", "load"]);
    expect(tasks[1]).toMatchObject({
      downstream_task_ids: ["report"],
      retry_delay: { __type: "TimeDelta", days: 0, seconds: 90, microseconds: 500_000 },
    });
    expect(tasks[0]).toMatchObject({ execution_timeout: { days: 1, seconds: 3600, microseconds: 0 }, trigger_rule: "all_success" });
  });

  it("gives one, or says that there is none", async () => {
    expect((await server.call("GET", "/api/v2/dags/sales/tasks/load")).json()).toMatchObject({ task_display_name: "Load it", retries: 2 });
    expect((await server.call("GET", "/api/v2/dags/sales/tasks/none")).statusCode).toBe(404);
    expect((await server.call("GET", "/api/v2/dags/sales/tasks", { query: { order_by: "constructor" } })).statusCode).toBe(400);
  });
});

describe("the installation", () => {
  it("tells its health by heartbeats", async () => {
    expect((await server.call("GET", "/api/v2/monitor/health", { role: null })).json()).toMatchObject({
      metadatabase: { status: "healthy" },
      scheduler: { status: "healthy", latest_scheduler_heartbeat: expect.stringMatching(/Z$/) },
      triggerer: { status: null },
      dag_processor: { status: "unhealthy" },
    });
  });

  it("lists jobs that are alive, or not", async () => {
    const { jobs } = (await server.call("GET", "/api/v2/jobs", { query: { is_alive: "true" } })).json<{ jobs: { job_type: string; id: number }[] }>();
    expect(jobs.map((job) => job.job_type)).toEqual(["SchedulerJob"]);
    expect(Number.isSafeInteger(jobs[0]?.id)).toBe(true);
    expect((await server.call("GET", "/api/v2/jobs", { query: { is_alive: "false" } })).json()).toMatchObject({ total_entries: 1 });
  });

  it("counts slots of pools by what is alive", async () => {
    expect((await server.call("GET", "/api/v2/pools/default_pool")).json()).toMatchObject({
      slots: 128,
      running_slots: 2,
      queued_slots: 3,
      occupied_slots: 5,
      scheduled_slots: 0,
      open_slots: 123,
    });
  });

  it("shows import errors with place and code frame first", async () => {
    const { import_errors: errors } = (await server.call("GET", "/api/v2/importErrors", { query: { filename_pattern: "BAD" } })).json<{
      import_errors: { import_error_id: number; stack_trace: string; filename: string }[];
    }>();
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ filename: "bad.ts", stack_trace: "bad.ts:3: Unexpected token\n\n  3 | const =\n    |       ^" });
    expect((await server.call("GET", `/api/v2/importErrors/${errors[0]?.import_error_id}`)).statusCode).toBe(200);
    expect((await server.call("GET", "/api/v2/importErrors/999")).statusCode).toBe(404);
    expect((await server.call("GET", "/api/v2/importErrors", { query: { bundle_name: "other" } })).json()).toMatchObject({ total_entries: 1 });
  });

  it("shows what is wrong with DAGs and does not keep them from running", async () => {
    await transaction(server.database.db, (tx) =>
      recordDagWarnings(tx, {
        warnings: [
          { dagId: "sales", warningType: "runtime varying value", message: "tags[0] varies" },
          { dagId: "not_there", warningType: "runtime varying value", message: "of no DAG" },
        ],
        now: new Date("2026-01-02T03:04:05Z"),
      }),
    );
    const answer = (await server.call("GET", "/api/v2/dagWarnings")).json<object>();
    expect(answer).toEqual({
      dag_warnings: [
        {
          dag_id: "sales",
          dag_display_name: expect.any(String) as string,
          warning_type: "runtime varying value",
          message: "tags[0] varies",
          timestamp: "2026-01-02T03:04:05.000Z",
        },
      ],
      total_entries: 1,
    });
    expect((await server.call("GET", "/api/v2/dagWarnings", { query: { warning_type: "asset conflict" } })).json()).toMatchObject({
      total_entries: 0,
    });
    expect((await server.call("GET", "/api/v2/dagWarnings", { query: { warning_type: "other" } })).statusCode).toBe(422);
    await transaction(server.database.db, (tx) => clearDagWarnings(tx, { dagIds: ["sales"], warningType: "runtime varying value" }));
    expect((await server.call("GET", "/api/v2/dagWarnings", { query: { dag_id: "sales" } })).json()).toMatchObject({ total_entries: 0 });
  });
});
