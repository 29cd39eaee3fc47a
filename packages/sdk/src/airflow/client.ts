import { TradewindError } from "@tradewind/core";
import { getClient as getOwnClient } from "../client.ts";
import { taskScope } from "../context.ts";
import type { Connection, TaskRuntime } from "../runtime.ts";
import { keptUnder } from "../templates/jinja-scope.ts";
import type { Asset, AssetRef } from "./asset.ts";
import type { JsonValue } from "./node-types.ts";

/** Where an XCom is read; what is left out is the running task's own. */
export interface GetXComOpts {
  key: string;
  dagId?: string;
  runId?: string;
  taskId?: string;
  mapIndex?: number | null;
  /** Only false: Tradewind reads the XComs of the run that is asked for. */
  includePriorDates?: boolean;
}

/** A value to keep. Only the running task's own XComs can be set, so the other names may only say what is the case. */
export interface SetXComOpts {
  key: string;
  value: JsonValue;
  dagId?: string;
  runId?: string;
  taskId?: string;
  mapIndex?: number | null;
}

/** A connection, under the names of Airflow's TypeScript SDK. `extra` is JSON text. */
export interface ConnectionResult {
  id: string;
  type: string;
  host?: string | null;
  schema?: string | null;
  login?: string | null;
  password?: string | null;
  port?: number | null;
  extra?: string | null;
}

/** State that belongs to an asset. Tradewind keeps none: each method fails. */
export interface AssetStateStore {
  get<T = unknown>(key: string): Promise<T | null>;
  set(key: string, value: NonNullable<JsonValue>): Promise<void>;
  delete(key: string): Promise<void>;
  clear(): Promise<void>;
}

export interface AssetStateStores {
  forAsset(asset: Asset | AssetRef): AssetStateStore;
}

/** What a task may ask for, under the names of Airflow's TypeScript SDK. */
export interface TaskClient {
  /** Null: there is none. */
  getVariable(key: string): Promise<string | null>;
  /** @throws VariableNotFoundError */
  getVariableOrThrow(key: string): Promise<string>;
  setVariable(key: string, value: string, description?: string | null): Promise<void>;
  /** Does nothing when there is none. */
  deleteVariable(key: string): Promise<void>;
  /** Null: there is none. The type is the caller's claim. */
  getXCom<T = unknown>(opts: GetXComOpts): Promise<T | null>;
  setXCom(opts: SetXComOpts): Promise<void>;
  /** Null: there is none. */
  getConnection(connId: string): Promise<ConnectionResult | null>;
  /** @throws ConnectionNotFoundError */
  getConnectionOrThrow(connId: string): Promise<ConnectionResult>;
  readonly assetStateStore: AssetStateStores;
}

/** `getVariableOrThrow` found no variable. */
export class VariableNotFoundError extends Error {
  override readonly name = "VariableNotFoundError";
  readonly key: string;

  constructor(key: string) {
    super(`There is no variable "${key}". Set it with "tradewind variables set ${key} VALUE", or ask with getVariable(), which gives null.`);
    this.key = key;
  }
}

/** `getConnectionOrThrow` found no connection. */
export class ConnectionNotFoundError extends Error {
  override readonly name = "ConnectionNotFoundError";
  readonly connId: string;

  constructor(connId: string) {
    super(`There is no connection "${connId}". Add it with "tradewind connections set ${connId} …", or ask with getConnection(), which gives null.`);
    this.connId = connId;
  }
}

/**
 * Variables, connections and XComs for the task that is running; works below a handler only, also after `await`.
 *
 * @example
 * const region = (await getClient().getVariable("region")) ?? "eu";
 * @throws TradewindError `invalid_request` outside of a task
 */
export function getClient(): TaskClient {
  const { runtime } = taskScope("getClient()");
  const getVariable = async (key: string) => (await runtime.getVariable(key)) ?? null;
  const getConnection = async (connId: string) => connectionResult(await runtime.getConnection(connId));
  return {
    getVariable,
    async getVariableOrThrow(key) {
      const value = await getVariable(key);
      if (value === null) throw new VariableNotFoundError(key);
      return value;
    },
    setVariable: (key, value, description = null) => runtime.setVariable(key, value, description),
    deleteVariable: async (key) => void (await runtime.deleteVariable(key)),
    getXCom: <T>(opts: GetXComOpts) => getXCom<T>(runtime, opts),
    setXCom: (opts) => setXCom(runtime, opts),
    getConnection,
    async getConnectionOrThrow(connId) {
      const connection = await getConnection(connId);
      if (connection === null) throw new ConnectionNotFoundError(connId);
      return connection;
    },
    assetStateStore: { forAsset: noAssetState },
  };
}

async function getXCom<T>(runtime: TaskRuntime, opts: GetXComOpts): Promise<T | null> {
  const { context } = runtime;
  if (opts.includePriorDates === true) {
    throw new TradewindError(
      "invalid_request",
      `Task "${context.taskId}" asked for XCom "${opts.key}" with includePriorDates, which Tradewind does not know. Name the run with runId, or keep the value in a variable.`,
    );
  }
  const { key, dagId, runId, taskId = context.taskId } = opts;
  const isOwn = taskId === context.taskId && (dagId ?? context.dagId) === context.dagId;
  const mapIndex = opts.mapIndex ?? (isOwn && context.mapIndex >= 0 ? context.mapIndex : undefined);
  const value = await runtime.getXCom({ taskId, dagId, runId, mapIndex, key: keptUnder(key, taskId, dagId ?? context.dagId) });
  return (value ?? null) as T | null;
}

async function setXCom({ context }: TaskRuntime, opts: SetXComOpts): Promise<void> {
  for (const name of ["dagId", "runId", "taskId"] as const) {
    const wanted = opts[name];
    if (wanted === undefined || wanted === context[name]) continue;
    throw new TradewindError(
      "invalid_request",
      `Task "${context.taskId}" tried to set XCom "${opts.key}" with ${name} "${wanted}". A task sets its own XComs only; let the other task set it, or keep the value in a variable.`,
      { details: { [name]: wanted } },
    );
  }
  await getOwnClient().xcom.set(opts.key, opts.value);
}

function connectionResult(connection: Connection | undefined): ConnectionResult | null {
  if (connection === undefined) return null;
  const { connectionId, connType, host, schema, login, password, port, extra } = connection;
  return {
    id: connectionId,
    type: connType,
    host,
    schema,
    login,
    password,
    port,
    extra: Object.keys(extra).length === 0 ? null : JSON.stringify(extra),
  };
}

function noAssetState(): AssetStateStore {
  throw new TradewindError(
    "invalid_request",
    "Tradewind keeps no state of assets. Keep the value in a variable: getClient().setVariable(key, text).",
  );
}
