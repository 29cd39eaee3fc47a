import type { DagSpec } from "@tradewind/core";
import { createEngine, type Engine } from "@tradewind/engine";
import { createFernet, generateFernetKey } from "@tradewind/metadata";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dagSpec, taskSpec } from "./specs.ts";
import { useTestServer } from "./test-server.ts";

let engine: Engine;
const server = useTestServer({
  makeEngine: (database, tokens) =>
    (engine = createEngine({
      db: database.db,
      hot: database.hot,
      fernet: createFernet(generateFernetKey()),
      issueAttemptToken: ({ attemptId, ttlMs }) => tokens.issue("attempt", attemptId, ttlMs),
      defaultExecutor: "local",
      dagsArePausedAtCreation: false,
      listens: false,
    })),
});

async function record(...specs: DagSpec[]): Promise<void> {
  for (const spec of specs) {
    await engine.recordDagFile({
      bundleName: "dags",
      relativePath: `${spec.dagId}.ts`,
      fingerprint: null,
      parseDurationMs: 1,
      resolveFrom: [],
      result: {
        ok: true,
        bundle: { sha256: spec.dagId.padEnd(64, "0"), code: "export {};" },
        source: "// source\n",
        dags: [{ dagId: spec.dagId, exportName: "dag", spec, specJson: JSON.stringify(spec), specSha256: spec.dagId.padEnd(64, "1") }],
      },
    });
  }
}

beforeAll(async () => {
  const chain = [taskSpec("first"), taskSpec("second", { upstream: ["first"] })];
  await record(
    dagSpec("sales", { tasks: chain, params: { day: { schema: { type: "string" }, default: "monday", description: null } } }),
    dagSpec("stock", { tasks: [taskSpec("only")] }),
    dagSpec("payroll", { tasks: [taskSpec("only")], allowedRunTypes: ["scheduled", "backfill"] }),
    dagSpec("gone", { tasks: [taskSpec("only")] }),
  );
});

// Before the pools it works on are closed.
afterAll(() => engine.close());

const RUNS = "/api/v2/dags/sales/dagRuns";
const trigger = async (runId: string, body: Record<string, unknown> = {}) =>
  server.call("POST", RUNS, { body: { logical_date: null, dag_run_id: runId, ...body } });
const stateOf = async (path: string): Promise<string | null> => (await server.call("GET", path)).json<{ state: string | null }>().state;

describe("POST dagRuns", () => {
  it("makes a run and shows it", async () => {
    const made = await trigger("made", { conf: { day: "friday" }, note: "by hand", logical_date: "2026-03-01T10:00:00+01:00" });
    expect({ status: made.statusCode, body: made.json() }).toMatchObject({
      status: 200,
      body: {
        dag_run_id: "made",
        logical_date: "2026-03-01T09:00:00.000Z",
        conf: { day: "friday" },
        note: "by hand",
        run_type: "manual",
        triggered_by: "rest_api",
        triggering_user_name: "admin",
        dag_versions: [{ version_number: 1 }],
      },
    });
  });

  it("refuses a run of a DAG that allows none by hand with 400, as Airflow does", async () => {
    const answer = await server.call("POST", "/api/v2/dags/payroll/dagRuns", { body: { logical_date: null } });
    expect([answer.statusCode, answer.json()]).toMatchObject([400, { detail: expect.stringContaining("allows only scheduled, backfill runs") }]);
  });

  it("refuses a run that is there, conf that does not fit, and a DAG that is not there", async () => {
    await trigger("twice");
    expect((await trigger("twice")).statusCode).toBe(409);
    const unfit = await trigger("unfit", { conf: { day: 7 } });
    expect({ status: unfit.statusCode, body: unfit.json() }).toMatchObject({ status: 400, body: { details: { reason: "invalid_params" } } });
    expect((await server.call("POST", "/api/v2/dags/none/dagRuns", { body: { logical_date: null } })).statusCode).toBe(404);
    const incomplete = await server.call("POST", RUNS, { body: { data_interval_start: "2026-01-01T00:00:00Z" } });
    expect(incomplete.json()).toMatchObject({ detail: [{ loc: ["body", "logical_date"], type: "missing" }] });
  });
});

describe("changes of runs and task instances", () => {
  it("mark task instances, then the run ends; a clear brings them back", async () => {
    await trigger("marked");
    await engine.startQueuedRuns({ limit: 10 });
    const first = `${RUNS}/marked/taskInstances/first`;
    const planned = await server.call("PATCH", `${first}/dry_run`, { body: { new_state: "success" } });
    expect({ status: planned.statusCode, body: planned.json() }).toMatchObject({
      status: 200,
      body: { total_entries: 1, task_instances: [{ task_id: "first" }] },
    });
    expect(await stateOf(first)).toBe("scheduled");

    const marked = await server.call("PATCH", first, { body: { new_state: "success", note: "seen", include_downstream: true } });
    expect(
      marked.json<{ task_instances: { task_id: string; state: string }[] }>().task_instances.map(({ task_id, state }) => [task_id, state]),
    ).toEqual([
      ["first", "success"],
      ["second", "success"],
    ]);
    expect((await server.call("GET", first)).json()).toMatchObject({ note: "seen", state: "success" });
    expect(await stateOf(`${RUNS}/marked`)).toBe("success");

    const clear = { dag_run_id: "marked", task_ids: ["second"], only_failed: false };
    const plan = await server.call("POST", "/api/v2/dags/sales/clearTaskInstances", { body: clear });
    expect(plan.json()).toMatchObject({ total_entries: 1, task_instances: [{ task_id: "second", state: "success" }] });
    const cleared = await server.call("POST", "/api/v2/dags/sales/clearTaskInstances", { body: { ...clear, dry_run: false } });
    expect(cleared.json()).toMatchObject({ total_entries: 1 });
    expect(await stateOf(`${RUNS}/marked/taskInstances/second`)).not.toBe("success");
    expect(["queued", "running"]).toContain(await stateOf(`${RUNS}/marked`));
  });

  it("refuse states that nobody may set, and task instances that are not there", async () => {
    await trigger("refused");
    const first = `${RUNS}/refused/taskInstances/first`;
    expect((await server.call("PATCH", first, { body: { new_state: "running" } })).statusCode).toBe(422);
    expect((await server.call("PATCH", first, { body: {} })).statusCode).toBe(400);
    expect((await server.call("PATCH", `${RUNS}/refused/taskInstances/none`, { body: { new_state: "success" } })).statusCode).toBe(404);
    const both = await server.call("POST", "/api/v2/dags/sales/clearTaskInstances", {
      body: { dag_run_id: "refused", start_date: "2026-01-01T00:00:00Z" },
    });
    expect(both.statusCode).toBe(422);
  });

  it("mark, clear, note and delete a run", async () => {
    await trigger("whole");
    await engine.startQueuedRuns({ limit: 10 });
    expect((await server.call("PATCH", `${RUNS}/whole`, { body: { state: "failed", note: "no" } })).json()).toMatchObject({
      state: "failed",
      note: "no",
    });
    expect(
      (await server.call("PATCH", `${RUNS}/whole`, { body: { state: "success", note: "yes" }, query: { update_mask: "note" } })).json(),
    ).toMatchObject({
      state: "failed",
      note: "yes",
    });
    expect((await server.call("POST", `${RUNS}/whole/clear`, { body: {} })).json()).toMatchObject({ total_entries: 2 });
    const cleared = await server.call("POST", `${RUNS}/whole/clear`, { body: { dry_run: false } });
    expect(["queued", "running"]).toContain(cleared.json<{ state: string }>().state);
    await server.call("PATCH", `${RUNS}/whole`, { body: { state: "failed" } });
    expect((await server.call("DELETE", `${RUNS}/whole`)).statusCode).toBe(204);
    expect((await server.call("DELETE", `${RUNS}/whole`)).statusCode).toBe(404);
  });
});

describe("bulk changes", () => {
  it("of runs are done one by one, and what went wrong is told", async () => {
    for (const runId of ["b1", "b2"]) await trigger(runId);
    await engine.startQueuedRuns({ limit: 10 });
    const answer = await server.call("PATCH", "/api/v2/dags/~/dagRuns", {
      body: {
        actions: [
          {
            action: "update",
            entities: [
              { dag_id: "sales", dag_run_id: "b1", state: "failed", note: "bulk" },
              { dag_id: "sales", dag_run_id: "b2", state: "failed" },
              { dag_run_id: "b1", state: "failed" },
            ],
          },
          {
            action: "delete",
            entities: [
              { dag_id: "sales", dag_run_id: "b2" },
              { dag_id: "sales", dag_run_id: "none" },
            ],
          },
          { action: "delete", entities: [{ dag_id: "sales", dag_run_id: "none" }], action_on_non_existence: "skip" },
          { action: "create", entities: [{ dag_id: "sales", dag_run_id: "b3" }] },
        ],
      },
    });
    expect(answer.json()).toMatchObject({
      update: { success: ["sales.b1", "sales.b2"], errors: [{ status_code: 400 }] },
      delete: { success: ["sales.b2"], errors: [{ status_code: 404 }] },
      create: { success: [], errors: [{ status_code: 405 }] },
    });
    expect((await server.call("GET", `${RUNS}/b1`)).json()).toMatchObject({ state: "failed", note: "bulk" });
  });

  it("of task instances set states and notes", async () => {
    await trigger("b4");
    await engine.startQueuedRuns({ limit: 10 });
    const answer = await server.call("PATCH", `${RUNS}/b4/taskInstances`, {
      body: {
        actions: [
          {
            action: "update",
            entities: [
              { task_id: "first", new_state: "success", note: "bulk" },
              { task_id: "second", new_state: "running" },
            ],
          },
        ],
      },
    });
    expect(answer.json()).toMatchObject({ update: { success: ["sales.b4.first[-1]"], errors: [{ status_code: 422 }] } });
    expect((await server.call("GET", `${RUNS}/b4/taskInstances/first`)).json()).toMatchObject({ state: "success", note: "bulk" });
  });
});

describe("GET wait", () => {
  it("tells the state until the run is over, then the results that were asked for", async () => {
    await trigger("awaited");
    await engine.startQueuedRuns({ limit: 10 });
    await server.call("POST", `${RUNS}/awaited/taskInstances/first/xcomEntries`, { body: { key: "return_value", value: { rows: 7 } } });
    const waiting = server.call("GET", `${RUNS}/awaited/wait`, { query: { interval: "0.05", result: ["first", "second"] } });
    await server.call("PATCH", `${RUNS}/awaited`, { body: { state: "success" } });
    const lines = (await waiting).body.trim().split("\n");
    expect(JSON.parse(lines.at(-1) ?? "")).toEqual({ state: "success", results: { first: { rows: 7 }, second: null } });
    expect((await server.call("GET", `${RUNS}/none/wait`, { query: { interval: "1" } })).statusCode).toBe(404);
    expect((await server.call("GET", `${RUNS}/awaited/wait`)).statusCode).toBe(422);
  });
});

describe("changes of DAGs", () => {
  it("pause one, or all that a filter finds", async () => {
    expect((await server.call("PATCH", "/api/v2/dags/stock", { body: { is_paused: true } })).json()).toMatchObject({ is_paused: true });
    expect((await server.call("PATCH", "/api/v2/dags/none", { body: { is_paused: true } })).statusCode).toBe(404);
    expect((await server.call("PATCH", "/api/v2/dags/stock", { body: { is_paused: true }, query: { update_mask: "owners" } })).statusCode).toBe(400);
    const many = await server.call("PATCH", "/api/v2/dags", { body: { is_paused: false }, query: { dag_id_pattern: "s", paused: "true" } });
    expect(many.json()).toMatchObject({ total_entries: 1, dags: [{ dag_id: "stock", is_paused: false }] });
  });

  it("drain: no new scheduled runs, unfinished runs finish, then the DAG pauses itself; asked for by scheduling_state, or with a run", async () => {
    const patch = (body: unknown, query: Record<string, string> = {}) => server.call("PATCH", "/api/v2/dags/stock", { body, query });
    const stateOfDag = async () => (await server.call("GET", "/api/v2/dags/stock")).json<{ scheduling_state: string; is_paused: boolean }>();
    expect(await stateOfDag()).toMatchObject({ scheduling_state: "active", is_paused: false });
    await server.call("POST", "/api/v2/dags/stock/dagRuns", { body: { logical_date: null, dag_run_id: "last" } });
    expect((await patch({ scheduling_state: "draining" })).json()).toMatchObject({ scheduling_state: "draining", is_paused: false });
    await server.call("PATCH", "/api/v2/dags/stock/dagRuns/last", { body: { state: "success" } });
    await expect.poll(stateOfDag).toMatchObject({ scheduling_state: "paused", is_paused: true });
    // Nothing is left to wait for: it is paused at once.
    expect((await patch({ scheduling_state: "active" })).json()).toMatchObject({ scheduling_state: "active", is_paused: false });
    expect((await patch({ scheduling_state: "draining" })).json()).toMatchObject({ scheduling_state: "paused" });
    const made = await server.call("POST", "/api/v2/dags/stock/dagRuns", { body: { logical_date: null, dag_run_id: "once", drain_dag: true } });
    expect(made.json()).toMatchObject({ state: "running" });
    expect(await stateOfDag()).toMatchObject({ scheduling_state: "draining" });
    await server.call("PATCH", "/api/v2/dags/stock/dagRuns/once", { body: { state: "failed" } });
    await expect.poll(stateOfDag).toMatchObject({ scheduling_state: "paused" });
    for (const [body, query, status] of [
      [{}, {}, 422],
      [{ is_paused: true, scheduling_state: "active" }, {}, 422],
      [{ is_paused: true }, { update_mask: "scheduling_state" }, 400],
      [{ is_paused: false, scheduling_state: "active" }, { update_mask: "is_paused" }, 200],
    ] as const) {
      expect((await patch(body, query)).statusCode).toBe(status);
    }
  });

  it("delete one with everything of it", async () => {
    expect((await server.call("DELETE", "/api/v2/dags/gone")).statusCode).toBe(200);
    expect((await server.call("GET", "/api/v2/dags/gone")).statusCode).toBe(404);
    expect((await server.call("DELETE", "/api/v2/dags/gone")).statusCode).toBe(404);
  });

  it("are in the audit log, with who made them", async () => {
    await server.call("PATCH", "/api/v2/dags/stock", { body: { is_paused: true }, role: "User" });
    const { event_logs: logs } = (await server.call("GET", "/api/v2/eventLogs", { query: { dag_id: "stock", order_by: "-id", limit: "1" } })).json<{
      event_logs: { event: string; owner: string; extra: string }[];
    }>();
    expect(logs[0]).toMatchObject({ event: "patch_dag", owner: "user" });
  });
});
