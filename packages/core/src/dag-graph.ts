import type { DagSpec, InputSpec, TaskGroupSpec, TaskSpec } from "./dag-spec.ts";
import { TradewindError } from "./errors.ts";
import { mappingInputs } from "./mapping.ts";
import { suggestion } from "./nearest-name.ts";
import { effectivePriorityWeights } from "./priority-weight.ts";
import { invertEdges, topologicalOrder } from "./topological-order.ts";

/** A task and its place in the graph. */
export interface TaskNode {
  readonly taskId: string;
  readonly spec: TaskSpec;
  /** Place in `DagSpec.tasks`. */
  readonly index: number;
  /** Place in `DagGraph.topologicalOrder`. */
  readonly topologicalIndex: number;
  /** Direct upstream tasks, sorted by id. */
  readonly upstream: readonly string[];
  /** Direct downstream tasks, in order of definition. */
  readonly downstream: readonly string[];
  /** The groups it is in, outermost first. */
  readonly groupIds: readonly string[];
  /** The mapped group or the loop that it is in, whose map indexes its instances have; null: none. */
  readonly indexGroupId: string | null;
  /** A task or a group is mapped over its result, so that its length counts. */
  readonly isMappedOver: boolean;
  /** What dispatch orders by: the weight after its weight rule, within 32 bits. */
  readonly effectivePriorityWeight: number;
}

export interface GroupNode {
  readonly groupId: string;
  readonly spec: TaskGroupSpec;
  /** All tasks in it, also those of groups inside it, in order of definition. */
  readonly taskIds: readonly string[];
  /** Those of its tasks that no other task of the group comes before: what an edge to the group leads to. */
  readonly rootIds: readonly string[];
  /** Those of its tasks that nothing in the group comes after but teardowns, and that are none: what an edge from the group starts at. */
  readonly leafIds: readonly string[];
}

/** A DAG spec with the indexes that decisions need. Built once per DAG version; never changed. */
export interface DagGraph {
  readonly dagId: string;
  readonly spec: DagSpec;
  readonly tasks: ReadonlyMap<string, TaskNode>;
  readonly groups: ReadonlyMap<string, GroupNode>;
  /** All task ids, upstreams first. */
  readonly topologicalOrder: readonly string[];
  /** Tasks without upstream, in order of definition. */
  readonly rootIds: readonly string[];
  /** Tasks without downstream, in order of definition. */
  readonly leafIds: readonly string[];
  /**
   * Tasks whose states decide the run, in order of definition: those that nothing comes after but teardowns, and teardowns only with `onFailureFailDagRun`. Where all tasks are teardowns, those
   * without downstream.
   */
  readonly outcomeTaskIds: readonly string[];
}

/**
 * Indexes a valid spec (see `validateDagSpec`). Linear in tasks and edges, but for weights by `downstream` and `upstream`.
 * @throws TradewindError `invalid_dag_spec` for an unknown upstream or a cycle, which a validated spec does not have.
 */
export function compileDag(spec: DagSpec): DagGraph {
  const upstreams = upstreamIndexes(spec);
  const { order, cycles } = topologicalOrder(upstreams);
  const cycle = cycles[0];
  if (cycle !== undefined) {
    const path = describeCycle(cycle.map((index) => spec.tasks[index]!.taskId));
    throw new TradewindError("invalid_dag_spec", `The tasks of DAG "${spec.dagId}" form a cycle: ${path}.`, { details: { dagId: spec.dagId } });
  }
  const downstreams = invertEdges(upstreams);
  const weights = effectivePriorityWeights(spec.tasks, order, upstreams, downstreams);
  const topologicalIndexes = new Map(order.map((index, place) => [index, place]));
  const parents = new Map(spec.groups.map((group) => [group.groupId, group.parentId]));
  const idOf = (index: number): string => spec.tasks[index]!.taskId;
  const multiplying = new Set(spec.groups.flatMap((group) => (group.mapping !== null || group.loop !== null ? [group.groupId] : [])));
  const mappedOver = listMappedOver(spec);

  const tasks = new Map<string, TaskNode>();
  for (const [index, task] of spec.tasks.entries()) {
    tasks.set(task.taskId, {
      taskId: task.taskId,
      spec: task,
      index,
      topologicalIndex: topologicalIndexes.get(index)!,
      upstream: task.upstream,
      downstream: downstreams[index]!.map(idOf),
      groupIds: groupPath(task.groupId, parents),
      indexGroupId: groupPath(task.groupId, parents).find((id) => multiplying.has(id)) ?? null,
      isMappedOver: mappedOver.has(task.taskId),
      effectivePriorityWeight: weights[index]!,
    });
  }
  const nodes = [...tasks.values()];
  return {
    dagId: spec.dagId,
    spec,
    tasks,
    groups: compileGroups(spec, nodes),
    topologicalOrder: order.map(idOf),
    rootIds: nodes.filter((node) => node.upstream.length === 0).map((node) => node.taskId),
    leafIds: nodes.filter((node) => node.downstream.length === 0).map((node) => node.taskId),
    outcomeTaskIds: listOutcomeTasks(nodes, tasks),
  };
}

function listOutcomeTasks(nodes: readonly TaskNode[], tasks: ReadonlyMap<string, TaskNode>): string[] {
  const counts = ({ spec }: TaskNode): boolean => !spec.isTeardown || spec.onFailureFailDagRun;
  const effective = nodes.filter((node) => counts(node) && !node.downstream.some((id) => counts(tasks.get(id)!)));
  return (effective.length > 0 ? effective : nodes.filter((node) => node.downstream.length === 0)).map((node) => node.taskId);
}

function upstreamIndexes(spec: DagSpec): number[][] {
  const indexes = new Map(spec.tasks.map((task, index) => [task.taskId, index]));
  return spec.tasks.map((task) =>
    task.upstream.map((upstreamId) => {
      const index = indexes.get(upstreamId);
      if (index !== undefined) return index;
      throw new TradewindError("invalid_dag_spec", `Task "${task.taskId}" of DAG "${spec.dagId}" has the unknown upstream "${upstreamId}".`, {
        details: { dagId: spec.dagId, taskId: task.taskId, upstreamId },
      });
    }),
  );
}

/** The group and its parents, outermost first. */
function groupPath(groupId: string | null, parents: ReadonlyMap<string, string | null>): string[] {
  const path: string[] = [];
  for (let id = groupId; id !== null; id = parents.get(id) ?? null) path.push(id);
  return path.reverse();
}

/** The tasks whose results, whole, something is mapped over. */
function listMappedOver(spec: DagSpec): Set<string> {
  const found = new Set<string>();
  const visit = (input: InputSpec): void => {
    if (input.kind === "map") visit(input.input);
    else if (input.kind === "xcom" && input.key === "return_value" && input.path.length === 0) found.add(input.taskId);
  };
  for (const { mapping } of [...spec.tasks, ...spec.groups]) mappingInputs(mapping).forEach(visit);
  return found;
}

function compileGroups(spec: DagSpec, nodes: readonly TaskNode[]): Map<string, GroupNode> {
  const members = new Map<string, TaskNode[]>(spec.groups.map((group) => [group.groupId, []]));
  for (const node of nodes) for (const groupId of node.groupIds) members.get(groupId)?.push(node);
  return new Map(
    spec.groups.map((group) => {
      const inGroup = members.get(group.groupId)!;
      const ids = new Set(inGroup.map((node) => node.taskId));
      const work = new Set(inGroup.filter((node) => !node.spec.isTeardown).map((node) => node.taskId));
      const node: GroupNode = {
        groupId: group.groupId,
        spec: group,
        taskIds: [...ids],
        rootIds: inGroup.filter((task) => !task.upstream.some((id) => ids.has(id))).map((task) => task.taskId),
        leafIds: inGroup.filter((task) => !task.spec.isTeardown && !task.downstream.some((id) => work.has(id))).map((task) => task.taskId),
      };
      return [group.groupId, node];
    }),
  );
}

/** `a → b → a`, shortened in the middle when it is long. */
export function describeCycle(taskIds: readonly string[]): string {
  const closed = [...taskIds, taskIds[0]!].map((id) => `"${id}"`);
  if (closed.length > 12) closed.splice(6, closed.length - 11, `… ${closed.length - 11} more …`);
  return closed.join(" → ");
}

/** @throws TradewindError `task_not_found` */
export function getTaskNode(graph: DagGraph, taskId: string): TaskNode {
  const node = graph.tasks.get(taskId);
  if (node !== undefined) return node;
  throw new TradewindError("task_not_found", `DAG "${graph.dagId}" has no task "${taskId}"${suggestion(taskId, graph.tasks.keys()) || "."}`, {
    details: { dagId: graph.dagId, taskId },
  });
}

/** All tasks below the given ones, without those themselves unless one is below another. */
export function listDescendants(graph: DagGraph, taskIds: Iterable<string>): Set<string> {
  return reach(graph, taskIds, (node) => node.downstream);
}

/** All tasks above the given ones, without those themselves unless one is above another. */
export function listAncestors(graph: DagGraph, taskIds: Iterable<string>): Set<string> {
  return reach(graph, taskIds, (node) => node.upstream);
}

function reach(graph: DagGraph, taskIds: Iterable<string>, next: (node: TaskNode) => readonly string[]): Set<string> {
  const found = new Set<string>();
  const waiting = [...taskIds];
  for (let taskId = waiting.pop(); taskId !== undefined; taskId = waiting.pop()) {
    for (const id of next(getTaskNode(graph, taskId))) {
      if (found.has(id)) continue;
      found.add(id);
      waiting.push(id);
    }
  }
  return found;
}
