import {
  DAG_SPEC_VERSION,
  type DagSpec,
  type ParamSpec,
  TASK_KINDS,
  type TaskGroupSpec,
  type TaskSpec,
  TRIGGER_RULES,
  WEIGHT_RULES,
} from "./dag-spec.ts";
import { describeCycle } from "./dag-graph.ts";
import { TradewindError } from "./errors.ts";
import { checkInputs, checkMapping } from "./input-spec-checks.ts";
import { suggestion } from "./nearest-name.ts";
import { MAX_PRIORITY_WEIGHT, MIN_PRIORITY_WEIGHT } from "./priority-weight.ts";
import { showValue } from "./show-value.ts";
import {
  asList,
  bool,
  checkFields,
  type Check,
  type Checks,
  instant,
  isObject,
  json,
  key,
  must,
  nullable,
  numberFrom,
  oneOf,
  optional,
  ProblemList,
  type SpecProblem,
  text,
  textUpTo,
  wholeNumber,
} from "./spec-problems.ts";
import { checkTimetableShape } from "./timetable-spec-checks.ts";
import { topologicalOrder } from "./topological-order.ts";

/** Looked at elsewhere, because it needs more than the value itself. */
const elsewhere: Check = () => {};

const POOL_NAME_LENGTH = 256;
const MAX_INT = 2 ** 31 - 1;

const TASK_CHECKS: Checks<TaskSpec> = {
  taskId: key,
  displayName: nullable(textUpTo(2000)),
  operator: textUpTo(1000),
  kind: oneOf(TASK_KINDS),
  respectDownstreamRules: bool,
  groupId: nullable(key),
  upstream: elsewhere,
  triggerRule: oneOf(TRIGGER_RULES),
  inputs: elsewhere,
  mapping: elsewhere,
  retries: wholeNumber(0, MAX_INT),
  retryDelayMs: wholeNumber(0),
  retryBackoff: numberFrom(0),
  maxRetryDelayMs: nullable(wholeNumber(0)),
  executionTimeoutMs: nullable(wholeNumber(1)),
  pool: textUpTo(POOL_NAME_LENGTH),
  poolSlots: wholeNumber(1, MAX_INT),
  priorityWeight: wholeNumber(MIN_PRIORITY_WEIGHT, MAX_PRIORITY_WEIGHT),
  weightRule: oneOf(WEIGHT_RULES),
  queue: textUpTo(256),
  executor: nullable(textUpTo(1000)),
  maxActiveTisPerDag: nullable(wholeNumber(1, MAX_INT)),
  maxActiveTisPerDagrun: nullable(wholeNumber(1, MAX_INT)),
  dependsOnPast: bool,
  waitForDownstream: bool,
  ignoreFirstDependsOnPast: bool,
  isSetup: bool,
  isTeardown: bool,
  setups: elsewhere,
  onFailureFailDagRun: bool,
  sensor: elsewhere,
  callbacks: elsewhere,
  isolation: oneOf(["warm", "process"]),
  memoryLimitMb: nullable(wholeNumber(1, MAX_INT)),
  startDate: nullable(instant),
  endDate: nullable(instant),
  owner: textUpTo(1000),
  doc: nullable(text),
};

const GROUP_CHECKS: Checks<TaskGroupSpec> = {
  groupId: key,
  displayName: nullable(textUpTo(2000)),
  parentId: nullable(key),
  tooltip: text,
  inputs: elsewhere,
  mapping: elsewhere,
  loop: elsewhere,
  retries: wholeNumber(0, MAX_INT),
  retryDelayMs: wholeNumber(0),
};

const PARAM_CHECKS: Checks<ParamSpec> = {
  schema: (value, list, field) => {
    if (isObject(value)) json(value, list, field);
    else must("a JSON schema (an object)", () => false)(value, list, field);
  },
  default: optional(json),
  description: nullable(text),
};

const DAG_CHECKS: Checks<DagSpec> = {
  specVersion: must(`${DAG_SPEC_VERSION}`, (value) => value === DAG_SPEC_VERSION),
  dagId: key,
  displayName: nullable(textUpTo(2000)),
  description: nullable(text),
  doc: nullable(text),
  owner: textUpTo(1000),
  tags: checkTags,
  schedule: checkTimetableShape,
  startDate: nullable(instant),
  endDate: nullable(instant),
  catchup: bool,
  maxActiveRuns: wholeNumber(1, MAX_INT),
  maxActiveTasks: wholeNumber(1, MAX_INT),
  maxConsecutiveFailedDagRuns: wholeNumber(0, MAX_INT),
  dagrunTimeoutMs: nullable(wholeNumber(1)),
  failFast: bool,
  callbacks: elsewhere,
  isPausedUponCreation: nullable(bool),
  params: checkParams,
  groups: elsewhere,
  tasks: elsewhere,
};

/**
 * Checks a spec from outside: the shape of every field, and that the graph makes sense.
 * @throws TradewindError `invalid_dag_spec`, whose message and `details.problems` list everything that is wrong.
 */
export function validateDagSpec(spec: unknown): DagSpec {
  const problems = findDagSpecProblems(spec);
  if (problems.length === 0) return spec as DagSpec;
  const dagId = isObject(spec) && typeof spec.dagId === "string" ? spec.dagId : null;
  const shown = problems.slice(0, 50).map((problem) => `\n  - ${problem.message}`);
  if (problems.length > shown.length) shown.push(`\n  - … and ${problems.length - shown.length} more`);
  const subject = dagId === null ? "The DAG spec" : `The spec of DAG "${dagId}"`;
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  throw new TradewindError("invalid_dag_spec", `${subject} is not valid, ${count}:${shown.join("")}`, { details: { dagId, problems } });
}

/** Everything that is wrong with a spec; empty when it is valid. */
export function findDagSpecProblems(spec: unknown): SpecProblem[] {
  const list = new ProblemList([], [], "DAG");
  if (!checkFields(spec, DAG_CHECKS, list)) return list.problems;
  const { groups, tasks } = spec;
  checkPeriod(spec, list);
  checkActiveRuns(spec, list);
  const groupIds = checkGroups(asList(groups, list, "groups"), list);
  checkTasks(asList(tasks, list, "tasks"), groupIds, spec.failFast === true, list);
  return list.problems;
}

function checkTags(value: unknown, list: ProblemList, field: string | number): void {
  const seen = new Set<unknown>();
  for (const tag of asList(value, list, field)) {
    textUpTo(100)(tag, list, field);
    if (seen.has(tag)) list.add(field, `has ${showValue(tag)} twice`);
    seen.add(tag);
  }
}

function checkParams(value: unknown, list: ProblemList, field: string | number): void {
  if (!isObject(value)) return must("an object", () => false)(value, list, field);
  for (const [name, param] of Object.entries(value)) {
    if (name === "") list.add(field, "has a param without a name");
    checkFields<ParamSpec>(param, PARAM_CHECKS, list.in(field).in(name));
  }
}

function checkPeriod(value: Record<string, unknown>, list: ProblemList): void {
  const { startDate, endDate } = value;
  if (typeof startDate === "string" && typeof endDate === "string" && startDate > endDate) {
    list.add("endDate", `${endDate} is before startDate ${startDate}`);
  }
}

/** The runs of a continuous schedule follow each other, as each starts when the one before has ended. */
function checkActiveRuns({ schedule, maxActiveRuns }: Record<string, unknown>, list: ProblemList): void {
  if (!isObject(schedule) || schedule.kind !== "continuous" || typeof maxActiveRuns !== "number" || maxActiveRuns <= 1) return;
  list.add("maxActiveRuns", `must be 1, because the schedule is continuous; found ${maxActiveRuns}`);
}

/** The known group ids, each with its parent. */
function checkGroups(groups: unknown[], list: ProblemList): Map<string, unknown> {
  const parents = new Map<string, unknown>();
  const lists = groups.map((group, index) => list.at(["groups", index], `Group ${nameOf(group, "groupId", index)}`));
  for (const [index, group] of groups.entries()) {
    if (!checkFields(group, GROUP_CHECKS, lists[index]!) || typeof group.groupId !== "string") continue;
    if (parents.has(group.groupId)) lists[index]!.add("groupId", "is the id of an earlier group too");
    else parents.set(group.groupId, group.parentId);
  }
  for (const [index, group] of groups.entries()) {
    if (!isObject(group) || typeof group.parentId !== "string") continue;
    if (!parents.has(group.parentId)) {
      lists[index]!.add("parentId", `"${group.parentId}" is not a group of this DAG${suggestion(group.parentId, parents.keys())}`);
    } else if (isOwnAncestor(group.groupId, parents)) lists[index]!.add("parentId", `"${group.parentId}" is inside this group itself`);
  }
  return parents;
}

function isOwnAncestor(groupId: unknown, parents: ReadonlyMap<unknown, unknown>): boolean {
  const seen = new Set<unknown>();
  for (let id = parents.get(groupId); typeof id === "string"; id = parents.get(id)) {
    if (id === groupId) return true;
    if (seen.has(id)) return false;
    seen.add(id);
  }
  return false;
}

function checkTasks(tasks: unknown[], groupIds: ReadonlyMap<string, unknown>, failFast: boolean, list: ProblemList): void {
  const indexes = new Map<string, number>();
  const lists = tasks.map((task, index) => list.at(["tasks", index], `Task ${nameOf(task, "taskId", index)}`));
  for (const [index, task] of tasks.entries()) {
    const own = lists[index]!;
    if (!checkFields(task, TASK_CHECKS, own) || typeof task.taskId !== "string") continue;
    if (indexes.has(task.taskId)) own.add("taskId", `is the id of task ${indexes.get(task.taskId)} of the list too`);
    else indexes.set(task.taskId, index);
    if (groupIds.has(task.taskId)) own.add("taskId", "is the id of a group too");
  }
  const upstreams: number[][] = tasks.map(() => []);
  for (const [index, task] of tasks.entries()) {
    if (!isObject(task)) continue;
    upstreams[index] = checkUpstream(task, indexes, lists[index]!);
    checkTask(task, groupIds, failFast, lists[index]!);
  }
  for (const cycle of topologicalOrder(upstreams).cycles) {
    const path = describeCycle(cycle.map((index) => (tasks[index] as { taskId: string }).taskId));
    list.add("tasks", cycle.length === 1 ? `has a task that is its own upstream: ${path}` : `form a cycle: ${path}`);
  }
}

function checkTask(task: Record<string, unknown>, groupIds: ReadonlyMap<string, unknown>, failFast: boolean, list: ProblemList): void {
  checkPeriod(task, list);
  if (typeof task.groupId === "string" && !groupIds.has(task.groupId)) {
    list.add("groupId", `"${task.groupId}" is not a group of this DAG${suggestion(task.groupId, groupIds.keys())}`);
  }
  if (failFast && task.triggerRule !== "all_success") {
    list.add("triggerRule", `must be all_success, because the DAG has failFast; found ${showValue(task.triggerRule)}`);
  }
  const upstream = new Set(Array.isArray(task.upstream) ? task.upstream : []);
  checkInputs(task.inputs, upstream, list.in("inputs"));
  checkMapping(task, upstream, list);
}

/** Indexes of the upstream tasks that exist. */
function checkUpstream(task: Record<string, unknown>, indexes: ReadonlyMap<string, number>, list: ProblemList): number[] {
  const known: number[] = [];
  let previous: string | null = null;
  for (const id of asList(task.upstream, list, "upstream")) {
    if (typeof id !== "string") {
      list.add("upstream", `must hold ids; found ${showValue(id)}`);
      continue;
    }
    if (previous === id) list.add("upstream", `has "${id}" twice`);
    else if (previous !== null && previous > id) list.add("upstream", `must be sorted; "${id}" comes after "${previous}"`);
    previous = id;
    const index = indexes.get(id);
    if (index === undefined) list.add("upstream", `"${id}" is not a task of this DAG${suggestion(id, indexes.keys())}`);
    else known.push(index);
  }
  return known;
}

function nameOf(value: unknown, field: "taskId" | "groupId", index: number): string {
  const id = isObject(value) ? value[field] : undefined;
  return typeof id === "string" ? `"${id}"` : `number ${index}`;
}
