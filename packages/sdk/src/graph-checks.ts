import type { InputSpec, MappingSpec } from "@tradewind/core";
import type { DagDefinition, GroupDefinition, PlacedTask } from "./definition.ts";
import { definitionError } from "./definition-error.ts";
import { optionsOf } from "./effective-options.ts";
import type { TaskGraph } from "./graph.ts";
import { checkSetups, TEARDOWN_RULE } from "./setup-teardown.ts";

/** What must hold between tasks and groups; each error points at the author's line. */
export function checkGraph(definition: DagDefinition, graph: TaskGraph): void {
  assertAllPlaced(definition);
  assertAcyclic(definition, graph);
  checkSetups(definition, graph, (task) => ruleOf(definition, task));
  for (const group of definition.groups.values()) checkGroup(definition, graph, group);
  for (const task of definition.tasks.values()) checkGroupInputs(definition, task);
  if (definition.options.failFast === true) checkFailFast(definition);
}

function ruleOf(definition: DagDefinition, task: PlacedTask): string {
  if (task.role?.kind === "teardown") return TEARDOWN_RULE;
  return optionsOf(definition, task).triggerRule ?? "all_success";
}

function assertAllPlaced({ dagId, declared }: DagDefinition): void {
  const unplaced = declared.find((task) => task.placements === 0);
  if (!unplaced) return;
  throw definitionError(
    `Task "${unplaced.label}" in DAG "${dagId}" is declared but never called, so it would not run. Call what dag.task() returned to place it, or remove it.`,
    {
      dagId,
      taskId: unplaced.label,
      site: unplaced.site,
    },
  );
}

/** Follows edges until a task comes up that is on the path already. */
function assertAcyclic(definition: DagDefinition, graph: TaskGraph): void {
  const done = new Set<string>();
  for (const start of definition.tasks.keys()) {
    const path = new Set<string>();
    const stack: { taskId: string; rest: Iterator<string> }[] = [];
    const enter = (taskId: string) => {
      path.add(taskId);
      stack.push({ taskId, rest: graph.downstream.get(taskId)!.values() });
    };
    if (!done.has(start)) enter(start);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const next = top.rest.next();
      if (next.done) {
        done.add(top.taskId);
        path.delete(top.taskId);
        stack.pop();
      } else if (path.has(next.value)) throw cycleError(definition, [...path], next.value);
      else if (!done.has(next.value)) enter(next.value);
    }
  }
}

function cycleError({ dagId, tasks }: DagDefinition, path: string[], back: string): Error {
  const circle = [...path.slice(path.indexOf(back)), back].map((taskId) => `"${taskId}"`);
  return definitionError(`DAG "${dagId}" has a cycle: ${circle.join(" -> ")}. Each of these tasks would wait for itself; remove one of the edges.`, {
    dagId,
    taskId: back,
    site: tasks.get(back)!.site,
  });
}

/** A mapped group and a loop can't hold another one, nor mapped tasks: each task has one map index. */
function checkGroup(definition: DagDefinition, graph: TaskGraph, group: GroupDefinition): void {
  const what = group.mapping !== null ? "mapped task group" : group.loop !== null ? "loop" : null;
  if (what === null) return;
  const { dagId } = definition;
  const { groupId } = group;
  const refuse = (why: string, facts: { taskId?: string; site: Error }) =>
    definitionError(`The ${what} "${groupId}" in DAG "${dagId}" ${why}`, { dagId, groupId, ...facts });
  const members = new Set(graph.membersOf(groupId));
  if (members.size === 0) throw refuse("has no tasks. Place some in its builder.", { site: group.site });
  for (const inner of groupsInside(definition, groupId)) {
    if (inner.mapping === null && inner.loop === null) continue;
    const found = inner.mapping !== null ? "mapped task group" : "loop";
    throw refuse(`holds the ${found} "${inner.groupId}". Neither mapped groups nor loops can be nested; put one after the other.`, {
      site: inner.site,
    });
  }
  for (const taskId of members) {
    const task = definition.tasks.get(taskId)!;
    const facts = { taskId, site: task.site };
    if (task.mapping !== null) throw refuse(`holds the mapped task "${taskId}". Map the task, or what is around it: not both.`, facts);
    if (group.mapping !== null && ruleOf(definition, task) === "always")
      throw refuse(
        `holds task "${taskId}" with the trigger rule "always", with which it would run before the group is expanded. Give it another rule.`,
        facts,
      );
    if (group.loop !== null && task.role?.kind === "teardown")
      throw refuse(`holds the teardown "${taskId}". Put setups and teardowns around the loop.`, facts);
  }
  if (group.loop !== null) checkLoopEnd(definition, graph, group, members);
}

/** The builder's result must be the only last task of the body. */
function checkLoopEnd(
  { dagId, tasks }: DagDefinition,
  graph: TaskGraph,
  { groupId, loop, site }: GroupDefinition,
  members: ReadonlySet<string>,
): void {
  const { resultTaskId, gateTaskId } = loop!;
  const facts = { dagId, groupId, site };
  if (!members.has(resultTaskId))
    throw definitionError(
      `The loop "${groupId}" in DAG "${dagId}" returns task "${resultTaskId}", which is not in it. Return a task that its builder places.`,
      facts,
    );
  const isBodyEnd = (taskId: string) => ![...graph.downstream.get(taskId)!].some((other) => members.has(other) && other !== gateTaskId);
  const other = [...members].find((taskId) => taskId !== gateTaskId && taskId !== resultTaskId && isBodyEnd(taskId));
  if (other !== undefined)
    throw definitionError(
      `The loop "${groupId}" in DAG "${dagId}" ends in "${resultTaskId}" and in "${other}". Its body must end in one task, the one that the builder returns: draw an edge from "${other}" to it.`,
      { ...facts, taskId: other, site: tasks.get(other)!.site },
    );
  if (!isBodyEnd(resultTaskId))
    throw definitionError(
      `The loop "${groupId}" in DAG "${dagId}" returns task "${resultTaskId}", but other tasks of it come after that one. Return the last task.`,
      facts,
    );
}

function* groupsInside(definition: DagDefinition, groupId: string): Generator<GroupDefinition> {
  for (const group of definition.groups.values()) {
    if (group.parentId !== groupId) continue;
    yield group;
    yield* groupsInside(definition, group.groupId);
  }
}

/** The inputs of a mapped group and of a loop exist for its own tasks only. */
function checkGroupInputs(definition: DagDefinition, task: PlacedTask): void {
  const around = new Set<string>();
  for (let id = task.groupId; id !== null; id = definition.groups.get(id)!.parentId) around.add(id);
  for (const input of [...Object.values(task.inputs), ...mappedInputs(task.mapping)]) {
    for (const groupId of groupIdsIn(input)) {
      if (around.has(groupId)) continue;
      throw definitionError(
        `Task "${task.taskId}" in DAG "${definition.dagId}" takes an input of the task group "${groupId}", but is not in it. Place it inside the group's builder, or pass it the group's result.`,
        { dagId: definition.dagId, taskId: task.taskId, groupId, site: task.site },
      );
    }
  }
}

function mappedInputs(mapping: MappingSpec | null): InputSpec[] {
  if (mapping === null) return [];
  return mapping.kind === "expand" ? Object.values(mapping.inputs) : [mapping.input];
}

function groupIdsIn(input: InputSpec): string[] {
  switch (input.kind) {
    case "group_input":
    case "loop_index":
    case "loop_previous":
      return [input.groupId];
    case "list":
    case "zip":
    case "concat":
      return input.items.flatMap(groupIdsIn);
    case "object":
      return Object.values(input.entries).flatMap(groupIdsIn);
    case "map":
      return groupIdsIn(input.input);
    default:
      return [];
  }
}

/** The first failure ends such a run, so no task can ask for failures. */
function checkFailFast(definition: DagDefinition): void {
  const { dagId } = definition;
  for (const task of definition.tasks.values()) {
    const rule = ruleOf(definition, task);
    if (rule === "all_success" || rule === TEARDOWN_RULE) continue;
    throw definitionError(
      `Task "${task.taskId}" in DAG "${dagId}" has the trigger rule "${rule}", but the DAG has failFast, with which all tasks must have "all_success".`,
      { dagId, taskId: task.taskId, site: task.site },
    );
  }
}
