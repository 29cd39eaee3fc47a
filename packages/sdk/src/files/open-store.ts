import { TradewindError } from "@tradewind/core";
import type { Operator } from "opendal";
import { connectionAs, connectionKindOf } from "../connections/connection-kinds.ts";
import type { AzureBlobSettings, GcsSettings, S3Settings } from "../connections/object-store-kinds.ts";
import type { Connection } from "../runtime.ts";
import type { FileStore } from "./file-store.ts";
import { LocalStore } from "./local-store.ts";

/** Kept for the life of the process, so that what one task writes another can read. For tests. */
const memoryStores = new Map<string, Operator>();

/**
 * The store that a connection opens.
 * @param bucket Instead of the connection's own.
 * @throws TradewindError `connection_invalid`
 */
export async function openStore(connection: Connection, bucket: string | null): Promise<FileStore> {
  if (connection.connType === "memory") return memoryStore(connection.connectionId);
  const kind = connectionKindOf(connection.connType);
  switch (kind) {
    case "fs":
      return new LocalStore(connectionAs(connection, "fs").basePath);
    case "s3": {
      const settings = connectionAs(connection, "s3");
      const name = chosen(bucket ?? settings.bucket, connection);
      return objectStore("s3", s3Options(settings, name), `s3://${name}`);
    }
    case "gcs": {
      const settings = connectionAs(connection, "gcs");
      const name = chosen(bucket ?? settings.bucket, connection);
      return objectStore("gcs", gcsOptions(settings, name), `gs://${name}`);
    }
    case "azure_blob": {
      const settings = connectionAs(connection, "azure_blob");
      const name = chosen(bucket ?? settings.container, connection);
      return objectStore("azblob", azureOptions(settings, name), `azure://${name}`);
    }
    default:
      throw new TradewindError(
        "connection_invalid",
        `Connection "${connection.connectionId}" has the type "${connection.connType}", which holds no files. Use one of the types fs, s3, gcs, azure_blob.`,
        { details: { connectionId: connection.connectionId, connType: connection.connType } },
      );
  }
}

async function memoryStore(connectionId: string): Promise<FileStore> {
  const { ObjectStore } = await import("./object-store.ts");
  let operator = memoryStores.get(connectionId);
  if (operator === undefined) memoryStores.set(connectionId, (operator = await newOperator("memory", {})));
  return new ObjectStore(operator, `memory://${connectionId}`);
}

async function objectStore(scheme: string, options: Record<string, string>, address: string): Promise<FileStore> {
  const { ObjectStore } = await import("./object-store.ts");
  return new ObjectStore(await newOperator(scheme, options), address);
}

/** The library is loaded here and not before: it is native code, and most tasks need none. */
async function newOperator(scheme: string, options: Record<string, string>): Promise<Operator> {
  const { Operator } = await import("opendal");
  return new Operator(scheme, options);
}

function s3Options({ accessKeyId, secretAccessKey, sessionToken, region, endpoint }: S3Settings, bucket: string): Record<string, string> {
  return withoutNulls({
    bucket,
    region,
    endpoint,
    access_key_id: accessKeyId,
    secret_access_key: secretAccessKey,
    session_token: sessionToken,
    // A connection with keys means these, whatever else the machine has.
    disable_config_load: accessKeyId === null ? null : "true",
    disable_ec2_metadata: accessKeyId === null ? null : "true",
  });
}

function gcsOptions({ key, keyPath, endpoint }: GcsSettings, bucket: string): Record<string, string> {
  const hasKey = key !== null || keyPath !== null;
  return withoutNulls({
    bucket,
    endpoint,
    credential: key === null ? null : Buffer.from(key).toString("base64"),
    credential_path: keyPath,
    disable_config_load: hasKey ? "true" : null,
    // An emulator asks for no credentials, and the machine it runs on has none to give.
    disable_vm_metadata: hasKey || endpoint !== null ? "true" : null,
    allow_anonymous: !hasKey && endpoint !== null ? "true" : null,
  });
}

function azureOptions({ accountName, accountKey, sasToken, endpoint }: AzureBlobSettings, container: string): Record<string, string> {
  return withoutNulls({ container, endpoint, account_name: accountName, account_key: accountKey, sas_token: sasToken });
}

function withoutNulls(options: Record<string, string | null>): Record<string, string> {
  return Object.fromEntries(Object.entries(options).filter((entry): entry is [string, string] => entry[1] !== null));
}

function chosen(bucket: string | null, { connectionId }: Connection): string {
  if (bucket !== null && bucket !== "") return bucket;
  throw new TradewindError(
    "connection_invalid",
    `Connection "${connectionId}" names no bucket, and the path does not either. Write the path as s3://${connectionId}@bucket/path, or set the connection's schema to the bucket.`,
    { details: { connectionId } },
  );
}
