"""A day's work through Apache Airflow's own Python client, against a Tradewind. Prints one JSON line for each step; any answer the client cannot read ends it."""

import json
import sys
import time
from datetime import datetime, timedelta, timezone

import airflow_client.client as airflow
from airflow_client.client.api import (
    connection_api, dag_api, dag_run_api, dag_source_api, dag_stats_api, dag_version_api, event_log_api, extra_links_api,
    import_error_api, job_api, monitor_api, pool_api, plugin_api, provider_api, task_api, task_instance_api, variable_api, version_api, x_com_api,
)
from airflow_client.client.api import asset_api, backfill_api, dag_warning_api, experimental_api
from airflow_client.client.exceptions import ApiException
from airflow_client.client import models

url, username, password = sys.argv[1:4]


def log_in() -> airflow.ApiClient:
    import urllib.request

    request = urllib.request.Request(
        f"{url}/auth/token",
        data=json.dumps({"username": username, "password": password}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        token = json.load(answer)["access_token"]
    return airflow.ApiClient(airflow.Configuration(host=url, access_token=token))


def step(name: str, **facts) -> None:
    print(json.dumps({"step": name, **facts}, default=str), flush=True)


def refused(call, *args, **kwargs) -> int:
    try:
        call(*args, **kwargs)
    except ApiException as error:
        json.loads(error.body)["detail"]
        return error.status
    raise AssertionError(f"{call.__name__} was not refused")


def wait_until(what: str, look, seconds: float = 60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.2)
    raise AssertionError(f"waited {seconds} s for {what}")


client = log_in()
dags, runs, instances = dag_api.DAGApi(client), dag_run_api.DagRunApi(client), task_instance_api.TaskInstanceApi(client)
xcoms, tasks = x_com_api.XComApi(client), task_api.TaskApi(client)

# Is it well, and what is there?
health = monitor_api.MonitorApi(client).get_health()
step("health", metadatabase=health.metadatabase.status, scheduler=health.scheduler.status, version=version_api.VersionApi(client).get_version().version)
page = dags.get_dags(limit=2, order_by=["dag_id"])
rest = dags.get_dags(limit=50, offset=2, order_by=["dag_id"])
step("dags", first=[dag.dag_id for dag in page.dags], rest=[dag.dag_id for dag in rest.dags], total=page.total_entries)
step(
    "filters",
    tag=[dag.dag_id for dag in dags.get_dags(tags=["daily"]).dags],
    pattern=[dag.dag_id for dag in dags.get_dags(dag_id_pattern="sal").dags],
    owner=[dag.dag_id for dag in dags.get_dags(owners=["finance"]).dags],
    paused=dags.get_dags(paused=True).total_entries,
    tags=dags.get_dag_tags().tags,
)
details = dags.get_dag_details("sales")
step("details", params=details.params, timetable=details.timetable_summary, tasks=sorted(task.task_id for task in tasks.get_tasks("sales").tasks))
step("task", downstream=sorted(tasks.get_task("sales", "extract").downstream_task_ids))
dags.favorite_dag("sales")
step("favorite", found=[dag.dag_id for dag in dags.get_dags(is_favorite=True).dags], marked=dags.get_dag_details("sales").is_favorite)
dags.unfavorite_dag("sales")
step("unfavorite twice", status=refused(dags.unfavorite_dag, "sales"))

# A run with a conf of its own.
step("bad conf", status=refused(runs.trigger_dag_run, "sales", models.TriggerDAGRunPostBody(logical_date=None, conf={"day": 7})))
step("no such dag", status=refused(dags.get_dag, "nothing"))
step("bad order", status=refused(dags.get_dags, order_by=["colour"]))
dags.patch_dag("sales", models.DAGPatchBody(is_paused=False))
run = runs.trigger_dag_run("sales", models.TriggerDAGRunPostBody(dag_run_id="morning", logical_date=None, conf={"day": "monday"}, note="by hand"))
step("triggered", run_id=run.dag_run_id, state_known=run.state in ("queued", "running"), conf=run.conf, note=run.note, by=run.triggering_user_name)
step("same id again", status=refused(runs.trigger_dag_run, "sales", models.TriggerDAGRunPostBody(dag_run_id="morning", logical_date=None)))
lines = experimental_api.ExperimentalApi(client).wait_dag_run_until_finished_without_preload_content("sales", "morning", interval=0.2, result=["load"])
states = [json.loads(line) for line in lines.data.decode().splitlines()]
step("waited", last=states[-1])

# What it did.
found = instances.get_task_instances("sales", "morning", order_by=["map_index"])
step("task instances", states={f"{i.task_id}[{i.map_index}]": i.state for i in found.task_instances}, total=found.total_entries)
one = instances.get_task_instance("sales", "morning", "extract")
step("task instance", tries=one.try_number, operator=one.operator, run_after=one.run_after is not None, version=one.dag_version.version_number)
mapped = instances.get_mapped_task_instances("sales", "morning", "count", order_by=["-map_index"])
step("mapped", indexes=[i.map_index for i in mapped.task_instances], one=instances.get_mapped_task_instance("sales", "morning", "count", 1).state)
step("by state", failed=instances.get_task_instances("~", "~", state=["failed"]).total_entries, success=instances.get_task_instances("~", "~", state=["success"]).total_entries)
batch = instances.get_task_instances_batch("~", "~", models.TaskInstancesBatchBody(dag_ids=["sales"], state=["success"], page_limit=2, order_by="-start_date"))
step("batch", shown=len(batch.task_instances), total=batch.total_entries)
log = instances.get_log("sales", "morning", "extract", 1)
step("log", said="reading monday" in str(log.to_dict()))
step("xcom", value=xcoms.get_xcom_entry("sales", "extract", "morning", "return_value").to_dict()["value"], keys=[x.key for x in xcoms.get_xcom_entries("sales", "morning", "extract").xcom_entries])
xcoms.create_xcom_entry("sales", "extract", "morning", models.XComCreateBody(key="mine", value={"a": 1}))
xcoms.update_xcom_entry("sales", "extract", "morning", "mine", models.XComUpdateBody(value=[2]))
step("own xcom", value=xcoms.get_xcom_entry("sales", "extract", "morning", "mine").to_dict()["value"])
xcoms.delete_xcom_entry("sales", "extract", "morning", "mine")
step("links", links=extra_links_api.ExtraLinksApi(client).get_extra_links("sales", "morning", "extract").extra_links)
step("dependencies", of_ended=instances.get_task_instance_dependencies("sales", "morning", "extract").dependencies)
step("tries", tries=[t.try_number for t in instances.get_task_instance_tries("sales", "morning", "extract").task_instances])

# One that fails, is looked into and goes on.
dags.patch_dag("flaky", models.DAGPatchBody(is_paused=False))
runs.trigger_dag_run("flaky", models.TriggerDAGRunPostBody(dag_run_id="first", logical_date=None))
wait_until("the end of the failing run", lambda: runs.get_dag_run("flaky", "first").state == "failed")
plan = instances.post_clear_task_instances("flaky", models.ClearTaskInstancesBody(dag_run_id="first", only_failed=True, dry_run=True))
step("dry run of a clear", would=sorted(i.task_id for i in plan.task_instances), still=runs.get_dag_run("flaky", "first").state)
variable_api.VariableApi(client).post_variable(models.VariableBody(key="mended", value="yes", description="by hand"))
instances.post_clear_task_instances("flaky", models.ClearTaskInstancesBody(dag_run_id="first", only_failed=True, dry_run=False))
wait_until("the end of the mended run", lambda: runs.get_dag_run("flaky", "first").state == "success")
step("cleared", tries=[t.state for t in instances.get_task_instance_tries("flaky", "first", "shaky").task_instances])
plan = instances.patch_task_instance_dry_run("flaky", "first", "shaky", models.PatchTaskInstanceBody(new_state="failed"), map_index=-1)
marked = instances.patch_task_instance("flaky", "first", "shaky", models.PatchTaskInstanceBody(new_state="failed", note="not good"), map_index=-1)
step("marked", planned=[i.task_id for i in plan.task_instances], state=instances.get_task_instance("flaky", "first", "shaky").state, note=marked.task_instances[0].note)
group = instances.patch_task_group_instances("sales", "morning", "checks", models.PatchTaskInstanceBody(new_state="skipped"))
step("marked a group", states={i.task_id: i.state for i in group.task_instances})
bulk = instances.bulk_task_instances("flaky", "first", models.BulkBodyBulkTaskInstanceBody.from_dict(
    {"actions": [{"action": "update", "entities": [{"task_id": "shaky", "map_index": -1, "new_state": "success"}]}]}))
step("bulk task instances", done=bulk.update.success)
runs.patch_dag_run("flaky", "first", models.DAGRunPatchBody(state="failed", note="late"))
# The client cannot read a list in which each item fits two of its models, so the answer is read without them.
plan = json.loads(runs.clear_dag_run_without_preload_content("flaky", "first", models.DAGRunClearBody(dry_run=True)).data)
step("marked a run", state=runs.get_dag_run("flaky", "first").state, would_clear=[i["task_id"] for i in plan["task_instances"]])
again = runs.clear_dag_runs("flaky", models.BulkDAGRunClearBody(dry_run=False, dag_runs=[models.BulkDAGRunBody(dag_run_id="first")]))
wait_until("the end of the run that was cleared", lambda: runs.get_dag_run("flaky", "first").state == "success")
step("cleared runs", runs=[r.dag_run_id for r in again.actual_instance.dag_runs])
since = datetime.now(timezone.utc) - timedelta(hours=1)
step(
    "runs",
    all=[r.dag_run_id for r in runs.get_dag_runs("~", order_by=["run_after"], run_after_gte=since, state=["success"]).dag_runs],
    batch=runs.get_list_dag_runs_batch("~", models.DAGRunsBatchBody(dag_ids=["sales"])).total_entries,
    stats={s.dag_id: {x.state: x.count for x in s.stats} for s in dag_stats_api.DagStatsApi(client).get_dag_stats(dag_ids=["sales", "flaky"]).dags},
)

# What is set up.
pools = pool_api.PoolApi(client)
pools.post_pool(models.PoolBody(name="warehouse", slots=3, include_deferred=False))
pools.patch_pool("warehouse", models.PoolPatchBody(slots=5), update_mask=["slots"])
changed = pools.bulk_pools(models.BulkBodyPoolBody.from_dict({"actions": [
    {"action": "create", "entities": [{"name": "lake", "slots": 1, "include_deferred": False}]},
    {"action": "delete", "entities": ["nothing"]},
]}))
step("pools", slots=pools.get_pool("warehouse").slots, created=changed.create.success, errors=len(changed.delete.errors), names=[p.name for p in pools.get_pools(order_by=["name"]).pools])
pools.delete_pool("lake")
step("default pool", status=refused(pools.delete_pool, "default_pool"))
variables = variable_api.VariableApi(client)
variables.patch_variable("mended", models.VariableBody(key="mended", value="no"), update_mask=["value"])
changed = variables.bulk_variables(models.BulkBodyVariableBody.from_dict(
    {"actions": [{"action": "create", "entities": [{"key": "one", "value": 1}, {"key": "api_token", "value": "hush"}]}]}))
step("variables", value=variables.get_variable("mended").value, hidden=variables.get_variable("api_token").value, created=changed.create.success, keys=[v.key for v in variables.get_variables(order_by=["key"]).variables])
variables.delete_variable("one")
connections = connection_api.ConnectionApi(client)
connections.post_connection(models.ConnectionBody(connection_id="db", conn_type="postgres", host="h", login="me", password="hush", extra='{"sslmode": "on"}'))
connections.patch_connection("db", models.ConnectionBody(connection_id="db", conn_type="postgres", port=5432, password="hush"), update_mask=["port", "password"])
found = connections.get_connection("db")
changed = connections.bulk_connections(models.BulkBodyConnectionBody.from_dict(
    {"actions": [{"action": "create", "entities": [{"connection_id": "web", "conn_type": "http"}]}]}))
step("connections", port=found.port, password=found.password, created=changed.create.success, ids=[c.connection_id for c in connections.get_connections(order_by=["connection_id"]).connections])
connections.create_default_connections()
step("test of a connection", status=refused(connections.test_connection, models.ConnectionBody(connection_id="db", conn_type="postgres")))
connections.delete_connection("web")

# What went wrong, who did what, and what the code was.
errors = wait_until("the import error", lambda: import_error_api.ImportErrorApi(client).get_import_errors().import_errors)
step("import errors", files=[e.filename.split("/")[-1] for e in errors], one=import_error_api.ImportErrorApi(client).get_import_error(errors[0].import_error_id).bundle_name)
events = event_log_api.EventLogApi(client).get_event_logs(dag_id="sales", order_by=["when"])
step("event logs", events=sorted({e.event for e in events.event_logs}), owners=sorted({e.owner for e in events.event_logs}), one=event_log_api.EventLogApi(client).get_event_log(events.event_logs[0].event_log_id).event)
versions = dag_version_api.DagVersionApi(client).get_dag_versions("sales")
step("versions", numbers=[v.version_number for v in versions.dag_versions], one=dag_version_api.DagVersionApi(client).get_dag_version("sales", 1).dag_id)
source = dag_source_api.DagSourceApi(client).get_dag_source("sales", accept="application/json")
step("source", has="new Dag" in source.content)
step("jobs", types=sorted({j.job_type for j in job_api.JobApi(client).get_jobs(is_alive=True).jobs}))
step("warnings", total=dag_warning_api.DagWarningApi(client).list_dag_warnings().total_entries)

# What there is none of.
step(
    "nothing of",
    assets=asset_api.AssetApi(client).get_assets().total_entries,
    asset=refused(asset_api.AssetApi(client).get_asset, 1),
    events=asset_api.AssetApi(client).get_asset_events().total_entries,
    backfills=backfill_api.BackfillApi(client).list_backfills(dag_id="sales").total_entries,
    questions=instances.get_hitl_details("~", "~").total_entries,
    plugins=plugin_api.PluginApi(client).get_plugins().total_entries,
    providers=provider_api.ProviderApi(client).get_providers().total_entries,
    upstream=runs.get_upstream_asset_events("sales", "morning").total_entries,
)

# And good night.
paused = dags.patch_dags(models.DAGPatchBody(is_paused=True), dag_id_pattern="%", update_mask=["is_paused"])
step("paused", all=all(dag.is_paused for dag in paused.dags))
bulk = runs.bulk_dag_runs("~", models.BulkBodyBulkDAGRunBody.from_dict(
    {"actions": [{"action": "delete", "entities": [{"dag_id": "flaky", "dag_run_id": "first"}]}]}))
runs.delete_dag_run("sales", "morning")
step("deleted runs", bulk=bulk.delete.success, left=runs.get_dag_runs("~").total_entries, gone=refused(runs.get_dag_run, "sales", "morning"))
dags.delete_dag("flaky")
step("deleted a dag", gone=refused(dags.get_dag, "flaky"))
