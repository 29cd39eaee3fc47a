import type { LoopSpec, TaskGroupSpec } from "./dag-spec.ts";
import { checkInputs, checkMapping, type InputScope } from "./input-spec-checks.ts";
import { suggestion } from "./nearest-name.ts";
import { showValue } from "./show-value.ts";
import {
  bool,
  type Check,
  type Checks,
  checkFields,
  isObject,
  key,
  nullable,
  type ProblemList,
  text,
  textUpTo,
  wholeNumber,
} from "./spec-problems.ts";

const elsewhere: Check = () => {};
const MAX_INT = 2 ** 31 - 1;

/** More iterations come from a mistake: each is a set of task instances of one run. */
const MAX_ITERATIONS = 10_000;

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

const LOOP_CHECKS: Checks<LoopSpec> = { maxIterations: wholeNumber(1, MAX_ITERATIONS), hasUntil: bool, resultTaskId: key, gateTaskId: key };

type Fields = Record<string, unknown>;

/** The groups of a DAG as far as they can be told apart, each with its place in the list of problems. */
export interface KnownGroups {
  byId: ReadonlyMap<string, { group: Fields; list: ProblemList }>;
}

/** Shape, ids and nesting. */
export function checkGroups(groups: unknown[], list: ProblemList): KnownGroups {
  const byId = new Map<string, { group: Fields; list: ProblemList }>();
  for (const [index, group] of groups.entries()) {
    const id = isObject(group) && typeof group.groupId === "string" ? `"${group.groupId}"` : `number ${index}`;
    const own = list.at(["groups", index], `Group ${id}`);
    if (!checkFields(group, GROUP_CHECKS, own) || typeof group.groupId !== "string") continue;
    if (byId.has(group.groupId)) own.add("groupId", "is the id of an earlier group too");
    else byId.set(group.groupId, { group, list: own });
  }
  for (const { group, list: own } of byId.values()) checkParent(group, byId, own);
  return { byId };
}

function checkParent({ groupId, parentId }: Fields, byId: KnownGroups["byId"], list: ProblemList): void {
  if (typeof parentId !== "string") return;
  if (!byId.has(parentId)) list.add("parentId", `"${parentId}" is not a group of this DAG${suggestion(parentId, byId.keys())}`);
  else if (pathOf(groupId, { byId }).length === 0) list.add("parentId", `"${parentId}" is inside this group itself`);
}

/** The group and those around it, innermost first; empty when they are inside each other. */
export function pathOf(groupId: unknown, { byId }: KnownGroups): string[] {
  const path: string[] = [];
  for (let id = groupId; typeof id === "string" && byId.has(id); id = byId.get(id)!.group.parentId) {
    if (path.includes(id)) return [];
    path.push(id);
  }
  return path;
}

/** The mapped group or loop that something in `groupId` is in. */
export function indexGroup(groupId: unknown, groups: KnownGroups): string | null {
  return pathOf(groupId, groups).find((id) => isMultiplying(groups.byId.get(id)!.group)) ?? null;
}

function isMultiplying({ mapping, loop }: Fields): boolean {
  return isObject(mapping) || isObject(loop);
}

/** What tasks in a group may use of the groups around. */
export function groupScopes(groupId: unknown, groups: KnownGroups): Pick<InputScope, "groups" | "loopId"> {
  const path = pathOf(groupId, groups);
  return {
    groups: new Map(path.map((id) => [id, namesOf(groups.byId.get(id)!.group)])),
    loopId: path.find((id) => isObject(groups.byId.get(id)!.group.loop)) ?? null,
  };
}

function namesOf({ inputs, mapping }: Fields): ReadonlySet<string> | null {
  const constants = isObject(inputs) ? Object.keys(inputs) : [];
  if (!isObject(mapping)) return new Set(constants);
  return mapping.kind === "expand" && isObject(mapping.inputs) ? new Set([...constants, ...Object.keys(mapping.inputs)]) : null;
}

/** What a group is multiplied by, against the tasks in it and before it. */
export function checkGroupTasks(groups: KnownGroups, tasks: readonly Fields[]): void {
  const inGroup = new Map<string, Fields[]>([...groups.byId.keys()].map((id) => [id, []]));
  for (const task of tasks) for (const id of pathOf(task.groupId, groups)) inGroup.get(id)!.push(task);
  for (const [groupId, { group, list }] of groups.byId) {
    const members = inGroup.get(groupId)!;
    checkSources(group, members, list);
    checkNesting(group, groups, list);
    if (group.loop !== null) checkLoop(group.loop, members, list.in("loop"));
  }
}

/** What a group takes from tasks has to be there before its first tasks run: they come directly after those tasks. */
function checkSources(group: Fields, members: readonly Fields[], list: ProblemList): void {
  const ids = new Set(members.map((task) => task.taskId));
  const roots = members.map(upstreamOf).filter((upstream) => !upstream.some((id) => ids.has(id)));
  const [first, ...others] = roots;
  const sources = new Set((first ?? []).filter((id) => others.every((upstream) => upstream.includes(id))));
  const scope: InputScope = { sources, sourcesAre: "a direct upstream of each of the group's first tasks", groups: new Map(), loopId: null };
  checkInputs(group.inputs, scope, list.in("inputs"));
  checkMapping(group, scope, list);
}

function upstreamOf({ upstream }: Fields): unknown[] {
  return Array.isArray(upstream) ? upstream : [];
}

function checkNesting(group: Fields, groups: KnownGroups, list: ProblemList): void {
  if (!isMultiplying(group)) return;
  if (isObject(group.mapping) && isObject(group.loop)) list.add("loop", "cannot be in a mapped group: a group is mapped, or a loop");
  const outer = indexGroup(group.parentId, groups);
  if (outer === null) return;
  const what = (one: Fields): string => (isObject(one.loop) ? "a loop" : "mapped");
  list.add(
    isObject(group.loop) ? "loop" : "mapping",
    `cannot be inside group "${outer}", which is ${what(groups.byId.get(outer)!.group)}: there is one level of map indexes`,
  );
}

function checkLoop(loop: unknown, members: readonly Fields[], list: ProblemList): void {
  if (!checkFields(loop, LOOP_CHECKS, list)) return;
  const { gateTaskId, resultTaskId } = loop;
  const gate = members.find((task) => task.taskId === gateTaskId);
  if (gate === undefined) return list.add("gateTaskId", `${showValue(gateTaskId)} is not a task of the loop`);
  if (gate.kind !== "loop_gate") list.add("gateTaskId", `"${String(gateTaskId)}" must be of kind loop_gate; found ${showValue(gate.kind)}`);
  if (!members.some((task) => task.taskId === resultTaskId)) return list.add("resultTaskId", `${showValue(resultTaskId)} is not a task of the loop`);
  const notTeardowns = members.filter((task) => task.isTeardown !== true);
  const isLeaf = (task: Fields): boolean => !notTeardowns.some((other) => upstreamOf(other).includes(task.taskId));
  const leaves = notTeardowns.filter((task) => isLeaf(task) && task !== gate).map((task) => task.taskId);
  if (leaves.length > 0)
    list.add(
      "resultTaskId",
      `must be the only last task of the loop's body; ${leaves.map((id) => `"${String(id)}"`).join(", ")} ${leaves.length === 1 ? "is" : "are"} last too`,
    );
  else if (!upstreamOf(gate).includes(resultTaskId))
    list.add("gateTaskId", `"${String(gateTaskId)}" must come directly after "${String(resultTaskId)}"`);
}
