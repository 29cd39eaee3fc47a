import { assertJson, type DagRunState, errorMessage, isTradewindError, type Json, TradewindError } from "@tradewind/core";
import { taskScope } from "./context.ts";
import { readInstant, type Instant } from "./instant.ts";
import type { Connection, TaskRuntime } from "./runtime.ts";

/** What a task may ask Tradewind for: `getClient()`. */
export interface TaskClient {
  variables: VariablesClient;
  connections: ConnectionsClient;
  xcom: XComClient;
  dagRuns: DagRunsClient;
}

export interface VariablesClient {
  /**
   * The value of a variable, or `options.default` when there is none.
   * @throws TradewindError `variable_not_found` without a default
   * @example
   * const region = await getClient().variables.get("region", { default: "eu" });
   */
  get<Default extends string | null = string>(key: string, options?: { default: Default }): Promise<string | Default>;
  /** As `get`, for a variable that holds JSON. The type is the caller's claim. */
  getJson<T = Json>(key: string, options?: { default: T }): Promise<T>;
  /** Makes or replaces a variable; what is no string is written as JSON. */
  set(key: string, value: Json, options?: { description?: string }): Promise<void>;
  /** False: there was none. */
  delete(key: string): Promise<boolean>;
}

export interface ConnectionsClient {
  /**
   * A connection with its secrets; they are masked in the task's log from then on.
   * @throws TradewindError `connection_not_found`
   * @example
   * const { host, login, password } = await getClient().connections.get("warehouse");
   */
  get(connectionId: string): Promise<Connection>;
}

export interface XComClient {
  /**
   * The XCom of a task of this run, or null. Results of tasks are better taken as inputs; this is for other keys, other runs and other DAGs.
   * @param address.key Default `"return_value"`.
   * @param address.mapIndex Default: of a mapped task the list of all instances' values.
   */
  get<T = Json>(address: { taskId: string; key?: string; mapIndex?: number; dagId?: string; runId?: string }): Promise<T | null>;
  /** Keeps a value under a key of its own, beside the task's result. */
  set(key: string, value: Json): Promise<void>;
}

export interface DagRunsClient {
  /** Starts a run of another DAG and does not wait for it. */
  trigger(request: {
    dagId: string;
    conf?: Record<string, Json>;
    logicalDate?: Instant | null;
    runId?: string;
  }): Promise<{ dagId: string; runId: string; state: DagRunState | null }>;
  /**
   * Where a run stands.
   * @throws TradewindError `dag_run_not_found`
   */
  state(dagId: string, runId: string): Promise<DagRunState>;
}

/**
 * Variables, connections, XComs and runs, for the task that is running. Works anywhere below a handler, also after `await`.
 *
 * @example
 * const key = await getClient().variables.get("api_key");
 * @throws TradewindError `invalid_request` outside of a task
 */
export function getClient(): TaskClient {
  const { runtime } = taskScope("getClient()");
  return { variables: variables(runtime), connections: connections(runtime), xcom: xcom(runtime), dagRuns: dagRuns(runtime) };
}

function variables(runtime: TaskRuntime): VariablesClient {
  const find = async (key: string, options: { default: unknown } | undefined, read: (text: string) => unknown): Promise<unknown> => {
    const text = await runtime.getVariable(key);
    if (text !== undefined) return read(text);
    if (options) return options.default;
    throw notFound(
      "variable_not_found",
      runtime,
      `variable "${key}"`,
      `${runtime.howToSet?.("variable", key) ?? `Set it with "tradewind variables set ${key} VALUE"`}, or ask with a default: variables.get("${key}", { default: "…" }).`,
    );
  };
  return {
    get: (key, options) => find(key, options, (text) => text) as never,
    getJson: (key, options) => find(key, options, (text) => parseJson(key, text)) as never,
    async set(key, value, options = {}) {
      const text = typeof value === "string" ? value : JSON.stringify(checkedJson(value, `variable "${key}"`));
      await runtime.setVariable(key, text, options.description ?? null);
    },
    delete: (key) => runtime.deleteVariable(key),
  };
}

function parseJson(key: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    // The text may be a secret, and parse errors quote it.
    throw new TradewindError("not_json", `Variable "${key}" does not hold JSON. Read it with variables.get("${key}"), or correct it.`, {
      details: { key, position: (cause as Error).message.match(/position (\d+)/)?.[1] ?? null },
    });
  }
}

function connections(runtime: TaskRuntime): ConnectionsClient {
  return {
    async get(connectionId) {
      const connection = await runtime.getConnection(connectionId);
      if (connection) return connection;
      const advice = runtime.howToSet?.("connection", connectionId) ?? `Add it with "tradewind connections set ${connectionId} …"`;
      throw notFound("connection_not_found", runtime, `connection "${connectionId}"`, `${advice}.`);
    },
  };
}

function xcom(runtime: TaskRuntime): XComClient {
  return {
    async get({ key = "return_value", ...address }) {
      return ((await runtime.getXCom({ ...address, key })) ?? null) as never;
    },
    async set(key, value) {
      await runtime.setXCom(key, checkedJson(value, `XCom "${key}"`));
    },
  };
}

function dagRuns(runtime: TaskRuntime): DagRunsClient {
  return {
    async trigger({ dagId, logicalDate, ...rest }) {
      const date = logicalDate === undefined || logicalDate === null ? logicalDate : readInstant(logicalDate, "UTC", "logicalDate");
      return {
        dagId,
        ...(await runtime.triggerDagRun({ dagId, logicalDate: date, ...rest }).catch((cause: unknown) => refused(dagId, runtime, cause))),
      };
    },
    async state(dagId, runId) {
      const state = await runtime.getDagRunState(dagId, runId);
      if (state !== undefined) return state;
      throw notFound("dag_run_not_found", runtime, `run "${runId}" of DAG "${dagId}"`, "Check both ids; old runs may have been deleted.");
    },
  };
}

function refused(dagId: string, runtime: TaskRuntime, cause: unknown): never {
  if (!isTradewindError(cause)) throw cause;
  throw new TradewindError(cause.code, `${whoAsks(runtime)} could not start a run of DAG "${dagId}": ${cause.message}`, {
    details: { ...cause.details, dagId },
  });
}

/** A callback of a DAG is no task's. */
function whoAsks({ context: { dagId, taskId } }: TaskRuntime): string {
  return taskId === "" ? `A callback of DAG "${dagId}"` : `Task "${taskId}" of DAG "${dagId}"`;
}

function checkedJson(value: unknown, what: string): Json {
  try {
    assertJson(value);
    return value;
  } catch (cause) {
    throw new TradewindError("not_json", `The value for ${what} is not JSON: ${errorMessage(cause)}`, { cause });
  }
}

function notFound(
  code: "variable_not_found" | "connection_not_found" | "dag_run_not_found",
  runtime: TaskRuntime,
  what: string,
  advice: string,
): TradewindError {
  const { dagId, taskId } = runtime.context;
  return new TradewindError(code, `${whoAsks(runtime)} asked for ${what}, which does not exist. ${advice}`, {
    details: { dagId, taskId },
  });
}
