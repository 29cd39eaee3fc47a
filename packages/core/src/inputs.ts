import type { InputSpec, Json, TaskSpec } from "./dag-spec.ts";
import { TradewindError } from "./errors.ts";
import { formatJsonPath } from "./json-path.ts";
import { showValue } from "./show-value.ts";

/** The key under which a handler's result is kept. */
export const RETURN_VALUE_KEY = "return_value";

export interface XComRef {
  taskId: string;
  key: string;
}

/** The XCom of an upstream task in the same run: of a mapped one the list of its instances' values in index order; undefined when there is none. */
export type XComLookup = (ref: XComRef) => Json | undefined;

/** The XComs that a task needs, each once, to be fetched before its inputs are resolved. */
export function listXComRefs(task: Pick<TaskSpec, "inputs" | "mapping">): XComRef[] {
  const refs = new Map<string, XComRef>();
  const visit = (input: InputSpec): void => {
    if (input.kind === "xcom") refs.set(JSON.stringify([input.taskId, input.key]), { taskId: input.taskId, key: input.key });
    else if (input.kind === "list") input.items.forEach(visit);
    else if (input.kind === "object") Object.values(input.entries).forEach(visit);
  };
  Object.values(task.inputs).forEach(visit);
  Object.values(task.mapping?.inputs ?? {}).forEach(visit);
  return [...refs.values()];
}

/**
 * The values of named inputs.
 * @param taskId Whose inputs they are, for errors.
 * @throws TradewindError `input_unavailable`, naming the input and what is missing.
 */
export function resolveInputs(inputs: Readonly<Record<string, InputSpec>>, lookup: XComLookup, taskId: string): Record<string, Json> {
  return Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, resolveInput(input, lookup, { taskId, name })]));
}

interface Consumer {
  taskId: string;
  name: string;
}

function resolveInput(input: InputSpec, lookup: XComLookup, consumer: Consumer): Json {
  switch (input.kind) {
    case "value":
      return input.value;
    case "xcom":
      return walk(lookup({ taskId: input.taskId, key: input.key }), input, consumer);
    case "list":
      return input.items.map((item) => resolveInput(item, lookup, consumer));
    case "object":
      return Object.fromEntries(Object.entries(input.entries).map(([key, entry]) => [key, resolveInput(entry, lookup, consumer)]));
  }
}

type XComInput = Extract<InputSpec, { kind: "xcom" }>;

/**
 * An upstream that returned nothing, or was skipped and let its downstream run all the same, gives null, as in Airflow. Any other XCom, and any part of
 * a result, has to be there.
 */
function walk(value: Json | undefined, input: XComInput, consumer: Consumer): Json {
  if (value === undefined) {
    if (input.key === RETURN_VALUE_KEY && input.path.length === 0) return null;
    const missing = input.key === RETURN_VALUE_KEY ? "has no result" : `has no XCom "${input.key}"`;
    throw unavailable(input, consumer, `which ${missing} (it may have been skipped, or have returned nothing)`);
  }
  let found: Json = value;
  for (const [depth, step] of input.path.entries()) {
    const next = member(found, step);
    if (next === undefined) throw unavailable(input, consumer, `whose ${placeOf(input, depth)} is ${describe(found)} without "${step}"`);
    found = next;
  }
  return found;
}

function member(value: Json, step: string): Json | undefined {
  if (Array.isArray(value)) return /^(0|[1-9]\d*)$/.test(step) ? value[Number(step)] : undefined;
  if (typeof value !== "object" || value === null) return undefined;
  return Object.hasOwn(value, step) ? value[step] : undefined;
}

function placeOf(input: XComInput, depth: number): string {
  const what = input.key === RETURN_VALUE_KEY ? "result" : `XCom "${input.key}"`;
  const path = input.path.slice(0, depth).map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  return depth === 0 ? what : `${what} at ${formatJsonPath(path)}`;
}

function describe(value: Json): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value !== "object" || value === null) return `the value ${showValue(value)}`;
  const keys = Object.keys(value);
  const shown = keys.slice(0, 10).map((key) => `"${key}"`);
  return keys.length === 0 ? "an empty object" : `an object of ${shown.join(", ")}${keys.length > shown.length ? " …" : ""}`;
}

function unavailable(input: XComInput, { taskId, name }: Consumer, what: string): TradewindError {
  return new TradewindError("input_unavailable", `Input "${name}" of task "${taskId}" comes from task "${input.taskId}", ${what}.`, {
    details: { taskId, input: name, upstreamTaskId: input.taskId, key: input.key, path: input.path },
  });
}
