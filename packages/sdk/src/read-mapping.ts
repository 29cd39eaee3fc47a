import type { InputSpec, MappingSpec } from "@tradewind/core";
import type { DagDefinition } from "./definition.ts";
import { definitionError } from "./definition-error.ts";
import { readInputOf, readInputs } from "./read-inputs.ts";

/** What an author multiplies a task or a group over. */
export type Expansion = { kind: "expand"; inputs: unknown } | { kind: "expand_kwargs"; list: unknown };

interface Owner {
  dag: DagDefinition;
  id: string;
  what: "Task" | "Task group";
}

/**
 * Reads what was given to `expand` or `expandKwargs`.
 * @param constants Names of the inputs that are the same for all instances.
 */
export function readMapping(owner: Owner, expansion: Expansion, constants: object): { mapping: MappingSpec; upstream: string[] } {
  return expansion.kind === "expand" ? readExpand(owner, expansion.inputs, constants) : readExpandKwargs(owner, expansion.list, constants);
}

function readExpand(owner: Owner, given: unknown, constants: object): { mapping: MappingSpec; upstream: string[] } {
  const { inputs, upstream } = readInputs(owner.dag, owner.id, given, owner.what);
  const names = Object.keys(inputs);
  if (names.length === 0) throw wrong(owner, "expand()", "has nothing to expand over. Give it at least one named list: expand({ name: [...] }).");
  const twice = names.find((name) => Object.hasOwn(constants, name));
  if (twice !== undefined) throw twiceGiven(owner, twice, "expand()");
  for (const [name, input] of Object.entries(inputs)) {
    if (!isScalar(input)) continue;
    throw definitionError(
      `Input "${name}" in expand() of ${named(owner)} is ${JSON.stringify(input.value)}. expand() takes lists, objects and results of tasks; constants go into partial().`,
      factsOf(owner),
    );
  }
  return { mapping: { kind: "expand", order: names, inputs }, upstream };
}

function readExpandKwargs(owner: Owner, list: unknown, constants: object): { mapping: MappingSpec; upstream: string[] } {
  const { input, upstream } = readInputOf(owner.dag, list, `expandKwargs() of ${owner.what.toLowerCase()} "${owner.id}"`);
  const example = "Give it a list of objects of named inputs, or the result of a task that is one: expandKwargs([{ name: value }]).";
  if (input.kind === "value" && !Array.isArray(input.value))
    throw wrong(owner, "expandKwargs()", `was given ${JSON.stringify(input.value)}. ${example}`);
  if (input.kind === "object") throw wrong(owner, "expandKwargs()", `was given an object. ${example}`);
  for (const [index, names] of knownNames(input).entries()) {
    if (names === null) throw wrong(owner, "expandKwargs()", `has at place ${index} what is no object. ${example}`);
    const twice = names.find((name) => Object.hasOwn(constants, name));
    if (twice !== undefined) throw twiceGiven(owner, twice, "expandKwargs()");
  }
  return { mapping: { kind: "expand_kwargs", input }, upstream };
}

/** For each member of a list that is written in the file, its names; null for what gives none. Results of tasks are not known yet. */
function knownNames(input: InputSpec): (string[] | null)[] {
  if (input.kind === "value") {
    return (input.value as unknown[]).map((item) => (typeof item === "object" && item !== null && !Array.isArray(item) ? Object.keys(item) : null));
  }
  if (input.kind !== "list") return [];
  return input.items.map((item) => {
    if (item.kind === "object") return Object.keys(item.entries);
    if (item.kind !== "value") return [];
    return typeof item.value === "object" && item.value !== null && !Array.isArray(item.value) ? Object.keys(item.value) : null;
  });
}

function isScalar(input: InputSpec): input is Extract<InputSpec, { kind: "value" }> {
  return input.kind === "value" && (typeof input.value !== "object" || input.value === null);
}

function twiceGiven(owner: Owner, name: string, method: string): Error {
  return definitionError(`Input "${name}" of ${named(owner)} is in partial() and in ${method}. Give it in one of them.`, factsOf(owner));
}

function wrong(owner: Owner, method: string, why: string): Error {
  return definitionError(`${method} of ${named(owner)} ${why}`, factsOf(owner));
}

function named({ dag, id, what }: Owner): string {
  return `${what.toLowerCase()} "${id}" in DAG "${dag.dagId}"`;
}

function factsOf({ dag, id, what }: Owner): { dagId: string; taskId?: string; groupId?: string } {
  return { dagId: dag.dagId, ...(what === "Task" ? { taskId: id } : { groupId: id }) };
}
