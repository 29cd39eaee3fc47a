import { beforeAll, describe, expect, it } from "vitest";
import { seedDag, seedDagRun, seedTaskInstance } from "@tradewind/metadata/testing";
import { dagSpec, taskSpec } from "./specs.ts";
import { useTestServer } from "./test-server.ts";

const server = useTestServer({ shownConfig: [{ section: "api", key: "port", value: "8080" }] });

const INSTANCE = "/dags/sales/dagRuns/first/taskInstances/extract";

beforeAll(async () => {
  const { db } = server.database;
  await seedDag(db, { spec: dagSpec("sales", { tasks: [taskSpec("extract")] }) });
  const dagRunId = await seedDagRun(db, { dagId: "sales", runId: "first" });
  await seedTaskInstance(db, { dagRunId, taskId: "extract", state: "success" });
});

/** "Subjects that do not exist yet answer as an empty Airflow would." */
describe("subjects that do not exist yet", () => {
  it.each([
    ["/assets", "assets"],
    ["/assets/aliases", "asset_aliases"],
    ["/assets/events", "asset_events"],
    ["/backfills?dag_id=sales", "backfills"],
    ["/plugins", "plugins"],
    ["/plugins/importErrors", "import_errors"],
    ["/providers", "providers"],
    ["/dags/sales/dagRuns/first/upstreamAssetEvents", "asset_events"],
    ["/dags/~/dagRuns/~/hitlDetails", "hitl_details"],
    [`${INSTANCE}/state-store`, "task_state_store"],
  ])("%s is an empty list of %s", async (path, name) => {
    const answer = await server.call("GET", `/api/v2${path}`);
    expect({ status: answer.statusCode, body: answer.json() }).toEqual({ status: 200, body: { [name]: [], total_entries: 0 } });
  });

  it.each([
    ["GET", "/assets/1", 404],
    ["GET", "/assets/aliases/1", 404],
    ["GET", "/assets/1/state-store", 404],
    ["DELETE", "/assets/1/queuedEvents", 404],
    ["GET", "/dags/sales/assets/queuedEvents", 404],
    ["GET", "/backfills/1", 404],
    ["GET", `${INSTANCE}/-1/hitlDetails`, 404],
    ["GET", `${INSTANCE}/state-store/key`, 404],
    ["GET", "/dags/sales/dagRuns/second/upstreamAssetEvents", 404],
    ["GET", "/backfills", 422],
    ["GET", "/assets?order_by=colour", 400],
    ["GET", `${INSTANCE}/externalLogUrl/1`, 400],
  ] as const)("%s %s is answered with %i", async (method, path, status) => {
    const answer = await server.call(method, `/api/v2${path}`);
    expect(answer.statusCode).toBe(status);
    expect(answer.json()).toHaveProperty("detail");
  });

  it("says that the first one cannot be made", async () => {
    const body = { dag_id: "sales", from_date: "2026-01-01", to_date: "2026-01-02" };
    for (const path of ["/api/v2/backfills", "/api/v2/backfills/dry_run"]) {
      const answer = await server.call("POST", path, { body });
      expect({ status: answer.statusCode, ...answer.json<object>() }).toMatchObject({ status: 400, detail: expect.stringContaining("backfills") });
    }
    expect((await server.call("POST", "/api/v2/backfills", { body: { ...body, dag_id: "nothing" } })).statusCode).toBe(404);
    expect((await server.call("POST", "/api/v2/assets/events", { body: { asset_id: 1 } })).statusCode).toBe(404);
  });

  it("finds nothing by filters about them", async () => {
    for (const filter of ["has_asset_schedule=true", "asset_dependency=orders", "bundle_version=1"]) {
      expect((await server.call("GET", `/api/v2/dags?${filter}`)).json()).toMatchObject({ total_entries: 0 });
    }
    expect((await server.call("GET", "/api/v2/dags?has_asset_schedule=false&timetable_type=none")).json()).toMatchObject({ total_entries: 1 });
    for (const filter of ["partition_key_pattern=a", "partition_date_gte=2026-01-01", "consuming_asset_pattern=orders"]) {
      expect((await server.call("GET", `/api/v2/dags/~/dagRuns?${filter}`)).json()).toMatchObject({ total_entries: 0 });
    }
    expect((await server.call("GET", "/api/v2/dags/~/dagRuns?partition_key_pattern=~")).json()).toMatchObject({ total_entries: 1 });
    expect((await server.call("GET", "/api/v2/jobs?executor_class=LocalExecutor")).json()).toMatchObject({ total_entries: 0 });
  });
});

describe("configuration", () => {
  it("is shown to who may read connections, as JSON or as text", async () => {
    const sections = [{ name: "api", options: [{ key: "port", value: "8080" }] }];
    expect((await server.call("GET", "/api/v2/config")).json()).toEqual({ sections });
    expect((await server.call("GET", "/api/v2/config/section/api/option/port")).json()).toEqual({ sections });
    expect((await server.call("GET", "/api/v2/config", { headers: { accept: "text/plain" } })).body).toBe("[api]\nport = 8080\n");
    expect((await server.call("GET", "/api/v2/config?section=nothing")).statusCode).toBe(404);
    expect((await server.call("GET", "/api/v2/config", { role: "User" })).statusCode).toBe(403);
  });
});

describe("pages to log in", () => {
  it("are on this server, whatever is asked for", async () => {
    const leads = async (path: string) => (await server.call("GET", `/api/v2/auth/${path}`, { role: null })).headers.location;
    expect(await leads("login")).toBe("/login");
    expect(await leads("login?next=/dags")).toBe("/login?next=%2Fdags");
    expect(await leads("logout")).toBe("/login");
    for (const next of ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example"]) {
      const answer = await server.call("GET", "/api/v2/auth/login", { role: null, query: { next } });
      expect({ next, status: answer.statusCode }).toEqual({ next, status: 400 });
    }
  });
});
