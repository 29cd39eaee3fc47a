import type { DagGraph, TaskNode } from "./dag-graph.ts";
import type { InputSpec, Json, MappingSpec } from "./dag-spec.ts";
import { indexGroupOf, isLoopTask, isMultiplied } from "./index-groups.ts";
import { KWARGS_INPUT, mappedMembers, mappingInputs } from "./mapping.ts";
import { type InputMap, resolveInput, type ResolveContext, walkPath } from "./resolve-input.ts";

/** The key under which a handler's result is kept. */
export const RETURN_VALUE_KEY = "return_value";

export interface XComRef {
  taskId: string;
  key: string;
}

/** One stored value of a task: map index -1 where the task is not multiplied. */
export interface XComValue {
  mapIndex: number;
  value: Json;
}

/** All that a task of the run has under a key, in order of the map indexes. */
export type XComReader = (ref: XComRef) => readonly XComValue[];

/** What a named input is resolved by: the XCom of an upstream task as its consumer sees it; undefined when there is none. */
export type XComLookup = (ref: XComRef) => Json | undefined;

/** The inputs of one task instance. */
export interface ResolvedInputs {
  inputs: Record<string, Json>;
  /** Functions of the author that parts of the inputs have to go through before the handler gets them, in this order. */
  inputMaps: InputMap[];
}

/** The XComs that an instance of a task needs, each once, to be fetched before its inputs are resolved. */
export function listXComRefs(graph: DagGraph, node: TaskNode): XComRef[] {
  const groups = node.groupIds.map((id) => graph.groups.get(id)!.spec);
  const used = [...Object.values(node.spec.inputs), ...mappingInputs(node.spec.mapping)];
  const fromGroups = groups.flatMap((group) => {
    const names = new Set(used.flatMap((input) => listGroupInputs(input, group.groupId)));
    if (names.size === 0) return [];
    const constants = Object.entries(group.inputs).flatMap(([name, input]) => (names.has(name) ? [input] : []));
    return [...constants, ...([...names].some((name) => !Object.hasOwn(group.inputs, name)) ? mappingInputs(group.mapping) : [])];
  });
  const loop = groups.find((group) => group.loop !== null)?.loop;
  const needsPrevious = loop != null && used.some((input) => contains(input, "loop_previous"));
  return distinct([...listRefs([...used, ...fromGroups]), ...(needsPrevious ? [{ taskId: loop.resultTaskId, key: RETURN_VALUE_KEY }] : [])]);
}

/** The XComs by which the length of a mapping is found out. */
export function listMappingRefs(mapping: MappingSpec): XComRef[] {
  return distinct(listRefs(mappingInputs(mapping)));
}

/**
 * The named inputs of an instance's handler: constants, what it is mapped over, what its group is mapped over.
 * @throws TradewindError `input_unavailable`, `mapping_invalid`, naming the input and what is missing.
 */
export function resolveTaskInputs(graph: DagGraph, node: TaskNode, mapIndex: number, read: XComReader): ResolvedInputs {
  const { spec } = node;
  const context = contextOf(graph, node, mapIndex, read);
  const inputMaps: InputMap[] = [];
  const inputs: Record<string, Json> = {};
  const put = (name: string, input: InputSpec): void => {
    const resolved = resolveInput(input, { ...context, name });
    inputs[name] = resolved.value;
    inputMaps.push(...resolved.maps.map((map) => ({ ...map, path: [name, ...map.path] })));
  };
  for (const [name, input] of Object.entries(spec.inputs)) put(name, input);
  if (spec.mapping === null || mapIndex < 0) return { inputs, inputMaps };
  for (const { name, value, maps } of mappedMembers(spec.mapping, context, mapIndex)) {
    inputs[name] = value;
    inputMaps.push(...maps.map((map) => ({ ...map, path: [name, ...map.path] })));
  }
  return { inputs, inputMaps };
}

/** What the inputs of a mapping are resolved by: of a task's own, or of the group that it is in. */
export function mappingContext(graph: DagGraph, ownerId: string, read: XComReader): ResolveContext {
  return {
    taskId: ownerId,
    name: "",
    lookup: lookupFor(graph, null, -1, read),
    groupInput: () => ({ value: null, maps: [] }),
    iteration: () => null,
  };
}

function contextOf(graph: DagGraph, node: TaskNode, mapIndex: number, read: XComReader): ResolveContext {
  const lookup = lookupFor(graph, node, mapIndex, read);
  const outside = lookupFor(graph, null, -1, read);
  return {
    taskId: node.taskId,
    name: "",
    lookup,
    groupInput: (groupId, name) => {
      const group = graph.groups.get(groupId)!.spec;
      const context: ResolveContext = {
        taskId: groupId,
        name,
        lookup: outside,
        groupInput: () => ({ value: null, maps: [] }),
        iteration: () => null,
      };
      const constant = Object.hasOwn(group.inputs, name) ? group.inputs[name] : undefined;
      if (constant !== undefined) return resolveInput(constant, context);
      if (group.mapping === null || mapIndex < 0) return { value: null, maps: [] };
      const members = mappedMembers(group.mapping, context, mapIndex);
      const own = members.find((member) => member.name === name);
      if (own !== undefined) return own;
      // All inputs come out of a function: this one is picked from what it gives.
      const all = members.find((member) => member.name === KWARGS_INPUT);
      if (all === undefined) return { value: null, maps: [] };
      const last = all.maps.at(-1)!;
      return { value: all.value, maps: [...all.maps.slice(0, -1), { ...last, pick: [...(last.pick ?? []), name] }] };
    },
    iteration: (groupId, path) => {
      if (path === null) return mapIndex;
      if (mapIndex <= 0) return null;
      const { resultTaskId } = graph.groups.get(groupId)!.spec.loop!;
      const before = read({ taskId: resultTaskId, key: RETURN_VALUE_KEY }).find((row) => row.mapIndex === mapIndex - 1);
      return before === undefined
        ? null
        : walkPath(before.value, { taskId: resultTaskId, key: RETURN_VALUE_KEY, path }, { taskId: node.taskId, name: "loop.previous" });
    },
  };
}

/**
 * How a consumer sees the XCom of another task: of one that shares its map index (both in the same mapped group or loop) the value of that index; of a task that is multiplied the
 * list of all values in order of the map indexes; of a task in a loop that it is not in itself the value of the last iteration.
 * @param consumer null: somebody outside of every group
 */
export function lookupFor(graph: DagGraph, consumer: TaskNode | null, mapIndex: number, read: XComReader): XComLookup {
  return (ref) => {
    const rows = read(ref);
    const producer = graph.tasks.get(ref.taskId);
    if (producer === undefined) return rows[0]?.value;
    const shared = indexGroupOf(producer);
    if (consumer !== null && shared !== null && shared === indexGroupOf(consumer)) return rows.find((row) => row.mapIndex === mapIndex)?.value;
    if (isLoopTask(graph, producer)) return rows.at(-1)?.value;
    return isMultiplied(producer) ? rows.map((row) => row.value) : rows[0]?.value;
  };
}

function listRefs(inputs: readonly InputSpec[]): XComRef[] {
  const refs: XComRef[] = [];
  for (const input of inputs) visitInputs(input, (one) => (one.kind === "xcom" ? refs.push({ taskId: one.taskId, key: one.key }) : undefined));
  return refs;
}

function listGroupInputs(input: InputSpec, groupId: string): string[] {
  const names: string[] = [];
  visitInputs(input, (one) => (one.kind === "group_input" && one.groupId === groupId ? names.push(one.name) : undefined));
  return names;
}

function contains(input: InputSpec, kind: InputSpec["kind"]): boolean {
  let found = false;
  visitInputs(input, (one) => (found ||= one.kind === kind));
  return found;
}

/** An input and all inputs in it. */
export function visitInputs(input: InputSpec, visit: (input: InputSpec) => unknown): void {
  visit(input);
  if (input.kind === "list" || input.kind === "zip" || input.kind === "concat") for (const item of input.items) visitInputs(item, visit);
  else if (input.kind === "object") for (const entry of Object.values(input.entries)) visitInputs(entry, visit);
  else if (input.kind === "map") visitInputs(input.input, visit);
}

function distinct(refs: readonly XComRef[]): XComRef[] {
  return [...new Map(refs.map((ref) => [JSON.stringify([ref.taskId, ref.key]), ref])).values()];
}
