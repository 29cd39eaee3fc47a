// The REST API's paths and schemas as types, made from its OpenAPI document by test/write-schema.ts; not to be edited.

export interface paths {
    "/api/v2/assets": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Assets; none yet
         * @description Takes the permission `dags:read`.
         */
        get: operations["get_assets"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/assets/{asset_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One asset
         * @description Takes the permission `dags:read`.
         */
        get: operations["get_asset"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/assets/{asset_id}/materialize": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Triggers the DAG that makes an asset
         * @description Takes the permission `dag_runs:create`.
         */
        post: operations["materialize_asset"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/assets/{asset_id}/queuedEvents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Events that wait for DAGs, of one asset
         * @description Takes the permission `dags:read`.
         */
        get: operations["get_asset_queued_events"];
        put?: never;
        post?: never;
        /**
         * Drops events that wait for DAGs, of one asset
         * @description Takes the permission `dags:edit`.
         */
        delete: operations["delete_asset_queued_events"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/assets/{asset_id}/state-store": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What is kept for an asset
         * @description Takes the permission `dags:read`.
         */
        get: operations["list_asset_state_store"];
        put?: never;
        post?: never;
        /**
         * Drops what is kept for an asset
         * @description Takes the permission `dags:edit`.
         */
        delete: operations["clear_asset_state_store"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/assets/{asset_id}/state-store/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One value that is kept for an asset
         * @description Takes the permission `dags:read`.
         */
        get: operations["get_asset_state_store"];
        /**
         * Keeps a value for an asset
         * @description Takes the permission `dags:edit`.
         */
        put: operations["set_asset_state_store"];
        post?: never;
        /**
         * Drops a value that is kept for an asset
         * @description Takes the permission `dags:edit`.
         */
        delete: operations["delete_asset_state_store"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/assets/aliases": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Aliases of assets; none yet
         * @description Takes the permission `dags:read`.
         */
        get: operations["get_asset_aliases"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/assets/aliases/{asset_alias_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One alias of assets
         * @description Takes the permission `dags:read`.
         */
        get: operations["get_asset_alias"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/assets/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Events of assets; none yet
         * @description Takes the permission `dags:read`.
         */
        get: operations["get_asset_events"];
        put?: never;
        /**
         * Tells of a change of an asset
         * @description Takes the permission `dag_runs:create`.
         */
        post: operations["create_asset_event"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/auth/login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Leads to the page to log in */
        get: operations["login"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/auth/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Leads to the page to log in, where a session can be ended */
        get: operations["logout"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/backfills": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Backfills of a DAG; none yet
         * @description Takes the permission `dag_runs:read`.
         */
        get: operations["list_backfills"];
        put?: never;
        /**
         * Runs a DAG for a time that is over
         * @description Takes the permission `dag_runs:create`.
         */
        post: operations["create_backfill"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/backfills/{backfill_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One backfill
         * @description Takes the permission `dag_runs:read`.
         */
        get: operations["get_backfill"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/backfills/{backfill_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Ends a backfill
         * @description Takes the permission `dag_runs:edit`.
         */
        put: operations["cancel_backfill"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/backfills/{backfill_id}/pause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Pauses a backfill
         * @description Takes the permission `dag_runs:edit`.
         */
        put: operations["pause_backfill"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/backfills/{backfill_id}/unpause": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Lets a paused backfill go on
         * @description Takes the permission `dag_runs:edit`.
         */
        put: operations["unpause_backfill"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/backfills/dry_run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * The runs that a backfill would make
         * @description Takes the permission `dag_runs:create`.
         */
        post: operations["create_backfill_dry_run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/config": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The configuration, where it may be shown
         * @description Takes the permission `connections:read`.
         */
        get: operations["get_config"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/config/section/{section}/option/{option}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One option of the configuration
         * @description Takes the permission `connections:read`.
         */
        get: operations["get_config_value"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/connections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All connections
         * @description Takes the permission `connections:read`.
         */
        get: operations["get_connections"];
        put?: never;
        /**
         * Adds a connection
         * @description Takes the permission `connections:edit`.
         */
        post: operations["post_connection"];
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Adds, changes or deletes many connections
         * @description Takes the permission `connections:edit`.
         */
        patch: operations["bulk_connections"];
        trace?: never;
    };
    "/api/v2/connections/{connection_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One connection
         * @description Takes the permission `connections:read`.
         */
        get: operations["get_connection"];
        put?: never;
        post?: never;
        /**
         * Deletes a connection
         * @description Takes the permission `connections:edit`.
         */
        delete: operations["delete_connection"];
        options?: never;
        head?: never;
        /**
         * Changes a connection
         * @description Takes the permission `connections:edit`.
         */
        patch: operations["patch_connection"];
        trace?: never;
    };
    "/api/v2/connections/defaults": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Adds Airflow's default connections, of which there are none
         * @description Takes the permission `connections:edit`.
         */
        post: operations["create_default_connections"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/connections/enqueue-test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What came out of a connection's test by a worker, by the token in a header
         * @description Takes the permission `connections:edit`.
         */
        get: operations["get_connection_test"];
        put?: never;
        /**
         * Has a connection tried by a worker; gives a token to poll with
         * @description Takes the permission `connections:edit`.
         */
        post: operations["enqueue_connection_test"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/connections/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Tries a connection without storing it; that it does not work is an answer
         * @description Takes the permission `connections:edit`.
         */
        post: operations["test_connection"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dagGrants": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who may do what with which DAGs beside their role
         * @description Takes the permission `users:read`.
         */
        get: operations["get_dag_grants"];
        put?: never;
        /**
         * Lets a user, or everybody of a role, read, edit or delete DAGs
         * @description Takes the permission `users:edit`.
         */
        post: operations["post_dag_grant"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dagGrants/{grant_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Takes a grant back
         * @description Takes the permission `users:edit`.
         */
        delete: operations["delete_dag_grant"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * DAGs, filtered, ordered and by page
         * @description Takes the permission `dags:read`.
         */
        get: operations["get_dags"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Pauses or unpauses all DAGs that a filter finds
         * @description Takes the permission `dags:edit`.
         */
        patch: operations["patch_dags"];
        trace?: never;
    };
    "/api/v2/dags/{dag_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One DAG
         * @description Takes the permission `dags:read`.
         */
        get: operations["get_dag"];
        put?: never;
        post?: never;
        /**
         * Deletes a DAG with its runs
         * @description Takes the permission `dags:delete`.
         */
        delete: operations["delete_dag"];
        options?: never;
        head?: never;
        /**
         * Pauses or unpauses a DAG
         * @description Takes the permission `dags:edit`.
         */
        patch: operations["patch_dag"];
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/assets/{asset_id}/queuedEvents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The event of one asset that waits for a DAG
         * @description Takes the permission `dags:read`.
         */
        get: operations["get_dag_asset_queued_event"];
        put?: never;
        post?: never;
        /**
         * Drops the event of one asset that waits for a DAG
         * @description Takes the permission `dags:edit`.
         */
        delete: operations["delete_dag_asset_queued_event"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/assets/queuedEvents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Events that wait for a DAG
         * @description Takes the permission `dags:read`.
         */
        get: operations["get_dag_asset_queued_events"];
        put?: never;
        post?: never;
        /**
         * Drops events that wait for a DAG
         * @description Takes the permission `dags:edit`.
         */
        delete: operations["delete_dag_asset_queued_events"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/clearDagRuns": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Clears several runs
         * @description Takes the permission `dag_runs:edit`.
         */
        post: operations["clear_dag_runs"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/clearPartitions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Clears runs by partition, of which there are none
         * @description Takes the permission `dag_runs:edit`.
         */
        post: operations["clear_dag_run_partitions"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/clearTaskInstances": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Clears task instances, so that they run again; tells what it would clear by default
         * @description Takes the permission `task_instances:edit`.
         */
        post: operations["post_clear_task_instances"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Runs of a DAG; of all with `~`
         * @description Takes the permission `dag_runs:read`.
         */
        get: operations["get_dag_runs"];
        put?: never;
        /**
         * Triggers a run
         * @description Takes the permission `dag_runs:create`.
         */
        post: operations["trigger_dag_run"];
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Changes or deletes many runs
         * @description Takes the permission `dag_runs:delete`.
         */
        patch: operations["bulk_dag_runs"];
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One run
         * @description Takes the permission `dag_runs:read`.
         */
        get: operations["get_dag_run"];
        put?: never;
        post?: never;
        /**
         * Deletes a run
         * @description Takes the permission `dag_runs:delete`.
         */
        delete: operations["delete_dag_run"];
        options?: never;
        head?: never;
        /**
         * Sets a run's state or note
         * @description Takes the permission `dag_runs:edit`.
         */
        patch: operations["patch_dag_run"];
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/clear": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Clears a run's task instances, so that they run again
         * @description Takes the permission `dag_runs:edit`.
         */
        post: operations["clear_dag_run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/hitlDetails": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Questions of tasks to people; none yet
         * @description Takes the permission `task_instances:read`.
         */
        get: operations["get_hitl_details"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskGroupInstances/{group_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Sets the state or note of all task instances in a group
         * @description Takes the permission `task_instances:edit`.
         */
        patch: operations["patch_task_group_instances"];
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskGroupInstances/{group_id}/dry_run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * The task instances whose state a change of a group would set
         * @description Takes the permission `task_instances:edit`.
         */
        patch: operations["patch_task_group_instances_dry_run"];
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Task instances of a run; of all DAGs and runs with `~`
         * @description Takes the permission `task_instances:read`.
         */
        get: operations["get_task_instances"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Changes many task instances
         * @description Takes the permission `task_instances:edit`.
         */
        patch: operations["bulk_task_instances"];
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One task instance
         * @description Takes the permission `task_instances:read`.
         */
        get: operations["get_task_instance"];
        put?: never;
        post?: never;
        /**
         * Deletes a task instance
         * @description Takes the permission `dag_runs:delete`.
         */
        delete: operations["delete_task_instance"];
        options?: never;
        head?: never;
        /**
         * Sets a task instance's state or note, also of those around it
         * @description Takes the permission `task_instances:edit`.
         */
        patch: operations["patch_task_instance"];
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One instance of a mapped task
         * @description Takes the permission `task_instances:read`.
         */
        get: operations["get_mapped_task_instance"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Sets the state or note of one instance of a mapped task
         * @description Takes the permission `task_instances:edit`.
         */
        patch: operations["patch_task_instance_by_map_index"];
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/dependencies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What one instance of a mapped task waits for
         * @description Takes the permission `task_instances:read`.
         */
        get: operations["get_task_instance_dependencies_by_map_index"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/dry_run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * As dry_run, for one instance of a mapped task
         * @description Takes the permission `task_instances:edit`.
         */
        patch: operations["patch_task_instance_dry_run_by_map_index"];
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/hitlDetails": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The question of a task instance
         * @description Takes the permission `task_instances:read`.
         */
        get: operations["get_hitl_detail"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Answers the question of a task instance
         * @description Takes the permission `task_instances:edit`.
         */
        patch: operations["update_hitl_detail"];
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/hitlDetails/tries/{try_number}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The question of one try
         * @description Takes the permission `task_instances:read`.
         */
        get: operations["get_hitl_detail_try_detail"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/tries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All tries of one instance of a mapped task
         * @description Takes the permission `task_instances:read`.
         */
        get: operations["get_mapped_task_instance_tries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/{map_index}/tries/{task_try_number}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One try of one instance of a mapped task
         * @description Takes the permission `task_instances:read`.
         */
        get: operations["get_mapped_task_instance_try_details"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/dependencies": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What a task instance waits for
         * @description Takes the permission `task_instances:read`.
         */
        get: operations["get_task_instance_dependencies"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/dry_run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * The task instances whose state a change would set
         * @description Takes the permission `task_instances:edit`.
         */
        patch: operations["patch_task_instance_dry_run"];
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/externalLogUrl/{try_number}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Where else the log of a try is: nowhere
         * @description Takes the permission `task_logs:read`.
         */
        get: operations["get_external_log_url"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/links": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Links to elsewhere, of which there are none
         * @description Takes the permission `task_instances:read`.
         */
        get: operations["get_extra_links"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/listMapped": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The instances of a mapped task
         * @description Takes the permission `task_instances:read`.
         */
        get: operations["get_mapped_task_instances"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/logs/{try_number}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The log of a try: JSON by pages, or a stream of lines
         * @description Takes the permission `task_logs:read`.
         */
        get: operations["get_log"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/state-store": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What a task keeps between its tries; nothing yet
         * @description Takes the permission `task_instances:read`.
         */
        get: operations["list_task_state_store"];
        put?: never;
        post?: never;
        /**
         * Drops what a task keeps
         * @description Takes the permission `task_instances:edit`.
         */
        delete: operations["clear_task_state_store"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/state-store/{key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One value that a task keeps
         * @description Takes the permission `task_instances:read`.
         */
        get: operations["get_task_state_store"];
        /**
         * Keeps a value for a task
         * @description Takes the permission `task_instances:edit`.
         */
        put: operations["set_task_state_store"];
        post?: never;
        /**
         * Drops a value that a task keeps
         * @description Takes the permission `task_instances:edit`.
         */
        delete: operations["delete_task_state_store"];
        options?: never;
        head?: never;
        /**
         * Changes a value that a task keeps
         * @description Takes the permission `task_instances:edit`.
         */
        patch: operations["patch_task_state_store"];
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/tries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All tries of a task instance
         * @description Takes the permission `task_instances:read`.
         */
        get: operations["get_task_instance_tries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/tries/{task_try_number}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One try of a task instance
         * @description Takes the permission `task_instances:read`.
         */
        get: operations["get_task_instance_try_details"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The XComs of a task; of all tasks, runs and DAGs with `~`
         * @description Takes the permission `xcoms:read`.
         */
        get: operations["get_xcom_entries"];
        put?: never;
        /**
         * Adds an XCom
         * @description Takes the permission `xcoms:edit`.
         */
        post: operations["create_xcom_entry"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/{task_id}/xcomEntries/{xcom_key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One XCom
         * @description Takes the permission `xcoms:read`.
         */
        get: operations["get_xcom_entry"];
        put?: never;
        post?: never;
        /**
         * Deletes an XCom
         * @description Takes the permission `xcoms:edit`.
         */
        delete: operations["delete_xcom_entry"];
        options?: never;
        head?: never;
        /**
         * Changes an XCom
         * @description Takes the permission `xcoms:edit`.
         */
        patch: operations["update_xcom_entry"];
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Task instances of several DAGs and runs, by filters in the body
         * @description Takes the permission `task_instances:read`.
         */
        post: operations["get_task_instances_batch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/upstreamAssetEvents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Events that made a run; none yet
         * @description Takes the permission `dags:read`.
         */
        get: operations["get_upstream_asset_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/wait": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Streams a run's state until it has ended, with results if asked for
         * @description Takes the permission `dag_runs:read`.
         */
        get: operations["wait_dag_run_until_finished"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagRuns/list": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Runs of several DAGs, by filters in the body
         * @description Takes the permission `dag_runs:read`.
         */
        post: operations["get_list_dag_runs_batch"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagVersions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Versions of a DAG; of all with `~`
         * @description Takes the permission `dags:read`.
         */
        get: operations["get_dag_versions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/dagVersions/{version_number}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One version of a DAG
         * @description Takes the permission `dags:read`.
         */
        get: operations["get_dag_version"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/details": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One DAG with its options and params
         * @description Takes the permission `dags:read`.
         */
        get: operations["get_dag_details"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/favorite": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Marks a DAG as one's favorite
         * @description Takes the permission `dags:read`.
         */
        post: operations["favorite_dag"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/tasks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The tasks of a DAG's newest version
         * @description Takes the permission `dags:read`.
         */
        get: operations["get_tasks"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/tasks/{task_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One task of a DAG's newest version
         * @description Takes the permission `dags:read`.
         */
        get: operations["get_task"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dags/{dag_id}/unfavorite": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Takes the mark away
         * @description Takes the permission `dags:read`.
         */
        post: operations["unfavorite_dag"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dagSources/{dag_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The source of a DAG, of its newest or a given version
         * @description Takes the permission `dags:read`.
         */
        get: operations["get_dag_source"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dagStats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Numbers of runs by state, for each DAG
         * @description Takes the permission `dag_runs:read`.
         */
        get: operations["get_dag_stats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dagTags": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All tags of DAGs
         * @description Takes the permission `dags:read`.
         */
        get: operations["get_dag_tags"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/dagWarnings": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What is wrong with DAGs and does not keep them from running
         * @description Takes the permission `dags:read`.
         */
        get: operations["list_dag_warnings"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/eventLogs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The audit log
         * @description Takes the permission `audit_logs:read`.
         */
        get: operations["get_event_logs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/eventLogs/{event_log_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One entry of the audit log
         * @description Takes the permission `audit_logs:read`.
         */
        get: operations["get_event_log"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/importErrors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * DAG files that could not be loaded, and why
         * @description Takes the permission `import_errors:read`.
         */
        get: operations["get_import_errors"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/importErrors/{import_error_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One import error
         * @description Takes the permission `import_errors:read`.
         */
        get: operations["get_import_error"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Schedulers and other daemons with their heartbeats
         * @description Takes the permission `jobs:read`.
         */
        get: operations["get_jobs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/monitor/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the database and each kind of daemon are well */
        get: operations["get_health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/parseDagFile/{file_token}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * Has a DAG file read again, whether it changed or not
         * @description Takes the permission `dags:edit`.
         */
        put: operations["reparse_dag_file"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/plugins": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Plugins; there are none
         * @description Takes the permission `workers:read`.
         */
        get: operations["get_plugins"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/plugins/importErrors": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Plugins that could not be loaded; there are none
         * @description Takes the permission `workers:read`.
         */
        get: operations["import_errors"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/pools": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All pools
         * @description Takes the permission `pools:read`.
         */
        get: operations["get_pools"];
        put?: never;
        /**
         * Adds a pool
         * @description Takes the permission `pools:edit`.
         */
        post: operations["post_pool"];
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Adds, changes or deletes many pools
         * @description Takes the permission `pools:edit`.
         */
        patch: operations["bulk_pools"];
        trace?: never;
    };
    "/api/v2/pools/{pool_name}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One pool
         * @description Takes the permission `pools:read`.
         */
        get: operations["get_pool"];
        put?: never;
        post?: never;
        /**
         * Deletes a pool
         * @description Takes the permission `pools:edit`.
         */
        delete: operations["delete_pool"];
        options?: never;
        head?: never;
        /**
         * Changes a pool
         * @description Takes the permission `pools:edit`.
         */
        patch: operations["patch_pool"];
        trace?: never;
    };
    "/api/v2/providers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Provider packages; there are none
         * @description Takes the permission `workers:read`.
         */
        get: operations["get_providers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/queues": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How much work there is for workers, by task queue
         * @description Takes the permission `workers:read`.
         */
        get: operations["get_queues"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/queues/{queue}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * How much work there is in one task queue, for autoscalers
         * @description Takes the permission `workers:read`.
         */
        get: operations["get_queue"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/roles": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Roles with their permissions
         * @description Takes the permission `users:read`.
         */
        get: operations["get_roles"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/users": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Users, filtered, ordered and by page
         * @description Takes the permission `users:read`.
         */
        get: operations["get_users"];
        put?: never;
        /**
         * Adds a user
         * @description Takes the permission `users:edit`.
         */
        post: operations["post_user"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/users/{username}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One user
         * @description Takes the permission `users:read`.
         */
        get: operations["get_user"];
        put?: never;
        post?: never;
        /**
         * Deletes a user with their sessions and tokens
         * @description Takes the permission `users:edit`.
         */
        delete: operations["delete_user"];
        options?: never;
        head?: never;
        /**
         * Changes a user's role, name or state
         * @description Takes the permission `users:edit`.
         */
        patch: operations["patch_user"];
        trace?: never;
    };
    "/api/v2/users/{username}/password": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Sets a user's password; ends their sessions and revokes their tokens
         * @description Takes the permission `users:edit`.
         */
        post: operations["reset_user_password"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/users/{username}/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Logs a user out everywhere
         * @description Takes the permission `users:edit`.
         */
        delete: operations["delete_user_sessions"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/users/{username}/tokens": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * A user's API tokens
         * @description Takes the permission `users:read`.
         */
        get: operations["get_user_tokens"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/users/{username}/tokens/{token_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /**
         * Revokes an API token of a user
         * @description Takes the permission `users:edit`.
         */
        delete: operations["delete_user_token"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/variables": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * All variables
         * @description Takes the permission `variables:read`.
         */
        get: operations["get_variables"];
        put?: never;
        /**
         * Adds a variable
         * @description Takes the permission `variables:edit`.
         */
        post: operations["post_variable"];
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Adds, changes or deletes many variables
         * @description Takes the permission `variables:edit`.
         */
        patch: operations["bulk_variables"];
        trace?: never;
    };
    "/api/v2/variables/{variable_key}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One variable
         * @description Takes the permission `variables:read`.
         */
        get: operations["get_variable"];
        put?: never;
        post?: never;
        /**
         * Deletes a variable
         * @description Takes the permission `variables:edit`.
         */
        delete: operations["delete_variable"];
        options?: never;
        head?: never;
        /**
         * Changes a variable
         * @description Takes the permission `variables:edit`.
         */
        patch: operations["patch_variable"];
        trace?: never;
    };
    "/api/v2/version": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The version of this server */
        get: operations["get_version"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/workers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Workers with their state, slots and queues
         * @description Takes the permission `workers:read`.
         */
        get: operations["get_workers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/workers/{worker}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * One worker, by its id or name, with the tasks that it runs
         * @description Takes the permission `workers:read`.
         */
        get: operations["get_worker"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/workers/{worker}/drain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Asks a worker to take nothing new; what runs may end
         * @description Takes the permission `workers:edit`.
         */
        post: operations["drain_worker"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v2/workers/{worker}/resume": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Asks a drained worker to go on
         * @description Takes the permission `workers:edit`.
         */
        post: operations["resume_worker"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        AccessTokenCollectionResponse: {
            tokens: components["schemas"]["AccessTokenResponse"][];
            total_entries: number;
        };
        AccessTokenResponse: {
            /** Format: date-time */
            created_at: string;
            expires_at: string | null;
            /** Format: uuid */
            id: string;
            last_used_at: string | null;
            name: string | null;
        };
        AppBuilderMenuItemResponse: {
            category?: string | null;
            href: string;
            name: string;
        };
        AppBuilderViewResponse: {
            category?: string | null;
            label?: string | null;
            name?: string | null;
            view?: string | null;
        };
        AssetAliasCollectionResponse: {
            asset_aliases: components["schemas"]["AssetAliasResponse"][];
            total_entries: number;
        };
        AssetAliasResponse: {
            group: string;
            id: number;
            name: string;
        };
        AssetCollectionResponse: {
            assets: components["schemas"]["AssetResponse"][];
            total_entries: number;
        };
        AssetEventAccessControl: {
            /** @default true */
            allow_global?: boolean;
            consumer_teams?: string[] | null;
        };
        AssetEventCollectionResponse: {
            asset_events: components["schemas"]["AssetEventResponse"][];
            total_entries: number;
        };
        AssetEventResponse: {
            asset_id: number;
            created_dagruns: components["schemas"]["DagRunAssetReference"][];
            extra: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
            group: string | null;
            id: number;
            name: string | null;
            partition_key: string | null;
            source_dag_id: string | null;
            source_map_index: number;
            source_run_id: string | null;
            source_task_id: string | null;
            /** Format: date-time */
            timestamp: string;
            uri: string | null;
        };
        AssetResponse: {
            aliases: components["schemas"]["AssetAliasResponse"][];
            consuming_tasks: components["schemas"]["TaskInletAssetReference"][];
            /** Format: date-time */
            created_at: string;
            extra: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
            group: string;
            id: number;
            last_asset_event: components["schemas"]["LastAssetEventResponse"] | null;
            name: string;
            producing_tasks: components["schemas"]["TaskOutletAssetReference"][];
            scheduled_dags: components["schemas"]["DagScheduleAssetReference"][];
            /** Format: date-time */
            updated_at: string;
            uri: string;
            watchers: components["schemas"]["AssetWatcherResponse"][];
        };
        AssetStateStoreBody: {
            value: components["schemas"]["JsonValue"];
        };
        AssetStateStoreCollectionResponse: {
            asset_state_store: components["schemas"]["AssetStateStoreResponse"][];
            total_entries: number;
        };
        AssetStateStoreLastUpdatedBy: {
            dag_id: string | null;
            /** @enum {string} */
            kind: "task" | "watcher" | "api";
            map_index: number | null;
            run_id: string | null;
            task_id: string | null;
        };
        AssetStateStoreResponse: {
            key: string;
            last_updated_by: components["schemas"]["AssetStateStoreLastUpdatedBy"] | null;
            /** Format: date-time */
            updated_at: string;
            value: components["schemas"]["JsonValue"];
        };
        AssetWatcherResponse: {
            /** Format: date-time */
            created_date: string;
            name: string;
            trigger_id: number;
        };
        AsyncConnectionTestResponse: {
            connection_id: string;
            /** Format: date-time */
            created_at: string;
            result_message: string | null;
            state: string;
            token: string;
        };
        BackfillCollectionResponse: {
            backfills: components["schemas"]["BackfillResponse"][];
            total_entries: number;
        };
        BackfillPostBody: {
            dag_id: string;
            dag_run_conf?: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
            /** Format: date-time */
            from_date: string;
            /** @default 10 */
            max_active_runs?: number;
            /**
             * @default none
             * @enum {string}
             */
            reprocess_behavior?: "failed" | "completed" | "none";
            /** @default false */
            run_backwards?: boolean;
            run_on_latest_version?: boolean | null;
            /** Format: date-time */
            to_date: string;
        };
        BackfillResponse: {
            completed_at: string | null;
            /** Format: date-time */
            created_at: string;
            dag_display_name: string;
            dag_id: string;
            dag_run_conf: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
            /** Format: date-time */
            from_date: string;
            id: number;
            is_paused: boolean;
            max_active_runs: number;
            /** @enum {string} */
            reprocess_behavior: "failed" | "completed" | "none";
            /** Format: date-time */
            to_date: string;
            /** Format: date-time */
            updated_at: string;
        };
        BulkActionResponse: {
            errors: {
                [key: string]: unknown;
            }[];
            success: string[];
        };
        BulkDagRunBody: {
            dag_id?: string | null;
            dag_run_id: string;
            note?: string | null;
            state?: ("queued" | "success" | "failed") | null;
        };
        BulkDAGRunClearBody: {
            dag_runs?: components["schemas"]["BulkDagRunBody"][];
            /** @default true */
            dry_run?: boolean;
            note?: string | null;
            /** @default false */
            only_failed?: boolean;
            /** @default false */
            only_new?: boolean;
            partition_date_end?: string | null;
            partition_date_start?: string | null;
            partition_key?: string | null;
            run_on_latest_version?: boolean | null;
        };
        BulkResponse: {
            create: components["schemas"]["BulkActionResponse"] | null;
            delete: components["schemas"]["BulkActionResponse"] | null;
            update: components["schemas"]["BulkActionResponse"] | null;
        };
        BulkTaskInstanceBody: {
            dag_id?: string | null;
            dag_run_id?: string | null;
            /** @default false */
            include_downstream?: boolean;
            /** @default false */
            include_future?: boolean;
            /** @default false */
            include_past?: boolean;
            /** @default false */
            include_upstream?: boolean;
            map_index?: number | null;
            new_state?: ("scheduled" | "queued" | "running" | "restarting" | "up_for_retry" | "up_for_reschedule" | "deferred" | "awaiting_input" | "success" | "failed" | "skipped" | "upstream_failed" | "removed") | null;
            note?: string | null;
            task_id: string;
        };
        ClearPartitionsBody: {
            /** @default false */
            clear_task_instances?: boolean;
            /** @default true */
            dry_run?: boolean;
            partition_date_end?: string | null;
            partition_date_start?: string | null;
            partition_key?: string | null;
            run_id?: string | null;
        };
        ClearPartitionsResponse: {
            dag_runs_cleared: number;
            dry_run: boolean;
            task_instances_cleared: number;
        };
        ClearTaskInstanceCollectionResponse: {
            task_instances: components["schemas"]["TaskInstanceResponse"][];
            total_entries: number;
        };
        Config: {
            sections: components["schemas"]["ConfigSection"][];
        };
        ConfigOption: {
            key: string;
            value: string | [
                string,
                string
            ];
        };
        ConfigSection: {
            name: string;
            options: components["schemas"]["ConfigOption"][];
        };
        ConnectionBody: {
            conn_type: string;
            connection_id: string;
            description?: string | null;
            extra?: string | null;
            host?: string | null;
            login?: string | null;
            password?: string | null;
            port?: number | null;
            schema?: string | null;
            team_name?: null;
        };
        ConnectionCollectionResponse: {
            connections: components["schemas"]["ConnectionResponse"][];
            total_entries: number;
        };
        ConnectionResponse: {
            conn_type: string;
            connection_id: string;
            description: string | null;
            extra: string | null;
            host: string | null;
            login: string | null;
            password: string | null;
            port: number | null;
            schema: string | null;
            team_name: string | null;
        };
        ConnectionTestQueuedResponse: {
            connection_id: string;
            state: string;
            token: string;
        };
        ConnectionTestRequestBody: {
            /** @default false */
            commit_on_success?: boolean;
            conn_type: string;
            connection_id: string;
            description?: string | null;
            /** @default null */
            executor?: string | null;
            extra?: string | null;
            host?: string | null;
            login?: string | null;
            password?: string | null;
            port?: number | null;
            /** @default null */
            queue?: string | null;
            schema?: string | null;
            team_name?: null;
        };
        ConnectionTestResponse: {
            message: string;
            status: boolean;
        };
        CreateAssetEventsBody: {
            access_control?: components["schemas"]["AssetEventAccessControl"] | null;
            asset_id: number;
            extra?: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            partition_key?: string | null;
        };
        /** @enum {string} */
        DagAction: "read" | "edit" | "delete";
        DAGCollectionResponse: {
            dags: components["schemas"]["DAGResponse"][];
            total_entries: number;
        };
        DAGDetailsResponse: {
            active_runs_count: number;
            allowed_run_types: ("scheduled" | "manual" | "backfill" | "asset_triggered" | "asset_materialization" | "operator_triggered")[] | null;
            asset_expression: {
                [key: string]: unknown;
            } | null;
            bundle_name: string | null;
            bundle_version: string | null;
            catchup: boolean;
            concurrency: number;
            dag_display_name: string;
            dag_id: string;
            dag_run_timeout: string | null;
            default_args: {
                [key: string]: unknown;
            } | null;
            description: string | null;
            doc_md: string | null;
            end_date: string | null;
            file_token: string;
            fileloc: string;
            has_import_errors: boolean;
            has_task_concurrency_limits: boolean;
            is_backfillable: boolean;
            is_favorite: boolean;
            is_paused: boolean;
            is_paused_upon_creation: boolean | null;
            is_stale: boolean;
            last_expired: string | null;
            last_parse_duration: number | null;
            last_parsed: string | null;
            last_parsed_time: string | null;
            latest_dag_version: components["schemas"]["DagVersionResponse"] | null;
            max_active_runs: number | null;
            max_active_tasks: number;
            max_consecutive_failed_dag_runs: number;
            next_dagrun_data_interval_end: string | null;
            next_dagrun_data_interval_start: string | null;
            next_dagrun_logical_date: string | null;
            next_dagrun_run_after: string | null;
            owner_links: {
                [key: string]: string;
            } | null;
            owners: string[];
            params: {
                [key: string]: unknown;
            } | null;
            relative_fileloc: string | null;
            render_template_as_native_obj: boolean;
            rerun_with_latest_version: boolean | null;
            scheduling_state: components["schemas"]["DagSchedulingState"];
            start_date: string | null;
            tags: components["schemas"]["DagTagResponse"][];
            template_search_path: string[] | null;
            timetable_description: string | null;
            timetable_partitioned: boolean;
            timetable_periodic: boolean;
            timetable_summary: string | null;
            timezone: string | null;
        };
        DagGrantBody: {
            actions: components["schemas"]["DagAction"][];
            /** @default null */
            dag_id?: string | null;
            /** @default null */
            dag_tag?: string | null;
            /** @default null */
            role?: components["schemas"]["RoleName"] | null;
            /** @default null */
            username?: string | null;
        };
        DagGrantCollectionResponse: {
            dag_grants: components["schemas"]["DagGrantResponse"][];
            total_entries: number;
        };
        DagGrantResponse: {
            actions: components["schemas"]["DagAction"][];
            /** Format: date-time */
            created_at: string;
            dag_id: string | null;
            dag_tag: string | null;
            id: number;
            role: string | null;
            username: string | null;
        };
        DAGPatchBody: {
            is_paused?: boolean;
            scheduling_state?: components["schemas"]["DagSchedulingState"];
        };
        DAGResponse: {
            allowed_run_types: ("scheduled" | "manual" | "backfill" | "asset_triggered" | "asset_materialization" | "operator_triggered")[] | null;
            bundle_name: string | null;
            bundle_version: string | null;
            dag_display_name: string;
            dag_id: string;
            description: string | null;
            file_token: string;
            fileloc: string;
            has_import_errors: boolean;
            has_task_concurrency_limits: boolean;
            is_backfillable: boolean;
            is_paused: boolean;
            is_stale: boolean;
            last_expired: string | null;
            last_parse_duration: number | null;
            last_parsed_time: string | null;
            max_active_runs: number | null;
            max_active_tasks: number;
            max_consecutive_failed_dag_runs: number;
            next_dagrun_data_interval_end: string | null;
            next_dagrun_data_interval_start: string | null;
            next_dagrun_logical_date: string | null;
            next_dagrun_run_after: string | null;
            owners: string[];
            relative_fileloc: string | null;
            scheduling_state: components["schemas"]["DagSchedulingState"];
            tags: components["schemas"]["DagTagResponse"][];
            timetable_description: string | null;
            timetable_partitioned: boolean;
            timetable_periodic: boolean;
            timetable_summary: string | null;
        };
        DagRunAssetReference: {
            dag_id: string;
            data_interval_end: string | null;
            data_interval_start: string | null;
            end_date: string | null;
            logical_date: string | null;
            partition_key: string | null;
            run_id: string;
            /** Format: date-time */
            start_date: string;
            state: string;
            triggering: boolean;
        };
        DAGRunClearBody: {
            /** @default true */
            dry_run?: boolean;
            note?: string | null;
            /** @default false */
            only_failed?: boolean;
            /** @default false */
            only_new?: boolean;
            /** @default false */
            run_on_latest_version?: boolean | null;
        };
        DAGRunCollectionResponse: {
            dag_runs: components["schemas"]["DAGRunResponse"][];
            next_cursor: string | null;
            previous_cursor: string | null;
            total_entries: number | null;
            total_entries_limit: number | null;
        };
        DAGRunPatchBody: {
            note?: string | null;
            state?: ("queued" | "success" | "failed") | null;
        };
        DAGRunResponse: {
            bundle_version: string | null;
            conf: {
                [key: string]: unknown;
            } | null;
            dag_display_name: string;
            dag_id: string;
            dag_run_id: string;
            dag_versions: components["schemas"]["DagVersionResponse"][];
            data_interval_end: string | null;
            data_interval_start: string | null;
            duration: number | null;
            end_date: string | null;
            last_scheduling_decision: string | null;
            logical_date: string | null;
            note: string | null;
            partition_date: string | null;
            partition_key: string | null;
            queued_at: string | null;
            /** Format: date-time */
            run_after: string;
            /** @enum {string} */
            run_type: "scheduled" | "manual" | "backfill" | "asset_triggered" | "asset_materialization" | "operator_triggered";
            start_date: string | null;
            /** @enum {string} */
            state: "queued" | "running" | "success" | "failed";
            triggered_by: string | null;
            triggering_user_name: string | null;
        };
        DAGRunsBatchBody: {
            conf_contains?: string | null;
            dag_ids?: string[] | null;
            duration_gt?: number | null;
            duration_gte?: number | null;
            duration_lt?: number | null;
            duration_lte?: number | null;
            end_date_gt?: string | null;
            end_date_gte?: string | null;
            end_date_lt?: string | null;
            end_date_lte?: string | null;
            logical_date_gt?: string | null;
            logical_date_gte?: string | null;
            logical_date_lt?: string | null;
            logical_date_lte?: string | null;
            order_by?: string | null;
            /** @default 100 */
            page_limit?: number;
            /** @default 0 */
            page_offset?: number;
            run_after_gt?: string | null;
            run_after_gte?: string | null;
            run_after_lt?: string | null;
            run_after_lte?: string | null;
            start_date_gt?: string | null;
            start_date_gte?: string | null;
            start_date_lt?: string | null;
            start_date_lte?: string | null;
            states?: (("queued" | "running" | "success" | "failed") | null)[] | null;
        };
        DagScheduleAssetReference: {
            /** Format: date-time */
            created_at: string;
            dag_id: string;
            /** Format: date-time */
            updated_at: string;
        };
        /** @enum {string} */
        DagSchedulingState: "active" | "draining" | "paused";
        DAGSourceResponse: {
            content: string | null;
            dag_display_name: string;
            dag_id: string;
            version_number: number | null;
        };
        DagStatsCollectionResponse: {
            dags: {
                dag_display_name: string;
                dag_id: string;
                stats: {
                    count: number;
                    /** @enum {string} */
                    state: "queued" | "running" | "success" | "failed";
                }[];
            }[];
            total_entries: number;
        };
        DAGTagCollectionResponse: {
            tags: string[];
            total_entries: number;
        };
        DagTagResponse: {
            dag_display_name: string;
            dag_id: string;
            name: string;
        };
        DAGVersionCollectionResponse: {
            dag_versions: components["schemas"]["DagVersionResponse"][];
            total_entries: number;
        };
        DagVersionResponse: {
            bundle_name: string | null;
            bundle_url: string | null;
            bundle_version: string | null;
            /** Format: date-time */
            created_at: string;
            dag_display_name: string;
            dag_id: string;
            /** Format: uuid */
            id: string;
            version_number: number;
        };
        DAGWarningCollectionResponse: {
            dag_warnings: components["schemas"]["DAGWarningResponse"][];
            total_entries: number;
        };
        DAGWarningResponse: {
            dag_display_name: string;
            dag_id: string;
            message: string;
            /** Format: date-time */
            timestamp: string;
            warning_type: components["schemas"]["DagWarningType"];
        };
        /** @enum {string} */
        DagWarningType: "asset conflict" | "non-existent pool" | "runtime varying value";
        DryRunBackfillCollectionResponse: {
            backfills: components["schemas"]["DryRunBackfillResponse"][];
            total_entries: number;
        };
        DryRunBackfillResponse: {
            logical_date: string | null;
            partition_date: string | null;
            partition_key: string | null;
        };
        EventLogCollectionResponse: {
            event_logs: components["schemas"]["EventLogResponse"][];
            total_entries: number;
        };
        EventLogResponse: {
            dag_display_name: string | null;
            dag_id: string | null;
            event: string;
            event_log_id: number;
            extra: string | null;
            logical_date: string | null;
            map_index: number | null;
            owner: string | null;
            run_id: string | null;
            task_display_name: string | null;
            task_id: string | null;
            try_number: number | null;
            /** Format: date-time */
            when: string;
        };
        ExternalLogUrlResponse: {
            url: string;
        };
        ExternalViewResponse: {
            category?: string | null;
            /** @enum {string} */
            destination?: "nav" | "dag" | "dag_run" | "task" | "task_instance" | "base";
            href: string;
            icon?: string | null;
            icon_dark_mode?: string | null;
            name: string;
            nav_top_level?: boolean | null;
            url_route?: string | null;
        };
        ExtraLinkCollectionResponse: {
            extra_links: {
                [key: string]: string | null;
            };
            total_entries: number;
        };
        FastAPIAppResponse: {
            app: string;
            name: string;
            url_prefix: string;
        };
        FastAPIRootMiddlewareResponse: {
            middleware: string;
            name: string;
        };
        HealthInfoResponse: {
            dag_processor: {
                latest_dag_processor_heartbeat: string | null;
                status: ("healthy" | "unhealthy") | null;
            };
            metadatabase: {
                status: ("healthy" | "unhealthy") | null;
            };
            scheduler: {
                latest_scheduler_heartbeat: string | null;
                status: ("healthy" | "unhealthy") | null;
            };
            triggerer: {
                latest_triggerer_heartbeat: string | null;
                status: ("healthy" | "unhealthy") | null;
            };
        };
        HITLDetail: {
            assigned_users: components["schemas"]["HITLUser"][];
            body: string | null;
            chosen_options: string[] | null;
            /** Format: date-time */
            created_at: string;
            defaults: string[] | null;
            multiple: boolean;
            options: string[];
            params: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            params_input: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            responded_at: string | null;
            responded_by_user: components["schemas"]["HITLUser"] | null;
            response_received: boolean;
            subject: string;
            task_instance: components["schemas"]["TaskInstanceResponse"];
        };
        HITLDetailCollection: {
            hitl_details: components["schemas"]["HITLDetail"][];
            total_entries: number;
        };
        HITLDetailHistory: {
            assigned_users: components["schemas"]["HITLUser"][];
            body: string | null;
            chosen_options: string[] | null;
            /** Format: date-time */
            created_at: string;
            defaults: string[] | null;
            multiple: boolean;
            options: string[];
            params: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            params_input: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            responded_at: string | null;
            responded_by_user: components["schemas"]["HITLUser"] | null;
            response_received: boolean;
            subject: string;
            task_instance: components["schemas"]["TaskInstanceHistoryResponse"];
        };
        HITLDetailResponse: {
            chosen_options: string[];
            params_input: {
                [key: string]: components["schemas"]["JsonValue"];
            };
            /** Format: date-time */
            responded_at: string;
            responded_by: components["schemas"]["HITLUser"];
        };
        HITLUser: {
            id: string;
            name: string;
        };
        /** @description What went wrong. `detail` is a text, or for 422 a list of what is wrong with the request and where. */
        HTTPExceptionResponse: {
            /** @description Stable name of the error, for programs. */
            code: string;
            detail: string | {
                input?: unknown;
                loc: (string | number)[];
                msg: string;
                type: string;
            }[];
            /** @description Facts for programs. */
            details?: {
                [key: string]: unknown;
            };
            /** @description The server's log has this id too. */
            request_id: string;
        };
        ImportErrorCollectionResponse: {
            import_errors: components["schemas"]["ImportErrorResponse"][];
            total_entries: number;
        };
        ImportErrorResponse: {
            bundle_name: string | null;
            filename: string;
            import_error_id: number;
            stack_trace: string;
            /** Format: date-time */
            timestamp: string;
        };
        JobCollectionResponse: {
            jobs: components["schemas"]["JobResponse"][];
            total_entries: number;
        };
        JobResponse: {
            dag_display_name: string | null;
            dag_id: string | null;
            end_date: string | null;
            executor_class: string | null;
            hostname: string | null;
            id: number;
            job_type: string | null;
            latest_heartbeat: string | null;
            start_date: string | null;
            state: string | null;
            unixname: string | null;
        };
        /** @description Any JSON value. */
        JsonValue: unknown;
        LastAssetEventResponse: {
            id: number | null;
            timestamp: string | null;
        };
        MaterializeAssetBody: {
            conf?: {
                [key: string]: components["schemas"]["JsonValue"];
            } | null;
            dag_run_id?: string | null;
            data_interval_end?: string | null;
            data_interval_start?: string | null;
            logical_date?: string | null;
            note?: string | null;
            partition_key?: string | null;
            run_after?: string | null;
        };
        NewTaskResponse: {
            task_display_name: string;
            task_id: string;
        };
        PasswordResetBody: {
            password: string;
        };
        PatchTaskInstanceBody: {
            /** @default false */
            include_downstream?: boolean;
            /** @default false */
            include_future?: boolean;
            /** @default false */
            include_past?: boolean;
            /** @default false */
            include_upstream?: boolean;
            new_state?: ("scheduled" | "queued" | "running" | "restarting" | "up_for_retry" | "up_for_reschedule" | "deferred" | "awaiting_input" | "success" | "failed" | "skipped" | "upstream_failed" | "removed") | null;
            note?: string | null;
        };
        PluginCollectionResponse: {
            plugins: components["schemas"]["PluginResponse"][];
            total_entries: number;
        };
        PluginImportErrorCollectionResponse: {
            import_errors: components["schemas"]["PluginImportErrorResponse"][];
            total_entries: number;
        };
        PluginImportErrorResponse: {
            error: string;
            source: string;
        };
        PluginResponse: {
            appbuilder_menu_items: components["schemas"]["AppBuilderMenuItemResponse"][];
            appbuilder_views: components["schemas"]["AppBuilderViewResponse"][];
            external_views: components["schemas"]["ExternalViewResponse"][];
            fastapi_apps: components["schemas"]["FastAPIAppResponse"][];
            fastapi_root_middlewares: components["schemas"]["FastAPIRootMiddlewareResponse"][];
            flask_blueprints: string[];
            global_operator_extra_links: string[];
            listeners: string[];
            macros: string[];
            name: string;
            operator_extra_links: string[];
            react_apps: components["schemas"]["ReactAppResponse"][];
            source: string;
            timetables: string[];
        };
        PoolBody: {
            description?: string | null;
            /** @default false */
            include_deferred?: boolean;
            name: string;
            slots: number;
            team_name?: null;
        };
        PoolCollectionResponse: {
            pools: components["schemas"]["PoolResponse"][];
            total_entries: number;
        };
        PoolPatchBody: {
            description?: string | null;
            include_deferred?: boolean | null;
            pool?: string | null;
            slots?: number | null;
            team_name?: null;
        };
        PoolResponse: {
            deferred_slots: number;
            description: string | null;
            include_deferred: boolean;
            name: string;
            occupied_slots: number;
            open_slots: number;
            queued_slots: number;
            running_slots: number;
            scheduled_slots: number;
            slots: number;
            team_name: string | null;
        };
        ProviderCollectionResponse: {
            providers: components["schemas"]["ProviderResponse"][];
            total_entries: number;
        };
        ProviderResponse: {
            description: string;
            documentation_url: string | null;
            package_name: string;
            version: string;
        };
        QueueCollectionResponse: {
            queues: components["schemas"]["QueueResponse"][];
            total_entries: number;
        };
        QueueDepthResponse: {
            depth: number;
            queue: string;
            queued: number;
            running: number;
            scheduled: number;
            slots: number;
            workers: number;
        };
        QueuedEventCollectionResponse: {
            queued_events: components["schemas"]["QueuedEventResponse"][];
            total_entries: number;
        };
        QueuedEventResponse: {
            asset_id: number;
            /** Format: date-time */
            created_at: string;
            dag_display_name: string;
            dag_id: string;
        };
        QueueResponse: {
            depth: number;
            executor: string;
            queue: string;
            queued: number;
            running: number;
            scheduled: number;
            slots: number;
            workers: number;
        };
        ReactAppResponse: {
            bundle_url: string;
            category?: string | null;
            /** @enum {string} */
            destination?: "nav" | "dag" | "dag_run" | "task" | "task_instance" | "base" | "dashboard";
            icon?: string | null;
            icon_dark_mode?: string | null;
            name: string;
            nav_top_level?: boolean | null;
            url_route?: string | null;
        };
        RoleCollectionResponse: {
            roles: components["schemas"]["RoleResponse"][];
            total_entries: number;
        };
        /** @enum {string} */
        RoleName: "Public" | "Viewer" | "User" | "Op" | "Admin";
        RoleResponse: {
            name: components["schemas"]["RoleName"];
            permissions: ("dags:read" | "dags:edit" | "dags:delete" | "dag_runs:read" | "dag_runs:create" | "dag_runs:edit" | "dag_runs:delete" | "task_instances:read" | "task_instances:edit" | "task_logs:read" | "xcoms:read" | "xcoms:edit" | "import_errors:read" | "pools:read" | "pools:edit" | "jobs:read" | "variables:read" | "variables:edit" | "connections:read" | "connections:edit" | "audit_logs:read" | "users:read" | "users:edit" | "workers:read" | "workers:edit")[];
        };
        StructuredLogMessage: {
            event: string;
            /** Format: date-time */
            timestamp?: string;
        } & {
            [key: string]: unknown;
        };
        TaskCollectionResponse: {
            tasks: components["schemas"]["TaskResponse"][];
            total_entries: number;
        };
        TaskDependencyCollectionResponse: {
            dependencies: components["schemas"]["TaskDependencyResponse"][];
        };
        TaskDependencyResponse: {
            name: string;
            reason: string;
        };
        TaskInletAssetReference: {
            /** Format: date-time */
            created_at: string;
            dag_id: string;
            task_id: string;
            /** Format: date-time */
            updated_at: string;
        };
        TaskInstanceCollectionResponse: {
            next_cursor: string | null;
            previous_cursor: string | null;
            task_instances: components["schemas"]["TaskInstanceResponse"][];
            total_entries: number | null;
            total_entries_limit: number | null;
        };
        TaskInstanceHistoryCollectionResponse: {
            task_instances: components["schemas"]["TaskInstanceHistoryResponse"][];
            total_entries: number;
        };
        TaskInstanceHistoryResponse: {
            dag_display_name: string;
            dag_id: string;
            dag_run_id: string;
            dag_version: components["schemas"]["DagVersionResponse"] | null;
            duration: number | null;
            end_date: string | null;
            executor: string | null;
            executor_config: string;
            hostname: string | null;
            map_index: number;
            max_tries: number;
            operator: string | null;
            operator_name: string | null;
            pid: number | null;
            pool: string;
            pool_slots: number;
            priority_weight: number | null;
            queue: string | null;
            queued_when: string | null;
            scheduled_when: string | null;
            start_date: string | null;
            state: ("scheduled" | "queued" | "running" | "restarting" | "up_for_retry" | "up_for_reschedule" | "deferred" | "awaiting_input" | "success" | "failed" | "skipped" | "upstream_failed" | "removed") | null;
            state_reason: string | null;
            task_display_name: string;
            task_id: string;
            try_number: number;
            unixname: string | null;
        };
        TaskInstanceResponse: {
            dag_display_name: string;
            dag_id: string;
            dag_run_id: string;
            dag_version: components["schemas"]["DagVersionResponse"] | null;
            duration: number | null;
            end_date: string | null;
            executor: string | null;
            executor_config: string;
            hostname: string | null;
            /** Format: uuid */
            id: string;
            logical_date: string | null;
            map_index: number;
            max_tries: number;
            note: string | null;
            operator: string | null;
            operator_name: string | null;
            pid: number | null;
            pool: string;
            pool_slots: number;
            priority_weight: number | null;
            queue: string | null;
            queued_when: string | null;
            rendered_fields: {
                [key: string]: unknown;
            };
            rendered_map_index: string | null;
            /** Format: date-time */
            run_after: string;
            scheduled_when: string | null;
            start_date: string | null;
            state: ("scheduled" | "queued" | "running" | "restarting" | "up_for_retry" | "up_for_reschedule" | "deferred" | "awaiting_input" | "success" | "failed" | "skipped" | "upstream_failed" | "removed") | null;
            state_reason: string | null;
            task_display_name: string;
            task_id: string;
            trigger: null;
            triggerer_job: null;
            try_number: number;
            unixname: string | null;
        };
        TaskInstancesBatchBody: {
            dag_ids?: string[] | null;
            dag_run_ids?: string[] | null;
            duration_gt?: number | null;
            duration_gte?: number | null;
            duration_lt?: number | null;
            duration_lte?: number | null;
            end_date_gt?: string | null;
            end_date_gte?: string | null;
            end_date_lt?: string | null;
            end_date_lte?: string | null;
            executor?: string[] | null;
            logical_date_gt?: string | null;
            logical_date_gte?: string | null;
            logical_date_lt?: string | null;
            logical_date_lte?: string | null;
            order_by?: string | null;
            /** @default 100 */
            page_limit?: number;
            /** @default 0 */
            page_offset?: number;
            pool?: string[] | null;
            queue?: string[] | null;
            run_after_gt?: string | null;
            run_after_gte?: string | null;
            run_after_lt?: string | null;
            run_after_lte?: string | null;
            start_date_gt?: string | null;
            start_date_gte?: string | null;
            start_date_lt?: string | null;
            start_date_lte?: string | null;
            state?: (("scheduled" | "queued" | "running" | "restarting" | "up_for_retry" | "up_for_reschedule" | "deferred" | "awaiting_input" | "success" | "failed" | "skipped" | "upstream_failed" | "removed") | null)[] | null;
            task_ids?: string[] | null;
        };
        TaskInstancesLogResponse: {
            content: components["schemas"]["StructuredLogMessage"][];
            continuation_token: string | null;
        };
        TaskOutletAssetReference: {
            /** Format: date-time */
            created_at: string;
            dag_id: string;
            task_id: string;
            /** Format: date-time */
            updated_at: string;
        };
        TaskResponse: {
            class_ref: {
                [key: string]: unknown;
            } | null;
            depends_on_past: boolean;
            doc_md: string | null;
            downstream_task_ids: string[] | null;
            end_date: string | null;
            execution_timeout: components["schemas"]["TimeDelta"] | null;
            extra_links: string[];
            is_mapped: boolean | null;
            operator_name: string | null;
            owner: string | null;
            params: {
                [key: string]: unknown;
            } | null;
            pool: string | null;
            pool_slots: number | null;
            priority_weight: number | null;
            queue: string | null;
            retries: number | null;
            retry_delay: components["schemas"]["TimeDelta"] | null;
            retry_exponential_backoff: number;
            start_date: string | null;
            task_display_name: string | null;
            task_id: string | null;
            template_fields: string[] | null;
            trigger_rule: string | null;
            ui_color: string | null;
            ui_fgcolor: string | null;
            wait_for_downstream: boolean;
            weight_rule: string | null;
        };
        TaskStateStoreBody: {
            expires_at?: ("default" | string) | null;
            value: components["schemas"]["JsonValue"];
        };
        TaskStateStoreCollectionResponse: {
            task_state_store: components["schemas"]["TaskStateStoreResponse"][];
            total_entries: number;
        };
        TaskStateStorePatchBody: {
            value: components["schemas"]["JsonValue"];
        };
        TaskStateStoreResponse: {
            expires_at: string | null;
            key: string;
            /** Format: date-time */
            updated_at: string;
            value: components["schemas"]["JsonValue"];
        };
        TimeDelta: {
            __type: string;
            days: number;
            microseconds: number;
            seconds: number;
        };
        UpdateHITLDetailPayload: {
            chosen_options: string[];
            params_input?: {
                [key: string]: components["schemas"]["JsonValue"];
            };
        };
        UserBody: {
            /** @default true */
            active?: boolean;
            /** @default  */
            email?: string;
            /** @default  */
            first_name?: string;
            /** @default  */
            last_name?: string;
            password: string;
            role: components["schemas"]["RoleName"];
            username: string;
        };
        UserCollectionResponse: {
            total_entries: number;
            users: components["schemas"]["UserResponse"][];
        };
        UserPatchBody: {
            active?: boolean;
            email?: string;
            first_name?: string;
            last_name?: string;
            role?: components["schemas"]["RoleName"];
        };
        UserResponse: {
            active: boolean;
            /** Format: date-time */
            created_at: string;
            email: string;
            first_name: string;
            last_login: string | null;
            last_name: string;
            role: string;
            username: string;
        };
        VariableBody: {
            description?: string | null;
            key: string;
            team_name?: null;
            value: components["schemas"]["JsonValue"];
        };
        VariableCollectionResponse: {
            total_entries: number;
            variables: components["schemas"]["VariableResponse"][];
        };
        VariableResponse: {
            description: string | null;
            is_encrypted: boolean;
            key: string;
            team_name: string | null;
            value: string | null;
        };
        VersionInfo: {
            git_version: string | null;
            version: string;
        };
        WorkerCollectionResponse: {
            total_entries: number;
            workers: components["schemas"]["WorkerResponse"][];
        };
        WorkerDetailsResponse: {
            executor: string;
            host_id: string;
            hostname: string;
            /** Format: date-time */
            last_heartbeat: string;
            name: string;
            pid: number;
            queues: string[] | null;
            /** Format: date-time */
            registered_at: string;
            running: number;
            running_tasks: components["schemas"]["WorkerTaskResponse"][];
            slots: number;
            /** Format: date-time */
            started_at: string;
            /** @enum {string} */
            state: "running" | "draining" | "drained" | "offline";
            version: string;
            /** @enum {string} */
            wanted: "run" | "drain";
        };
        WorkerResponse: {
            executor: string;
            host_id: string;
            hostname: string;
            /** Format: date-time */
            last_heartbeat: string;
            name: string;
            pid: number;
            queues: string[] | null;
            /** Format: date-time */
            registered_at: string;
            running: number;
            slots: number;
            /** Format: date-time */
            started_at: string;
            /** @enum {string} */
            state: "running" | "draining" | "drained" | "offline";
            version: string;
            /** @enum {string} */
            wanted: "run" | "drain";
        };
        WorkerTaskResponse: {
            attempt_id: string;
            dag_id: string;
            dag_run_id: string;
            map_index: number;
            queue: string;
            started_at: string | null;
            task_id: string;
            try_number: number;
        };
        XComCollectionResponse: {
            total_entries: number;
            xcom_entries: components["schemas"]["XComResponse"][];
        };
        XComCreateBody: {
            key: string;
            /** @default -1 */
            map_index?: number;
            value: components["schemas"]["JsonValue"];
        };
        XComResponse: {
            dag_display_name: string;
            dag_id: string;
            key: string;
            logical_date: string | null;
            map_index: number;
            /** Format: date-time */
            run_after: string;
            run_id: string;
            task_display_name: string;
            task_id: string;
            /** Format: date-time */
            timestamp: string;
        };
        XComResponseNative: {
            dag_display_name: string;
            dag_id: string;
            key: string;
            logical_date: string | null;
            map_index: number;
            /** Format: date-time */
            run_after: string;
            run_id: string;
            task_display_name: string;
            task_id: string;
            /** Format: date-time */
            timestamp: string;
            value: unknown;
        };
        XComUpdateBody: {
            /** @default -1 */
            map_index?: number;
            value: components["schemas"]["JsonValue"];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    get_assets: {
        parameters: {
            query?: {
                dag_ids?: string[];
                limit?: number;
                name_pattern?: string;
                name_prefix_pattern?: string;
                offset?: number;
                only_active?: boolean;
                order_by?: string[];
                uri_pattern?: string;
                uri_prefix_pattern?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AssetCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_asset: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                asset_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AssetResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    materialize_asset: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                asset_id: number;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": components["schemas"]["MaterializeAssetBody"] | null;
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DAGRunResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_asset_queued_events: {
        parameters: {
            query?: {
                before?: string;
            };
            header?: never;
            path: {
                asset_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QueuedEventCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    delete_asset_queued_events: {
        parameters: {
            query?: {
                before?: string;
            };
            header?: never;
            path: {
                asset_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    list_asset_state_store: {
        parameters: {
            query?: {
                limit?: number;
                offset?: number;
            };
            header?: never;
            path: {
                asset_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AssetStateStoreCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    clear_asset_state_store: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                asset_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_asset_state_store: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                asset_id: number;
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AssetStateStoreResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    set_asset_state_store: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                asset_id: number;
                key: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["AssetStateStoreBody"];
            };
        };
        responses: {
            /** @description Success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    delete_asset_state_store: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                asset_id: number;
                key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_asset_aliases: {
        parameters: {
            query?: {
                limit?: number;
                name_pattern?: string;
                name_prefix_pattern?: string;
                offset?: number;
                order_by?: string[];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AssetAliasCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_asset_alias: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                asset_alias_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_asset_events: {
        parameters: {
            query?: {
                asset_id?: number;
                limit?: number;
                name_pattern?: string;
                name_prefix_pattern?: string;
                offset?: number;
                order_by?: string[];
                source_dag_id?: string;
                source_map_index?: number;
                source_run_id?: string;
                source_task_id?: string;
                timestamp_gt?: string;
                timestamp_gte?: string;
                timestamp_lt?: string;
                timestamp_lte?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AssetEventCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    create_asset_event: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["CreateAssetEventsBody"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AssetEventResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    login: {
        parameters: {
            query?: {
                next?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    logout: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    list_backfills: {
        parameters: {
            query: {
                dag_id: string;
                limit?: number;
                offset?: number;
                order_by?: string[];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackfillCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    create_backfill: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BackfillPostBody"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackfillResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_backfill: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                backfill_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackfillResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    cancel_backfill: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                backfill_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackfillResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    pause_backfill: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                backfill_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackfillResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    unpause_backfill: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                backfill_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BackfillResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    create_backfill_dry_run: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BackfillPostBody"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DryRunBackfillCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_config: {
        parameters: {
            query?: {
                section?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Config"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_config_value: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                option: string;
                section: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Config"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_connections: {
        parameters: {
            query?: {
                connection_id_pattern?: string;
                connection_id_prefix_pattern?: string;
                limit?: number;
                offset?: number;
                order_by?: string[];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    post_connection: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConnectionBody"];
            };
        };
        responses: {
            /** @description Success */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    bulk_connections: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    actions: ({
                        /** @constant */
                        action: "create";
                        /**
                         * @default fail
                         * @enum {string}
                         */
                        action_on_existence?: "fail" | "skip" | "overwrite";
                        entities: components["schemas"]["ConnectionBody"][];
                    } | {
                        /** @constant */
                        action: "update";
                        /**
                         * @default fail
                         * @enum {string}
                         */
                        action_on_non_existence?: "fail" | "skip";
                        entities: components["schemas"]["ConnectionBody"][];
                        update_mask?: string[] | null;
                    } | {
                        /** @constant */
                        action: "delete";
                        /**
                         * @default fail
                         * @enum {string}
                         */
                        action_on_non_existence?: "fail" | "skip";
                        entities: (string | components["schemas"]["ConnectionBody"])[];
                    })[];
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BulkResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_connection: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                connection_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    delete_connection: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                connection_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    patch_connection: {
        parameters: {
            query?: {
                update_mask?: string[];
            };
            header?: never;
            path: {
                connection_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConnectionBody"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    create_default_connections: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_connection_test: {
        parameters: {
            query?: never;
            header: {
                "Airflow-Connection-Test-Token": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AsyncConnectionTestResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    enqueue_connection_test: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConnectionTestRequestBody"];
            };
        };
        responses: {
            /** @description Success */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionTestQueuedResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    test_connection: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ConnectionBody"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ConnectionTestResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_dag_grants: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DagGrantCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    post_dag_grant: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DagGrantBody"];
            };
        };
        responses: {
            /** @description Success */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DagGrantResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    delete_dag_grant: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                grant_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_dags: {
        parameters: {
            query?: {
                asset_dependency?: string;
                bundle_name?: string;
                bundle_version?: string;
                dag_display_name_pattern?: string;
                dag_display_name_prefix_pattern?: string;
                dag_id_pattern?: string;
                dag_id_prefix_pattern?: string;
                dag_run_end_date_gt?: string;
                dag_run_end_date_gte?: string;
                dag_run_end_date_lt?: string;
                dag_run_end_date_lte?: string;
                dag_run_start_date_gt?: string;
                dag_run_start_date_gte?: string;
                dag_run_start_date_lt?: string;
                dag_run_start_date_lte?: string;
                dag_run_state?: (("none" | "null" | "no_status") | ("queued" | "running" | "success" | "failed"))[];
                exclude_stale?: boolean;
                has_asset_schedule?: boolean;
                has_import_errors?: boolean;
                is_favorite?: boolean;
                last_dag_run_state?: "queued" | "running" | "success" | "failed";
                limit?: number;
                offset?: number;
                order_by?: string[];
                owners?: string[];
                paused?: boolean;
                tags?: string[];
                tags_match_mode?: "any" | "all";
                timetable_type?: string[];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DAGCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    patch_dags: {
        parameters: {
            query?: {
                dag_id_pattern?: string;
                dag_id_prefix_pattern?: string;
                exclude_stale?: boolean;
                limit?: number;
                offset?: number;
                owners?: string[];
                paused?: boolean;
                tags?: string[];
                tags_match_mode?: "any" | "all";
                update_mask?: string[];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DAGPatchBody"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DAGCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_dag: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DAGResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    delete_dag: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": null;
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    patch_dag: {
        parameters: {
            query?: {
                update_mask?: string[];
            };
            header?: never;
            path: {
                dag_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DAGPatchBody"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DAGResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_dag_asset_queued_event: {
        parameters: {
            query?: {
                before?: string;
            };
            header?: never;
            path: {
                asset_id: number;
                dag_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QueuedEventResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    delete_dag_asset_queued_event: {
        parameters: {
            query?: {
                before?: string;
            };
            header?: never;
            path: {
                asset_id: number;
                dag_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_dag_asset_queued_events: {
        parameters: {
            query?: {
                before?: string;
            };
            header?: never;
            path: {
                dag_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QueuedEventCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    delete_dag_asset_queued_events: {
        parameters: {
            query?: {
                before?: string;
            };
            header?: never;
            path: {
                dag_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    clear_dag_runs: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["BulkDAGRunClearBody"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ClearTaskInstanceCollectionResponse"] | {
                        task_instances: components["schemas"]["NewTaskResponse"][];
                        total_entries: number;
                    } | components["schemas"]["DAGRunCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    clear_dag_run_partitions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ClearPartitionsBody"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ClearPartitionsResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    post_clear_task_instances: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    dag_run_id?: string | null;
                    /** @default true */
                    dry_run?: boolean;
                    end_date?: string | null;
                    /** @default false */
                    include_downstream?: boolean;
                    /** @default false */
                    include_future?: boolean;
                    /** @default false */
                    include_past?: boolean;
                    /** @default false */
                    include_upstream?: boolean;
                    note?: string | null;
                    only_failed?: boolean;
                    /** @default false */
                    only_running?: boolean;
                    /** @default false */
                    prevent_running_task?: boolean;
                    /** @default true */
                    reset_dag_runs?: boolean;
                    /** @default false */
                    run_on_latest_version?: boolean | null;
                    start_date?: string | null;
                    task_ids?: (string | [
                        string,
                        number
                    ] | [
                        string
                    ])[] | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskInstanceCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_dag_runs: {
        parameters: {
            query?: {
                bundle_version?: string;
                conf_contains?: string;
                consuming_asset_pattern?: string;
                cursor?: string;
                dag_id_pattern?: string;
                dag_id_prefix_pattern?: string;
                dag_version?: number[];
                duration_gt?: number;
                duration_gte?: number;
                duration_lt?: number;
                duration_lte?: number;
                end_date_gt?: string;
                end_date_gte?: string;
                end_date_lt?: string;
                end_date_lte?: string;
                limit?: number;
                logical_date_gt?: string;
                logical_date_gte?: string;
                logical_date_lt?: string;
                logical_date_lte?: string;
                offset?: number;
                order_by?: string[];
                partition_date_gte?: string;
                partition_date_lte?: string;
                partition_key_pattern?: string;
                partition_key_prefix_pattern?: string;
                run_after_gt?: string;
                run_after_gte?: string;
                run_after_lt?: string;
                run_after_lte?: string;
                run_id_pattern?: string;
                run_id_prefix_pattern?: string;
                run_type?: (("none" | "null" | "no_status") | ("scheduled" | "manual" | "backfill" | "asset_triggered" | "asset_materialization" | "operator_triggered"))[];
                start_date_gt?: string;
                start_date_gte?: string;
                start_date_lt?: string;
                start_date_lte?: string;
                state?: (("none" | "null" | "no_status") | ("queued" | "running" | "success" | "failed"))[];
                triggering_user_name_pattern?: string;
                triggering_user_name_prefix_pattern?: string;
                updated_at_gt?: string;
                updated_at_gte?: string;
                updated_at_lt?: string;
                updated_at_lte?: string;
            };
            header?: never;
            path: {
                dag_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DAGRunCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    trigger_dag_run: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    conf?: {
                        [key: string]: components["schemas"]["JsonValue"];
                    } | null;
                    dag_run_id?: string | null;
                    data_interval_end?: string | null;
                    data_interval_start?: string | null;
                    /** @default false */
                    drain_dag?: boolean;
                    logical_date: string | null;
                    note?: string | null;
                    partition_key?: null;
                    run_after?: string | null;
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DAGRunResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    bulk_dag_runs: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    actions: ({
                        /** @constant */
                        action: "create";
                        /**
                         * @default fail
                         * @enum {string}
                         */
                        action_on_existence?: "fail" | "skip" | "overwrite";
                        entities: components["schemas"]["BulkDagRunBody"][];
                    } | {
                        /** @constant */
                        action: "update";
                        /**
                         * @default fail
                         * @enum {string}
                         */
                        action_on_non_existence?: "fail" | "skip";
                        entities: components["schemas"]["BulkDagRunBody"][];
                        update_mask?: string[] | null;
                    } | {
                        /** @constant */
                        action: "delete";
                        /**
                         * @default fail
                         * @enum {string}
                         */
                        action_on_non_existence?: "fail" | "skip";
                        entities: (string | components["schemas"]["BulkDagRunBody"])[];
                    })[];
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BulkResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_dag_run: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DAGRunResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    delete_dag_run: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    patch_dag_run: {
        parameters: {
            query?: {
                update_mask?: string[];
            };
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DAGRunPatchBody"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DAGRunResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    clear_dag_run: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DAGRunClearBody"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ClearTaskInstanceCollectionResponse"] | {
                        task_instances: components["schemas"]["NewTaskResponse"][];
                        total_entries: number;
                    } | components["schemas"]["DAGRunResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_hitl_details: {
        parameters: {
            query?: {
                body_search?: string;
                created_at_gt?: string;
                created_at_gte?: string;
                created_at_lt?: string;
                created_at_lte?: string;
                dag_id_pattern?: string;
                dag_id_prefix_pattern?: string;
                limit?: number;
                map_index?: number;
                offset?: number;
                order_by?: string[];
                responded_by_user_id?: string[];
                responded_by_user_name?: string[];
                response_received?: boolean;
                state?: string[];
                subject_search?: string;
                task_id?: string;
                task_id_pattern?: string;
                task_id_prefix_pattern?: string;
            };
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HITLDetailCollection"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    patch_task_group_instances: {
        parameters: {
            query?: {
                update_mask?: string[];
            };
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                group_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PatchTaskInstanceBody"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskInstanceCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    patch_task_group_instances_dry_run: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                group_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PatchTaskInstanceBody"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskInstanceCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_task_instances: {
        parameters: {
            query?: {
                cursor?: string;
                dag_id_pattern?: string;
                dag_id_prefix_pattern?: string;
                duration_gt?: number;
                duration_gte?: number;
                duration_lt?: number;
                duration_lte?: number;
                end_date_gt?: string;
                end_date_gte?: string;
                end_date_lt?: string;
                end_date_lte?: string;
                executor?: string[];
                limit?: number;
                logical_date_gt?: string;
                logical_date_gte?: string;
                logical_date_lt?: string;
                logical_date_lte?: string;
                map_index?: number[];
                offset?: number;
                operator?: string[];
                operator_name_pattern?: string;
                operator_name_prefix_pattern?: string;
                order_by?: string[];
                pool?: string[];
                pool_name_pattern?: string;
                pool_name_prefix_pattern?: string;
                queue?: string[];
                queue_name_pattern?: string;
                queue_name_prefix_pattern?: string;
                rendered_map_index_pattern?: string;
                rendered_map_index_prefix_pattern?: string;
                run_after_gt?: string;
                run_after_gte?: string;
                run_after_lt?: string;
                run_after_lte?: string;
                run_id_pattern?: string;
                run_id_prefix_pattern?: string;
                start_date_gt?: string;
                start_date_gte?: string;
                start_date_lt?: string;
                start_date_lte?: string;
                state?: (("none" | "null" | "no_status") | ("scheduled" | "queued" | "running" | "restarting" | "up_for_retry" | "up_for_reschedule" | "deferred" | "awaiting_input" | "success" | "failed" | "skipped" | "upstream_failed" | "removed"))[];
                task_display_name_pattern?: string;
                task_display_name_prefix_pattern?: string;
                task_group_id?: string;
                task_id?: string;
                try_number?: number[];
                updated_at_gt?: string;
                updated_at_gte?: string;
                updated_at_lt?: string;
                updated_at_lte?: string;
                version_number?: number[];
            };
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskInstanceCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    bulk_task_instances: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    actions: ({
                        /** @constant */
                        action: "create";
                        /**
                         * @default fail
                         * @enum {string}
                         */
                        action_on_existence?: "fail" | "skip" | "overwrite";
                        entities: components["schemas"]["BulkTaskInstanceBody"][];
                    } | {
                        /** @constant */
                        action: "update";
                        /**
                         * @default fail
                         * @enum {string}
                         */
                        action_on_non_existence?: "fail" | "skip";
                        entities: components["schemas"]["BulkTaskInstanceBody"][];
                        update_mask?: string[] | null;
                    } | {
                        /** @constant */
                        action: "delete";
                        /**
                         * @default fail
                         * @enum {string}
                         */
                        action_on_non_existence?: "fail" | "skip";
                        entities: (string | components["schemas"]["BulkTaskInstanceBody"])[];
                    })[];
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BulkResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_task_instance: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                task_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskInstanceResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    delete_task_instance: {
        parameters: {
            query?: {
                map_index?: number;
            };
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                task_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": null;
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    patch_task_instance: {
        parameters: {
            query?: {
                map_index?: number;
                update_mask?: string[];
            };
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                task_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PatchTaskInstanceBody"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskInstanceCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_mapped_task_instance: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                map_index: number;
                task_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskInstanceResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    patch_task_instance_by_map_index: {
        parameters: {
            query?: {
                update_mask?: string[];
            };
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                map_index: number;
                task_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PatchTaskInstanceBody"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskInstanceCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_task_instance_dependencies_by_map_index: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                map_index: number;
                task_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskDependencyCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    patch_task_instance_dry_run_by_map_index: {
        parameters: {
            query?: {
                update_mask?: string[];
            };
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                map_index: number;
                task_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PatchTaskInstanceBody"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskInstanceCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_hitl_detail: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                map_index: number;
                task_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HITLDetail"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    update_hitl_detail: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                map_index: number;
                task_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UpdateHITLDetailPayload"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HITLDetailResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_hitl_detail_try_detail: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                map_index: number;
                task_id: string;
                try_number: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HITLDetailHistory"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_mapped_task_instance_tries: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                map_index: number;
                task_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskInstanceHistoryCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_mapped_task_instance_try_details: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                map_index: number;
                task_id: string;
                task_try_number: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskInstanceHistoryResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_task_instance_dependencies: {
        parameters: {
            query?: {
                map_index?: number;
            };
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                task_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskDependencyCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    patch_task_instance_dry_run: {
        parameters: {
            query?: {
                map_index?: number;
                update_mask?: string[];
            };
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                task_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PatchTaskInstanceBody"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskInstanceCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_external_log_url: {
        parameters: {
            query?: {
                map_index?: number;
            };
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                task_id: string;
                try_number: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExternalLogUrlResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_extra_links: {
        parameters: {
            query?: {
                map_index?: number;
                try_number?: number;
            };
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                task_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ExtraLinkCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_mapped_task_instances: {
        parameters: {
            query?: {
                duration_gt?: number;
                duration_gte?: number;
                duration_lt?: number;
                duration_lte?: number;
                end_date_gt?: string;
                end_date_gte?: string;
                end_date_lt?: string;
                end_date_lte?: string;
                executor?: string[];
                limit?: number;
                logical_date_gt?: string;
                logical_date_gte?: string;
                logical_date_lt?: string;
                logical_date_lte?: string;
                map_index?: number[];
                offset?: number;
                operator?: string[];
                operator_name_pattern?: string;
                operator_name_prefix_pattern?: string;
                order_by?: string[];
                pool?: string[];
                pool_name_pattern?: string;
                pool_name_prefix_pattern?: string;
                queue?: string[];
                queue_name_pattern?: string;
                queue_name_prefix_pattern?: string;
                rendered_map_index_pattern?: string;
                rendered_map_index_prefix_pattern?: string;
                run_after_gt?: string;
                run_after_gte?: string;
                run_after_lt?: string;
                run_after_lte?: string;
                start_date_gt?: string;
                start_date_gte?: string;
                start_date_lt?: string;
                start_date_lte?: string;
                state?: (("none" | "null" | "no_status") | ("scheduled" | "queued" | "running" | "restarting" | "up_for_retry" | "up_for_reschedule" | "deferred" | "awaiting_input" | "success" | "failed" | "skipped" | "upstream_failed" | "removed"))[];
                try_number?: number[];
                updated_at_gt?: string;
                updated_at_gte?: string;
                updated_at_lt?: string;
                updated_at_lte?: string;
                version_number?: number[];
            };
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                task_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskInstanceCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_log: {
        parameters: {
            query?: {
                follow?: boolean;
                full_content?: boolean;
                map_index?: number;
                token?: string;
                tokens?: boolean;
            };
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                task_id: string;
                try_number: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskInstancesLogResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    list_task_state_store: {
        parameters: {
            query?: {
                limit?: number;
                map_index?: number;
                offset?: number;
            };
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                task_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskStateStoreCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    clear_task_state_store: {
        parameters: {
            query?: {
                all_map_indices?: boolean;
                map_index?: number;
            };
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                task_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_task_state_store: {
        parameters: {
            query?: {
                map_index?: number;
            };
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                key: string;
                task_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskStateStoreResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    set_task_state_store: {
        parameters: {
            query?: {
                map_index?: number;
            };
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                key: string;
                task_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TaskStateStoreBody"];
            };
        };
        responses: {
            /** @description Success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    delete_task_state_store: {
        parameters: {
            query?: {
                map_index?: number;
            };
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                key: string;
                task_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    patch_task_state_store: {
        parameters: {
            query?: {
                map_index?: number;
            };
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                key: string;
                task_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TaskStateStorePatchBody"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": null;
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_task_instance_tries: {
        parameters: {
            query?: {
                map_index?: number;
            };
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                task_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskInstanceHistoryCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_task_instance_try_details: {
        parameters: {
            query?: {
                map_index?: number;
            };
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                task_id: string;
                task_try_number: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskInstanceHistoryResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_xcom_entries: {
        parameters: {
            query?: {
                dag_display_name_pattern?: string;
                dag_display_name_prefix_pattern?: string;
                limit?: number;
                logical_date_gt?: string;
                logical_date_gte?: string;
                logical_date_lt?: string;
                logical_date_lte?: string;
                map_index?: number;
                map_index_filter?: number;
                offset?: number;
                order_by?: string[];
                run_after_gt?: string;
                run_after_gte?: string;
                run_after_lt?: string;
                run_after_lte?: string;
                run_id_pattern?: string;
                run_id_prefix_pattern?: string;
                task_id_pattern?: string;
                task_id_prefix_pattern?: string;
                xcom_key?: string;
                xcom_key_pattern?: string;
                xcom_key_prefix_pattern?: string;
            };
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                task_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["XComCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    create_xcom_entry: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                task_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["XComCreateBody"];
            };
        };
        responses: {
            /** @description Success */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["XComResponseNative"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_xcom_entry: {
        parameters: {
            query?: {
                deserialize?: boolean;
                map_index?: number;
                stringify?: boolean;
            };
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                task_id: string;
                xcom_key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["XComResponseNative"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    delete_xcom_entry: {
        parameters: {
            query?: {
                map_index?: number;
            };
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                task_id: string;
                xcom_key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    update_xcom_entry: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
                task_id: string;
                xcom_key: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["XComUpdateBody"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["XComResponseNative"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_task_instances_batch: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["TaskInstancesBatchBody"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskInstanceCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_upstream_asset_events: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AssetEventCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    wait_dag_run_until_finished: {
        parameters: {
            query: {
                interval: number;
                result?: string[];
            };
            header?: never;
            path: {
                dag_id: string;
                dag_run_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": unknown;
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_list_dag_runs_batch: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: "~";
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["DAGRunsBatchBody"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DAGRunCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_dag_versions: {
        parameters: {
            query?: {
                bundle_name?: string;
                bundle_version?: string;
                limit?: number;
                offset?: number;
                order_by?: string[];
                version_number?: number;
            };
            header?: never;
            path: {
                dag_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DAGVersionCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_dag_version: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: string;
                version_number: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DagVersionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_dag_details: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DAGDetailsResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    favorite_dag: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_tasks: {
        parameters: {
            query?: {
                order_by?: string;
            };
            header?: never;
            path: {
                dag_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_task: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: string;
                task_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["TaskResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    unfavorite_dag: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                dag_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_dag_source: {
        parameters: {
            query?: {
                version_number?: number;
            };
            header?: never;
            path: {
                dag_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DAGSourceResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_dag_stats: {
        parameters: {
            query?: {
                dag_ids?: string[];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DagStatsCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_dag_tags: {
        parameters: {
            query?: {
                limit?: number;
                offset?: number;
                order_by?: string[];
                tag_name_pattern?: string;
                tag_name_prefix_pattern?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DAGTagCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    list_dag_warnings: {
        parameters: {
            query?: {
                dag_id?: string;
                limit?: number;
                offset?: number;
                order_by?: string[];
                warning_type?: components["schemas"]["DagWarningType"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["DAGWarningCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_event_logs: {
        parameters: {
            query?: {
                after?: string;
                before?: string;
                dag_id?: string;
                dag_id_pattern?: string;
                dag_id_prefix_pattern?: string;
                event?: string;
                event_pattern?: string;
                event_prefix_pattern?: string;
                excluded_events?: string[];
                included_events?: string[];
                limit?: number;
                map_index?: number;
                offset?: number;
                order_by?: string[];
                owner?: string;
                owner_pattern?: string;
                owner_prefix_pattern?: string;
                run_id?: string;
                run_id_pattern?: string;
                run_id_prefix_pattern?: string;
                task_id?: string;
                task_id_pattern?: string;
                task_id_prefix_pattern?: string;
                try_number?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventLogCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_event_log: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                event_log_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["EventLogResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_import_errors: {
        parameters: {
            query?: {
                bundle_name?: string;
                filename?: string;
                filename_pattern?: string;
                filename_prefix_pattern?: string;
                limit?: number;
                offset?: number;
                order_by?: string[];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImportErrorCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_import_error: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                import_error_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ImportErrorResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_jobs: {
        parameters: {
            query?: {
                end_date_gt?: string;
                end_date_gte?: string;
                end_date_lt?: string;
                end_date_lte?: string;
                executor_class?: string;
                hostname?: string;
                is_alive?: boolean;
                job_state?: string;
                job_type?: string;
                limit?: number;
                offset?: number;
                order_by?: string[];
                start_date_gt?: string;
                start_date_gte?: string;
                start_date_lt?: string;
                start_date_lte?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["JobCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HealthInfoResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    reparse_dag_file: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                file_token: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": null;
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_plugins: {
        parameters: {
            query?: {
                limit?: number;
                offset?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PluginCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    import_errors: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PluginImportErrorCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_pools: {
        parameters: {
            query?: {
                limit?: number;
                offset?: number;
                order_by?: string[];
                pool_name_pattern?: string;
                pool_name_prefix_pattern?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PoolCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    post_pool: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PoolBody"];
            };
        };
        responses: {
            /** @description Success */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PoolResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    bulk_pools: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    actions: ({
                        /** @constant */
                        action: "create";
                        /**
                         * @default fail
                         * @enum {string}
                         */
                        action_on_existence?: "fail" | "skip" | "overwrite";
                        entities: components["schemas"]["PoolBody"][];
                    } | {
                        /** @constant */
                        action: "update";
                        /**
                         * @default fail
                         * @enum {string}
                         */
                        action_on_non_existence?: "fail" | "skip";
                        entities: components["schemas"]["PoolBody"][];
                        update_mask?: string[] | null;
                    } | {
                        /** @constant */
                        action: "delete";
                        /**
                         * @default fail
                         * @enum {string}
                         */
                        action_on_non_existence?: "fail" | "skip";
                        entities: (string | components["schemas"]["PoolBody"])[];
                    })[];
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BulkResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_pool: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                pool_name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PoolResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    delete_pool: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                pool_name: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    patch_pool: {
        parameters: {
            query?: {
                update_mask?: string[];
            };
            header?: never;
            path: {
                pool_name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PoolPatchBody"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PoolResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_providers: {
        parameters: {
            query?: {
                limit?: number;
                offset?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProviderCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_queues: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QueueCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_queue: {
        parameters: {
            query?: {
                executor?: string;
            };
            header?: never;
            path: {
                queue: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["QueueDepthResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_roles: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RoleCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_users: {
        parameters: {
            query?: {
                active?: boolean;
                limit?: number;
                offset?: number;
                order_by?: string[];
                role?: components["schemas"]["RoleName"];
                username_pattern?: string;
                username_prefix_pattern?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    post_user: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UserBody"];
            };
        };
        responses: {
            /** @description Success */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    delete_user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    patch_user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["UserPatchBody"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["UserResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    reset_user_password: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PasswordResetBody"];
            };
        };
        responses: {
            /** @description Success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    delete_user_sessions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_user_tokens: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["AccessTokenCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    delete_user_token: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                token_id: string;
                username: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_variables: {
        parameters: {
            query?: {
                limit?: number;
                offset?: number;
                order_by?: string[];
                variable_key_pattern?: string;
                variable_key_prefix_pattern?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VariableCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    post_variable: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VariableBody"];
            };
        };
        responses: {
            /** @description Success */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VariableResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    bulk_variables: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    actions: ({
                        /** @constant */
                        action: "create";
                        /**
                         * @default fail
                         * @enum {string}
                         */
                        action_on_existence?: "fail" | "skip" | "overwrite";
                        entities: components["schemas"]["VariableBody"][];
                    } | {
                        /** @constant */
                        action: "update";
                        /**
                         * @default fail
                         * @enum {string}
                         */
                        action_on_non_existence?: "fail" | "skip";
                        entities: components["schemas"]["VariableBody"][];
                        update_mask?: string[] | null;
                    } | {
                        /** @constant */
                        action: "delete";
                        /**
                         * @default fail
                         * @enum {string}
                         */
                        action_on_non_existence?: "fail" | "skip";
                        entities: (string | components["schemas"]["VariableBody"])[];
                    })[];
                };
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["BulkResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_variable: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                variable_key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VariableResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    delete_variable: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                variable_key: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    patch_variable: {
        parameters: {
            query?: {
                update_mask?: string[];
            };
            header?: never;
            path: {
                variable_key: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["VariableBody"];
            };
        };
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VariableResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_version: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["VersionInfo"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_workers: {
        parameters: {
            query?: {
                executor?: string;
                limit?: number;
                name_pattern?: string;
                offset?: number;
                order_by?: string[];
                queue?: string;
                state?: "running" | "draining" | "drained" | "offline";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkerCollectionResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    get_worker: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                worker: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkerDetailsResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    drain_worker: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                worker: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkerResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
    resume_worker: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                worker: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Success */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["WorkerResponse"];
                };
            };
            /** @description An error */
            default: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["HTTPExceptionResponse"];
                };
            };
        };
    };
}
