import { type DagDefinition, type Node, TASK_GROUP, TASK_REF } from "./definition.ts";
import { definitionError, show } from "./definition-error.ts";

declare const RESULT: unique symbol;

/**
 * A placed task, standing for the result it will have. Pass it to another task as an input, or order it with `before` and `after`. It is a handle for
 * wiring and never holds a value: nothing in a DAG file runs a task.
 *
 * @example
 * const rows = extract();
 * load({ rows });             // the result of extract, whole
 * notify({ day: rows.get("day") }); // a part of it
 */
export interface TaskRef<out Result> {
  readonly [TASK_REF]: TaskRefTarget;
  readonly [RESULT]?: Result;
  /** The id of the placed task, with the prefix of its groups. */
  readonly taskId: string;
  /**
   * A part of the result: a member of an object or an item of a list. May be repeated: `ref.get("orders").get(0)`. When the result lacks the part, the
   * task that takes it can't start and fails.
   */
  get<Self extends TaskRef<unknown>, const Key extends KeyOf<ResultOfRef<Self>>>(this: Self, key: Key): TaskRef<PartOf<ResultOfRef<Self>, Key>>;
  /** Everything given runs after this task; no data flows. Airflow's `>>`. Returns this reference. */
  before(...downstream: Linkable[]): this;
  /** This task runs after everything given; no data flows. Airflow's `<<`. Returns this reference. */
  after(...upstream: Linkable[]): this;
}

/** The result that a reference stands for. */
export type ResultOfRef<Ref> = Ref extends { readonly [RESULT]?: infer Result } ? Result : never;

type KeyOf<T> = KeyOfPresent<NonNullable<T>>;

type KeyOfPresent<T> = T extends readonly unknown[] ? number : T extends object ? Extract<keyof T, string> : never;

type PartOf<T, Key> = Key extends keyof NonNullable<T> ? Exclude<NonNullable<T>[Key], undefined> : never;

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
    [TASK_REF]: { dag, taskId, path },
    taskId,
    get: (key: string | number) => makeTaskRef(dag, taskId, [...path, String(key)]),
    before: (...downstream: Linkable[]) => (link(dag, [node], nodesOf(dag, downstream, `"${taskId}".before()`)), ref),
    after: (...upstream: Linkable[]) => (link(dag, nodesOf(dag, upstream, `"${taskId}".after()`), [node]), ref),
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

export function assertSameDag(dag: DagDefinition, owner: DagDefinition, what: string, where: string): void {
  if (owner === dag) return;
  throw definitionError(
    `${where} in DAG "${dag.dagId}" was given ${what} of ${owner.dagId === dag.dagId ? "another DAG object with the same id" : `DAG "${owner.dagId}"`}. Edges stay inside one DAG; to start another DAG use triggerDagRun from "tradewind/operators".`,
    { dagId: dag.dagId },
  );
}
