import { canonicalJson, type InputMap, type Json, TradewindError } from "@tradewind/core";
import { applyInputMaps } from "./apply-input-maps.ts";
import { chosenIds } from "./branching.ts";
import { runTaskCallbacks } from "./callbacks.ts";
import type { AnyDag } from "./collect-dags.ts";
import { DAG, DECISION_KEY, type DagDefinition, type Decision, type Node, type PlacedTask } from "./definition.ts";
import { dagInfoOf, optionsOf, placedTaskOf } from "./effective-options.ts";
import { SkipTask } from "./errors.ts";
import { resolveGraph, type TaskGraph } from "./graph.ts";
import { templateContext } from "./operator.ts";
import { type TaskRuntime, type TaskScope, withTaskScope } from "./runtime.ts";
import type { TaskOptions } from "./task-options.ts";
import { isTaskGroup, isTaskRef } from "./task-ref.ts";
import { toSpec } from "./to-spec.ts";

export interface RunTaskRequest {
  /** By name, resolved: constants, XComs of upstreams and the item of this map index together. */
  inputs: Record<string, Json>;
  /** Functions of the author that parts of the inputs go through first. */
  inputMaps?: readonly InputMap[];
  /** Runs in place of the task's own handler: a test's stand-in. */
  handler?: (inputs: Record<string, Json>) => unknown;
  runtime: TaskRuntime;
}

/** What a task that ended well hands back. */
export interface TaskResult {
  /** The XCom `return_value` as JSON text; absent when the handler returned undefined. Of a branch: the ids of the tasks to follow. */
  result?: string;
  /** Number of items of a result that is a list, or of members of one that is an object: what a mapped task below expands over. */
  resultLength?: number;
}

/**
 * Runs a placed task once: its conditions, its callbacks on execute, then its handler, with all inputs in place. What the handler throws comes through unchanged: `classifyError` tells what it means
 * (`runAttempt` does, and never throws).
 * @param taskId The full id, with the prefix of its groups.
 * @throws TradewindError `task_not_found`; `not_json` for a result that is not JSON; `branch_invalid`
 */
export async function runTask(dag: AnyDag, taskId: string, request: RunTaskRequest): Promise<TaskResult> {
  const task = placedTaskOf(dag[DAG], taskId);
  return withTaskScope(scopeOf(dag, task, request.runtime), () => runPlacedTask(dag, task, request));
}

/** What is around the handler of this task. */
export function scopeOf(dag: AnyDag, task: PlacedTask, runtime: TaskRuntime): TaskScope {
  return { runtime, dag: dagInfoOf(dag[DAG], runtime.context.dagVersion), operator: task.operator };
}

/** Needs the task's scope around it. */
export async function runPlacedTask(dag: AnyDag, task: PlacedTask, request: RunTaskRequest): Promise<TaskResult> {
  const definition = dag[DAG];
  const { runtime } = request;
  const inputs = await mappedInputs(definition, request);
  await checkConditions(optionsOf(definition, task), inputs);
  await runTaskCallbacks(dag, task.taskId, "execute", runtime);
  const handler = request.handler ?? (task.handler as ((inputs: Record<string, Json>) => unknown) | null);
  if (handler === null) return {};
  const returned = await handler(inputs);
  if (task.kind === "loop_gate") assertVerdict(definition, task, returned);
  return encodeResult(definition, task, task.kind === "branch" ? await followed(dag, task, returned, runtime) : returned);
}

/** The inputs, after the functions of the author that some go through. */
export async function mappedInputs(definition: DagDefinition, { inputs, inputMaps }: RunTaskRequest): Promise<Record<string, Json>> {
  if (inputMaps === undefined || inputMaps.length === 0) return inputs;
  return (await applyInputMaps(definition, inputs, inputMaps)) as Record<string, Json>;
}

/** `skipIf` and `runIf`. */
async function checkConditions({ skipIf, runIf }: TaskOptions, inputs: Record<string, Json>): Promise<void> {
  if (skipIf === undefined && runIf === undefined) return;
  const context = templateContext(inputs);
  const why = skipIf === undefined ? false : await skipIf(context);
  if (why === true || typeof why === "string") throw new SkipTask(why === true ? "skipIf gave true" : why);
  if (runIf !== undefined && !(await runIf(context))) throw new SkipTask("runIf gave false");
}

function assertVerdict({ dagId }: DagDefinition, { taskId, groupId }: PlacedTask, returned: unknown): void {
  if (typeof returned === "boolean") return;
  throw new TradewindError(
    "loop_invalid",
    `"until" of the loop "${groupId}" in DAG "${dagId}" gave ${JSON.stringify(returned) ?? String(returned)}, and not true or false. Return a boolean from it.`,
    { details: { dagId, taskId } },
  );
}

/** Whether the DAG has this task placed, and which operator runs it: what a runner asks before it starts an attempt. */
export function findTask(dag: AnyDag, taskId: string): { taskId: string; operator: string } | undefined {
  const task = dag[DAG].tasks.get(taskId);
  return task && { taskId, operator: task.operator };
}

function encodeResult({ dagId }: DagDefinition, { taskId }: PlacedTask, value: unknown): TaskResult {
  if (value === undefined) return {};
  let result: string | undefined;
  try {
    result = JSON.stringify(value);
  } catch (cause) {
    throw notJson(dagId, taskId, `JSON.stringify says: ${(cause as Error).message}`, cause);
  }
  if (result === undefined) throw notJson(dagId, taskId, `it is a ${typeof value}`);
  return isCollection(value) ? { result, resultLength: lengthOf(value, result) } : { result };
}

function isCollection(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Of the value as it travels: an object may have members that JSON leaves out, or be a date that becomes a string. */
function lengthOf(value: object, text: string): number | undefined {
  if (Array.isArray(value)) return value.length;
  if (!text.startsWith("{") && !text.startsWith("[")) return undefined;
  const parsed = JSON.parse(text) as object;
  return Array.isArray(parsed) ? parsed.length : Object.keys(parsed).length;
}

function notJson(dagId: string, taskId: string, why: string, cause?: unknown): TradewindError {
  return new TradewindError(
    "not_json",
    `The result of task "${taskId}" in DAG "${dagId}" is not JSON: ${why}. Return JSON, or nothing; store anything else where other tasks can reach it and return its address.`,
    {
      details: { dagId, taskId },
      cause,
    },
  );
}

interface Resolved {
  graph: TaskGraph;
  /** The deciders whose handler's result is an input of another task. */
  consumedDeciders: Set<string>;
}

const resolved = new WeakMap<DagDefinition, Resolved>();

function resolve(dag: AnyDag): Resolved {
  const definition = dag[DAG];
  let known = resolved.get(definition);
  if (!known) {
    resolved.set(definition, (known = { graph: resolveGraph(definition), consumedDeciders: new Set(consumedDeciders(dag)) }));
  }
  return known;
}

function consumedDeciders(dag: AnyDag): string[] {
  const found: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    const input = value as { kind?: unknown; key?: unknown; taskId?: unknown };
    if (input.kind === "xcom" && input.key === DECISION_KEY) found.push(input.taskId as string);
    for (const member of Object.values(value)) visit(member);
  };
  for (const task of toSpec(dag).tasks) visit([task.inputs, task.mapping]);
  return found;
}

/** The ids of the direct children to follow, as a branch task reports them. */
async function followed(dag: AnyDag, task: PlacedTask, returned: unknown, runtime: TaskRuntime): Promise<string[]> {
  const { graph, consumedDeciders } = resolve(dag);
  const definition = dag[DAG];
  if (task.decision === null) return directChildren(definition, graph, task, chosenIds(returned));
  if (consumedDeciders.has(task.taskId)) await runtime.setXCom(DECISION_KEY, plainJson(definition, task, returned));
  const { chosen, all } = decide(definition, task, task.decision, returned);
  const candidates = new Set(tasksOf(graph, all));
  const bystanders = [...graph.downstream.get(task.taskId)!].filter((child) => !candidates.has(child));
  return [...new Set([...tasksOf(graph, chosen), ...bystanders])];
}

function plainJson(definition: DagDefinition, task: PlacedTask, value: unknown): Json {
  const { result } = encodeResult(definition, task, value);
  return result === undefined ? null : (JSON.parse(result) as Json);
}

function decide(definition: DagDefinition, task: PlacedTask, decision: Decision, returned: unknown): { chosen: Node[]; all: Node[] } {
  if (decision.kind === "if") {
    const value = walk(returned, decision.path);
    if (typeof value !== "boolean") throw notBoolean(definition, task, value);
    return { chosen: value ? decision.whenTrue : decision.whenFalse, all: [...decision.whenTrue, ...decision.whenFalse] };
  }
  const all = [...decision.cases.flatMap((one) => one.targets), ...(decision.otherwise ?? [])];
  const targets = new Set(chosenReferences(returned));
  const value = walk(returned, decision.path);
  const text = targets.size > 0 || value === undefined ? undefined : canonicalJson(plainJson(definition, task, value));
  const matching = decision.cases.filter((one) =>
    one.value === undefined ? one.targets.some((target) => targets.has(idOf(target))) : canonicalJson(one.value) === text,
  );
  return { chosen: matching.length > 0 ? matching.flatMap((one) => one.targets) : (decision.otherwise ?? []), all };
}

/** The tasks and groups that a decider returned as such; strings are values to compare, not ids. */
function chosenReferences(returned: unknown): string[] {
  if (Array.isArray(returned)) return returned.flatMap(chosenReferences);
  return isTaskRef(returned) || isTaskGroup(returned) ? chosenIds(returned) : [];
}

function walk(value: unknown, path: string[]): unknown {
  return path.reduce((part: unknown, key) => (typeof part === "object" && part !== null ? (part as Record<string, unknown>)[key] : undefined), value);
}

function idOf(node: Node): string {
  return node.kind === "task" ? node.taskId : node.groupId;
}

function tasksOf(graph: TaskGraph, nodes: Node[]): string[] {
  return nodes.flatMap((node) => (node.kind === "task" ? [node.taskId] : graph.rootsOf(node.groupId)));
}

function directChildren(definition: DagDefinition, graph: TaskGraph, task: PlacedTask, ids: string[]): string[] {
  const children = graph.downstream.get(task.taskId)!;
  return [...new Set(ids.flatMap((id) => childrenNamed(definition, graph, task, children, id)))];
}

function childrenNamed(definition: DagDefinition, graph: TaskGraph, task: PlacedTask, children: ReadonlySet<string>, id: string): string[] {
  if (children.has(id)) return [id];
  const inGroup = definition.groups.has(id) ? graph.rootsOf(id).filter((root) => children.has(root)) : [];
  if (inGroup.length > 0) return inGroup;
  throw new TradewindError(
    "branch_invalid",
    `Branch "${task.taskId}" in DAG "${definition.dagId}" chose "${id}", which is not directly below it. Directly below are: ${[...children].join(", ") || "no tasks"}. Return one of these (with the prefix of their groups), or draw the edge with before().`,
    { details: { dagId: definition.dagId, taskId: task.taskId, chosen: id, children: [...children] } },
  );
}

function notBoolean(definition: DagDefinition, task: PlacedTask, found: unknown): TradewindError {
  return new TradewindError(
    "branch_invalid",
    `The condition "${task.taskId}" of dag.if() in DAG "${definition.dagId}" gave ${JSON.stringify(found) ?? String(found)}, and not true or false. Return a boolean from it.`,
    {
      details: { dagId: definition.dagId, taskId: task.taskId },
    },
  );
}
