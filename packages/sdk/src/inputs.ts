import type { InputSpec, Json } from "@tradewind/core";
import { type DagDefinition, TASK_REF } from "./definition.ts";
import { definitionError, show } from "./definition-error.ts";
import { assertSameDag, isTaskRef, type TaskRef } from "./task-ref.ts";

/**
 * What may be given for an input of type `T`: a constant, the result of a task, or a list or an object with results of tasks somewhere inside.
 */
export type Input<T> = [T] extends [never] ? never : T | TaskRef<T> | Nested<T>;

type Nested<T> = T extends string | number | boolean | null | undefined
  ? never
  : T extends readonly unknown[]
    ? { readonly [K in keyof T]: Input<T[K]> }
    : T extends object
      ? { readonly [K in keyof T]: Input<T[K]> }
      : never;

/** The argument of a task factory, from the argument of its handler. */
export type InputsOf<Arguments> = { [K in keyof Arguments]: Input<Arguments[K]> };

/** The argument of a handler that takes none. */
export type NoInputs = { [name: string]: never };

/** What may be given to `expand` for an input of type `T`; an object gives `[key, value]` pairs, as in Airflow. */
export type Expandable<T> =
  | readonly Input<T>[]
  | TaskRef<readonly T[]>
  | (T extends readonly [string, infer Value] ? Record<string, Input<Value>> | TaskRef<Record<string, Value>> : never);

export type ExpandablesOf<Arguments> = { [K in keyof Arguments]: Expandable<Exclude<Arguments[K], undefined>> };

interface Collector {
  dag: DagDefinition;
  taskId: string;
  /** Ids of the tasks whose results were found inside. */
  upstream: Set<string>;
  ancestors: Set<object>;
}

/** Reads what an author gave as inputs of a task, and tells which tasks it comes from. Members that are `undefined` are left out. */
export function readInputs(dag: DagDefinition, taskId: string, given: unknown): { inputs: Record<string, InputSpec>; upstream: string[] } {
  if (given === undefined) return { inputs: {}, upstream: [] };
  if (!isPlainObject(given) || isTaskRef(given)) {
    throw definitionError(
      `Task "${taskId}" in DAG "${dag.dagId}" was called with ${isTaskRef(given) ? `the result of "${given.taskId}"` : show(given)}. A task takes one object of named inputs: write ${taskId.split(".").at(-1)}({ name: value }).`,
      { dagId: dag.dagId, taskId },
    );
  }
  const collector: Collector = { dag, taskId, upstream: new Set(), ancestors: new Set() };
  const inputs: Record<string, InputSpec> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined) inputs[name] = readInput(collector, value, name);
  }
  return { inputs, upstream: [...collector.upstream] };
}

function readInput(collector: Collector, value: unknown, place: string): InputSpec {
  if (isTaskRef(value)) return readRef(collector, value, place);
  if (Array.isArray(value)) return readList(collector, value, place);
  if (isPlainObject(value)) return readObject(collector, value, place);
  if (value === null || typeof value === "string" || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value)))
    return { kind: "value", value };
  throw unusable(collector, value, place);
}

function readRef(collector: Collector, ref: TaskRef<unknown>, place: string): InputSpec {
  const { dag, taskId, path } = ref[TASK_REF];
  assertSameDag(collector.dag, dag, `the result of task "${taskId}"`, `Input "${place}" of task "${collector.taskId}"`);
  collector.upstream.add(taskId);
  return { kind: "xcom", taskId, key: "return_value", path };
}

function readList(collector: Collector, list: unknown[], place: string): InputSpec {
  const items = within(collector, list, place, () => list.map((item, index) => readInput(collector, item, `${place}[${index}]`)));
  if (items.every((item) => item.kind === "value")) return { kind: "value", value: items.map((item) => item.value) };
  return { kind: "list", items };
}

function readObject(collector: Collector, object: Record<string, unknown>, place: string): InputSpec {
  const entries: Record<string, InputSpec> = {};
  within(collector, object, place, () => {
    for (const [name, member] of Object.entries(object)) {
      if (member !== undefined) setOwn(entries, name, readInput(collector, member, `${place}.${name}`));
    }
  });
  if (Object.values(entries).some((entry) => entry.kind !== "value")) return { kind: "object", entries };
  const value: Record<string, Json> = {};
  for (const [name, entry] of Object.entries(entries)) setOwn(value, name, (entry as { value: Json }).value);
  return { kind: "value", value };
}

/** Plain assignment would lose a member that is named `__proto__`. */
function setOwn<T>(object: Record<string, T>, name: string, value: T): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

function within<T>(collector: Collector, container: object, place: string, read: () => T): T {
  if (collector.ancestors.has(container)) {
    throw definitionError(`Input "${place}" of task "${collector.taskId}" in DAG "${collector.dag.dagId}" contains itself. Inputs must be JSON.`, {
      dagId: collector.dag.dagId,
      taskId: collector.taskId,
    });
  }
  collector.ancestors.add(container);
  const result = read();
  collector.ancestors.delete(container);
  return result;
}

function unusable({ dag, taskId }: Collector, value: unknown, place: string): Error {
  return definitionError(`Input "${place}" of task "${taskId}" in DAG "${dag.dagId}" is ${describe(value)}. ${remedy(value)}`, {
    dagId: dag.dagId,
    taskId,
  });
}

function describe(value: unknown): string {
  if (typeof value === "object" && value !== null) return `a ${value.constructor?.name ?? "special object"}`;
  return typeof value === "function" || typeof value === "number" ? show(value) : `a ${typeof value} (${String(value)})`;
}

function remedy(value: unknown): string {
  if (typeof value === "function")
    return "If it is a task, call it: a task's result is passed by calling the task. Other functions can't be inputs; call them in the handler.";
  if (value instanceof Date) return "Inputs travel as JSON: pass date.toISOString() and make a Date of it in the handler.";
  if (value instanceof Promise) return "A DAG file must not wait for anything at its calls; await the value before, or compute it in a task.";
  return "Inputs travel as JSON: use null, booleans, finite numbers, strings, lists, plain objects, and results of tasks.";
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}
