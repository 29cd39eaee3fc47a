import type { SensorSpec } from "@tradewind/core";
import { type AnyHandler, type DagDefinition, type DeclaredTask, OPERATOR, TASK_GROUP } from "./definition.ts";
import { captureSite, checkId, definitionError, show } from "./definition-error.ts";
import { type BranchChoice, makeIf, makeSwitch, type IfBranch, type SwitchBranch } from "./branching.ts";
import type { NoInputs } from "./inputs.ts";
import { isOperator, type Operator } from "./operator.ts";
import type { Serialized } from "./serialized.ts";
import { type ArgumentsOf, makeTaskFactory, type ResultOf, type TaskFactory, type TaskHandler } from "./task-factory.ts";
import { defineGroup, insideGroup, type TaskGroupOptions } from "./task-group.ts";
import type { TaskOptions } from "./task-options.ts";
import { isTaskRef, type Linkable, link, nodesOf, type TaskRef } from "./task-ref.ts";

type Method = "task" | "add" | "branch" | "shortCircuit";
type Declaration = Pick<DeclaredTask, "label" | "handler" | "options" | "operator" | "kind"> & {
  respectDownstreamRules?: boolean;
  sensor?: SensorSpec | null;
};

/** What a DAG and a task group have in common: tasks, operators and groups are defined in them. */
export abstract class TaskContainer {
  readonly #dag: DagDefinition;
  readonly #groupId: string | null;

  constructor(dag: DagDefinition, groupId: string | null) {
    this.#dag = dag;
    this.#groupId = groupId;
  }

  /**
   * Declares a task: a function of one object of named inputs, whose result is its XCom. Call what you get to place it. Without an id, the function's own
   * name is the id.
   *
   * @example
   * const extract = dag.task("extract", async () => [1, 2, 3]);
   * const load = dag.task(async function load({ rows }: { rows: number[] }) { … }, { retries: 3, retryDelay: "30s" });
   * load({ rows: extract() });
   * @throws TradewindError `invalid_dag`
   */
  task<F extends TaskHandler>(handler: F, options?: TaskOptions & { taskId?: string }): TaskFactory<ArgumentsOf<F>, ResultOf<F>>;
  task<F extends TaskHandler>(taskId: string, handler: F, options?: TaskOptions): TaskFactory<ArgumentsOf<F>, ResultOf<F>>;
  /** Declares a task from an operator, for instance to map it: `dag.task(bash("zip", …)).expand({ file: files() })`. */
  task<Arguments, Result>(operator: Operator<Arguments, Result>): TaskFactory<Arguments, Serialized<Result>>;
  task(first: unknown, second?: unknown, third?: TaskOptions): TaskFactory<unknown, unknown> {
    if (isOperator(first)) return this.#declareOperator(first, "task");
    const { label, handler, options } = this.#readHandler("task", first, second, third);
    return this.#declare({ label, handler, options, operator: "task", kind: "task" }, "task");
  }

  /**
   * Places an operator: short for `dag.task(operator)(inputs)`.
   * @example
   * dag.add(bash("load", { command: ({ ds }) => `load.sh ${ds}` })).after(extracted);
   */
  add<Result>(operator: Operator<NoInputs, Result>): TaskRef<Serialized<Result>>;
  add<Arguments, Result>(
    operator: Operator<Arguments, Result>,
    ...inputs: Parameters<TaskFactory<Arguments, Serialized<Result>>>
  ): TaskRef<Serialized<Result>>;
  add(operator: Operator<unknown, unknown>, inputs?: unknown): TaskRef<unknown> {
    if (!isOperator(operator)) {
      throw definitionError(
        `add() in DAG "${this.#dag.dagId}" was given ${show(operator)}, which is not an operator. For a function of your own use dag.task(id, handler).`,
        { dagId: this.#dag.dagId },
      );
    }
    return (this.#declareOperator(operator, "add") as (inputs?: unknown) => TaskRef<unknown>)(inputs);
  }

  /**
   * Declares a branch: its handler returns which of the tasks directly below it (or groups, or their ids) to follow; the other direct downstreams are
   * skipped. null or an empty list skips all. Draw the edges with `before`. `dag.if` and `dag.switch` say the same with less. Airflow's `@task.branch`.
   *
   * @example
   * const pick = dag.branch("pick", async ({ rows }: { rows: number }) => (rows > 1000 ? "load_big" : "load_small"));
   * pick({ rows: count() }).before(big, small);
   */
  branch<F extends (inputs: never) => BranchChoice | Promise<BranchChoice>>(
    taskId: string,
    handler: F,
    options?: TaskOptions,
  ): TaskFactory<ArgumentsOf<F>, string[]> {
    const read = this.#readHandler("branch", taskId, handler, options);
    return this.#declare({ ...read, operator: "branch", kind: "branch" }, "branch");
  }

  /**
   * Declares a gate: when its handler returns something falsy, everything downstream is skipped, whatever the trigger rules there. With
   * `respectDownstreamRules` only the direct downstreams are skipped, and rules decide about the rest. Airflow's `@task.short_circuit`.
   *
   * @example
   * const open = dag.shortCircuit("shop_is_open", async () => new Date().getUTCDay() !== 0);
   * open().before(extracted);
   */
  shortCircuit<F extends TaskHandler>(
    taskId: string,
    handler: F,
    options: TaskOptions & { respectDownstreamRules?: boolean } = {},
  ): TaskFactory<ArgumentsOf<F>, ResultOf<F>> {
    const { respectDownstreamRules = false, ...taskOptions } = options;
    const read = this.#readHandler("shortCircuit", taskId, handler, taskOptions);
    return this.#declare({ ...read, operator: "short_circuit", kind: "short_circuit", respectDownstreamRules }, "shortCircuit");
  }

  /**
   * Follows one side by a task that results in true or false; the other side is skipped. Without `else`, false skips `then` and follows nothing. Tasks
   * that both sides lead to need the trigger rule `none_failed_min_one_success`: `join` sets it.
   *
   * @example
   * dag.if(hasRows({ summary })).then(loaded).else(reportedEmpty).join(cleaned);
   */
  if(condition: TaskRef<boolean> | (() => boolean | Promise<boolean>)): IfBranch {
    return makeIf(this.#dag, this.#decider(condition, "if") as TaskRef<boolean>);
  }

  /**
   * Follows the case that equals the decider's result; the other cases are skipped. A decider may also return the placed task to follow: then a case is
   * that task. Without a matching case `default` is followed, and without one nothing.
   *
   * @example
   * dag.switch(size({ rows })).case("small", local).case("big", cluster, warned).default(failed);
   */
  switch<Value>(decider: TaskRef<Value> | (() => Value | Promise<Value>)): SwitchBranch<Value> {
    return makeSwitch<Value>(this.#dag, this.#decider(decider, "switch") as TaskRef<Value>);
  }

  /**
   * Groups tasks: their ids begin with `id.`, they are shown as one, and edges to the group go to its first tasks and come from its last ones. Inside the
   * builder all tasks that belong to no other group are placed in this one; its result is the group's `result`. Groups may hold groups.
   *
   * @example
   * const extract = dag.taskGroup("extract", () => ({ north: readNorth(), south: readSouth() }));
   * extract.before(report);
   * merge({ a: extract.result.north });
   * @example
   * const load = dag.taskGroup("load", { tooltip: "into the warehouse", defaultArgs: { pool: "warehouse" } });
   * load.task("orders", loadOrders)();
   */
  taskGroup(groupId: string, options?: TaskGroupOptions): TaskGroup<undefined>;
  taskGroup<Result>(groupId: string, builder: (group: TaskGroup<unknown>) => Result, options?: TaskGroupOptions): TaskGroup<Result>;
  taskGroup(groupId: string, second?: TaskGroupOptions | ((group: TaskGroup<unknown>) => unknown), third?: TaskGroupOptions): TaskGroup<unknown> {
    const builder = typeof second === "function" ? second : undefined;
    const options = typeof second === "function" ? third : second;
    const id = defineGroup(this.#dag, this.#groupId ?? this.#dag.openGroups.at(-1) ?? null, groupId, options ?? {});
    return new TaskGroup(this.#dag, id, builder);
  }

  #decider(given: TaskRef<unknown> | (() => unknown), verb: "if" | "switch"): TaskRef<unknown> {
    if (isTaskRef(given)) return given;
    if (typeof given === "function" && !("withId" in given)) return (this.task(given as TaskHandler) as unknown as () => TaskRef<unknown>)();
    throw definitionError(
      `dag.${verb}() in DAG "${this.#dag.dagId}" was given ${show(given)}. Give it a placed task (call the task: check()) or a named function without inputs.`,
      { dagId: this.#dag.dagId },
    );
  }

  #declareOperator(given: Operator<unknown, unknown>, above: Method): TaskFactory<unknown, unknown> {
    const { taskId: label, ...rest } = given[OPERATOR];
    return this.#declare({ label, ...rest }, above);
  }

  /** @param above The author called this method: where it was called is where the task was declared. */
  #declare<Arguments, Result>(task: Declaration, above: Method): TaskFactory<Arguments, Result> {
    const { label, operator: name, kind, handler, options, respectDownstreamRules = false, sensor = null } = task;
    checkId(label, "task", { dagId: this.#dag.dagId });
    const declared: DeclaredTask = {
      label,
      groupId: this.#groupId,
      operator: name,
      kind,
      handler,
      respectDownstreamRules,
      options,
      sensor,
      placements: 0,
      site: captureSite(Reflect.get(TaskContainer.prototype, above) as () => unknown),
    };
    this.#dag.declared.push(declared);
    return makeTaskFactory<Arguments, Result>(this.#dag, declared);
  }

  #readHandler(
    method: string,
    first: unknown,
    second: unknown,
    third: TaskOptions | undefined,
  ): { label: string; handler: AnyHandler; options: TaskOptions } {
    const dagId = this.#dag.dagId;
    if (typeof first === "function") {
      const { taskId, ...options } = (second ?? {}) as TaskOptions & { taskId?: string };
      const label = taskId ?? first.name;
      if (label === "")
        throw definitionError(
          `${method}() in DAG "${dagId}" was given a function without a name, so the task has no id. Write dag.${method}("my_task_id", handler), or name the function.`,
          { dagId },
        );
      return { label, handler: first as AnyHandler, options };
    }
    if (typeof second !== "function") {
      throw definitionError(
        `${method}(${show(first)}) in DAG "${dagId}" needs a function as handler and was given ${show(second)}. Write dag.${method}("my_task_id", async ({ input }: { input: string }) => …).`,
        { dagId },
      );
    }
    return { label: first as string, handler: second as AnyHandler, options: third ?? {} };
  }
}

/** A group of tasks; made by `dag.taskGroup`. It can be used wherever an edge may end. */
export class TaskGroup<Result> extends TaskContainer {
  readonly [TASK_GROUP]: { dag: DagDefinition; groupId: string };
  /** The id, with those of the groups around it. */
  readonly groupId: string;
  /** What the builder returned. */
  readonly result: Result;

  constructor(dag: DagDefinition, groupId: string, build: ((group: TaskGroup<unknown>) => Result) | undefined) {
    super(dag, groupId);
    this[TASK_GROUP] = { dag, groupId };
    this.groupId = groupId;
    this.result = build ? insideGroup(dag, groupId, () => build(this)) : (undefined as Result);
  }

  /** Everything given runs after the last tasks of this group. Returns this group. */
  before(...downstream: Linkable[]): this {
    const { dag, groupId } = this[TASK_GROUP];
    link(dag, [{ kind: "group", groupId }], nodesOf(dag, downstream, `"${groupId}".before()`));
    return this;
  }

  /** The first tasks of this group run after everything given. Returns this group. */
  after(...upstream: Linkable[]): this {
    const { dag, groupId } = this[TASK_GROUP];
    link(dag, nodesOf(dag, upstream, `"${groupId}".after()`), [{ kind: "group", groupId }]);
    return this;
  }
}
