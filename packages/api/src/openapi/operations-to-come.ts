import type { OperationRow } from "./operations.ts";

const DAG_ASSETS = "/dags/{dag_id}/assets";
const ASSET_STORE = "/assets/{asset_id}/state-store";
const INSTANCE = "/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}";
const QUESTION = `${INSTANCE}/{map_index}/hitlDetails`;

/** Operations on subjects that do not exist yet: they answer as an Airflow does that has none of them. */
export const TO_COME: Readonly<Record<string, readonly OperationRow[]>> = {
  Asset: [
    ["GET /assets", "get_assets", "Assets; none yet"],
    ["GET /assets/aliases", "get_asset_aliases", "Aliases of assets; none yet"],
    ["GET /assets/aliases/{asset_alias_id}", "get_asset_alias", "One alias of assets"],
    ["GET /assets/events", "get_asset_events", "Events of assets; none yet"],
    ["POST /assets/events", "create_asset_event", "Tells of a change of an asset"],
    ["POST /assets/{asset_id}/materialize", "materialize_asset", "Triggers the DAG that makes an asset"],
    ["GET /assets/{asset_id}", "get_asset", "One asset"],
    ["GET /assets/{asset_id}/queuedEvents", "get_asset_queued_events", "Events that wait for DAGs, of one asset"],
    ["DELETE /assets/{asset_id}/queuedEvents", "delete_asset_queued_events", "Drops events that wait for DAGs, of one asset"],
    [`GET ${DAG_ASSETS}/queuedEvents`, "get_dag_asset_queued_events", "Events that wait for a DAG"],
    [`DELETE ${DAG_ASSETS}/queuedEvents`, "delete_dag_asset_queued_events", "Drops events that wait for a DAG"],
    [`GET ${DAG_ASSETS}/{asset_id}/queuedEvents`, "get_dag_asset_queued_event", "The event of one asset that waits for a DAG"],
    [`DELETE ${DAG_ASSETS}/{asset_id}/queuedEvents`, "delete_dag_asset_queued_event", "Drops the event of one asset that waits for a DAG"],
    ["GET /dags/{dag_id}/dagRuns/{dag_run_id}/upstreamAssetEvents", "get_upstream_asset_events", "Events that made a run; none yet"],
  ],
  "Asset State Store": [
    [`GET ${ASSET_STORE}`, "list_asset_state_store", "What is kept for an asset"],
    [`DELETE ${ASSET_STORE}`, "clear_asset_state_store", "Drops what is kept for an asset"],
    [`GET ${ASSET_STORE}/{key}`, "get_asset_state_store", "One value that is kept for an asset"],
    [`PUT ${ASSET_STORE}/{key}`, "set_asset_state_store", "Keeps a value for an asset"],
    [`DELETE ${ASSET_STORE}/{key}`, "delete_asset_state_store", "Drops a value that is kept for an asset"],
  ],
  "Task State Store": [
    [`GET ${INSTANCE}/state-store`, "list_task_state_store", "What a task keeps between its tries; nothing yet"],
    [`DELETE ${INSTANCE}/state-store`, "clear_task_state_store", "Drops what a task keeps"],
    [`GET ${INSTANCE}/state-store/{key}`, "get_task_state_store", "One value that a task keeps"],
    [`PUT ${INSTANCE}/state-store/{key}`, "set_task_state_store", "Keeps a value for a task"],
    [`PATCH ${INSTANCE}/state-store/{key}`, "patch_task_state_store", "Changes a value that a task keeps"],
    [`DELETE ${INSTANCE}/state-store/{key}`, "delete_task_state_store", "Drops a value that a task keeps"],
  ],
  Backfill: [
    ["GET /backfills", "list_backfills", "Backfills of a DAG; none yet"],
    ["POST /backfills", "create_backfill", "Runs a DAG for a time that is over"],
    ["POST /backfills/dry_run", "create_backfill_dry_run", "The runs that a backfill would make"],
    ["GET /backfills/{backfill_id}", "get_backfill", "One backfill"],
    ["PUT /backfills/{backfill_id}/pause", "pause_backfill", "Pauses a backfill"],
    ["PUT /backfills/{backfill_id}/unpause", "unpause_backfill", "Lets a paused backfill go on"],
    ["PUT /backfills/{backfill_id}/cancel", "cancel_backfill", "Ends a backfill"],
  ],
  "Human Input": [
    ["GET /dags/{dag_id}/dagRuns/{dag_run_id}/hitlDetails", "get_hitl_details", "Questions of tasks to people; none yet"],
    [`GET ${QUESTION}`, "get_hitl_detail", "The question of a task instance"],
    [`PATCH ${QUESTION}`, "update_hitl_detail", "Answers the question of a task instance"],
    [`GET ${QUESTION}/tries/{try_number}`, "get_hitl_detail_try_detail", "The question of one try"],
  ],
  Plugin: [
    ["GET /plugins", "get_plugins", "Plugins; there are none"],
    ["GET /plugins/importErrors", "import_errors", "Plugins that could not be loaded; there are none"],
  ],
  Provider: [["GET /providers", "get_providers", "Provider packages; there are none"]],
};
