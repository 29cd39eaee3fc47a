import { type DagDefinition, type Node, TASK_GROUP, TASK_REF } from "./definition.ts";
import { definitionError, show } from "./definition-error.ts";
import { assertSameDag } from "./ref-target.ts";
import { type KeyOf, type PartOf, type PartRef, resultMembers, type ResultOfRef } from "./result-ref.ts";
import { markSetup, markTeardown, type TeardownOptions } from "./setup-teardown.ts";

/**
 * A placed task, standing for the result it will have. Pass it to another task as an input, or order it with `before` and `after`. It is a handle for
 * wiring and never holds a value: nothing in a DAG file runs a task.
 *
 * @example
 * const rows = extract();
 * load({ rows });             // the result of extract, whole
 * notify({ day: rows.get("day") }); // a part of it
 */
export interface TaskRef<out Result> extends PartRef<Result> {
  readonly [TASK_REF]: TaskRefTarget;
  /** The id of the placed task, with the prefix of its groups. */
  readonly taskId: string;
  /**
   * A part of the result: a member of an object or an item of a list. May be repeated: `ref.get("orders").get(0)`. When the result lacks the part, the
   * task that takes it can't start and fails.
   */
  get<Self extends PartRef<unknown>, const Key extends KeyOf<ResultOfRef<Self>>>(this: Self, key: Key): TaskRef<PartOf<ResultOfRef<Self>, Key>>;
  /** Everything given runs after this task; no data flows. Airflow's `>>`. Returns this reference. */
  before(...downstream: Linkable[]): this;
  /** This task runs after everything given; no data flows. Airflow's `<<`. Returns this reference. */
  after(...upstream: Linkable[]): this;
  /**
   * Makes the task a setup: everything below it, as far as the teardowns that name it, needs it to succeed and is run again together with it. Airflow's `as_setup`. Returns this reference.
   * @example
   * const cluster = startCluster().asSetup();
   */
  asSetup(): this;
  /**
   * Makes the task a teardown: it runs once everything above it has ended, well or not, if one of its setups succeeded. Its failure does not fail the run unless `onFailureFailDagRun` is set. Airflow's
   * `as_teardown`. Returns this reference.
   * @param options.setups What it undoes; they become setups, and the teardown runs after them. Setups that are directly above it count as well.
   * @example
   * const cluster = startCluster();
   * const jobs = runJobs().after(cluster);
   * stopCluster().after(jobs).asTeardown({ setups: cluster });
   */
  asTeardown(options?: TeardownOptions): this;
}

/** What an edge may be drawn to: a placed task, a task group, or a list of them. */
export type Linkable = TaskRef<unknown> | LinkableGroup | readonly Linkable[];

/** The part of a task group that edges need. */
export interface LinkableGroup {
  readonly [TASK_GROUP]: { dag: DagDefinition; groupId: string };
}

export interface TaskRefTarget {
  dag: DagDefinition;
  taskId: string;
  path: string[];
}

export function makeTaskRef<Result>(dag: DagDefinition, taskId: string, path: string[] = []): TaskRef<Result> {
  const node: Node = { kind: "task", taskId };
  const ref = {
    ...resultMembers({ dag, input: { kind: "xcom", taskId, key: "return_value", path }, upstream: [taskId] }),
    [TASK_REF]: { dag, taskId, path },
    taskId,
    get: (key: string | number) => makeTaskRef(dag, taskId, [...path, String(key)]),
    before: (...downstream: Linkable[]) => (link(dag, [node], nodesOf(dag, downstream, `"${taskId}".before()`)), ref),
    after: (...upstream: Linkable[]) => (link(dag, nodesOf(dag, upstream, `"${taskId}".after()`), [node]), ref),
    asSetup: () => (markSetup(dag, taskId), ref),
    asTeardown: (options?: TeardownOptions) => (
      markTeardown(dag, taskId, options ?? {}, (given) => nodesOf(dag, given, `"${taskId}".asTeardown({ setups })`)),
      ref
    ),
  };
  return ref as unknown as TaskRef<Result>;
}

export function isTaskRef(value: unknown): value is TaskRef<unknown> {
  return typeof value === "object" && value !== null && TASK_REF in value;
}

export function isTaskGroup(value: unknown): value is LinkableGroup {
  return typeof value === "object" && value !== null && TASK_GROUP in value;
}

/** Draws an edge from each to each. */
export function link(dag: DagDefinition, from: Node[], to: Node[]): void {
  for (const source of from) for (const target of to) dag.edges.push({ from: source, to: target });
}

/** Flattens what an author gave to `before`, `after`, `then` … into nodes of this DAG. */
export function nodesOf(dag: DagDefinition, targets: readonly Linkable[], where: string): Node[] {
  return targets.flatMap((target) => nodeOf(dag, target, where));
}

function nodeOf(dag: DagDefinition, target: Linkable, where: string): Node[] {
  if (Array.isArray(target)) return nodesOf(dag, target, where);
  if (isTaskRef(target)) {
    const { dag: owner, taskId } = target[TASK_REF];
    assertSameDag(dag, owner, `task "${taskId}"`, where);
    return [{ kind: "task", taskId }];
  }
  if (isTaskGroup(target)) {
    const { dag: owner, groupId } = target[TASK_GROUP];
    assertSameDag(dag, owner, `task group "${groupId}"`, where);
    return [{ kind: "group", groupId }];
  }
  const hint =
    typeof target === "function"
      ? "A task joins the graph when it is called: write extract() and not extract."
      : "Give it placed tasks (what calling a task returns), task groups, or lists of them.";
  throw definitionError(`${where} in DAG "${dag.dagId}" was given ${show(target)}, which is not a placed task. ${hint}`, { dagId: dag.dagId });
}
