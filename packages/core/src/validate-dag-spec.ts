import { DAG_CALLBACKS, DAG_SPEC_VERSION, type DagSpec, type ParamSpec } from "./dag-spec.ts";
import { describeCycle } from "./dag-graph.ts";
import { TradewindError } from "./errors.ts";
import { checkGroups, checkGroupTasks, type KnownGroups } from "./group-spec-checks.ts";
import { suggestion } from "./nearest-name.ts";
import { showValue } from "./show-value.ts";
import { DAG_RUN_TYPES } from "./states.ts";
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
  oneOf,
  optional,
  ProblemList,
  type SpecProblem,
  text,
  textUpTo,
  wholeNumber,
} from "./spec-problems.ts";
import { callbacksOf, checkPeriod, checkTask, TASK_CHECKS } from "./task-spec-checks.ts";
import { checkTimetableShape } from "./timetable-spec-checks.ts";
import { topologicalOrder } from "./topological-order.ts";

/** Looked at elsewhere, because it needs more than the value itself. */
const elsewhere: Check = () => {};

const MAX_INT = 2 ** 31 - 1;

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
  callbacks: callbacksOf(DAG_CALLBACKS),
  isPausedUponCreation: nullable(bool),
  allowedRunTypes: optional(checkRunTypes),
  params: checkParams,
  paramOrder: elsewhere,
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
  checkParamOrder(spec, list);
  const known = checkGroups(asList(groups, list, "groups"), list);
  checkTasks(asList(tasks, list, "tasks"), known, spec.failFast === true, list);
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

function checkRunTypes(value: unknown, list: ProblemList, field: string | number): void {
  const given = asList(value, list, field);
  if (Array.isArray(value) && value.length === 0) list.add(field, "must name at least one type of run; leave it out to allow all");
  const known = given.filter((type) => DAG_RUN_TYPES.some((name) => name === type));
  for (const type of given) oneOf(DAG_RUN_TYPES)(type, list, field);
  const ordered = DAG_RUN_TYPES.filter((name) => known.includes(name));
  if (ordered.length === known.length && ordered.every((name, index) => name === known[index])) return;
  list.add(field, `must name each type once, in this order: ${ordered.join(", ")}`);
}

function checkParams(value: unknown, list: ProblemList, field: string | number): void {
  if (!isObject(value)) return must("an object", () => false)(value, list, field);
  for (const [name, param] of Object.entries(value)) {
    if (name === "") list.add(field, "has a param without a name");
    checkFields<ParamSpec>(param, PARAM_CHECKS, list.in(field).in(name));
  }
}

function checkParamOrder({ params, paramOrder }: Record<string, unknown>, list: ProblemList): void {
  if (paramOrder === undefined || !isObject(params)) return;
  const names = asList(paramOrder, list, "paramOrder");
  const isEachOnce = new Set(names).size === names.length && names.length === Object.keys(params).length;
  if (isEachOnce && names.every((name) => typeof name === "string" && Object.hasOwn(params, name))) return;
  list.add("paramOrder", `must name each param once; found ${showValue(paramOrder)}`);
}

/** The runs of a continuous schedule follow each other, as each starts when the one before has ended. */
function checkActiveRuns({ schedule, maxActiveRuns }: Record<string, unknown>, list: ProblemList): void {
  if (!isObject(schedule) || schedule.kind !== "continuous" || typeof maxActiveRuns !== "number" || maxActiveRuns <= 1) return;
  list.add("maxActiveRuns", `must be 1, because the schedule is continuous; found ${maxActiveRuns}`);
}

function checkTasks(tasks: unknown[], groups: KnownGroups, failFast: boolean, list: ProblemList): void {
  const byId = new Map(tasks.filter(isObject).map((task) => [task.taskId, task]));
  const indexes = new Map<string, number>();
  const lists = tasks.map((task, index) => list.at(["tasks", index], `Task ${nameOf(task, "taskId", index)}`));
  for (const [index, task] of tasks.entries()) {
    const own = lists[index]!;
    if (!checkFields(task, TASK_CHECKS, own) || typeof task.taskId !== "string") continue;
    if (indexes.has(task.taskId)) own.add("taskId", `is the id of task ${indexes.get(task.taskId)} of the list too`);
    else indexes.set(task.taskId, index);
    if (groups.byId.has(task.taskId)) own.add("taskId", "is the id of a group too");
  }
  const upstreams: number[][] = tasks.map(() => []);
  for (const [index, task] of tasks.entries()) {
    if (!isObject(task)) continue;
    upstreams[index] = checkUpstream(task, indexes, lists[index]!);
    checkTask(task, { groups, tasks: byId, failFast }, lists[index]!);
  }
  checkGroupTasks(groups, tasks.filter(isObject));
  for (const cycle of topologicalOrder(upstreams).cycles) {
    const path = describeCycle(cycle.map((index) => (tasks[index] as { taskId: string }).taskId));
    list.add("tasks", cycle.length === 1 ? `has a task that is its own upstream: ${path}` : `form a cycle: ${path}`);
  }
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
