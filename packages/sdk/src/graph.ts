import type { DagDefinition, Edge, Node } from "./definition.ts";
import { definitionError } from "./definition-error.ts";
import { setupsOf } from "./setup-teardown.ts";

/** The edges of a DAG between tasks, after those of groups were resolved to the tasks at their rims. */
export interface TaskGraph {
  upstream: ReadonlyMap<string, ReadonlySet<string>>;
  downstream: ReadonlyMap<string, ReadonlySet<string>>;
  /** The tasks of a group that nothing in the group comes before, but for teardowns; where edges to the group end. */
  rootsOf(groupId: string): string[];
  /** The tasks of a group that nothing in the group comes after, but for teardowns; where edges from the group begin. */
  leavesOf(groupId: string): string[];
  /** All tasks of a group, also those of groups inside it. */
  membersOf(groupId: string): readonly string[];
}

/**
 * Draws an edge to a group to the group's roots, and one from a group from its leaves. What the roots and leaves of a group are depends on the edges inside
 * it, so edges are resolved from the inside out: an edge between two groups comes after all edges within either.
 */
export function resolveGraph(dag: DagDefinition): TaskGraph {
  const resolver = new GraphResolver(dag);
  for (const { edge } of inwardOf(dag, resolver)) resolver.draw(edge);
  resolver.drawScopes();
  resolver.drawGates();
  return resolver;
}

function inwardOf(dag: DagDefinition, resolver: GraphResolver): { edge: Edge; depth: number }[] {
  const inward = dag.edges.map((edge) => ({ edge, depth: resolver.depthOf(edge) }));
  return inward.sort((one, other) => other.depth - one.depth);
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
        this.#connect(source, target);
      }
    }
  }

  /** The first tasks of a scope run after the setups, the last ones before the teardown. */
  drawScopes(): void {
    for (const { teardownId, taskIds } of this.#dag.scopes) {
      const inside = new Set(taskIds.filter((taskId) => taskId !== teardownId));
      const setups = setupsOf(this.#dag, this.#dag.tasks.get(teardownId)!, this.upstream.get(teardownId)!).filter((taskId) => !inside.has(taskId));
      const [first, last] = [this.#rootsAmong(inside), this.#leavesAmong(inside)];
      for (const taskId of first) for (const setup of setups) this.#connect(setup, taskId);
      for (const taskId of last) this.#connect(taskId, teardownId);
    }
  }

  /** What takes from inside a loop waits for its end. */
  drawGates(): void {
    for (const { groupId, loop } of this.#dag.groups.values()) {
      if (loop === null) continue;
      const inside = new Set(this.#members.get(groupId));
      const outside = [...inside].flatMap((taskId) => [...this.downstream.get(taskId)!]).filter((taskId) => !inside.has(taskId));
      for (const taskId of outside) this.#connect(loop.gateTaskId, taskId);
    }
  }

  membersOf(groupId: string): readonly string[] {
    return this.#members.get(groupId)!;
  }

  #connect(source: string, target: string): void {
    this.upstream.get(target)!.add(source);
    this.downstream.get(source)!.add(target);
  }

  rootsOf(groupId: string): string[] {
    return this.#rootsAmong(new Set(this.#members.get(groupId)));
  }

  leavesOf(groupId: string): string[] {
    return this.#leavesAmong(new Set(this.#members.get(groupId)));
  }

  #rim(groupId: string, neighbours: Map<string, Set<string>>, edge: Edge): string[] {
    const rim = neighbours === this.upstream ? this.rootsOf(groupId) : this.leavesOf(groupId);
    if (rim.length > 0) return rim;
    const other = edge.from.kind === "group" && edge.from.groupId === groupId ? edge.to : edge.from;
    if (this.#members.get(groupId)!.length > 0) throw this.#cycle(groupId);
    throw definitionError(
      `Task group "${groupId}" in DAG "${this.#dag.dagId}" has no tasks, so the edge between it and "${nameOf(other)}" orders nothing. Place a task in the group, or leave the edge out.`,
      { dagId: this.#dag.dagId, groupId },
    );
  }

  #rootsAmong(inside: ReadonlySet<string>): string[] {
    const isFirst = (taskId: string) => ![...this.upstream.get(taskId)!].some((other) => inside.has(other));
    const first = [...inside].filter(isFirst);
    const work = first.filter((taskId) => !this.#isTeardown(taskId));
    return work.length > 0 ? work : first;
  }

  /** As if there were no teardowns: they run after the work, and what comes next does not wait for them. Nor for setups that nothing but a teardown comes after. */
  #leavesAmong(inside: ReadonlySet<string>): string[] {
    const isLast = (taskId: string, counts: (other: string) => boolean) =>
      ![...this.downstream.get(taskId)!].some((other) => inside.has(other) && counts(other));
    const isWork = (taskId: string) => !this.#isTeardown(taskId);
    const last = [...inside].filter((taskId) => isWork(taskId) && isLast(taskId, isWork));
    const work = last.filter((taskId) => this.#dag.tasks.get(taskId)!.role?.kind !== "setup" || isLast(taskId, () => true));
    if (work.length > 0) return work;
    return last.length > 0 ? last : [...inside].filter((taskId) => isLast(taskId, () => true));
  }

  #isTeardown(taskId: string): boolean {
    return this.#dag.tasks.get(taskId)!.role?.kind === "teardown";
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
