import { isAbsolute } from "node:path";
import { TradewindError } from "@tradewind/core";
import { getClient } from "../client.ts";
import type { Connection } from "../runtime.ts";
import type { FileStore } from "./file-store.ts";
import { LocalStore } from "./local-store.ts";
import { openStore } from "./open-store.ts";

/**
 * Where files are: an absolute path of the worker's disk, `scheme://connection@bucket/path` as Airflow writes it (schemes s3, gs, azure; without `connection@` the worker's own
 * credentials are used), or a path under a connection, whose bucket or folder it is in.
 */
export type FileLocation = string | { connection: string; path: string };

export interface OpenLocation {
  store: FileStore;
  /** In the store, without a slash in front. A slash at the end, or an empty path, means a folder. */
  path: string;
}

const SCHEMES: Record<string, string> = {
  s3: "s3",
  s3a: "s3",
  gs: "gcs",
  gcs: "gcs",
  azure: "azure_blob",
  azblob: "azure_blob",
  wasb: "azure_blob",
  abfs: "azure_blob",
};

/** @throws TradewindError `task_failed`, `connection_not_found`, `connection_invalid` */
export async function openLocation(location: FileLocation): Promise<OpenLocation> {
  if (typeof location === "object") {
    const connection = await getClient().connections.get(location.connection);
    return { store: await openStore(connection, null), path: location.path.replace(/^\/+/, "") };
  }
  const url = /^([a-z0-9]+):\/\/(?:([^@/]+)@)?([^/]*)\/?(.*)$/s.exec(location);
  if (url === null) return { store: new LocalStore("/"), path: localPath(location) };
  const [, scheme = "", connectionId, bucket = "", path = ""] = url;
  if (scheme === "file") return { store: new LocalStore("/"), path };
  const connType = SCHEMES[scheme];
  if (connType === undefined) throw unknownScheme(location, scheme);
  const connection = connectionId === undefined ? ownCredentials(connType) : await getClient().connections.get(connectionId);
  return { store: await openStore(connection, bucket), path };
}

function localPath(path: string): string {
  if (isAbsolute(path)) return path.replace(/^\/+/, "");
  throw new TradewindError(
    "task_failed",
    `The path "${path}" is not absolute. Tasks run in folders of their own: write it from the root, as a URL such as s3://connection@bucket/path, or name a connection of the type fs.`,
  );
}

function ownCredentials(connType: string): Connection {
  const connectionId = `the worker's own credentials`;
  return { connectionId, connType, description: null, host: null, port: null, login: null, password: null, schema: null, extra: {} };
}

function unknownScheme(location: string, scheme: string): TradewindError {
  return new TradewindError(
    "task_failed",
    `"${location}" begins with ${scheme}://, which is not known. Known are file, ${Object.keys(SCHEMES).join(", ")}.`,
  );
}
