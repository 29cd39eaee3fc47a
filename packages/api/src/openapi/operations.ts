import { TO_COME } from "./operations-to-come.ts";

/** What a route is called in the OpenAPI document. Ids are those of Airflow's, so that clients generated from either have the same functions. */
export interface Operation {
  id: string;
  tag: string;
  summary: string;
}

const RUN = "/dags/{dag_id}/dagRuns/{dag_run_id}";
const INSTANCE = `${RUN}/taskInstances/{task_id}`;
const XCOM = `${INSTANCE}/xcomEntries`;

export type OperationRow = readonly [route: string, id: string, summary: string];
type Row = OperationRow;

const BY_TAG: Readonly<Record<string, readonly Row[]>> = {
  DAG: [
    ["GET /dags", "get_dags", "DAGs, filtered, ordered and by page"],
    ["PATCH /dags", "patch_dags", "Pauses or unpauses all DAGs that a filter finds"],
    ["GET /dags/{dag_id}", "get_dag", "One DAG"],
    ["PATCH /dags/{dag_id}", "patch_dag", "Pauses or unpauses a DAG"],
    ["DELETE /dags/{dag_id}", "delete_dag", "Deletes a DAG with its runs"],
    ["GET /dags/{dag_id}/details", "get_dag_details", "One DAG with its options and params"],
    ["POST /dags/{dag_id}/favorite", "favorite_dag", "Marks a DAG as one's favorite"],
    ["POST /dags/{dag_id}/unfavorite", "unfavorite_dag", "Takes the mark away"],
    ["GET /dagTags", "get_dag_tags", "All tags of DAGs"],
  ],
  "DAG Parsing": [["PUT /parseDagFile/{file_token}", "reparse_dag_file", "Has a DAG file read again, whether it changed or not"]],
  DagSource: [["GET /dagSources/{dag_id}", "get_dag_source", "The source of a DAG, of its newest or a given version"]],
  DagStats: [["GET /dagStats", "get_dag_stats", "Numbers of runs by state, for each DAG"]],
  DagVersion: [
    ["GET /dags/{dag_id}/dagVersions", "get_dag_versions", "Versions of a DAG; of all with `~`"],
    ["GET /dags/{dag_id}/dagVersions/{version_number}", "get_dag_version", "One version of a DAG"],
  ],
  Task: [
    ["GET /dags/{dag_id}/tasks", "get_tasks", "The tasks of a DAG's newest version"],
    ["GET /dags/{dag_id}/tasks/{task_id}", "get_task", "One task of a DAG's newest version"],
  ],
  DagRun: [
    ["GET /dags/{dag_id}/dagRuns", "get_dag_runs", "Runs of a DAG; of all with `~`"],
    ["POST /dags/{dag_id}/dagRuns", "trigger_dag_run", "Triggers a run"],
    ["PATCH /dags/{dag_id}/dagRuns", "bulk_dag_runs", "Changes or deletes many runs"],
    ["POST /dags/{dag_id}/dagRuns/list", "get_list_dag_runs_batch", "Runs of several DAGs, by filters in the body"],
    [`GET ${RUN}`, "get_dag_run", "One run"],
    [`PATCH ${RUN}`, "patch_dag_run", "Sets a run's state or note"],
    [`DELETE ${RUN}`, "delete_dag_run", "Deletes a run"],
    [`POST ${RUN}/clear`, "clear_dag_run", "Clears a run's task instances, so that they run again"],
    ["POST /dags/{dag_id}/clearDagRuns", "clear_dag_runs", "Clears several runs"],
    ["POST /dags/{dag_id}/clearPartitions", "clear_dag_run_partitions", "Clears runs by partition, of which there are none"],
    [`GET ${RUN}/wait`, "wait_dag_run_until_finished", "Streams a run's state until it has ended, with results if asked for"],
  ],
  "Task Instance": [
    [`GET ${RUN}/taskInstances`, "get_task_instances", "Task instances of a run; of all DAGs and runs with `~`"],
    [`PATCH ${RUN}/taskInstances`, "bulk_task_instances", "Changes many task instances"],
    [`POST ${RUN}/taskInstances/list`, "get_task_instances_batch", "Task instances of several DAGs and runs, by filters in the body"],
    [`GET ${INSTANCE}`, "get_task_instance", "One task instance"],
    [`PATCH ${INSTANCE}`, "patch_task_instance", "Sets a task instance's state or note, also of those around it"],
    [`DELETE ${INSTANCE}`, "delete_task_instance", "Deletes a task instance"],
    [`PATCH ${INSTANCE}/dry_run`, "patch_task_instance_dry_run", "The task instances whose state a change would set"],
    [`GET ${INSTANCE}/dependencies`, "get_task_instance_dependencies", "What a task instance waits for"],
    [`GET ${INSTANCE}/{map_index}/dependencies`, "get_task_instance_dependencies_by_map_index", "What one instance of a mapped task waits for"],
    [`GET ${INSTANCE}/links`, "get_extra_links", "Links to elsewhere, of which there are none"],
    [`GET ${INSTANCE}/externalLogUrl/{try_number}`, "get_external_log_url", "Where else the log of a try is: nowhere"],
    [`PATCH ${RUN}/taskGroupInstances/{group_id}`, "patch_task_group_instances", "Sets the state or note of all task instances in a group"],
    [
      `PATCH ${RUN}/taskGroupInstances/{group_id}/dry_run`,
      "patch_task_group_instances_dry_run",
      "The task instances whose state a change of a group would set",
    ],
    [`GET ${INSTANCE}/listMapped`, "get_mapped_task_instances", "The instances of a mapped task"],
    [`GET ${INSTANCE}/tries`, "get_task_instance_tries", "All tries of a task instance"],
    [`GET ${INSTANCE}/tries/{task_try_number}`, "get_task_instance_try_details", "One try of a task instance"],
    [`GET ${INSTANCE}/{map_index}`, "get_mapped_task_instance", "One instance of a mapped task"],
    [`PATCH ${INSTANCE}/{map_index}`, "patch_task_instance_by_map_index", "Sets the state or note of one instance of a mapped task"],
    [`PATCH ${INSTANCE}/{map_index}/dry_run`, "patch_task_instance_dry_run_by_map_index", "As dry_run, for one instance of a mapped task"],
    [`GET ${INSTANCE}/{map_index}/tries`, "get_mapped_task_instance_tries", "All tries of one instance of a mapped task"],
    [`GET ${INSTANCE}/{map_index}/tries/{task_try_number}`, "get_mapped_task_instance_try_details", "One try of one instance of a mapped task"],
    [
      "POST /dags/{dag_id}/clearTaskInstances",
      "post_clear_task_instances",
      "Clears task instances, so that they run again; tells what it would clear by default",
    ],
    [`GET ${INSTANCE}/logs/{try_number}`, "get_log", "The log of a try: JSON by pages, or a stream of lines"],
  ],
  XCom: [
    [`GET ${XCOM}`, "get_xcom_entries", "The XComs of a task; of all tasks, runs and DAGs with `~`"],
    [`POST ${XCOM}`, "create_xcom_entry", "Adds an XCom"],
    [`GET ${XCOM}/{xcom_key}`, "get_xcom_entry", "One XCom"],
    [`PATCH ${XCOM}/{xcom_key}`, "update_xcom_entry", "Changes an XCom"],
    [`DELETE ${XCOM}/{xcom_key}`, "delete_xcom_entry", "Deletes an XCom"],
  ],
  Variable: settingRows("/variables", "variable_key", "variable"),
  Connection: [
    ...settingRows("/connections", "connection_id", "connection"),
    ["POST /connections/defaults", "create_default_connections", "Adds Airflow's default connections, of which there are none"],
    ["POST /connections/test", "test_connection", "Tries a connection without storing it; that it does not work is an answer"],
    ["POST /connections/enqueue-test", "enqueue_connection_test", "Has a connection tried by a worker; gives a token to poll with"],
    ["GET /connections/enqueue-test", "get_connection_test", "What came out of a connection's test by a worker, by the token in a header"],
  ],
  Pool: settingRows("/pools", "pool_name", "pool"),
  "Import Error": [
    ["GET /importErrors", "get_import_errors", "DAG files that could not be loaded, and why"],
    ["GET /importErrors/{import_error_id}", "get_import_error", "One import error"],
  ],
  DagWarning: [["GET /dagWarnings", "list_dag_warnings", "What is wrong with DAGs and does not keep them from running"]],
  "Event Log": [
    ["GET /eventLogs", "get_event_logs", "The audit log"],
    ["GET /eventLogs/{event_log_id}", "get_event_log", "One entry of the audit log"],
  ],
  ...TO_COME,
  Worker: [
    ["GET /workers", "get_workers", "Workers with their state, slots and queues"],
    ["GET /workers/{worker}", "get_worker", "One worker, by its id or name, with the tasks that it runs"],
    ["POST /workers/{worker}/drain", "drain_worker", "Asks a worker to take nothing new; what runs may end"],
    ["POST /workers/{worker}/resume", "resume_worker", "Asks a drained worker to go on"],
  ],
  Queue: [
    ["GET /queues", "get_queues", "How much work there is for workers, by task queue"],
    ["GET /queues/{queue}", "get_queue", "How much work there is in one task queue, for autoscalers"],
  ],
  User: [
    ["GET /users", "get_users", "Users, filtered, ordered and by page"],
    ["POST /users", "post_user", "Adds a user"],
    ["GET /users/{username}", "get_user", "One user"],
    ["PATCH /users/{username}", "patch_user", "Changes a user's role, name or state"],
    ["DELETE /users/{username}", "delete_user", "Deletes a user with their sessions and tokens"],
    ["POST /users/{username}/password", "reset_user_password", "Sets a user's password; ends their sessions and revokes their tokens"],
    ["DELETE /users/{username}/sessions", "delete_user_sessions", "Logs a user out everywhere"],
    ["GET /users/{username}/tokens", "get_user_tokens", "A user's API tokens"],
    ["DELETE /users/{username}/tokens/{token_id}", "delete_user_token", "Revokes an API token of a user"],
    ["GET /roles", "get_roles", "Roles with their permissions"],
  ],
  "DAG Grant": [
    ["GET /dagGrants", "get_dag_grants", "Who may do what with which DAGs beside their role"],
    ["POST /dagGrants", "post_dag_grant", "Lets a user, or everybody of a role, read, edit or delete DAGs"],
    ["DELETE /dagGrants/{grant_id}", "delete_dag_grant", "Takes a grant back"],
  ],
  Config: [
    ["GET /config", "get_config", "The configuration, where it may be shown"],
    ["GET /config/section/{section}/option/{option}", "get_config_value", "One option of the configuration"],
  ],
  Login: [
    ["GET /auth/login", "login", "Leads to the page to log in"],
    ["GET /auth/logout", "logout", "Leads to the page to log in, where a session can be ended"],
  ],
  Job: [["GET /jobs", "get_jobs", "Schedulers and other daemons with their heartbeats"]],
  Monitor: [["GET /monitor/health", "get_health", "Whether the database and each kind of daemon are well"]],
  Version: [["GET /version", "get_version", "The version of this server"]],
};

function settingRows(path: string, key: string, name: string): Row[] {
  return [
    [`GET ${path}`, `get_${name}s`, `All ${name}s`],
    [`POST ${path}`, `post_${name}`, `Adds a ${name}`],
    [`PATCH ${path}`, `bulk_${name}s`, `Adds, changes or deletes many ${name}s`],
    [`GET ${path}/{${key}}`, `get_${name}`, `One ${name}`],
    [`PATCH ${path}/{${key}}`, `patch_${name}`, `Changes a ${name}`],
    [`DELETE ${path}/{${key}}`, `delete_${name}`, `Deletes a ${name}`],
  ];
}

/** By method and path: `GET /dags/{dag_id}`. */
export const OPERATIONS: ReadonlyMap<string, Operation> = new Map(
  Object.entries(BY_TAG).flatMap(([tag, rows]) => rows.map(([route, id, summary]): [string, Operation] => [route, { id, tag, summary }])),
);
