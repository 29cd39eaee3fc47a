import type { InputSpec, MappingSpec } from "./dag-spec.ts";
import { showValue } from "./show-value.ts";
import { type Check, type Checks, checkFields, isObject, json, must, oneOf, type ProblemList, text, textUpTo } from "./spec-problems.ts";

type Upstream = ReadonlySet<unknown>;
type InputOf<K extends InputSpec["kind"]> = Extract<InputSpec, { kind: K }>;

const accepted: Check = () => {};
const INPUT_KINDS: readonly InputSpec["kind"][] = ["value", "xcom", "list", "object"];

/** Deeper inputs are refused: they come from a mistake, and whoever resolves them recurses. */
const MAX_DEPTH = 100;

/** Checks named inputs; what they take from other tasks must come from direct upstreams, or it might not be there yet. */
export function checkInputs(value: unknown, upstream: Upstream, list: ProblemList): void {
  if (!isObject(value)) return list.add(null, "must be an object of inputs by name");
  for (const [name, input] of Object.entries(value)) checkInput(input, upstream, list.in(name));
}

function checkInput(input: unknown, upstream: Upstream, list: ProblemList): void {
  if (!isObject(input)) return list.add(null, "must be an input (an object with a kind)");
  if (list.path.length > MAX_DEPTH) return list.add(null, `is nested more than ${MAX_DEPTH} levels deep`);
  switch (input.kind) {
    case "value":
      checkFields<InputOf<"value">>(input, { kind: accepted, value: json }, list);
      return;
    case "xcom":
      checkFields<InputOf<"xcom">>(input, xcomChecks(upstream), list);
      return;
    case "list":
      checkFields<InputOf<"list">>(input, { kind: accepted, items: accepted }, list);
      if (!Array.isArray(input.items)) return list.add("items", "must be a list of inputs");
      for (const [index, item] of input.items.entries()) checkInput(item, upstream, list.in("items").in(index));
      return;
    case "object":
      checkFields<InputOf<"object">>(input, { kind: accepted, entries: accepted }, list);
      checkInputs(input.entries, upstream, list.in("entries"));
      return;
    default:
      oneOf(INPUT_KINDS)(input.kind, list, "kind");
  }
}

function xcomChecks(upstream: Upstream): Checks<InputOf<"xcom">> {
  return {
    kind: accepted,
    taskId: (taskId, list, field) => {
      if (!upstream.has(taskId)) list.add(field, `${showValue(taskId)} must be a direct upstream of the task that uses its result`);
    },
    key: textUpTo(512),
    path: (path, list, field) => {
      if (Array.isArray(path)) for (const step of path) text(step, list, field);
      else must("a list of strings", () => false)(path, list, field);
    },
  };
}

const MAPPING_CHECKS: Checks<MappingSpec> = { kind: oneOf(["expand"]), order: accepted, inputs: accepted };

/** Checks `mapping`, and that no input is given both once for all instances and mapped. */
export function checkMapping(task: Record<string, unknown>, upstream: Upstream, list: ProblemList): void {
  const { mapping, inputs } = task;
  if (mapping === null) return;
  const own = list.in("mapping");
  if (!checkFields<MappingSpec>(mapping, MAPPING_CHECKS, own)) return;
  checkInputs(mapping.inputs, upstream, own.in("inputs"));
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
    if (isObject(inputs) && Object.hasOwn(inputs, name)) own.in("inputs").add(name, "is among the inputs that are the same for every instance too");
  }
}
