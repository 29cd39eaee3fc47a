import type { MappingSpec } from "@tradewind/core";
import type { DagDefinition, DeclaredTask, PlacedTask } from "./definition.ts";
import { checkId, definitionError } from "./definition-error.ts";
import { readInputs } from "./inputs.ts";
import { mergeTaskOptions } from "./task-options.ts";

export interface Placement {
  inputs: unknown;
  /** Given for a mapped task. */
  expand?: unknown;
  /** In place of the declared id. */
  label?: string;
  site: Error;
}

/** Puts a declared task into the graph and draws the edges of its inputs. Gives its full id. */
export function placeTask(dag: DagDefinition, declared: DeclaredTask, placement: Placement): string {
  const groupId = declared.groupId ?? dag.openGroups.at(-1) ?? null;
  const taskId =
    placement.label === undefined ? nextFreeId(dag, declared, groupId, placement.site) : chosenId(dag, placement.label, groupId, placement.site);
  const { inputs, upstream } = readInputs(dag, taskId, placement.inputs);
  const mapping = placement.expand === undefined ? null : readMapping(dag, taskId, declared, placement.expand, inputs);
  const { label: _label, placements: _placements, ...rest } = declared;
  const placed: PlacedTask = {
    ...rest,
    options: mergeTaskOptions(declared.options),
    site: placement.site,
    taskId,
    groupId,
    inputs,
    mapping: mapping?.mapping ?? null,
    decision: null,
  };
  dag.tasks.set(taskId, placed);
  declared.placements++;
  for (const source of new Set([...upstream, ...(mapping?.upstream ?? [])])) {
    dag.edges.push({ from: { kind: "task", taskId: source }, to: { kind: "task", taskId } });
  }
  return taskId;
}

function prefixOf(dag: DagDefinition, groupId: string | null): string {
  return groupId === null ? "" : dag.groups.get(groupId)!.prefix;
}

/** As Airflow: the second placement of `extract` is `extract__1`. */
function nextFreeId(dag: DagDefinition, declared: DeclaredTask, groupId: string | null, site: Error): string {
  const base = prefixOf(dag, groupId) + declared.label;
  if (declared.placements === 0) {
    assertFree(dag, base, site);
    return base;
  }
  if (!isTaken(dag, base)) return base;
  let number = 1;
  while (isTaken(dag, `${base}__${number}`)) number++;
  return `${base}__${number}`;
}

function chosenId(dag: DagDefinition, label: string, groupId: string | null, site: Error): string {
  checkId(label, "task", { dagId: dag.dagId });
  const taskId = prefixOf(dag, groupId) + label;
  assertFree(dag, taskId, site);
  return taskId;
}

function isTaken(dag: DagDefinition, id: string): boolean {
  return dag.tasks.has(id) || dag.groups.has(id);
}

function assertFree(dag: DagDefinition, taskId: string, site: Error): void {
  if (!isTaken(dag, taskId)) return;
  const found = dag.tasks.has(taskId) ? "a task" : "a task group";
  throw definitionError(
    `DAG "${dag.dagId}" has ${found} "${taskId}" already, so no task can be placed under this id. Give one of them another id, or place it with task.withId("other_id")(...).`,
    { dagId: dag.dagId, taskId, site },
  );
}

function readMapping(
  dag: DagDefinition,
  taskId: string,
  declared: DeclaredTask,
  expand: unknown,
  constants: object,
): { mapping: MappingSpec; upstream: string[] } {
  const facts = { dagId: dag.dagId, taskId };
  if (declared.kind !== "task") {
    throw definitionError(
      `Task "${taskId}" in DAG "${dag.dagId}" is of kind "${declared.kind}" and can't be mapped. Map an ordinary task, and decide on its list of results.`,
      facts,
    );
  }
  const { inputs, upstream } = readInputs(dag, taskId, expand);
  const names = Object.keys(inputs);
  if (names.length === 0)
    throw definitionError(
      `expand() of task "${taskId}" in DAG "${dag.dagId}" has nothing to expand over. Give it at least one named list: expand({ name: [...] }).`,
      facts,
    );
  const twice = names.find((name) => Object.hasOwn(constants, name));
  if (twice !== undefined)
    throw definitionError(
      `Input "${twice}" of task "${taskId}" in DAG "${dag.dagId}" is in partial() and in expand(). Give it in one of them.`,
      facts,
    );
  for (const [name, input] of Object.entries(inputs)) {
    const isScalar = input.kind === "value" && (typeof input.value !== "object" || input.value === null);
    if (isScalar) {
      throw definitionError(
        `Input "${name}" in expand() of task "${taskId}" in DAG "${dag.dagId}" is ${JSON.stringify(input.value)}. expand() takes lists, objects and results of tasks; constants go into partial().`,
        facts,
      );
    }
  }
  return { mapping: { kind: "expand", order: names, inputs }, upstream };
}
