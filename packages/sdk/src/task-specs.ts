import { type InputSpec, type MappingSpec, parseDuration, type TaskGroupSpec, type TaskSpec, type TimetableSpec } from "@tradewind/core";
import { DECISION_KEY, type DagDefinition, type GroupDefinition, type PlacedTask } from "./definition.ts";
import { blaming } from "./definition-error.ts";
import { optionsOf } from "./effective-options.ts";
import { resolveGraph, type TaskGraph } from "./graph.ts";
import { checkGraph } from "./graph-checks.ts";
import { LATEST_ONLY } from "./latest-only.ts";
import { setupsOf, TEARDOWN_RULE } from "./setup-teardown.ts";
import { readTaskOptions, type TaskDefaults, type TaskOptions } from "./task-options.ts";

/** What the tasks of a DAG take from it: defaults, and its resolved timetable. */
export interface TaskSurroundings extends TaskDefaults {
  schedule: TimetableSpec;
}

export function taskSpecs(definition: DagDefinition, around: TaskSurroundings): TaskSpec[] {
  const graph = resolveGraph(definition);
  checkGraph(definition, graph);
  return [...definition.tasks.values()].map((task) => taskSpec(definition, task, graph, around));
}

export function groupSpecs(definition: DagDefinition, around: TaskDefaults): TaskGroupSpec[] {
  return [...definition.groups.values()].map((group) => blaming(group.site, () => groupSpec(definition, group, around)));
}

function groupSpec(definition: DagDefinition, group: GroupDefinition, { retryDelayMs }: TaskDefaults): TaskGroupSpec {
  const { groupId, displayName, parentId, tooltip, inputs, mapping, loop, retries, retryDelay } = group;
  return {
    groupId,
    displayName,
    parentId,
    tooltip,
    inputs: mapMembers(inputs, (input) => finalInput(definition, input)),
    mapping: finalMapping(definition, mapping),
    loop:
      loop === null
        ? null
        : { maxIterations: loop.maxIterations, hasUntil: loop.until !== null, resultTaskId: loop.resultTaskId, gateTaskId: loop.gateTaskId },
    retries,
    retryDelayMs:
      retryDelay === undefined ? retryDelayMs : parseDuration(retryDelay, `retryDelay of task group "${groupId}" in DAG "${definition.dagId}"`),
  };
}

/** In Airflow a queue routes tasks to Node; here every task runs in Node, and a queue that this installation does not have is left out. */
function isForeignQueue(definition: DagDefinition, { queue }: TaskOptions, { queues }: TaskDefaults): boolean {
  return definition.dialect?.language === "airflow" && queue !== undefined && queues !== null && queues !== undefined && !queues.includes(queue);
}

function taskSpec(definition: DagDefinition, task: PlacedTask, graph: TaskGraph, around: TaskSurroundings): TaskSpec {
  const { taskId, groupId, operator, respectDownstreamRules, role, sensor } = task;
  const options = optionsOf(definition, task);
  if (isForeignQueue(definition, options, around)) delete options.queue;
  const isTeardown = role?.kind === "teardown";
  // A rule among the default arguments is not meant for teardowns, which have one of their own.
  if (isTeardown) options.triggerRule = TEARDOWN_RULE;
  const place = { dagId: definition.dagId, taskId, site: task.site };
  const { displayName, ...settings } = blaming(task.site, () => readTaskOptions(options, around, place));
  const upstream = graph.upstream.get(taskId)!;
  return {
    taskId,
    displayName,
    operator,
    kind: kindOf(task, options),
    respectDownstreamRules,
    groupId,
    upstream: [...upstream].sort(),
    inputs: {
      ...mapMembers(task.inputs, (input) => finalInput(definition, input)),
      ...(operator === LATEST_ONLY ? { timetable: { kind: "value", value: { ...around.schedule } } } : {}),
    },
    mapping: finalMapping(definition, task.mapping),
    ...settings,
    isSetup: role?.kind === "setup",
    isTeardown,
    setups: setupsOf(definition, task, upstream),
    onFailureFailDagRun: role?.kind === "teardown" && role.onFailureFailDagRun,
    sensor,
  };
}

/** An empty task is not executed, but one with a condition has something to find out. */
function kindOf({ kind }: PlacedTask, { skipIf, runIf }: TaskOptions): PlacedTask["kind"] {
  return kind === "empty" && (skipIf !== undefined || runIf !== undefined) ? "task" : kind;
}

function finalMapping(definition: DagDefinition, mapping: MappingSpec | null): MappingSpec | null {
  if (mapping === null) return null;
  if (mapping.kind === "expand_kwargs") return { ...mapping, input: finalInput(definition, mapping.input) };
  return { ...mapping, inputs: mapMembers(mapping.inputs, (input) => finalInput(definition, input)) };
}

/** The result of a task that decides a branch is the list of children to follow; what its handler returned is kept under another key. */
function finalInput(definition: DagDefinition, input: InputSpec): InputSpec {
  const each = (items: InputSpec[]) => items.map((item) => finalInput(definition, item));
  switch (input.kind) {
    case "xcom":
      return definition.tasks.get(input.taskId)!.decision === null ? input : { ...input, key: DECISION_KEY };
    case "list":
    case "concat":
    case "zip":
      return { ...input, items: each(input.items) };
    case "object":
      return { kind: "object", entries: mapMembers(input.entries, (entry) => finalInput(definition, entry)) };
    case "map":
      return { ...input, input: finalInput(definition, input.input) };
    default:
      return input;
  }
}

function mapMembers<T>(members: Record<string, T>, change: (member: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(members).map(([name, member]) => [name, change(member)]));
}
