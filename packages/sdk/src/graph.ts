import type { DagDefinition, Edge, Node } from "./definition.ts";
import { definitionError } from "./definition-error.ts";

/** The edges of a DAG between tasks, after those of groups were resolved to the tasks at their rims. */
export interface TaskGraph {
  upstream: ReadonlyMap<string, ReadonlySet<string>>;
  downstream: ReadonlyMap<string, ReadonlySet<string>>;
  /** The tasks of a group that nothing in the group comes before; where edges to the group end. */
  rootsOf(groupId: string): string[];
}

/**
 * Draws an edge to a group to the group's roots, and one from a group from its leaves. What the roots and leaves of a group are depends on the edges inside
 * it, so edges are resolved from the inside out: an edge between two groups comes after all edges within either.
 */
export function resolveGraph(dag: DagDefinition): TaskGraph {
  const resolver = new GraphResolver(dag);
  const inward = dag.edges.map((edge) => ({ edge, depth: resolver.depthOf(edge) }));
  inward.sort((one, other) => other.depth - one.depth);
  for (const { edge } of inward) resolver.draw(edge);
  return resolver;
}

class GraphResolver implements TaskGraph {
  readonly upstream = new Map<string, Set<string>>();
  readonly downstream = new Map<string, Set<string>>();
  readonly #dag: DagDefinition;
  readonly #ancestors = new Map<string | null, string[]>([[null, []]]);
  readonly #members = new Map<string, string[]>();

  constructor(dag: DagDefinition) {
    this.#dag = dag;
    for (const groupId of dag.groups.keys()) this.#members.set(groupId, []);
    for (const { taskId, groupId } of dag.tasks.values()) {
      this.upstream.set(taskId, new Set());
      this.downstream.set(taskId, new Set());
      for (const ancestor of this.#ancestorsOf(groupId)) this.#members.get(ancestor)!.push(taskId);
    }
  }

  /** Depth of the innermost group that holds both ends; edges between two tasks need nothing resolved and come first. */
  depthOf({ from, to }: Edge): number {
    if (from.kind === "task" && to.kind === "task") return Number.POSITIVE_INFINITY;
    const around = this.#groupsAround(from);
    const others = this.#groupsAround(to);
    let depth = 0;
    while (depth < around.length && depth < others.length && around[depth] === others[depth]) depth++;
    return depth;
  }

  draw(edge: Edge): void {
    const sources = edge.from.kind === "task" ? [edge.from.taskId] : this.#rim(edge.from.groupId, this.downstream, edge);
    const targets = edge.to.kind === "task" ? [edge.to.taskId] : this.#rim(edge.to.groupId, this.upstream, edge);
    this.#assertOutside(edge.from, edge.to);
    for (const source of sources) {
      for (const target of targets) {
        this.upstream.get(target)!.add(source);
        this.downstream.get(source)!.add(target);
      }
    }
  }

  rootsOf(groupId: string): string[] {
    return this.#edgeOf(groupId, this.upstream);
  }

  #rim(groupId: string, neighbours: Map<string, Set<string>>, edge: Edge): string[] {
    const rim = this.#edgeOf(groupId, neighbours);
    if (rim.length > 0) return rim;
    const other = edge.from.kind === "group" && edge.from.groupId === groupId ? edge.to : edge.from;
    if (this.#members.get(groupId)!.length > 0) throw this.#cycle(groupId);
    throw definitionError(
      `Task group "${groupId}" in DAG "${this.#dag.dagId}" has no tasks, so the edge between it and "${nameOf(other)}" orders nothing. Place a task in the group, or leave the edge out.`,
      { dagId: this.#dag.dagId, groupId },
    );
  }

  /** The members of a group that have no neighbour of that direction inside it. */
  #edgeOf(groupId: string, neighbours: Map<string, Set<string>>): string[] {
    const members = this.#members.get(groupId)!;
    const inside = new Set(members);
    return members.filter((taskId) => ![...neighbours.get(taskId)!].some((neighbour) => inside.has(neighbour)));
  }

  #assertOutside(from: Node, to: Node): void {
    const isWithin = (inner: Node, outer: Node) => outer.kind === "group" && this.#groupsAround(inner, true).includes(outer.groupId);
    if (!isWithin(from, to) && !isWithin(to, from)) return;
    throw definitionError(
      `DAG "${this.#dag.dagId}" has an edge from "${nameOf(from)}" to "${nameOf(to)}", but one of them is inside the other. A group can't come before or after what it holds.`,
      { dagId: this.#dag.dagId },
    );
  }

  #cycle(groupId: string): Error {
    return definitionError(
      `The tasks of task group "${groupId}" in DAG "${this.#dag.dagId}" wait for each other in a circle, so none can be first or last. Remove one of the edges.`,
      { dagId: this.#dag.dagId, groupId },
    );
  }

  #groupsAround(node: Node, withItself = false): string[] {
    if (node.kind === "task") return this.#ancestorsOf(this.#dag.tasks.get(node.taskId)!.groupId);
    const around = this.#ancestorsOf(this.#dag.groups.get(node.groupId)!.parentId);
    return withItself ? [...around, node.groupId] : around;
  }

  /** The group itself and those around it, outermost first. */
  #ancestorsOf(groupId: string | null): string[] {
    let ancestors = this.#ancestors.get(groupId);
    if (!ancestors) {
      ancestors = [...this.#ancestorsOf(this.#dag.groups.get(groupId!)!.parentId), groupId!];
      this.#ancestors.set(groupId, ancestors);
    }
    return ancestors;
  }
}

function nameOf(node: Node): string {
  return node.kind === "task" ? node.taskId : node.groupId;
}
