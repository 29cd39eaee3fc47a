import type { InputSpec, MappingSpec } from "./dag-spec.ts";
import { showValue } from "./show-value.ts";
import { type Check, type Checks, checkFields, isObject, json, must, oneOf, type ProblemList, text, textUpTo } from "./spec-problems.ts";

/** What inputs may take from, at their place. */
export interface InputScope {
  /** Tasks whose results are there when the inputs are resolved. */
  sources: ReadonlySet<unknown>;
  /** What the sources are, for a message: "must be a direct upstream of …". */
  sourcesAre: string;
  /** The groups around, with the names that `group_input` may use there; null: any name. */
  groups: ReadonlyMap<string, ReadonlySet<string> | null>;
  /** The loop around, if any. */
  loopId: string | null;
}

type InputOf<K extends InputSpec["kind"]> = Extract<InputSpec, { kind: K }>;

const accepted: Check = () => {};
const INPUT_KINDS: readonly InputSpec["kind"][] = [
  "value",
  "xcom",
  "list",
  "object",
  "zip",
  "concat",
  "map",
  "group_input",
  "loop_index",
  "loop_previous",
];

/** Deeper inputs are refused: they come from a mistake, and whoever resolves them recurses. */
const MAX_DEPTH = 100;

/** Checks named inputs; what they take from other tasks must come from tasks that have ended by then. */
export function checkInputs(value: unknown, scope: InputScope, list: ProblemList): void {
  if (!isObject(value)) return list.add(null, "must be an object of inputs by name");
  for (const [name, input] of Object.entries(value)) checkInput(input, scope, list.in(name));
}

function checkInput(input: unknown, scope: InputScope, list: ProblemList): void {
  if (!isObject(input)) return list.add(null, "must be an input (an object with a kind)");
  if (list.path.length > MAX_DEPTH) return list.add(null, `is nested more than ${MAX_DEPTH} levels deep`);
  switch (input.kind as InputSpec["kind"]) {
    case "value":
      checkFields<InputOf<"value">>(input, { kind: accepted, value: json }, list);
      return;
    case "xcom":
      checkFields<InputOf<"xcom">>(input, xcomChecks(scope), list);
      return;
    case "list":
      checkFields<InputOf<"list">>(input, { kind: accepted, items: accepted }, list);
      return checkItems(input.items, scope, list);
    case "concat":
      checkFields<InputOf<"concat">>(input, { kind: accepted, items: accepted }, list);
      return checkItems(input.items, scope, list);
    case "zip":
      checkFields<InputOf<"zip">>(
        input,
        { kind: accepted, items: accepted, fill: (fill, own, field) => (fill === undefined ? undefined : json(fill, own, field)) },
        list,
      );
      return checkItems(input.items, scope, list);
    case "object":
      checkFields<InputOf<"object">>(input, { kind: accepted, entries: accepted }, list);
      return checkInputs(input.entries, scope, list.in("entries"));
    case "map":
      checkFields<InputOf<"map">>(input, { kind: accepted, input: accepted, mapId: textUpTo(1000) }, list);
      return checkInput(input.input, scope, list.in("input"));
    case "group_input":
      checkFields<InputOf<"group_input">>(input, { kind: accepted, groupId: accepted, name: accepted, path }, list);
      return checkGroupInput(input, scope, list);
    case "loop_index":
      checkFields<InputOf<"loop_index">>(input, { kind: accepted, groupId: loopAround(scope) }, list);
      return;
    case "loop_previous":
      checkFields<InputOf<"loop_previous">>(input, { kind: accepted, groupId: loopAround(scope), path }, list);
      return;
    default:
      oneOf(INPUT_KINDS)(input.kind, list, "kind");
  }
}

function checkItems(items: unknown, scope: InputScope, list: ProblemList): void {
  if (!Array.isArray(items)) return list.add("items", "must be a list of inputs");
  for (const [index, item] of items.entries()) checkInput(item, scope, list.in("items").in(index));
}

function checkGroupInput({ groupId, name }: Record<string, unknown>, { groups }: InputScope, list: ProblemList): void {
  if (typeof groupId !== "string" || !groups.has(groupId)) return list.add("groupId", `${showValue(groupId)} must be a group that the task is in`);
  const names = groups.get(groupId)!;
  if (typeof name === "string" && (names === null || names.has(name))) return;
  const known = names === null || names.size === 0 ? "it has none" : `it has ${[...names].join(", ")}`;
  list.add("name", `${showValue(name)} must be an input of group "${groupId}"; ${known}`);
}

function loopAround({ loopId }: InputScope): Check {
  return (groupId, list, field) => {
    if (groupId !== loopId || loopId === null) list.add(field, `${showValue(groupId)} must be the loop that the task is in`);
  };
}

const path: Check = (value, list, field) => {
  if (Array.isArray(value)) for (const step of value) text(step, list, field);
  else must("a list of strings", () => false)(value, list, field);
};

function xcomChecks({ sources, sourcesAre }: InputScope): Checks<InputOf<"xcom">> {
  return {
    kind: accepted,
    taskId: (taskId, list, field) => {
      if (!sources.has(taskId)) list.add(field, `${showValue(taskId)} must be ${sourcesAre}`);
    },
    key: textUpTo(512),
    path,
  };
}

const EXPAND_CHECKS: Checks<Extract<MappingSpec, { kind: "expand" }>> = { kind: oneOf(["expand"]), order: accepted, inputs: accepted };
const KWARGS_CHECKS: Checks<Extract<MappingSpec, { kind: "expand_kwargs" }>> = { kind: accepted, input: accepted };

/** Checks `mapping` of a task or a group, and that no input is given both once for all instances and mapped. */
export function checkMapping(owner: Record<string, unknown>, scope: InputScope, list: ProblemList): void {
  const { mapping } = owner;
  if (mapping === null) return;
  const own = list.in("mapping");
  if (isObject(mapping) && mapping.kind === "expand_kwargs") {
    checkFields(mapping, KWARGS_CHECKS, own);
    checkInput(mapping.input, scope, own.in("input"));
    const { input } = mapping;
    if (isObject(input) && input.kind === "value" && !isListOfObjects(input.value))
      own.add("input", `must be a list of objects; found ${showValue(input.value)}`);
  } else if (checkFields(mapping, EXPAND_CHECKS, own)) checkExpand(mapping, owner.inputs, scope, own);
}

function isListOfObjects(value: unknown): boolean {
  return Array.isArray(value) && value.every(isObject);
}

function checkExpand(mapping: Record<string, unknown>, constants: unknown, scope: InputScope, own: ProblemList): void {
  checkInputs(mapping.inputs, scope, own.in("inputs"));
  if (!isObject(mapping.inputs)) return;
  const names = Object.keys(mapping.inputs);
  const order: unknown[] = Array.isArray(mapping.order) ? mapping.order : [];
  if (order.length !== names.length || new Set([...order, ...names]).size !== names.length) {
    own.add("order", `must have the names of the inputs, each once: ${names.join(", ")}`);
  }
  if (names.length === 0) own.add("inputs", "is empty; expand needs at least one input to map over");
  for (const name of names) {
    const input = mapping.inputs[name];
    if (isObject(input) && input.kind === "value" && (typeof input.value !== "object" || input.value === null)) {
      own.in("inputs").add(name, `must be a list or an object to map over; found ${showValue(input.value)}`);
    }
    if (isObject(constants) && Object.hasOwn(constants, name))
      own.in("inputs").add(name, "is among the inputs that are the same for every instance too");
  }
}
