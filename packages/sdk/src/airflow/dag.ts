import { Dag as OwnDag } from "../dag.ts";
import { DAG, type DagDefinition, OPERATOR, TASK_GROUP, TASK_REF } from "../definition.ts";
import { definitionError, show } from "../definition-error.ts";
import { isOperator, type Operator, type OperatorDefinition } from "../operator.ts";
import type { TaskContainer } from "../task-container.ts";
import type { TaskOptions as OwnTaskOptions } from "../task-options.ts";
import type { TaskRef as OwnTaskRef } from "../task-ref.ts";
import { withJinja } from "../templates/jinja-scope.ts";
import { airflowHandler } from "./handlers.ts";
import type { Branch, Condition, GroupNode, Node, TaskFactory, TaskInputs, TaskRef } from "./node-types.ts";
import { type DagSpec, readDagSpec, readTaskSpec, type TaskOptions } from "./spec-options.ts";
import { triggerOperator, type TriggerDagRunSpec } from "./trigger-dag-run.ts";

/** Options of a task group. */
export interface TaskGroupOptions {
  /** False: the ids inside stay as they are written. Default true. */
  readonly prefixGroupId?: boolean;
  readonly tooltip?: string;
}

type Handler<TArgs, TReturn> = (args: TArgs) => TReturn | Promise<TReturn>;

/** What a DAG and a task group have in common. */
abstract class Scope {
  /** Null for the DAG itself. */
  readonly #container: TaskContainer;
  readonly #dag: DagDefinition;

  constructor(dag: DagDefinition, container: TaskContainer) {
    this.#dag = dag;
    this.#container = container;
  }

  get dagId(): string {
    return this.#dag.dagId;
  }

  /**
   * Declares a task; call what you get to place it. Without an id, the function's own name is the id, or `taskId` of the options. An operator of
   * "tradewind/operators" may stand for the function.
   *
   * @example
   * const extract = dag.task("extract", async (): Promise<number> => 42);
   * const load = dag.task("load", async ({ rows }: { rows: number }) => {}, { retries: 2, retryDelay: 30 });
   * load({ rows: extract() });
   * @throws TradewindError `invalid_dag`
   */
  task<TArgs extends object | void = void, TReturn = unknown>(
    taskId: string,
    handler: Handler<TArgs, TReturn>,
    options?: TaskOptions,
  ): TaskFactory<TArgs, TReturn>;
  task<TArgs extends object | void = void, TReturn = unknown>(handler: Handler<TArgs, TReturn>, options?: TaskOptions): TaskFactory<TArgs, TReturn>;
  task<TArgs extends object, TReturn>(
    taskId: string,
    operator: Operator<TArgs, TReturn>,
    options?: TaskOptions,
  ): (inputs?: TaskInputs<TArgs>) => TaskRef<TReturn>;
  task<TArgs extends object, TReturn>(operator: Operator<TArgs, TReturn>): (inputs?: TaskInputs<TArgs>) => TaskRef<TReturn>;
  task(first: unknown, second?: unknown, third?: TaskOptions): never {
    if (isOperator(first)) return this.#operatorFactory(first[OPERATOR], {}) as never;
    const [id, handler, options] = typeof first === "string" ? [first, second, third ?? {}] : [undefined, first, (second ?? {}) as TaskOptions];
    if (id !== undefined && options.taskId !== undefined) {
      throw definitionError(`Task "${id}" in DAG "${this.dagId}" has the id "${options.taskId}" among its options too. Give the id once.`, {
        dagId: this.dagId,
        taskId: id,
      });
    }
    if (isOperator(handler)) return this.#operatorFactory({ ...handler[OPERATOR], taskId: id ?? handler[OPERATOR].taskId }, options) as never;
    if (typeof handler !== "function") throw this.#noHandler(id ?? options.taskId, handler);
    const label = id ?? options.taskId ?? handler.name;
    const own = readTaskSpec(this.dagId, label, options);
    const kept = airflowHandler(this.#dag, handler as (args: never) => unknown, options.doXcomPush !== false);
    const factory = this.#container.task(label, kept, own) as unknown as (inputs?: unknown) => OwnTaskRef<unknown>;
    return ((inputs?: unknown) => taskRef(factory(inputs))) as never;
  }

  /** Places an operator of "tradewind/operators". Its string options are templates in Jinja's syntax. */
  add<TArgs, TReturn>(operator: Operator<TArgs, TReturn>, inputs?: TaskInputs<TArgs>): TaskRef<TReturn> {
    if (!isOperator(operator)) throw this.#noHandler(undefined, operator);
    return this.#operatorFactory(operator[OPERATOR], {})(inputs) as TaskRef<TReturn>;
  }

  /**
   * Places a task that starts a run of another DAG. Its texts are templates in Jinja's syntax.
   *
   * @example
   * dag.triggerDagRun({ taskId: "refresh", dagId: "dashboards", conf: { day: "{{ ds }}" } }).after(loaded);
   * @throws TradewindError `invalid_dag` for options that cannot be honoured
   */
  triggerDagRun(spec: TriggerDagRunSpec, options: TaskOptions = {}): TaskRef {
    return this.#operatorFactory(triggerOperator(this.dagId, spec)[OPERATOR], options, { ...spec })();
  }

  /**
   * Two sides, by a placed task that results in true or false.
   * @example dag.if(hasRows).then(loaded).else(reported);
   */
  if(condition: TaskRef<boolean>): Condition {
    const branch = this.#container.if(own<boolean>(condition));
    return {
      // An object with `then` is taken for a promise by `await`; the branch itself says so.
      // oxlint-disable-next-line unicorn/no-thenable
      then(whenTrue) {
        const sides = branch.then(own(whenTrue));
        return { else: (whenFalse) => void sides.else(own(whenFalse)) };
      },
    };
  }

  /**
   * Several sides, by a placed task that returns one of them.
   * @example dag.switch(picked).case(daily).case(weekly);
   */
  switch(decider: TaskRef<TaskRef>): Branch {
    const cases = this.#container.switch(own(decider));
    const branch: Branch = { case: (target) => (cases.case(own(target)), branch) };
    return branch;
  }

  /** Groups tasks: their ids begin with `id.`, and edges to the group go to its first tasks and come from its last ones. */
  taskGroup(groupId: string, options: TaskGroupOptions = {}): TaskGroupRef {
    return new TaskGroupRef(this.#dag, this.#container.taskGroup(groupId, options));
  }

  #operatorFactory(given: OperatorDefinition, options: TaskOptions, written?: Record<string, unknown>): (inputs?: unknown) => TaskRef {
    const { taskId } = given;
    const merged: OwnTaskOptions = { ...given.options, ...readTaskSpec(this.dagId, taskId, options) };
    const handler = withJinja({ dag: this.#dag, options: written ?? null }, given.handler);
    const operator: Operator<unknown, unknown> = { [OPERATOR]: { ...given, options: merged, handler } };
    const factory = this.#container.task(operator) as unknown as (inputs?: unknown) => OwnTaskRef<unknown>;
    return (inputs) => taskRef(factory(inputs));
  }

  #noHandler(taskId: string | undefined, given: unknown): Error {
    return definitionError(
      `${taskId === undefined ? "A task" : `Task "${taskId}"`} in DAG "${this.dagId}" needs a function or an operator, and was given ${show(given)}. Write dag.task("my_task", async ({ rows }: { rows: number }) => …).`,
      { dagId: this.dagId, taskId },
    );
  }
}

/**
 * A DAG as Airflow's TypeScript SDK declares it. It is one of Tradewind's; register it with a `Bundle`, or export it.
 *
 * @example
 * const dag = new Dag("sales", { schedule: "@daily", tags: ["sales"] });
 * await new Bundle(dag).serve();
 * @throws TradewindError `invalid_dag`
 */
export class Dag extends Scope {
  readonly [DAG]: DagDefinition;
  readonly spec: DagSpec;

  constructor(dagId: string, spec: DagSpec = {}) {
    const dag = new OwnDag(dagId, readDagSpec(dagId, spec));
    super(dag[DAG], dag);
    this[DAG] = dag[DAG];
    this[DAG].dialect = { language: "airflow", nativeValues: spec.renderTemplateAsNativeObj === true };
    this.spec = Object.freeze({ ...spec });
  }

  /** In the order in which they were declared. */
  get taskIds(): readonly string[] {
    return [...this[DAG].tasks.keys()];
  }
}

/** A task group; made by `taskGroup`. */
export class TaskGroupRef extends Scope implements Node, GroupNode {
  readonly [TASK_GROUP]: { dag: DagDefinition; groupId: string };
  /** With the ids of the groups around it. */
  readonly groupId: string;
  readonly #group: ReturnType<TaskContainer["taskGroup"]>;

  constructor(dag: DagDefinition, group: ReturnType<TaskContainer["taskGroup"]>) {
    super(dag, group);
    this[TASK_GROUP] = group[TASK_GROUP];
    this.groupId = group.groupId;
    this.#group = group;
  }

  before(...downstream: readonly Node[]): this {
    this.#group.before(...(downstream as never[]));
    return this;
  }

  after(...upstream: readonly Node[]): this {
    this.#group.after(...(upstream as never[]));
    return this;
  }
}

/** Tradewind's reference, with what Airflow's has besides. */
function taskRef(ref: OwnTaskRef<unknown>): TaskRef {
  const { dag, taskId } = ref[TASK_REF];
  // A task that decides a switch returns one of its cases; its result is the id.
  return Object.assign(ref, { dagId: dag.dagId, toJSON: () => taskId }) as unknown as TaskRef;
}

function own<Result>(ref: TaskRef<Result>): OwnTaskRef<Result> {
  return ref as unknown as OwnTaskRef<Result>;
}
