import { connectionFormOf } from "@tradewind/core";
import type { Connection } from "../runtime.ts";
import {
  type AzureBlobSettings,
  type GcsSettings,
  type LocalFilesSettings,
  readAzureBlob,
  readGcs,
  readLocalFiles,
  readS3,
  type S3Settings,
} from "./object-store-kinds.ts";
import { type DockerSettings, readDocker } from "./docker-kind.ts";
import { type HttpSettings, readHttp, readSlackWebhook, type SlackWebhookSettings } from "./http-kinds.ts";
import { type PostgresSettings, readPostgres } from "./postgres-kind.ts";
import { readSmtp, type SmtpSettings } from "./smtp-kind.ts";

/** What a connection of each kind holds, read and checked. The names of the kinds are values of `connType`. */
export interface ConnectionKinds {
  postgres: PostgresSettings;
  http: HttpSettings;
  slack_webhook: SlackWebhookSettings;
  smtp: SmtpSettings;
  s3: S3Settings;
  gcs: GcsSettings;
  azure_blob: AzureBlobSettings;
  fs: LocalFilesSettings;
  docker: DockerSettings;
  /** Anything else: the fields as they are. */
  generic: Connection;
}

export type ConnectionKind = keyof ConnectionKinds;

const READERS: { [K in ConnectionKind]: (connection: Connection) => ConnectionKinds[K] } = {
  postgres: readPostgres,
  http: readHttp,
  slack_webhook: readSlackWebhook,
  smtp: readSmtp,
  s3: readS3,
  gcs: readGcs,
  azure_blob: readAzureBlob,
  fs: readLocalFiles,
  docker: readDocker,
  generic: (connection) => connection,
};

/** The kind that a `connType` names, Airflow's names among them; `generic` for one that is not known here. */
export function connectionKindOf(connType: string): ConnectionKind {
  return (connectionFormOf(connType)?.connType ?? "generic") as ConnectionKind;
}

/**
 * A connection with typed fields: what its kind needs is checked, defaults are filled in, and `extra` is read under Airflow's names.
 *
 * @param connection As `getClient().connections.get(id)` gives it.
 * @throws TradewindError `connection_invalid`: it is of another kind, a field is missing, or a value is not acceptable
 * @example
 * const { host, port, database } = connectionAs(await getClient().connections.get("warehouse"), "postgres");
 */
export function connectionAs<K extends ConnectionKind>(connection: Connection, kind: K): ConnectionKinds[K] {
  return READERS[kind](connection);
}
