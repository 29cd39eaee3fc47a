import { randomUUID } from "node:crypto";
import type { Json } from "@tradewind/core";
import { taskNowMs } from "../context.ts";
import type { TemplateContext } from "../operator.ts";
import type { Connection, TaskRuntime } from "../runtime.ts";
import { strftime, strptime } from "./jinja-date-formats.ts";
import { JinjaDate, JinjaDuration } from "./jinja-dates.ts";
import type { Names } from "./jinja-evaluator.ts";
import { keptUnder } from "./jinja-scope.ts";
import { Callable, type JinjaFunction, type JinjaValue, Members, missing, toJson, toText, Undefined } from "./jinja-values.ts";
import { TemplateProblem } from "./template-problem.ts";

type Provider = () => JinjaValue | Promise<JinjaValue>;

/** Airflow's names for a task that is running. Each value is made, and asked for, when a template names it. */
export function airflowNames(runtime: TaskRuntime, context: TemplateContext<unknown>, further: Record<string, Provider> = {}): Names {
  const names = { ...dateNames(context), ...objectNames(runtime, context), ...FUNCTIONS, ...further };
  const asked = new Map<string, JinjaValue | Promise<JinjaValue>>();
  return {
    find(name) {
      if (!asked.has(name)) asked.set(name, Object.hasOwn(names, name) ? names[name]!() : unknownName(name, Object.keys(names)));
      return asked.get(name);
    },
  };
}

function unknownName(name: string, known: readonly string[]): Undefined {
  if (!name.startsWith("prev_")) return missing(name, name, known);
  return new Undefined(
    `"${name}" is not known: a task is not told of earlier runs. Keep what the next run needs in a variable, or read an XCom of that run with ti.xcom_pull(run_id=…)`,
  );
}

function dateNames(context: TemplateContext<unknown>): Record<string, Provider> {
  const { run, logicalDate, dataInterval } = context;
  const at = new JinjaDate((logicalDate ?? run.runAfter).getTime());
  return {
    ds: () => strftime(at, "%Y-%m-%d"),
    ds_nodash: () => strftime(at, "%Y%m%d"),
    ts: () => at.isoformat(),
    ts_nodash: () => strftime(at, "%Y%m%dT%H%M%S"),
    ts_nodash_with_tz: () => strftime(at, "%Y%m%dT%H%M%S%z"),
    logical_date: () =>
      logicalDate === null ? new Undefined(`"logical_date" is not known: the run has none. "ds" and "ts" go by the time it was to start`) : at,
    data_interval_start: () => new JinjaDate(dataInterval.start.getTime()),
    data_interval_end: () => new JinjaDate(dataInterval.end.getTime()),
  };
}

function objectNames(runtime: TaskRuntime, context: TemplateContext<unknown>): Record<string, Provider> {
  const ti = taskInstance(runtime, context);
  const { dag, run, task } = context;
  return {
    params: () => context.params,
    inputs: () => context.inputs as JinjaValue,
    run_id: () => run.runId,
    ti: () => ti,
    task_instance: () => ti,
    task_instance_key_str: () => `${dag.dagId}__${task.taskId}__${context.dsNodash}`,
    task: () =>
      Members.of("task", { task_id: () => task.taskId, operator: () => task.operator, task_type: () => task.operator, dag_id: () => dag.dagId }),
    dag: () =>
      Members.of("dag", {
        dag_id: () => dag.dagId,
        description: () => dag.description,
        owner: () => dag.owner,
        tags: () => dag.tags,
        version: () => dag.version,
      }),
    dag_run: () => dagRun(context),
    var: () =>
      Members.of("var", { value: () => variables(runtime, "value", (_key, text) => text), json: () => variables(runtime, "json", parseVariable) }),
    conn: () => new Members("conn", (id) => connection(runtime, id)),
    macros: () => MACROS,
    test_mode: () => false,
  };
}

function dagRun({ dag, run }: TemplateContext<unknown>): Members {
  const date = (value: Date | null | undefined) => (value === null || value === undefined ? null : new JinjaDate(value.getTime()));
  return Members.of("dag_run", {
    dag_id: () => dag.dagId,
    run_id: () => run.runId,
    run_type: () => run.type,
    conf: () => run.conf,
    logical_date: () => date(run.logicalDate),
    data_interval_start: () => date(run.dataInterval?.start),
    data_interval_end: () => date(run.dataInterval?.end),
    run_after: () => date(run.runAfter),
    start_date: () => date(run.startedAt),
  });
}

function taskInstance(runtime: TaskRuntime, { dag, run, task, attempt }: TemplateContext<unknown>): Members {
  return Members.of("ti", {
    task_id: () => task.taskId,
    dag_id: () => dag.dagId,
    run_id: () => run.runId,
    map_index: () => task.mapIndex,
    try_number: () => attempt.tryNumber,
    max_tries: () => attempt.maxTries - 1,
    operator: () => task.operator,
    xcom_pull: () => new Callable("ti.xcom_pull", (args, named) => xcomPull(runtime, args, named)),
  });
}

/** As Airflow: one task id gives a value, a list of them a list. */
async function xcomPull(runtime: TaskRuntime, args: readonly JinjaValue[], named: Readonly<Record<string, JinjaValue>>): Promise<JinjaValue> {
  const { context } = runtime;
  const positional: Record<string, JinjaValue> = {};
  for (const [index, value] of args.entries()) positional[["task_ids", "dag_id", "key"][index] ?? "…"] = value;
  const given = { ...positional, ...named };
  const unknown = Object.keys(given).find((name) => !XCOM_ARGUMENTS.includes(name));
  if (unknown !== undefined) throw new TemplateProblem(`xcom_pull() has no argument "${unknown}"; it has ${XCOM_ARGUMENTS.join(", ")}`);
  const text = (name: string, fallback: string) => (given[name] === undefined || given[name] === null ? fallback : toText(given[name]));
  const [dagId, key, runId] = [text("dag_id", context.dagId), text("key", "return_value"), text("run_id", context.runId)];
  const mapIndex = typeof given["map_indexes"] === "number" ? given["map_indexes"] : undefined;
  const pull = async (taskId: string): Promise<JinjaValue> => {
    const address = { taskId, key: keptUnder(key, taskId, dagId), dagId, runId, mapIndex };
    return (await runtime.getXCom(address)) ?? given["default"] ?? null;
  };
  const wanted = given["task_ids"];
  return Array.isArray(wanted) ? Promise.all(wanted.map((taskId) => pull(toText(taskId)))) : pull(text("task_ids", context.taskId));
}

const XCOM_ARGUMENTS = ["task_ids", "dag_id", "key", "default", "map_indexes", "run_id"];

/** `var.value.name`, and `var.value.get('name', 'default')`. */
function variables(runtime: TaskRuntime, kind: "value" | "json", read: (key: string, text: string) => JinjaValue): Members {
  const find = async (key: string): Promise<JinjaValue> => {
    const text = await runtime.getVariable(key);
    return text === undefined
      ? new Undefined(`there is no variable "${key}"; set it, or give a default: var.${kind}.get('${key}', '…')`)
      : read(key, text);
  };
  const get: JinjaFunction = async ([key, fallback], named) => {
    const found = await find(toText(key));
    const otherwise = named["default_var"] ?? named["default"] ?? fallback;
    return found instanceof Undefined && otherwise !== undefined ? otherwise : found;
  };
  return new Members(`var.${kind}`, (name) => (name === "get" ? new Callable(`var.${kind}.get`, get) : find(name)));
}

function parseVariable(key: string, text: string): JinjaValue {
  try {
    return JSON.parse(text) as Json;
  } catch {
    // The text may be a secret, so it is not quoted.
    throw new TemplateProblem(`the variable "${key}" does not hold JSON; read it with var.value.${key}`);
  }
}

async function connection(runtime: TaskRuntime, id: string): Promise<JinjaValue> {
  if (id === "get") return new Callable("conn.get", async ([wanted], _named) => connection(runtime, toText(wanted)));
  const found = await runtime.getConnection(id);
  if (found === undefined) return new Undefined(`there is no connection "${id}"`);
  return Members.of(`conn.${id}`, {
    conn_id: () => found.connectionId,
    conn_type: () => found.connType,
    description: () => found.description,
    host: () => found.host,
    schema: () => found.schema,
    login: () => found.login,
    password: () => found.password,
    port: () => found.port,
    extra: () => JSON.stringify(found.extra),
    extra_dejson: () => found.extra,
    get_uri: () => new Callable("get_uri", () => connectionUri(found)),
  });
}

function connectionUri({ connType, host, schema, login, password, port, extra }: Connection): string {
  const user =
    login === null && password === null ? "" : `${encodeURIComponent(login ?? "")}${password === null ? "" : `:${encodeURIComponent(password)}`}@`;
  const place = `${encodeURIComponent(host ?? "")}${port === null ? "" : `:${port}`}`;
  const query = new URLSearchParams(
    Object.entries(extra).map(([name, value]): [string, string] => [name, typeof value === "string" ? value : JSON.stringify(value)]),
  ).toString();
  return `${connType.replaceAll("_", "-")}://${user}${place}/${encodeURIComponent(schema ?? "")}${query === "" ? "" : `?${query}`}`;
}

const fn = (name: string, call: JinjaFunction) => new Callable(name, call);
const moduleOf = (name: string, members: Record<string, JinjaFunction>) =>
  Members.of(name, Object.fromEntries(Object.entries(members).map(([member, call]) => [member, () => fn(`${name}.${member}`, call)])));
const now: JinjaFunction = () => new JinjaDate(taskNowMs());

const DATETIME = new Callable(
  "macros.datetime",
  ([year, month, day, hour, minute, second], named) =>
    JinjaDate.fromParts(
      Object.fromEntries(Object.entries({ year, month, day, hour, minute, second, ...named }).filter(([, value]) => value !== undefined)),
    ),
  moduleOf("macros.datetime", {
    now,
    utcnow: now,
    today: now,
    strptime: ([text, format]) => strptime(toText(text), toText(format)),
    fromisoformat: ([text]) => new JinjaDate(Date.parse(toText(text))),
    fromtimestamp: ([seconds]) => new JinjaDate(Number(seconds) * 1000),
  }),
);

const TIMEDELTA = fn("macros.timedelta", (args, named) => JinjaDuration.of(named, args));

/** Airflow's `macros`, as far as they need nothing but their arguments. */
const MACROS = Members.of("macros", {
  ds_add: () => fn("macros.ds_add", ([ds, days]) => strftime(strptime(toText(ds), "%Y-%m-%d").add({ days: Number(days) }, 1), "%Y-%m-%d")),
  ds_format: () => fn("macros.ds_format", ([ds, from, to]) => strftime(strptime(toText(ds), toText(from)), toText(to))),
  datetime: () => DATETIME,
  timedelta: () => TIMEDELTA,
  time: () => moduleOf("macros.time", { time: () => taskNowMs() / 1000 }),
  uuid: () => moduleOf("macros.uuid", { uuid4: () => randomUUID() }),
  random: () => fn("macros.random", () => Math.random()),
  json: () => moduleOf("macros.json", { loads: ([text]) => JSON.parse(toText(text)) as Json, dumps: ([value]) => JSON.stringify(toJson(value)) }),
});

const MAX_RANGE = 1_000_000;

const FUNCTIONS: Record<string, Provider> = {
  range: () =>
    fn("range", (args) => {
      const [start, stop, step] = args.length === 1 ? [0, Number(args[0]), 1] : [Number(args[0]), Number(args[1]), Number(args[2] ?? 1)];
      const length = Math.max(0, Math.ceil((stop - start) / step));
      if (!Number.isFinite(length) || length > MAX_RANGE) throw new TemplateProblem(`range() would have more than ${MAX_RANGE} members`);
      return Array.from({ length }, (_, index) => start + index * step);
    }),
  dict: () => fn("dict", (_args, named) => ({ ...named })),
};
