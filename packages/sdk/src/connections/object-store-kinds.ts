import type { Connection } from "../runtime.ts";
import { ConnectionFields } from "./connection-fields.ts";

/** Amazon S3, or a server that speaks its protocol. Airflow's connection type `aws`. */
export interface S3Settings {
  connectionId: string;
  /** From `login`; null: from the machine's environment or role. */
  accessKeyId: string | null;
  /** From `password`. */
  secretAccessKey: string | null;
  sessionToken: string | null;
  region: string;
  /** From `extra.endpoint_url`, or from the host; null: Amazon's. */
  endpoint: string | null;
  /** From `schema` or `extra.bucket`: for paths that name none. */
  bucket: string | null;
}

export function readS3(connection: Connection): S3Settings {
  const fields = new ConnectionFields(connection, { kind: "an S3 object store", connTypes: ["s3", "aws"] });
  const { connectionId, login, password, host, port, schema } = connection;
  const address = host ? `${host.includes("://") ? host : `https://${host}`}${port === null ? "" : `:${port}`}` : null;
  const endpoint = fields.text("endpoint_url", "endpoint") ?? address;
  if (endpoint !== null && !URL.canParse(endpoint))
    throw fields.invalid(`has the endpoint "${endpoint}", which is not a URL. Write it as https://s3.example.com.`);
  if ((login === null) !== (password === null)) {
    throw fields.invalid(
      `has only one of login (access key id) and password (secret access key). Set both, or neither to use the machine's own credentials.`,
    );
  }
  return {
    connectionId,
    accessKeyId: login ?? fields.text("aws_access_key_id") ?? null,
    secretAccessKey: password ?? fields.text("aws_secret_access_key") ?? null,
    sessionToken: fields.text("aws_session_token", "session_token") ?? null,
    region: fields.text("region_name", "region") ?? "us-east-1",
    endpoint,
    bucket: fields.text("bucket", "bucket_name") ?? (schema || null),
  };
}

/** Google Cloud Storage. Airflow's connection type `google_cloud_platform`. */
export interface GcsSettings {
  connectionId: string;
  /** The key of a service account, as JSON text; null: from `keyPath`, else the machine's own credentials. */
  key: string | null;
  keyPath: string | null;
  endpoint: string | null;
  bucket: string | null;
}

export function readGcs(connection: Connection): GcsSettings {
  const fields = new ConnectionFields(connection, {
    kind: "a Google Cloud Storage",
    connTypes: ["gcs", "google_cloud_platform", "google_cloud_storage"],
  });
  const keyfile = connection.extra.keyfile_dict;
  const key = typeof keyfile === "object" && keyfile !== null ? JSON.stringify(keyfile) : fields.text("keyfile_dict");
  if (key !== undefined && !isJson(key))
    throw fields.invalid(`has an extra "keyfile_dict" that is not JSON. Paste the content of the service account's key file.`);
  return {
    connectionId: connection.connectionId,
    key: key ?? null,
    keyPath: fields.text("key_path", "keyfile_path") ?? null,
    endpoint: fields.text("endpoint_url", "endpoint") ?? null,
    bucket: fields.text("bucket", "bucket_name") ?? (connection.schema || null),
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Azure Blob Storage. Airflow's connection type `wasb`. */
export interface AzureBlobSettings {
  connectionId: string;
  /** From `login`. */
  accountName: string;
  /** From `password`. */
  accountKey: string | null;
  sasToken: string | null;
  endpoint: string;
  /** The bucket, under Azure's name. */
  container: string | null;
}

export function readAzureBlob(connection: Connection): AzureBlobSettings {
  const fields = new ConnectionFields(connection, { kind: "an Azure Blob Storage", connTypes: ["azure_blob", "wasb", "azblob", "azure"] });
  const accountName = fields.requiredText("login", "login");
  const { connectionId, host, schema, password } = connection;
  const endpoint = fields.text("endpoint_url", "endpoint") ?? (host ? (host.includes("://") ? host : `https://${host}`) : undefined);
  return {
    connectionId,
    accountName,
    accountKey: password,
    sasToken: fields.text("sas_token")?.replace(/^\?/, "") ?? null,
    endpoint: endpoint ?? `https://${accountName}.blob.core.windows.net`,
    container: fields.text("container") ?? (schema || null),
  };
}

/** A folder of the machine the task runs on. Airflow's connection type `fs`. */
export interface LocalFilesSettings {
  connectionId: string;
  /** Paths are below it. Default `"/"`. */
  basePath: string;
}

export function readLocalFiles(connection: Connection): LocalFilesSettings {
  const fields = new ConnectionFields(connection, { kind: "a folder", connTypes: ["fs", "file"] });
  const basePath = fields.text("path") ?? connection.host ?? "/";
  if (!basePath.startsWith("/"))
    throw fields.invalid(`has the path "${basePath}", which is not absolute. Write it from the root: {"path": "/data"}.`);
  return { connectionId: connection.connectionId, basePath };
}
