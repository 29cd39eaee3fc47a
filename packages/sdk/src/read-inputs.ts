import type { InputSpec, Json } from "@tradewind/core";
import type { DagDefinition } from "./definition.ts";
import { definitionError, show } from "./definition-error.ts";
import { assertSameDag, type ResultRefTarget, resultTargetOf } from "./ref-target.ts";

interface Collector {
  dag: DagDefinition;
  /** Whose inputs they are, for errors: `task "load"`. */
  owner: string;
  facts: { dagId: string; taskId?: string; groupId?: string };
  /** Ids of the tasks whose results were found inside. */
  upstream: Set<string>;
  ancestors: Set<object>;
}

export interface ReadInputs {
  inputs: Record<string, InputSpec>;
  upstream: string[];
}

/** Reads what an author gave as named inputs of a task or a group, and tells which tasks they come from. Members that are `undefined` are left out. */
export function readInputs(dag: DagDefinition, id: string, given: unknown, what: "Task" | "Task group" = "Task"): ReadInputs {
  if (given === undefined) return { inputs: {}, upstream: [] };
  const facts = { dagId: dag.dagId, ...(what === "Task" ? { taskId: id } : { groupId: id }) };
  const target = resultTargetOf(given);
  if (!isPlainObject(given) || target !== undefined) {
    const found = target === undefined ? show(given) : describeTarget(target);
    throw definitionError(
      `${what} "${id}" in DAG "${dag.dagId}" was called with ${found}. A task takes one object of named inputs: write ${id.split(".").at(-1)}({ name: value }).`,
      facts,
    );
  }
  const collector: Collector = { dag, owner: `${what.toLowerCase()} "${id}"`, facts, upstream: new Set(), ancestors: new Set() };
  const inputs: Record<string, InputSpec> = {};
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined) setOwn(inputs, name, readInput(collector, value, name));
  }
  return { inputs, upstream: [...collector.upstream] };
}

/** Reads one value that was given as an input. */
export function readInputOf(dag: DagDefinition, value: unknown, owner: string): { input: InputSpec; upstream: string[] } {
  const collector: Collector = { dag, owner, facts: { dagId: dag.dagId }, upstream: new Set(), ancestors: new Set() };
  const input = readInput(collector, value, "value");
  return { input, upstream: [...collector.upstream] };
}

function readInput(collector: Collector, value: unknown, place: string): InputSpec {
  const target = resultTargetOf(value);
  if (target !== undefined) return readRef(collector, target, place);
  if (Array.isArray(value)) return readList(collector, value, place);
  if (isPlainObject(value)) return readObject(collector, value, place);
  if (value === null || typeof value === "string" || typeof value === "boolean" || (typeof value === "number" && Number.isFinite(value)))
    return { kind: "value", value };
  throw unusable(collector, value, place);
}

function readRef(collector: Collector, target: ResultRefTarget, place: string): InputSpec {
  assertSameDag(collector.dag, target.dag, describeTarget(target), `Input "${place}" of ${collector.owner}`);
  for (const taskId of target.upstream) collector.upstream.add(taskId);
  return target.input;
}

function describeTarget({ input, upstream }: ResultRefTarget): string {
  if (input.kind === "xcom") return `the result of task "${input.taskId}"`;
  return upstream.length === 0 ? "an input of a task group" : `a list made from the results of "${upstream.join('", "')}"`;
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
    throw definitionError(`Input "${place}" of ${collector.owner} in DAG "${collector.dag.dagId}" contains itself. Inputs must be JSON.`, {
      ...collector.facts,
    });
  }
  collector.ancestors.add(container);
  const result = read();
  collector.ancestors.delete(container);
  return result;
}

function unusable({ dag, owner, facts }: Collector, value: unknown, place: string): Error {
  return definitionError(`Input "${place}" of ${owner} in DAG "${dag.dagId}" is ${describe(value)}. ${remedy(value)}`, facts);
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
