import type { Client } from "openapi-fetch";
import type { paths } from "./airflow-api.ts";

/** A day's work through a client that was made from Airflow's OpenAPI document. It compiles against that document and against Tradewind's own: only what stands in both can be written here. */
export async function workADay(api: Client<paths>): Promise<Record<string, unknown>> {
  const told: Record<string, unknown> = {};
  const sales = { dag_id: "sales" };
  const morning = { ...sales, dag_run_id: "morning" };
  const extract = { ...morning, task_id: "extract" };
  const anywhere = { dag_id: "~", dag_run_id: "~" };

  await api.GET("/api/v2/monitor/health");
  await api.GET("/api/v2/version");
  const { data: dags } = await api.GET("/api/v2/dags", {
    params: { query: { tags: ["daily"], owners: ["finance"], dag_id_pattern: "sal", order_by: ["-dag_id"], limit: 5, paused: false } },
  });
  told["dags"] = dags?.dags.map((dag) => [dag.dag_id, dag.tags.map((tag) => tag.name)]);
  await api.GET("/api/v2/dags/{dag_id}", { params: { path: sales } });
  await api.GET("/api/v2/dags/{dag_id}/details", { params: { path: sales } });
  await api.GET("/api/v2/dags/{dag_id}/tasks", { params: { path: sales, query: { order_by: "-task_id" } } });
  await api.GET("/api/v2/dags/{dag_id}/tasks/{task_id}", { params: { path: { ...sales, task_id: "count" } } });
  await api.GET("/api/v2/dags/{dag_id}/dagVersions", { params: { path: sales } });
  await api.GET("/api/v2/dags/{dag_id}/dagVersions/{version_number}", { params: { path: { ...sales, version_number: 1 } } });
  await api.GET("/api/v2/dagSources/{dag_id}", { params: { path: sales } });
  await api.GET("/api/v2/dagTags");
  await api.GET("/api/v2/dagStats", { params: { query: { dag_ids: ["sales"] } } });

  await api.PATCH("/api/v2/dags/{dag_id}", { params: { path: sales, query: { update_mask: ["is_paused"] } }, body: { is_paused: false } });
  const { data: run } = await api.POST("/api/v2/dags/{dag_id}/dagRuns", {
    params: { path: sales },
    body: { dag_run_id: "morning", logical_date: null, conf: { day: "tuesday" }, note: "by hand" },
  });
  told["triggered"] = [run?.dag_run_id, run?.conf, run?.triggered_by];
  await api.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/wait", {
    params: { path: morning, query: { interval: 0.2, result: ["load"] } },
    parseAs: "text",
  });
  const { data: ended } = await api.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}", { params: { path: morning } });
  told["ended"] = [ended?.state, ended?.dag_versions.map((version) => version.version_number)];

  const { data: instances } = await api.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances", { params: { path: morning } });
  told["instances"] = instances?.task_instances.map((one) => `${one.task_id}[${one.map_index}] ${one.state ?? "none"}`).sort();
  await api.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances", {
    params: { path: anywhere, query: { state: ["success"], order_by: ["-start_date"], limit: 3, pool: ["default_pool"], duration_gte: 0 } },
  });
  await api.POST("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/list", {
    params: { path: { dag_id: "~", dag_run_id: "~" } },
    body: { dag_ids: ["sales"], page_limit: 2, page_offset: 1, order_by: "state" },
  });
  await api.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}", { params: { path: extract } });
  await api.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/listMapped", {
    params: { path: { ...morning, task_id: "count" } },
  });
  await api.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/tries", { params: { path: extract } });
  await api.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/dependencies", { params: { path: extract } });
  await api.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/links", { params: { path: extract } });
  const { data: log } = await api.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/logs/{try_number}", {
    params: { path: { ...extract, try_number: 1 } },
  });
  told["log"] = JSON.stringify(log).includes("reading tuesday");
  await api.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries", { params: { path: extract } });
  await api.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries/{xcom_key}", {
    params: { path: { ...extract, xcom_key: "return_value" } },
  });

  const { data: plan } = await api.POST("/api/v2/dags/{dag_id}/clearTaskInstances", {
    params: { path: sales },
    body: { dag_run_id: "morning", task_ids: [["count", 1]], include_downstream: true, only_failed: false, dry_run: true },
  });
  told["clear"] = plan?.task_instances.map((one) => `${one.task_id}[${one.map_index}]`).sort();
  await api.POST("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/clear", { params: { path: morning }, body: { dry_run: true } });
  const { data: marked } = await api.PATCH("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskGroupInstances/{group_id}", {
    params: { path: { ...morning, group_id: "checks" } },
    body: { new_state: "failed", note: "no" },
  });
  told["group"] = marked?.task_instances.map((one) => [one.task_id, one.state, one.note]);
  await api.PATCH("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}", { params: { path: morning }, body: { state: "failed" } });
  await api.POST("/api/v2/dags/{dag_id}/clearDagRuns", {
    params: { path: sales },
    body: { dag_runs: [{ dag_run_id: "morning" }], dry_run: false, only_failed: true },
  });

  await setUp(api);
  await lookAround(api, morning);
  const listed = await api.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances", {
    params: { path: anywhere, query: { cursor: "", limit: 2, order_by: ["-start_date"] } },
  });
  const next = await api.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances", {
    params: { path: anywhere, query: { cursor: listed.data?.next_cursor ?? "none", limit: 2, order_by: ["-start_date"] } },
  });
  told["next page"] = [next.data?.task_instances.length, typeof next.data?.previous_cursor];
  const { data: details } = await api.GET("/api/v2/dags/{dag_id}/details", { params: { path: sales } });
  const again = await api.PUT("/api/v2/parseDagFile/{file_token}", { params: { path: { file_token: details?.file_token ?? "" } } });
  const deleted = await api.DELETE("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}", {
    params: { path: extract, query: { map_index: -1 } },
  });
  told["asked"] = [again.response.status, deleted.response.status];
  await api.DELETE("/api/v2/dags/{dag_id}", { params: { path: { dag_id: "spare" } } });
  const { response } = await api.GET("/api/v2/dags/{dag_id}", { params: { path: { dag_id: "spare" } } });
  told["gone"] = response.status;
  return told;
}

async function setUp(api: Client<paths>): Promise<void> {
  await api.POST("/api/v2/pools", { body: { name: "warehouse", slots: 2, include_deferred: false } });
  await api.GET("/api/v2/pools", { params: { query: { order_by: ["-name"] } } });
  await api.PATCH("/api/v2/pools/{pool_name}", { params: { path: { pool_name: "warehouse" } }, body: { slots: 3 } });
  await api.PATCH("/api/v2/pools", { body: { actions: [{ action: "delete", entities: ["warehouse"], action_on_non_existence: "fail" }] } });
  await api.POST("/api/v2/variables", { body: { key: "answer", value: 42 } });
  await api.GET("/api/v2/variables/{variable_key}", { params: { path: { variable_key: "answer" } } });
  await api.PATCH("/api/v2/variables/{variable_key}", {
    params: { path: { variable_key: "answer" } },
    body: { key: "answer", value: "43", description: "more" },
  });
  await api.DELETE("/api/v2/variables/{variable_key}", { params: { path: { variable_key: "answer" } } });
  await api.POST("/api/v2/connections", { body: { connection_id: "db", conn_type: "postgres", password: "hush", extra: "{}" } });
  await api.GET("/api/v2/connections");
  await api.GET("/api/v2/connections/{connection_id}", { params: { path: { connection_id: "db" } } });
  await api.DELETE("/api/v2/connections/{connection_id}", { params: { path: { connection_id: "db" } } });
}

/** What else there is to see, and what there is none of. */
async function lookAround(api: Client<paths>, run: { dag_id: string; dag_run_id: string }): Promise<void> {
  await api.GET("/api/v2/importErrors");
  await api.GET("/api/v2/eventLogs", { params: { query: { limit: 20 } } });
  await api.GET("/api/v2/jobs", { params: { query: { is_alive: true } } });
  await api.GET("/api/v2/dagWarnings");
  await api.GET("/api/v2/assets");
  await api.GET("/api/v2/assets/aliases");
  await api.GET("/api/v2/assets/events");
  await api.GET("/api/v2/assets/{asset_id}", { params: { path: { asset_id: 1 } } });
  await api.GET("/api/v2/backfills", { params: { query: { dag_id: "sales" } } });
  await api.GET("/api/v2/backfills/{backfill_id}", { params: { path: { backfill_id: 1 } } });
  await api.GET("/api/v2/plugins");
  await api.GET("/api/v2/plugins/importErrors");
  await api.GET("/api/v2/providers");
  await api.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/upstreamAssetEvents", { params: { path: run } });
  await api.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/hitlDetails", { params: { path: run } });
  await api.GET("/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/state-store", {
    params: { path: { ...run, task_id: "extract" } },
  });
  await api.GET("/api/v2/config");
  await api.GET("/api/v2/dags", { params: { query: { limit: -1 } } });
}
