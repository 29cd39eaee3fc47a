import { z } from "zod";
import { Instant, JsonObject, JsonValue } from "../../http/values.ts";

const reference = { created_at: Instant, updated_at: Instant };
const taskReference = { dag_id: z.string(), task_id: z.string(), ...reference };
const optionalText = z.string().nullable();

const AssetAliasResponse = z.strictObject({ id: z.number(), name: z.string(), group: z.string() }).meta({ id: "AssetAliasResponse" });
export const AssetAliasCollectionResponse = z
  .strictObject({ asset_aliases: z.array(AssetAliasResponse), total_entries: z.number() })
  .meta({ id: "AssetAliasCollectionResponse" });

export const AssetResponse = z
  .strictObject({
    id: z.number(),
    name: z.string(),
    uri: z.string(),
    group: z.string(),
    extra: JsonObject.nullable(),
    ...reference,
    scheduled_dags: z.array(z.strictObject({ dag_id: z.string(), ...reference }).meta({ id: "DagScheduleAssetReference" })),
    producing_tasks: z.array(z.strictObject(taskReference).meta({ id: "TaskOutletAssetReference" })),
    consuming_tasks: z.array(z.strictObject(taskReference).meta({ id: "TaskInletAssetReference" })),
    aliases: z.array(AssetAliasResponse),
    watchers: z.array(z.strictObject({ name: z.string(), trigger_id: z.number(), created_date: Instant }).meta({ id: "AssetWatcherResponse" })),
    last_asset_event: z.strictObject({ id: z.number().nullable(), timestamp: Instant.nullable() }).meta({ id: "LastAssetEventResponse" }).nullable(),
  })
  .meta({ id: "AssetResponse" });
export const AssetCollectionResponse = z
  .strictObject({ assets: z.array(AssetResponse), total_entries: z.number() })
  .meta({ id: "AssetCollectionResponse" });

const DagRunAssetReference = z
  .strictObject({
    run_id: z.string(),
    dag_id: z.string(),
    logical_date: Instant.nullable(),
    start_date: Instant,
    end_date: Instant.nullable(),
    state: z.string(),
    data_interval_start: Instant.nullable(),
    data_interval_end: Instant.nullable(),
    partition_key: optionalText,
    triggering: z.boolean(),
  })
  .meta({ id: "DagRunAssetReference" });

export const AssetEventResponse = z
  .strictObject({
    id: z.number(),
    asset_id: z.number(),
    uri: optionalText,
    name: optionalText,
    group: optionalText,
    extra: JsonObject.nullable(),
    source_task_id: optionalText,
    source_dag_id: optionalText,
    source_run_id: optionalText,
    source_map_index: z.number(),
    created_dagruns: z.array(DagRunAssetReference),
    timestamp: Instant,
    partition_key: optionalText,
  })
  .meta({ id: "AssetEventResponse" });
export const AssetEventCollectionResponse = z
  .strictObject({ asset_events: z.array(AssetEventResponse), total_entries: z.number() })
  .meta({ id: "AssetEventCollectionResponse" });

export const QueuedEventResponse = z
  .strictObject({ dag_id: z.string(), asset_id: z.number(), created_at: Instant, dag_display_name: z.string() })
  .meta({ id: "QueuedEventResponse" });
export const QueuedEventCollectionResponse = z
  .strictObject({ queued_events: z.array(QueuedEventResponse), total_entries: z.number() })
  .meta({ id: "QueuedEventCollectionResponse" });

export const CreateAssetEventsBody = z
  .strictObject({
    asset_id: z.number().int(),
    partition_key: optionalText.optional(),
    extra: JsonObject.optional(),
    access_control: z
      .strictObject({ consumer_teams: z.array(z.string()).nullable().optional(), allow_global: z.boolean().default(true) })
      .meta({ id: "AssetEventAccessControl" })
      .nullable()
      .optional(),
  })
  .meta({ id: "CreateAssetEventsBody" });

const LastUpdatedBy = z
  .strictObject({
    kind: z.enum(["task", "watcher", "api"]),
    dag_id: optionalText,
    run_id: optionalText,
    task_id: optionalText,
    map_index: z.number().nullable(),
  })
  .meta({ id: "AssetStateStoreLastUpdatedBy" });
export const AssetStateStoreResponse = z
  .strictObject({ key: z.string(), value: JsonValue, updated_at: Instant, last_updated_by: LastUpdatedBy.nullable() })
  .meta({ id: "AssetStateStoreResponse" });
export const AssetStateStoreCollectionResponse = z
  .strictObject({ asset_state_store: z.array(AssetStateStoreResponse), total_entries: z.number() })
  .meta({ id: "AssetStateStoreCollectionResponse" });
export const AssetStateStoreBody = z.strictObject({ value: JsonValue }).meta({ id: "AssetStateStoreBody" });
