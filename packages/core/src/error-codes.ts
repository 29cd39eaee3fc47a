/**
 * Every error code of Tradewind with its HTTP status and its meaning. A code is stable: clients, alerts and docs name it. Each code has its line in
 * `docs/errors.md`, and a test compares the two. To add one, add it here and there; to change what a code means, add a new code.
 */
export const ERROR_CODES = {
  // What the caller sent.
  invalid_request: { status: 400, meaning: "The request is not well formed." },
  validation_failed: { status: 422, meaning: "The request is well formed, but a value in it is not acceptable." },
  unauthenticated: { status: 401, meaning: "No valid credentials were given." },
  forbidden: { status: 403, meaning: "The credentials do not allow this." },
  not_found: { status: 404, meaning: "The thing asked for does not exist." },
  method_not_allowed: { status: 405, meaning: "This path does not answer to this HTTP method." },
  conflict: { status: 409, meaning: "The request contradicts the present state." },
  payload_too_large: { status: 413, meaning: "The body, the XCom or the bundle is larger than allowed." },
  unsupported_media_type: { status: 415, meaning: "The body is in a format that is not understood." },
  too_many_requests: { status: 429, meaning: "Too many requests in a short time; try again later." },

  // Things that are not there.
  dag_not_found: { status: 404, meaning: "No DAG has this id." },
  dag_version_not_found: { status: 404, meaning: "The DAG has no such version." },
  dag_run_not_found: { status: 404, meaning: "The DAG has no such run." },
  task_not_found: { status: 404, meaning: "The DAG has no such task." },
  task_instance_not_found: { status: 404, meaning: "The DAG run has no such task instance." },
  bundle_not_found: { status: 404, meaning: "No bundle is stored under this hash." },
  import_error_not_found: { status: 404, meaning: "No import error has this id." },
  xcom_not_found: { status: 404, meaning: "The task instance has no XCom under this key." },
  variable_not_found: { status: 404, meaning: "No variable has this key." },
  connection_not_found: { status: 404, meaning: "No connection has this id." },
  pool_not_found: { status: 404, meaning: "No pool has this name." },
  worker_not_found: { status: 404, meaning: "No worker has this id or name." },
  log_not_found: { status: 404, meaning: "The attempt has no log." },
  executor_not_found: { status: 422, meaning: "No executor with this name is configured." },

  // Things that are there already, or not in the right state.
  dag_run_already_exists: { status: 409, meaning: "The DAG has a run with this run id or this logical date." },
  already_exists: { status: 409, meaning: "Something with this id exists already." },
  dag_not_runnable: { status: 409, meaning: "The DAG cannot run now: it is stale, or has an import error." },
  run_type_not_allowed: { status: 400, meaning: "The DAG allows no runs of this type." },
  illegal_transition: { status: 409, meaning: "A task instance or a DAG run may not go from its state to the one asked for." },
  pool_protected: { status: 409, meaning: "The default pool cannot be deleted." },
  stale_attempt: { status: 409, meaning: "The attempt is not the current one of its task instance any more; what it reports is refused." },
  attempt_not_running: { status: 409, meaning: "The attempt is not in a state in which it may do this." },
  lease_expired: { status: 409, meaning: "The attempt did not renew its lease in time." },

  // DAGs and what is in them.
  invalid_dag_spec: { status: 422, meaning: "A DAG spec breaks one or more rules; all of them are listed." },
  invalid_dag: { status: 422, meaning: "A DAG file defines a DAG in a way that is not allowed." },
  dag_load_failed: { status: 422, meaning: "A DAG file could not be bundled or loaded." },
  dag_load_timeout: { status: 422, meaning: "A DAG file took too long to load." },
  dag_load_out_of_memory: { status: 422, meaning: "A DAG file used too much memory while it was loaded." },
  invalid_duration: { status: 422, meaning: "A duration could not be read." },
  invalid_timetable: { status: 422, meaning: "A schedule, a cron line or a time zone could not be read." },
  invalid_date: { status: 422, meaning: "An instant is not an ISO 8601 date." },
  invalid_run_id: { status: 422, meaning: "A run id has characters that are not allowed, or looks like that of a scheduled run." },
  connection_invalid: { status: 422, meaning: "A connection lacks what its use needs, or has an unacceptable value." },
  invalid_params: { status: 422, meaning: "The conf of a run does not fit the params of its DAG." },
  invalid_template: { status: 422, meaning: "A template in an option of a task could not be rendered." },
  not_json: { status: 422, meaning: "A value that must be JSON is not." },

  // What happens in a run.
  branch_invalid: { status: 422, meaning: "A branch task named something that is not a direct child." },
  loop_invalid: { status: 422, meaning: "The `until` of a loop gave something else than true or false." },
  loop_exhausted: { status: 422, meaning: "A loop has had all its iterations, and its until would have it go on." },
  input_unavailable: { status: 422, meaning: "An input of a task could not be resolved: an XCom, or a part of it, is missing." },
  mapping_invalid: { status: 422, meaning: "A mapped task got something to map over that is neither a list nor an object." },
  mapping_too_long: { status: 422, meaning: "A mapped task would have more instances than allowed." },
  task_failed: { status: 422, meaning: "A task failed." },
  task_timeout: { status: 422, meaning: "An attempt ran longer than its execution timeout." },
  task_out_of_memory: { status: 422, meaning: "An attempt used more memory than its limit." },

  // The installation.
  invalid_config: { status: 500, meaning: "The configuration has an unknown key or an unacceptable value." },
  secret_undecryptable: { status: 500, meaning: "A stored secret was encrypted with a key that is not configured." },
  schema_outdated: { status: 503, meaning: "The database schema is not the one this release needs; migrate it." },
  database_unavailable: { status: 503, meaning: "The database could not be reached, or has no disk or memory left." },
  executor_failed: { status: 503, meaning: "An executor could not do what it was asked." },
  protocol_mismatch: { status: 426, meaning: "The two sides speak different versions of a protocol." },
  shutting_down: { status: 503, meaning: "The process is stopping and takes no new work." },
  timeout: { status: 504, meaning: "What was waited for did not happen in time." },
  internal: { status: 500, meaning: "A fault in Tradewind itself." },
} as const satisfies Record<string, { status: number; meaning: string }>;

export type ErrorCode = keyof typeof ERROR_CODES;
