import type { SensorSpec } from "@tradewind/core";
import { type AnyHandler, type DagDefinition, type DeclaredTask, OPERATOR, type SetupRole, TASK_GROUP, TASK_REF } from "./definition.ts";
import { captureSite, checkId, definitionError, show } from "./definition-error.ts";
import { type BranchChoice, makeIf, makeSwitch, type IfBranch, type SwitchBranch } from "./branching.ts";
import { checkLoop, closeLoop, type LoopInputs, loopInputs, type LoopOptions } from "./group-loop.ts";
import type { NoInputs } from "./inputs.ts";
import { isLatestRun, LATEST_ONLY } from "./latest-only.ts";
import {
  assertCollectable,
  type Collected,
  type ConstantInputs,
  type ExpandedInputs,
  type GroupExpandables,
  type GroupKwargs,
  type KwargsInputs,
  mapGroup,
} from "./mapped-group.ts";
import { isOperator, type Operator } from "./operator.ts";
import type { Expansion } from "./read-mapping.ts";
import { type PokeAnswer, sensor, type SensorOptions, type SensorResult } from "./sensors/sensor.ts";
import type { Serialized } from "./serialized.ts";
import { insideScope } from "./setup-teardown.ts";
import { type ArgumentsOf, makeTaskFactory, type ResultOf, type TaskFactory, type TaskHandler } from "./task-factory.ts";
import { defineGroup, insideGroup, type TaskGroupOptions } from "./task-group.ts";
import type { TaskOptions } from "./task-options.ts";
import { assertSameDag } from "./ref-target.ts";
import { isTaskRef, type Linkable, link, nodesOf, type TaskRef } from "./task-ref.ts";

type Method = "task" | "add" | "branch" | "shortCircuit" | "sensor" | "latestOnly" | "setup" | "teardown";
type Declaration = Pick<DeclaredTask, "label" | "handler" | "options" | "operator" | "kind"> & {
  respectDownstreamRules?: boolean;
  sensor?: SensorSpec | null;
  role?: SetupRole | null;
};

/** Options that may look at the handler's inputs and result. */
type OptionsFor<F> = TaskOptions<ArgumentsOf<F>, ResultOf<F>>;

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
  task<F extends TaskHandler>(handler: F, options?: OptionsFor<F> & { taskId?: string }): TaskFactory<ArgumentsOf<F>, ResultOf<F>>;
  task<F extends TaskHandler>(taskId: string, handler: F, options?: OptionsFor<F>): TaskFactory<ArgumentsOf<F>, ResultOf<F>>;
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
    options?: TaskOptions<ArgumentsOf<F>>,
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
    options: OptionsFor<F> & { respectDownstreamRules?: boolean } = {},
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
   * Declares a task that waits until its handler says yes: true, or a `PokeReturn` that is done, whose value is the result. Ready-made ones are in `tradewind/sensors`. Airflow's
   * `@task.sensor`.
   *
   * @example
   * const stock = dag.sensor("stock_is_low", async () => (await countStock()) < 10, { mode: "reschedule", pokeInterval: "5m", timeout: "12h" });
   * stock().before(order);
   */
  sensor<F extends (inputs: never) => PokeAnswer<unknown> | Promise<PokeAnswer<unknown>>>(
    taskId: string,
    poke: F,
    options?: SensorOptions,
  ): TaskFactory<ArgumentsOf<F>, Serialized<SensorResult<ReturnType<F>>>> {
    const { handler } = this.#readHandler("sensor", taskId, poke, {});
    const waiting = sensor(taskId, handler as (inputs: unknown) => PokeAnswer<unknown>, options);
    return this.#declareOperator(waiting, "sensor") as TaskFactory<ArgumentsOf<F>, Serialized<SensorResult<ReturnType<F>>>>;
  }

  /**
   * Declares a setup: each placement is one, as with `asSetup()`. Airflow's `@setup`.
   *
   * @example
   * const start = dag.setup("start_cluster", async () => ({ url: "http://cluster" }));
   */
  setup<F extends TaskHandler>(taskId: string, handler: F, options?: OptionsFor<F>): TaskFactory<ArgumentsOf<F>, ResultOf<F>> {
    const read = this.#readHandler("setup", taskId, handler, options);
    return this.#declare({ ...read, operator: "task", kind: "task", role: { kind: "setup" } }, "setup");
  }

  /**
   * Declares a teardown: each placement is one, of the setups directly above it. Airflow's `@teardown`.
   *
   * @param options.onFailureFailDagRun Whether its failure fails the run. Default false.
   * @example
   * const stop = dag.teardown("stop_cluster", async ({ url }: { url: string }) => { … });
   * stop({ url: cluster.get("url") }).after(jobs);
   */
  teardown<F extends TaskHandler>(
    taskId: string,
    handler: F,
    options: OptionsFor<F> & { onFailureFailDagRun?: boolean } = {},
  ): TaskFactory<ArgumentsOf<F>, ResultOf<F>> {
    const { onFailureFailDagRun = false, ...taskOptions } = options;
    const read = this.#readHandler("teardown", taskId, handler, taskOptions);
    return this.#declare({ ...read, operator: "task", kind: "task", role: { kind: "teardown", setups: [], onFailureFailDagRun } }, "teardown");
  }

  /**
   * What the builder places runs between a teardown's setups and the teardown: the first of these tasks after the setups, the teardown after the last. Gives what the builder returns. Airflow's
   * `with teardown_task:`.
   *
   * @example
   * const cluster = start();
   * dag.scope(stop().asTeardown({ setups: cluster }), () => {
   *   train().before(evaluate());
   * });
   */
  scope<Result>(teardown: TaskRef<unknown>, builder: () => Result): Result {
    if (!isTaskRef(teardown))
      throw definitionError(
        `scope() in DAG "${this.#dag.dagId}" was given ${show(teardown)}. Give it a placed teardown: scope(stop().asTeardown({ setups }), () => { … }).`,
        {
          dagId: this.#dag.dagId,
        },
      );
    assertSameDag(this.#dag, teardown[TASK_REF].dag, `task "${teardown.taskId}"`, "scope()");
    return insideScope(this.#dag, teardown.taskId, builder);
  }

  /**
   * Places a gate that lets only the newest run go on: what is directly below it is skipped in a scheduled run when the next one is due already. Runs by hand pass, and so does every run whose
   * data interval is empty. Airflow's LatestOnlyOperator.
   *
   * @example
   * dag.latestOnly("only_newest").before(refreshDashboards());
   */
  latestOnly(taskId: string, options: TaskOptions = {}): TaskRef<boolean> {
    const declaration = {
      label: taskId,
      handler: isLatestRun,
      options,
      operator: LATEST_ONLY,
      kind: "short_circuit",
      respectDownstreamRules: true,
    } as const;
    return (this.#declare<NoInputs, boolean>(declaration, "latestOnly") as () => TaskRef<boolean>)();
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
   * @example
   * const imports = dag.taskGroup("import", { retries: 2 }); // run again as a whole
   */
  taskGroup(groupId: string, options?: TaskGroupOptions): TaskGroup<undefined>;
  taskGroup<Result>(groupId: string, builder: (group: TaskGroup<unknown>) => Result, options?: TaskGroupOptions): TaskGroup<Result>;
  taskGroup(groupId: string, second?: TaskGroupOptions | ((group: TaskGroup<unknown>) => unknown), third?: TaskGroupOptions): TaskGroup<unknown> {
    const builder = typeof second === "function" ? second : undefined;
    const options = typeof second === "function" ? third : second;
    const id = defineGroup(this.#dag, this.#groupId ?? this.#dag.openGroups.at(-1) ?? null, groupId, options ?? {}, methodOf("taskGroup"));
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
    const { label, operator: name, kind, handler, options, respectDownstreamRules = false, sensor = null, role = null } = task;
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
      role,
      placements: 0,
      site: captureSite(methodOf(above)),
    };
    this.#dag.declared.push(declared);
    return makeTaskFactory<Arguments, Result>(this.#dag, declared);
  }

  #readHandler(
    method: string,
    first: unknown,
    second: unknown,
    third: object | undefined,
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

/** The method as authors call it: stacks begin above it. */
function methodOf(name: Method | "taskGroup"): () => unknown {
  return Reflect.get(TaskContainer.prototype, name) as () => unknown;
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

  /**
   * Runs the whole group once per item of a list, and with several lists once per combination. The builder gets the inputs as references, by name; what it returns is the group's `result`, where
   * each task stands for the list of its results. Instances go depth first: each goes on as soon as its own tasks allow. Airflow's mapped task group.
   *
   * @example
   * const etl = dag.taskGroup("etl").expand({ file: files() }, ({ file }) => load({ rows: extract({ file }) }));
   * report({ loaded: etl.result });
   */
  expand<Expanded extends GroupExpandables, Built>(
    inputs: Expanded,
    builder: (inputs: ExpandedInputs<Expanded>, group: TaskGroup<unknown>) => Built,
  ): TaskGroup<Collected<Built>> {
    return this.#mapped(undefined, { kind: "expand", inputs }, builder as GroupBuilder<Built>);
  }

  /**
   * Runs the whole group once per object of a list; the names of the objects are the inputs.
   * @example
   * dag.taskGroup("copy").expandKwargs([{ from: "a", to: "b" }], ({ from, to }) => upload({ to, data: download({ from }) }));
   */
  expandKwargs<Kwargs extends object, Built>(
    list: GroupKwargs<Kwargs>,
    builder: (inputs: KwargsInputs<Kwargs>, group: TaskGroup<unknown>) => Built,
  ): TaskGroup<Collected<Built>> {
    return this.#mapped(undefined, { kind: "expand_kwargs", list }, builder as GroupBuilder<Built>);
  }

  /** Inputs of a mapped group that are the same in every instance; the others follow in `expand` or `expandKwargs`. */
  partial<Constants extends { readonly [name: string]: unknown }>(constants: Constants): PartialGroup<Constants> {
    const mapped = <Built>(expansion: Expansion, builder: unknown) => this.#mapped(constants, expansion, builder as GroupBuilder<Built>);
    return {
      expand: (inputs, builder) => mapped({ kind: "expand", inputs }, builder),
      expandKwargs: (list, builder) => mapped({ kind: "expand_kwargs", list }, builder),
    };
  }

  /**
   * Runs the group again and again, one iteration after the other. The builder returns the last task, whose result is what `until` and the next iteration (`previous`) see, and, as the group's
   * `result`, what comes after the loop. Airflow's `task_group.loop`.
   *
   * @example
   * const refine = dag.taskGroup("refine").loop({ maxIterations: 10, until: (guess: Guess) => guess.error < 0.01 }, ({ previous, index }) => improve({ previous, index }));
   * publish({ guess: refine.result });
   */
  loop<Body>(options: LoopOptions<Body>, builder: (loop: LoopInputs<Body>, group: TaskGroup<unknown>) => TaskRef<Body>): TaskGroup<TaskRef<Body>> {
    const { dag, groupId } = this[TASK_GROUP];
    checkLoop(dag, groupId, options);
    return new TaskGroup(dag, groupId, (group) => closeLoop(dag, groupId, options, builder(loopInputs<Body>(dag, groupId), group)));
  }

  #mapped<Built>(constants: unknown, expansion: Expansion, builder: GroupBuilder<Built>): TaskGroup<Collected<Built>> {
    const { dag, groupId } = this[TASK_GROUP];
    const inputs = mapGroup(dag, groupId, constants, expansion);
    return new TaskGroup(dag, groupId, (group) => {
      const built = builder(inputs, group);
      assertCollectable(dag, groupId, built);
      return built as Collected<Built>;
    });
  }
}

type GroupBuilder<Built> = (inputs: object, group: TaskGroup<unknown>) => Built;

/** A group some of whose inputs are given; `expand` or `expandKwargs` gives the others and builds it. */
export interface PartialGroup<Constants> {
  expand<Expanded extends GroupExpandables, Built>(
    inputs: Expanded,
    builder: (inputs: ExpandedInputs<Expanded> & ConstantInputs<Constants>, group: TaskGroup<unknown>) => Built,
  ): TaskGroup<Collected<Built>>;
  expandKwargs<Kwargs extends object, Built>(
    list: GroupKwargs<Kwargs>,
    builder: (inputs: KwargsInputs<Kwargs> & ConstantInputs<Constants>, group: TaskGroup<unknown>) => Built,
  ): TaskGroup<Collected<Built>>;
}
