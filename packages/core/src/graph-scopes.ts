import { type DagGraph, listAncestors, listDescendants } from "./dag-graph.ts";
import { listMappingRefs } from "./inputs.ts";

/** What setups, teardowns, loops and groups with retries mean for each task: worked out once per version, when it is first asked for. */
export interface GraphScopes {
  /**
   * Setups that must have succeeded before a task may run: those above it that have no teardown, or one that comes after the task too. None for teardowns, and not those directly
   * above, about which the task's own rule decides.
   */
  setupsOf: ReadonlyMap<string, readonly string[]>;
  /** Of a setup: the tasks in its scope that do not come directly after it. */
  scopeOf: ReadonlyMap<string, readonly string[]>;
  /** Of a task whose end concerns others than those directly below: what is in its scope, when it is a setup, and in groups that are mapped over it. */
  concerns: ReadonlyMap<string, readonly string[]>;
  /** Groups that a task, being below them, waits for until they are final: groups with retries, and loops whose tasks it comes directly after. */
  heldBy: ReadonlyMap<string, readonly string[]>;
  /** Of a group with retries, or of a loop: the tasks that wait for it. */
  holds: ReadonlyMap<string, readonly string[]>;
  /** Of a branch or short circuit: the tasks it may skip. */
  decidesAbout: ReadonlyMap<string, ReadonlySet<string>>;
  /** The branches and short circuits that may skip a task. */
  decidersOf: ReadonlyMap<string, readonly string[]>;
}

const known = new WeakMap<DagGraph, GraphScopes>();

export function getGraphScopes(graph: DagGraph): GraphScopes {
  let scopes = known.get(graph);
  if (scopes === undefined) known.set(graph, (scopes = compileScopes(graph)));
  return scopes;
}

function compileScopes(graph: DagGraph): GraphScopes {
  const scopeOf = compileSetups(graph);
  const holds = compileHolds(graph);
  const decidesAbout = compileDeciders(graph);
  return {
    scopeOf,
    concerns: compileConcerns(graph, scopeOf),
    setupsOf: invert(scopeOf),
    holds,
    heldBy: invert(holds),
    decidesAbout,
    decidersOf: invert(decidesAbout),
  };
}

function compileDeciders(graph: DagGraph): Map<string, Set<string>> {
  const deciders = [...graph.tasks.values()].filter((node) => node.spec.kind === "branch" || node.spec.kind === "short_circuit");
  return new Map(
    deciders.map(({ taskId, spec, downstream }) => {
      const isDeep = spec.kind === "short_circuit" && !spec.respectDownstreamRules;
      return [taskId, isDeep ? listDescendants(graph, [taskId]) : new Set(downstream)];
    }),
  );
}

function compileSetups(graph: DagGraph): Map<string, string[]> {
  const scopeOf = new Map<string, string[]>();
  for (const setup of graph.tasks.values()) {
    if (!setup.spec.isSetup) continue;
    const below = listDescendants(graph, [setup.taskId]);
    const teardowns = setup.downstream.filter((id) => graph.tasks.get(id)!.spec.isTeardown);
    const covered = teardowns.length === 0 ? below : listAncestors(graph, teardowns);
    scopeOf.set(
      setup.taskId,
      [...below].filter((id) => covered.has(id) && !graph.tasks.get(id)!.spec.isTeardown && !setup.downstream.includes(id)),
    );
  }
  return scopeOf;
}

function compileConcerns(graph: DagGraph, scopeOf: ReadonlyMap<string, readonly string[]>): Map<string, string[]> {
  const concerns = new Map([...scopeOf].map(([taskId, scope]) => [taskId, [...scope]]));
  for (const group of graph.groups.values()) {
    if (group.spec.mapping === null) continue;
    for (const { taskId } of listMappingRefs(group.spec.mapping)) concerns.set(taskId, [...(concerns.get(taskId) ?? []), ...group.taskIds]);
  }
  return concerns;
}

function compileHolds(graph: DagGraph): Map<string, string[]> {
  const holds = new Map<string, string[]>();
  for (const group of graph.groups.values()) {
    if (group.spec.retries === 0 && group.spec.loop === null) continue;
    const inside = new Set(group.taskIds);
    const below = group.spec.retries > 0 ? listDescendants(graph, inside) : new Set(group.taskIds.flatMap((id) => graph.tasks.get(id)!.downstream));
    holds.set(
      group.groupId,
      [...below].filter((id) => !inside.has(id)),
    );
  }
  return holds;
}

function invert(lists: ReadonlyMap<string, Iterable<string>>): Map<string, string[]> {
  const inverted = new Map<string, string[]>();
  for (const [key, values] of lists) {
    for (const value of values) {
      const own = inverted.get(value);
      if (own === undefined) inverted.set(value, [key]);
      else own.push(key);
    }
  }
  return inverted;
}
