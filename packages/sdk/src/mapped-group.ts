import { type DagDefinition, type GroupDefinition, TASK_REF } from "./definition.ts";
import { definitionError } from "./definition-error.ts";
import type { KwargsList } from "./inputs.ts";
import { readInputs } from "./read-inputs.ts";
import { type Expansion, readMapping } from "./read-mapping.ts";
import { type ItemOf, makePartRef, type PartRef, type ResultRef } from "./result-ref.ts";
import { isTaskRef, type LinkableGroup, type TaskRef } from "./task-ref.ts";

/** What a mapped group may be expanded over, by name: lists, objects, and results that are one. */
export type GroupExpandables = { readonly [name: string]: ResultRef<object> | readonly unknown[] | { readonly [key: string]: unknown } };

/** What one instance of a mapped group gets of what it is expanded over. */
type MemberOf<V> =
  V extends ResultRef<infer Value>
    ? ItemOf<Value>
    : V extends readonly (infer Item)[]
      ? ValueOf<Item>
      : { [K in keyof V]: [K & string, ValueOf<V[K]>] }[keyof V];

type ValueOf<V> = V extends ResultRef<infer Value> ? Value : V;

/** The inputs that the builder of a mapped group gets: references that stand for one value in each instance. */
export type ExpandedInputs<Expanded> = { readonly [Name in keyof Expanded]: PartRef<MemberOf<Expanded[Name]>> };
export type ConstantInputs<Constants> = { readonly [Name in keyof Constants]: PartRef<ValueOf<Constants[Name]>> };
export type KwargsInputs<Kwargs> = { readonly [Name in keyof Kwargs]-?: PartRef<Kwargs[Name]> };

/** What a mapped group's builder returned, seen from outside: each task's result is the list of its instances' results. */
export type Collected<Result> =
  Result extends TaskRef<infer One>
    ? TaskRef<One[]>
    : Result extends ResultRef<unknown> | LinkableGroup
      ? Result
      : Result extends object
        ? { readonly [Name in keyof Result]: Collected<Result[Name]> }
        : Result;

export type GroupKwargs<Kwargs> = KwargsList<Kwargs>;

/** Makes a defined group a mapped one. Gives the inputs of its builder. */
export function mapGroup(
  dag: DagDefinition,
  groupId: string,
  constants: unknown,
  expansion: Expansion,
): { readonly [name: string]: PartRef<unknown> } {
  const group = dag.groups.get(groupId)!;
  assertPlain(dag, group, "mapped");
  const fixed = readInputs(dag, groupId, constants, "Task group");
  const { mapping, upstream } = readMapping({ dag, id: groupId, what: "Task group" }, expansion, fixed.inputs);
  group.inputs = fixed.inputs;
  group.mapping = mapping;
  for (const taskId of new Set([...fixed.upstream, ...upstream])) {
    dag.edges.push({ from: { kind: "task", taskId }, to: { kind: "group", groupId } });
  }
  const inputRef = (name: string) => makePartRef<unknown>(dag, [], (path) => ({ kind: "group_input", groupId, name, path }));
  if (mapping.kind === "expand") {
    return Object.fromEntries([...Object.keys(fixed.inputs), ...mapping.order].map((name) => [name, inputRef(name)]));
  }
  // The names are only known when the list is: any name may be asked for.
  return new Proxy({}, { get: (_, name) => (typeof name === "string" ? inputRef(name) : undefined) });
}

/** A group is one thing: mapped, a loop, or neither. */
export function assertPlain(dag: DagDefinition, { groupId, mapping, loop, site }: GroupDefinition, wanted: "mapped" | "a loop"): void {
  if (mapping === null && loop === null) return;
  const found = mapping !== null ? "mapped" : "a loop";
  throw definitionError(
    `Task group "${groupId}" in DAG "${dag.dagId}" is ${found} already and can't be made ${wanted}${found === wanted ? " again" : " as well"}. Use a group of its own for it.`,
    { dagId: dag.dagId, groupId, site },
  );
}

/** A part of a result can't be collected over the instances: outside, the result is a list. */
export function assertCollectable(dag: DagDefinition, groupId: string, result: unknown): void {
  if (isTaskRef(result)) {
    const { taskId, path } = result[TASK_REF];
    if (path.length === 0) return;
    throw definitionError(
      `The builder of the mapped task group "${groupId}" in DAG "${dag.dagId}" returns a part (${path.join(".")}) of the result of "${taskId}". Outside, that result is the list of all instances' results: return the task's whole result, and take parts of it there with map().`,
      { dagId: dag.dagId, groupId },
    );
  }
  if (Array.isArray(result)) for (const item of result) assertCollectable(dag, groupId, item);
  else if (typeof result === "object" && result !== null && Object.getPrototypeOf(result) === Object.prototype) {
    for (const item of Object.values(result)) assertCollectable(dag, groupId, item);
  }
}
