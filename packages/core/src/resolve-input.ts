import type { InputSpec, Json } from "./dag-spec.ts";
import { TradewindError } from "./errors.ts";
import { formatJsonPath } from "./json-path.ts";
import { showValue } from "./show-value.ts";

const RETURN_VALUE = "return_value";

/**
 * A function of the author (`map()`) that a part of the inputs goes through, in the process of the attempt.
 *
 * `path` leads from the object of named inputs to that part. A step `"*"` stands for every member of a list, `"*3"` for its member 3. What the function drops by a skip is left
 * out of the innermost list that such a step leads through; where there is none, it skips the attempt.
 */
export interface InputMap {
  path: string[];
  mapId: string;
  /** A path into what the function gave, which is put in its place. */
  pick?: string[];
}

/** A value, and the functions that parts of it have yet to go through, inner first; their paths begin at the value. */
export interface Resolved {
  value: Json;
  maps: InputMap[];
}

/** What inputs are resolved with, and whose they are. */
export interface ResolveContext {
  taskId: string;
  name: string;
  lookup: (ref: { taskId: string; key: string }) => Json | undefined;
  groupInput: (groupId: string, name: string) => Resolved;
  /** With a path: what the result of the iteration before has there. Null: the number of the iteration. */
  iteration: (groupId: string, path: string[] | null) => Json;
}

/** @throws TradewindError `input_unavailable`, `mapping_invalid` */
export function resolveInput(input: InputSpec, context: ResolveContext): Resolved {
  switch (input.kind) {
    case "value":
      return plain(input.value);
    case "xcom":
      return plain(walkPath(context.lookup({ taskId: input.taskId, key: input.key }), input, context));
    case "list": {
      const items = input.items.map((item) => resolveInput(item, context));
      return { value: items.map(({ value }) => value), maps: items.flatMap(({ maps }, index) => below([String(index)], maps)) };
    }
    case "object": {
      const entries = Object.entries(input.entries).map(([key, entry]) => [key, resolveInput(entry, context)] as const);
      return {
        value: Object.fromEntries(entries.map(([key, { value }]) => [key, value])),
        maps: entries.flatMap(([key, { maps }]) => below([key], maps)),
      };
    }
    case "zip":
      return zip(input, context);
    case "concat":
      return concat(input, context);
    case "map": {
      const { value, maps } = resolveInput(input.input, context);
      return { value: toList(value, context, "map()"), maps: [...maps, { path: ["*"], mapId: input.mapId }] };
    }
    case "group_input": {
      const { value, maps } = context.groupInput(input.groupId, input.name);
      return pick({ value, maps }, input.path, context, `group "${input.groupId}"`);
    }
    case "loop_index":
      return plain(context.iteration(input.groupId, null));
    case "loop_previous":
      return plain(context.iteration(input.groupId, input.path));
  }
}

/** The members of a list or, as pairs in order of their keys, of an object. @throws TradewindError `mapping_invalid` */
export function toList(value: Json, { taskId, name }: Pick<ResolveContext, "taskId" | "name">, what: string): Json[] {
  if (Array.isArray(value)) return value;
  if (typeof value === "object" && value !== null)
    return Object.keys(value)
      .sort()
      .map((key) => [key, value[key]!]);
  const of = name === "" ? "" : ` of its input "${name}"`;
  throw new TradewindError("mapping_invalid", `"${taskId}" uses ${what}${of}, which takes lists or objects; found ${showValue(value, 80)}.`, {
    details: { taskId, input: name },
  });
}

/** The functions that apply to one member of a list, with paths that begin at the member. */
export function mapsOfMember(maps: readonly InputMap[], index: number): InputMap[] {
  return maps.flatMap((map) => {
    const [step, ...path] = map.path;
    return step === "*" || step === `*${index}` || step === String(index) ? [{ ...map, path }] : [];
  });
}

function zip(input: Extract<InputSpec, { kind: "zip" }>, context: ResolveContext): Resolved {
  const items = input.items.map((item) => resolveInput(item, context));
  const lists = items.map(({ value }) => toList(value, context, "zip()"));
  const lengths = lists.map((list) => list.length);
  const hasFill = Object.hasOwn(input, "fill");
  const length = lists.length === 0 ? 0 : hasFill ? Math.max(...lengths) : Math.min(...lengths);
  const value = Array.from({ length }, (_, index) => lists.map((list) => (index < list.length ? list[index]! : (input.fill ?? null))));
  const maps = items.flatMap(({ maps: own }, place) =>
    own.flatMap((map) => {
      const [step, ...rest] = map.path;
      // What fills up is no member of that list, so its function does not see it.
      if (step === "*" && lengths[place]! >= length) return [{ ...map, path: ["*", String(place), ...rest] }];
      const own = step === "*" ? Array.from({ length: lengths[place]! }, (_, index) => index) : [Number(step!.replace("*", ""))];
      return own.filter((index) => index < length).map((index) => ({ ...map, path: [`*${index}`, String(place), ...rest] }));
    }),
  );
  return { value, maps };
}

function concat(input: Extract<InputSpec, { kind: "concat" }>, context: ResolveContext): Resolved {
  const value: Json[] = [];
  const maps: InputMap[] = [];
  for (const item of input.items) {
    const resolved = resolveInput(item, context);
    const list = toList(resolved.value, context, "concat()");
    const from = value.length;
    for (const map of resolved.maps) {
      const [step, ...rest] = map.path;
      const members = step === "*" ? list.map((_, index) => index) : [Number(step!.replace("*", ""))];
      maps.push(...members.map((index) => ({ ...map, path: [`*${from + index}`, ...rest] })));
    }
    value.push(...list);
  }
  return { value, maps };
}

/** A part of a value; where a function makes the value, the part is taken from what it gives. */
function pick({ value, maps }: Resolved, path: readonly string[], context: ResolveContext, from: string): Resolved {
  if (path.length === 0) return { value, maps };
  const whole = maps.findLastIndex((map) => map.path.length === 0);
  if (whole >= 0) return { value, maps: maps.map((map, index) => (index === whole ? { ...map, pick: [...(map.pick ?? []), ...path] } : map)) };
  let kept = maps;
  for (const step of path)
    kept = kept.flatMap((map) =>
      map.path[0] === step || map.path[0] === "*" || map.path[0] === `*${step}` ? [{ ...map, path: map.path.slice(1) }] : [],
    );
  return { value: walkPath(value, { taskId: from, key: RETURN_VALUE, path: [...path] }, context), maps: kept };
}

function below(prefix: readonly string[], maps: readonly InputMap[]): InputMap[] {
  return maps.map((map) => ({ ...map, path: [...prefix, ...map.path] }));
}

function plain(value: Json): Resolved {
  return { value, maps: [] };
}

interface Place {
  taskId: string;
  key: string;
  path: string[];
}

/**
 * An upstream that returned nothing, or was skipped and let its downstream run all the same, gives null, as in Airflow. Any other XCom, and any part of
 * a result, has to be there.
 */
export function walkPath(value: Json | undefined, place: Place, consumer: Pick<ResolveContext, "taskId" | "name">): Json {
  if (value === undefined) {
    if (place.key === RETURN_VALUE && place.path.length === 0) return null;
    const missing = place.key === RETURN_VALUE ? "has no result" : `has no XCom "${place.key}"`;
    throw unavailable(place, consumer, `which ${missing} (it may have been skipped, or have returned nothing)`);
  }
  let found: Json = value;
  for (const [depth, step] of place.path.entries()) {
    const next = member(found, step);
    if (next === undefined) throw unavailable(place, consumer, `whose ${placeOf(place, depth)} is ${describe(found)} without "${step}"`);
    found = next;
  }
  return found;
}

function member(value: Json, step: string): Json | undefined {
  if (Array.isArray(value)) return /^(0|[1-9]\d*)$/.test(step) ? value[Number(step)] : undefined;
  if (typeof value !== "object" || value === null) return undefined;
  return Object.hasOwn(value, step) ? value[step] : undefined;
}

function placeOf({ key, path: whole }: Place, depth: number): string {
  const what = key === RETURN_VALUE ? "result" : `XCom "${key}"`;
  const path = whole.slice(0, depth).map((step) => (/^\d+$/.test(step) ? Number(step) : step));
  return depth === 0 ? what : `${what} at ${formatJsonPath(path)}`;
}

function describe(value: Json): string {
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value !== "object" || value === null) return `the value ${showValue(value)}`;
  const keys = Object.keys(value);
  const shown = keys.slice(0, 10).map((key) => `"${key}"`);
  return keys.length === 0 ? "an empty object" : `an object of ${shown.join(", ")}${keys.length > shown.length ? " …" : ""}`;
}

function unavailable(place: Place, { taskId, name }: Pick<ResolveContext, "taskId" | "name">, what: string): TradewindError {
  return new TradewindError("input_unavailable", `Input "${name}" of task "${taskId}" comes from task "${place.taskId}", ${what}.`, {
    details: { taskId, input: name, upstreamTaskId: place.taskId, key: place.key, path: place.path },
  });
}
