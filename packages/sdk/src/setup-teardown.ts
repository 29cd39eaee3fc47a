import { captureSite, definitionError } from "./definition-error.ts";
import type { DagDefinition, Node, PlacedTask, ScopeDefinition } from "./definition.ts";
import type { TaskGraph } from "./graph.ts";
import type { TaskRef } from "./task-ref.ts";

export interface TeardownOptions {
  /** The setups it undoes, one or several. */
  setups?: TaskRef<unknown> | readonly TaskRef<unknown>[];
  /** Whether its failure fails the run, as that of any last task. Default false. Airflow's `on_failure_fail_dagrun`. */
  onFailureFailDagRun?: boolean;
}

/** The rule that a teardown has by itself. */
export const TEARDOWN_RULE = "all_done_setup_success";

export function markSetup(dag: DagDefinition, taskId: string): void {
  const task = dag.tasks.get(taskId)!;
  if (task.role?.kind === "teardown") throw bothRoles(dag, taskId);
  task.role = { kind: "setup" };
}

/** @param read Gives the nodes of what the author gave as setups. */
export function markTeardown(
  dag: DagDefinition,
  taskId: string,
  options: TeardownOptions,
  read: (given: readonly TaskRef<unknown>[]) => readonly Node[],
): void {
  const task = dag.tasks.get(taskId)!;
  if (task.role?.kind === "setup") throw bothRoles(dag, taskId);
  const given = options.setups === undefined ? [] : Array.isArray(options.setups) ? options.setups : [options.setups];
  const setups: string[] = [];
  for (const node of read(given as readonly TaskRef<unknown>[])) {
    if (node.kind === "group")
      throw definitionError(
        `The teardown "${taskId}" in DAG "${dag.dagId}" names the task group "${node.groupId}" among its setups. Name the tasks themselves that set something up.`,
        { dagId: dag.dagId, taskId },
      );
    if (node.taskId === taskId) throw bothRoles(dag, taskId);
    markSetup(dag, node.taskId);
    dag.edges.push({ from: node, to: { kind: "task", taskId } });
    setups.push(node.taskId);
  }
  const earlier = task.role?.setups ?? [];
  task.role = { kind: "teardown", setups: [...earlier, ...setups], onFailureFailDagRun: options.onFailureFailDagRun ?? false };
}

/**
 * Runs a builder; what it places runs between the setups and the teardown. Airflow's `with teardown:`.
 * @returns what the builder returns
 */
export function insideScope<T>(dag: DagDefinition, teardownId: string, build: () => T): T {
  const teardown = dag.tasks.get(teardownId)!;
  if (teardown.role?.kind !== "teardown")
    throw definitionError(
      `scope() in DAG "${dag.dagId}" was given task "${teardownId}", which is no teardown. Make it one first: ${teardownId}().asTeardown({ setups: … }).`,
      { dagId: dag.dagId, taskId: teardownId, site: captureSite(insideScope) },
    );
  const scope: ScopeDefinition = { teardownId, taskIds: [] };
  dag.scopes.push(scope);
  dag.openScopes.push(scope);
  try {
    const result = build();
    if (result instanceof Promise) {
      result.catch(() => undefined);
      throw definitionError(
        `The builder of scope() in DAG "${dag.dagId}" is async. Tasks are placed while it runs, so it must be an ordinary function: drop the "async".`,
        { dagId: dag.dagId, taskId: teardownId },
      );
    }
    return result;
  } finally {
    dag.openScopes.pop();
  }
}

/** Setups of a teardown: those it names, and those directly above it. Sorted. */
export function setupsOf(dag: DagDefinition, task: PlacedTask, upstream: ReadonlySet<string>): string[] {
  if (task.role?.kind !== "teardown") return [];
  const above = [...upstream].filter((taskId) => dag.tasks.get(taskId)!.role?.kind === "setup");
  return [...new Set([...task.role.setups, ...above])].sort();
}

/** What Airflow demands of the tasks around setups and teardowns. */
export function checkSetups(dag: DagDefinition, graph: TaskGraph, ruleOf: (task: PlacedTask) => string): void {
  for (const task of dag.tasks.values()) {
    const facts = { dagId: dag.dagId, taskId: task.taskId, site: task.site };
    const { triggerRule } = task.options;
    if (task.role?.kind === "teardown") {
      if (triggerRule !== undefined && triggerRule !== TEARDOWN_RULE)
        throw definitionError(
          `The teardown "${task.taskId}" in DAG "${dag.dagId}" has the trigger rule "${triggerRule}". A teardown always runs when everything above it has ended and a setup of it succeeded; leave triggerRule out.`,
          facts,
        );
      continue;
    }
    if (ruleOf(task) === TEARDOWN_RULE)
      throw definitionError(
        `Task "${task.taskId}" in DAG "${dag.dagId}" has the trigger rule "${TEARDOWN_RULE}", which only teardowns have. Make it one with asTeardown({ setups: … }), or give it another rule.`,
        facts,
      );
    const setup = [...graph.upstream.get(task.taskId)!].find((taskId) => dag.tasks.get(taskId)!.role?.kind === "setup");
    if (setup !== undefined && ruleOf(task) !== "all_success")
      throw definitionError(
        `Task "${task.taskId}" in DAG "${dag.dagId}" is directly below the setup "${setup}" and has the trigger rule "${ruleOf(task)}". What comes directly after a setup must have "all_success"; put a task in between, or remove the rule.`,
        facts,
      );
  }
}

function bothRoles(dag: DagDefinition, taskId: string): Error {
  return definitionError(`Task "${taskId}" in DAG "${dag.dagId}" is to be a setup and a teardown. It can be one of them; use two tasks.`, {
    dagId: dag.dagId,
    taskId,
    site: dag.tasks.get(taskId)!.site,
  });
}
