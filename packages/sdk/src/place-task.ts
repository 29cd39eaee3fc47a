import type { DagDefinition, DeclaredTask, PlacedTask } from "./definition.ts";
import { checkId, definitionError } from "./definition-error.ts";
import { readInputs } from "./read-inputs.ts";
import { type Expansion, readMapping } from "./read-mapping.ts";
import { mergeTaskOptions } from "./task-options.ts";

export interface Placement {
  inputs: unknown;
  /** Given for a mapped task. */
  expansion?: Expansion;
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
  const mapping = placement.expansion === undefined ? null : readTaskMapping(dag, taskId, declared, placement.expansion, inputs);
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
  for (const scope of dag.openScopes) scope.taskIds.push(taskId);
  declared.placements++;
  for (const source of new Set([...upstream, ...(mapping?.upstream ?? [])])) {
    dag.edges.push({ from: { kind: "task", taskId: source }, to: { kind: "task", taskId } });
  }
  return taskId;
}

function readTaskMapping(
  dag: DagDefinition,
  taskId: string,
  { kind }: DeclaredTask,
  expansion: Expansion,
  constants: object,
): ReturnType<typeof readMapping> {
  if (kind === "task") return readMapping({ dag, id: taskId, what: "Task" }, expansion, constants);
  throw definitionError(
    `Task "${taskId}" in DAG "${dag.dagId}" is of kind "${kind}" and can't be mapped. Map an ordinary task, and decide on its list of results.`,
    { dagId: dag.dagId, taskId },
  );
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
