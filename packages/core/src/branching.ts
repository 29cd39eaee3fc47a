import { type DagGraph, getTaskNode, listDescendants, type TaskNode } from "./dag-graph.ts";
import type { Json } from "./dag-spec.ts";
import { TradewindError } from "./errors.ts";
import { suggestion } from "./nearest-name.ts";
import { showValue } from "./show-value.ts";

/** What a branch or a short circuit decided about the tasks below it. */
export interface SkipPlan {
  /** Direct children that are followed, in order of definition. */
  follow: string[];
  /** Tasks to be skipped, in order of definition. */
  skip: string[];
}

/**
 * What becomes of the direct children of a branch task by its result: a task id, a group id, a list of them, or null or an empty list to skip all.
 *
 * A child that is not named is followed all the same when it lies below a named one: in `branch → a → join` with `branch → join`, following `a` must not
 * skip `join`. Teardowns are never skipped by a decision: they run when one of their setups succeeded.
 * @throws TradewindError `branch_invalid` when the result is something else, or names what is no direct child.
 */
export function planBranch(graph: DagGraph, taskId: string, result: Json | undefined): SkipPlan {
  const node = getTaskNode(graph, taskId);
  const named = readNames(node, result).flatMap((name) => directChildren(graph, node, name));
  const followed = new Set([...named, ...listDescendants(graph, named)]);
  return {
    follow: node.downstream.filter((child) => followed.has(child)),
    skip: node.downstream.filter((child) => !followed.has(child) && !isTeardown(graph, child)),
  };
}

/**
 * What a short circuit skips by its result. A result that is falsy to JavaScript skips everything below but teardowns, whatever the trigger rules there say; with
 * `respectDownstreamRules` only the direct children, and the rules below decide about the rest. Any other result skips nothing.
 */
export function planShortCircuit(graph: DagGraph, taskId: string, result: Json | undefined): SkipPlan {
  const node = getTaskNode(graph, taskId);
  if (result) return { follow: [...node.downstream], skip: [] };
  if (node.spec.respectDownstreamRules) return { follow: [], skip: node.downstream.filter((id) => !isTeardown(graph, id)) };
  const below = listDescendants(graph, [taskId]);
  return { follow: [], skip: [...graph.tasks.keys()].filter((id) => below.has(id) && !isTeardown(graph, id)) };
}

function isTeardown(graph: DagGraph, taskId: string): boolean {
  return getTaskNode(graph, taskId).spec.isTeardown;
}

/** Whether the end of a task decides about others by its result. */
export function decidesBranch(node: TaskNode): boolean {
  return node.spec.kind === "branch" || node.spec.kind === "short_circuit";
}

function readNames(node: TaskNode, result: Json | undefined): string[] {
  if (result === null || result === undefined) return [];
  const names = Array.isArray(result) ? result : [result];
  const odd = names.find((name) => typeof name !== "string");
  if (odd === undefined) return names as string[];
  throw branchInvalid(node, `returned ${showValue(odd)}, which is no id. Return the id of a direct child, a list of such ids, or null`);
}

/** The direct children that a task or group id stands for. */
function directChildren(graph: DagGraph, node: TaskNode, name: string): string[] {
  if (node.downstream.includes(name)) return [name];
  const group = graph.groups.get(name);
  const roots = group === undefined ? [] : group.rootIds.filter((id) => node.downstream.includes(id));
  if (roots.length > 0) return roots;
  const options = [...node.downstream, ...groupsOfChildren(graph, node)];
  const known = graph.tasks.has(name) || group !== undefined ? "is in the DAG, but not directly downstream of it" : "is not in the DAG";
  const choice = options.length === 0 ? "It has no direct children" : `It may return ${listed(options)}`;
  throw branchInvalid(node, `returned "${name}", which ${known}${suggestion(name, options) || "."} ${choice}`, { name, options });
}

/** Groups that an edge from this task leads into, so that naming them means something. */
function groupsOfChildren(graph: DagGraph, node: TaskNode): string[] {
  const own = new Set(node.groupIds);
  const groups = node.downstream.flatMap((child) => getTaskNode(graph, child).groupIds.filter((id) => !own.has(id)));
  return [...new Set(groups)].filter((id) => graph.groups.get(id)!.rootIds.some((root) => node.downstream.includes(root)));
}

function listed(options: readonly string[]): string {
  const shown = options.slice(0, 10).map((option) => `"${option}"`);
  return options.length > shown.length ? `${shown.join(", ")} or ${options.length - shown.length} more` : shown.join(", ");
}

function branchInvalid(node: TaskNode, what: string, details: Record<string, unknown> = {}): TradewindError {
  return new TradewindError("branch_invalid", `Branch task "${node.taskId}" ${what}.`, { details: { taskId: node.taskId, ...details } });
}
