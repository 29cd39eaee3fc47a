import { type SensorSpec, TASK_CALLBACKS, TASK_KINDS, type TaskSpec, TRIGGER_RULES, WEIGHT_RULES } from "./dag-spec.ts";
import { groupScopes, indexGroup, type KnownGroups } from "./group-spec-checks.ts";
import { checkInputs, checkMapping } from "./input-spec-checks.ts";
import { suggestion } from "./nearest-name.ts";
import { MAX_PRIORITY_WEIGHT, MIN_PRIORITY_WEIGHT } from "./priority-weight.ts";
import { showValue } from "./show-value.ts";
import {
  asList,
  bool,
  type Check,
  type Checks,
  checkFields,
  instant,
  isObject,
  key,
  nullable,
  numberFrom,
  oneOf,
  optional,
  type ProblemList,
  text,
  textUpTo,
  wholeNumber,
} from "./spec-problems.ts";

/** Looked at elsewhere, because it needs more than the value itself. */
const elsewhere: Check = () => {};

const POOL_NAME_LENGTH = 256;
const MAX_INT = 2 ** 31 - 1;

const SENSOR_CHECKS: Checks<SensorSpec> = {
  mode: oneOf(["poke", "reschedule"]),
  pokeIntervalMs: wholeNumber(0),
  timeoutMs: wholeNumber(0),
  softFail: bool,
};

/** Which callbacks there are: known names, each once, in their order. */
export function callbacksOf(names: readonly string[]): Check {
  return (value, list, field) => {
    const given = asList(value, list, field);
    for (const name of given) oneOf(names)(name, list, field);
    const ordered = names.filter((name) => given.includes(name));
    if (
      ordered.length !== given.length ? given.every((name) => names.includes(name as string)) : ordered.some((name, index) => name !== given[index])
    ) {
      list.add(field, `must name each callback once, in this order: ${ordered.join(", ")}`);
    }
  };
}

export const TASK_CHECKS: Checks<TaskSpec> = {
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
  waitForPastDependsBeforeSkipping: optional(bool),
  isSetup: bool,
  isTeardown: bool,
  setups: (value, list, field) => {
    asList(value, list, field);
  },
  onFailureFailDagRun: bool,
  sensor: (value, list, field) => {
    if (value === null) return;
    if (value === undefined) list.add(field, "is missing; it must be a sensor (an object), or null");
    else checkFields(value, SENSOR_CHECKS, list.in(field));
  },
  callbacks: callbacksOf(TASK_CALLBACKS),
  isolation: oneOf(["warm", "process"]),
  memoryLimitMb: nullable(wholeNumber(1, MAX_INT)),
  startDate: nullable(instant),
  endDate: nullable(instant),
  owner: textUpTo(1000),
  doc: nullable(text),
};

type Fields = Record<string, unknown>;

/** The rest of the DAG, as far as a task has to fit it. */
export interface TaskSurroundings {
  groups: KnownGroups;
  tasks: ReadonlyMap<unknown, Fields>;
  failFast: boolean;
}

/** What of a task depends on its surroundings. */
export function checkTask(task: Fields, around: TaskSurroundings, list: ProblemList): void {
  checkPeriod(task, list);
  const { groups, failFast } = around;
  if (typeof task.groupId === "string" && !groups.byId.has(task.groupId)) {
    list.add("groupId", `"${task.groupId}" is not a group of this DAG${suggestion(task.groupId, groups.byId.keys())}`);
  }
  if (failFast && task.isTeardown !== true && task.triggerRule !== "all_success") {
    list.add("triggerRule", `must be all_success, because the DAG has failFast; found ${showValue(task.triggerRule)}`);
  }
  checkSetupAndTeardown(task, around, list);
  checkPlace(task, around, list);
  const upstream = new Set(Array.isArray(task.upstream) ? task.upstream : []);
  const scope = { sources: upstream, sourcesAre: "a direct upstream of the task that uses its result", ...groupScopes(task.groupId, groups) };
  checkInputs(task.inputs, scope, list.in("inputs"));
  checkMapping(task, scope, list);
}

export function checkPeriod(value: Fields, list: ProblemList): void {
  const { startDate, endDate } = value;
  if (typeof startDate === "string" && typeof endDate === "string" && startDate > endDate) {
    list.add("endDate", `${endDate} is before startDate ${startDate}`);
  }
}

function checkSetupAndTeardown(task: Fields, { tasks }: TaskSurroundings, list: ProblemList): void {
  const { isSetup, isTeardown, triggerRule, upstream } = task;
  if (isSetup === true && isTeardown === true) list.add("isTeardown", "cannot be true for a setup: a task is one or the other");
  if (isTeardown === true && triggerRule !== "all_done_setup_success") {
    list.add("triggerRule", `must be all_done_setup_success, because the task is a teardown; found ${showValue(triggerRule)}`);
  }
  if (isTeardown === false && triggerRule === "all_done_setup_success") list.add("triggerRule", "all_done_setup_success is for teardowns only");
  if (isTeardown === false && task.onFailureFailDagRun === true) list.add("onFailureFailDagRun", "is for teardowns only");
  checkSetups(task, tasks, list);
  if (isTeardown !== false || triggerRule === "all_success" || !Array.isArray(upstream)) return;
  const setup = upstream.find((id) => tasks.get(id)?.isSetup === true);
  if (setup !== undefined)
    list.add("triggerRule", `must be all_success, because it comes directly after the setup "${String(setup)}"; found ${showValue(triggerRule)}`);
}

function checkSetups({ setups, isTeardown, upstream }: Fields, tasks: TaskSurroundings["tasks"], list: ProblemList): void {
  if (!Array.isArray(setups)) return;
  if (setups.length > 0 && isTeardown === false) list.add("setups", "is for teardowns only");
  for (const [index, id] of setups.entries()) {
    if (typeof id !== "string" || !tasks.has(id)) list.add("setups", `${showValue(id)} is not a task of this DAG`);
    else if (tasks.get(id)!.isSetup !== true) list.add("setups", `"${id}" is not a setup`);
    else if (Array.isArray(upstream) && !upstream.includes(id)) list.add("setups", `"${id}" must be among its upstream tasks`);
    if (index > 0 && !(String(setups[index - 1]) < String(id)))
      list.add("setups", `must be sorted, each once; "${String(id)}" comes after "${String(setups[index - 1])}"`);
  }
}

/** What the group around allows. */
function checkPlace(task: Fields, { groups }: TaskSurroundings, list: ProblemList): void {
  const groupId = indexGroup(task.groupId, groups);
  const group = groupId === null ? null : groups.byId.get(groupId)!.group;
  const loop = group !== null && isObject(group.loop) ? group.loop : null;
  if (task.kind === "loop_gate" && loop?.gateTaskId !== task.taskId) list.add("kind", "loop_gate is for the gate of a loop only");
  if (group === null) return;
  const what = loop === null ? `group "${groupId}", which is mapped` : `the loop "${groupId}"`;
  if (isObject(task.mapping)) list.add("mapping", `cannot be in ${what}: there is one level of map indexes. Map the task outside of it`);
  if (task.triggerRule === "always" && loop === null) list.add("triggerRule", `cannot be always in ${what}`);
}
