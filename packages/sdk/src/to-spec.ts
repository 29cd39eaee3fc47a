import {
  assertJson,
  DAG_SPEC_VERSION,
  type DagSpec,
  errorMessage,
  type InputSpec,
  parseDuration,
  type TaskGroupSpec,
  type TaskSpec,
} from "@tradewind/core";
import type { AnyDag } from "./collect-dags.ts";
import type { DagOptions } from "./dag-options.ts";
import { DAG, DECISION_KEY, type DagDefinition, type GroupDefinition, type PlacedTask } from "./definition.ts";
import { blaming, definitionError, show } from "./definition-error.ts";
import { resolveGraph, type TaskGraph } from "./graph.ts";
import { checkTimezone, readInstant } from "./instant.ts";
import { readParams } from "./params.ts";
import { readSchedule } from "./schedule.ts";
import { SPEC_DEFAULTS, type SpecDefaults } from "./spec-defaults.ts";
import { mergeTaskOptions, readTaskOptions, type TaskDefaults, type TaskOptions } from "./task-options.ts";

const DEFAULT_OWNER = "tradewind";

/**
 * The DAG as plain JSON: complete, with every default filled in and edges to groups resolved to tasks. The same file and the same defaults give the same spec.
 * @param defaults What the installation says where the author says nothing. Default: `SPEC_DEFAULTS`.
 * @throws TradewindError `invalid_dag`, `invalid_timetable`, `invalid_duration`, `invalid_date`; the stack points at the author's line where one is known
 */
export function toSpec(dag: AnyDag, defaults: SpecDefaults = SPEC_DEFAULTS): DagSpec {
  const definition = dag[DAG];
  return blaming(definition.site, () => specOf(definition, defaults));
}

function specOf(definition: DagDefinition, defaults: SpecDefaults): DagSpec {
  const { dagId, options } = definition;
  checkDagOptions(definition);
  const timezone = options.timezone ?? canonicalZone(defaults.timezone);
  const owner = options.owner ?? DEFAULT_OWNER;
  const schedule = readSchedule(options.schedule, timezone);
  const instant = (name: "startDate" | "endDate") =>
    options[name] === undefined ? null : readInstant(options[name], timezone, `${name} of DAG "${dagId}"`);
  const spec: DagSpec = {
    specVersion: DAG_SPEC_VERSION,
    dagId,
    displayName: options.displayName ?? null,
    description: options.description ?? null,
    doc: options.doc ?? null,
    owner,
    tags: [...new Set(options.tags)].sort(),
    schedule,
    startDate: instant("startDate"),
    endDate: instant("endDate"),
    catchup: options.catchup ?? defaults.catchup,
    maxActiveRuns: options.maxActiveRuns ?? (schedule.kind === "continuous" ? 1 : defaults.maxActiveRuns),
    maxActiveTasks: options.maxActiveTasks ?? defaults.maxActiveTasks,
    maxConsecutiveFailedDagRuns: options.maxConsecutiveFailedDagRuns ?? 0,
    dagrunTimeoutMs: options.dagrunTimeout === undefined ? null : parseDuration(options.dagrunTimeout, `dagrunTimeout of DAG "${dagId}"`),
    failFast: options.failFast ?? false,
    callbacks: [],
    isPausedUponCreation: options.isPausedUponCreation ?? null,
    params: readParams(dagId, options.params),
    groups: [...definition.groups.values()].map(groupSpec),
    tasks: taskSpecs(definition, { ...defaults, owner, timezone }),
  };
  checkSpec(spec);
  return spec;
}

/** Airflow's default is written "utc"; in specs that zone has one name. */
function canonicalZone(timezone: string): string {
  return timezone.toUpperCase() === "UTC" ? "UTC" : timezone;
}

function groupSpec({ groupId, displayName, parentId, tooltip }: GroupDefinition): TaskGroupSpec {
  return { groupId, displayName, parentId, tooltip, inputs: {}, mapping: null, loop: null, retries: 0, retryDelayMs: 300_000 };
}

function taskSpecs(definition: DagDefinition, defaults: TaskDefaults): TaskSpec[] {
  assertAllPlaced(definition);
  const graph = resolveGraph(definition);
  assertAcyclic(definition, graph);
  return [...definition.tasks.values()].map((task) => taskSpec(definition, task, graph, defaults));
}

function taskSpec(definition: DagDefinition, task: PlacedTask, graph: TaskGraph, defaults: TaskDefaults): TaskSpec {
  const { taskId, groupId, operator, kind, respectDownstreamRules } = task;
  const options = mergeTaskOptions(definition.options.defaultArgs ?? {}, ...groupArgs(definition, groupId), task.options);
  const place = { dagId: definition.dagId, taskId, site: task.site };
  const { displayName, ...settings } = blaming(task.site, () => readTaskOptions(options, defaults, place));
  return {
    taskId,
    displayName,
    operator,
    kind,
    respectDownstreamRules,
    groupId,
    upstream: [...graph.upstream.get(taskId)!].sort(),
    inputs: mapMembers(task.inputs, (input) => finalInput(definition, input)),
    mapping: task.mapping === null ? null : { ...task.mapping, inputs: mapMembers(task.mapping.inputs, (input) => finalInput(definition, input)) },
    ...settings,
    sensor: task.sensor,
  };
}

/** Outermost first, so that the nearest group wins. */
function groupArgs(definition: DagDefinition, groupId: string | null): TaskOptions[] {
  if (groupId === null) return [];
  const group = definition.groups.get(groupId)!;
  return [...groupArgs(definition, group.parentId), group.defaultArgs];
}

/** The result of a task that decides a branch is the list of children to follow; what its handler returned is kept under another key. */
function finalInput(definition: DagDefinition, input: InputSpec): InputSpec {
  switch (input.kind) {
    case "value":
      return input;
    case "xcom":
      return definition.tasks.get(input.taskId)!.decision === null ? input : { ...input, key: DECISION_KEY };
    case "list":
      return { kind: "list", items: input.items.map((item) => finalInput(definition, item)) };
    case "object":
      return { kind: "object", entries: mapMembers(input.entries, (entry) => finalInput(definition, entry)) };
  }
}

function mapMembers<T>(members: Record<string, T>, change: (member: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(members).map(([name, member]) => [name, change(member)]));
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

function checkDagOptions({ dagId, options }: DagDefinition): void {
  const wrong = (name: string, why: string) =>
    definitionError(`Option "${name}" of DAG "${dagId}" is ${show((options as Record<string, unknown>)[name])}: it ${why}.`, { dagId });
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(OPTION_CHECKS, name));
  if (unknown !== undefined) throw wrong(unknown, `is not an option of a DAG; known are ${Object.keys(OPTION_CHECKS).join(", ")}`);
  for (const [name, check] of Object.entries(OPTION_CHECKS)) {
    const value = options[name as keyof DagOptions];
    if (value === undefined || check === null) continue;
    const problem = check(value);
    if (problem !== null) throw wrong(name, problem);
  }
  if (options.timezone !== undefined) checkTimezone(options.timezone, `DAG "${dagId}"`);
}

type Check = (value: unknown) => string | null;
const isText: Check = (value) => (typeof value === "string" ? null : "must be a text");
const isBoolean: Check = (value) => (typeof value === "boolean" ? null : "must be true or false");
const isObject: Check = (value) => (typeof value === "object" && value !== null && !Array.isArray(value) ? null : "must be an object");
const isTags: Check = (value) =>
  Array.isArray(value) && value.every((tag) => typeof tag === "string" && tag !== "" && tag.length <= 100)
    ? null
    : "must be a list of texts of 1 to 100 characters";
const isCount =
  (least: number): Check =>
  (value) =>
    Number.isSafeInteger(value) && (value as number) >= least ? null : `must be a whole number of ${least} or more`;

/** null: read and checked by its own reader. */
const OPTION_CHECKS: Record<keyof DagOptions, Check | null> = {
  schedule: null,
  startDate: null,
  endDate: null,
  catchup: isBoolean,
  timezone: null,
  displayName: isText,
  description: isText,
  doc: isText,
  owner: isText,
  tags: isTags,
  maxActiveRuns: isCount(1),
  maxActiveTasks: isCount(1),
  dagrunTimeout: null,
  maxConsecutiveFailedDagRuns: isCount(0),
  failFast: isBoolean,
  isPausedUponCreation: isBoolean,
  params: isObject,
  defaultArgs: isObject,
};

function checkSpec(spec: DagSpec): void {
  const { dagId } = spec;
  if (spec.schedule.kind === "continuous" && spec.maxActiveRuns !== 1) {
    throw definitionError(
      `DAG "${dagId}" has a continuous schedule and maxActiveRuns ${spec.maxActiveRuns}. Runs of a continuous DAG follow each other; set maxActiveRuns to 1, or leave it out.`,
      { dagId },
    );
  }
  if (spec.startDate !== null && spec.endDate !== null && spec.endDate < spec.startDate) {
    throw definitionError(`DAG "${dagId}" ends (${spec.endDate}) before it starts (${spec.startDate}). Exchange startDate and endDate.`, { dagId });
  }
  const odd = spec.failFast ? spec.tasks.find((task) => task.triggerRule !== "all_success") : undefined;
  if (odd) {
    throw definitionError(
      `Task "${odd.taskId}" in DAG "${dagId}" has the trigger rule "${odd.triggerRule}", but the DAG has failFast, with which all tasks must have "all_success".`,
      { dagId, taskId: odd.taskId },
    );
  }
  try {
    assertJson(spec);
  } catch (cause) {
    throw definitionError(`DAG "${dagId}" can't be written as JSON: ${errorMessage(cause)}`, { dagId, cause });
  }
}
