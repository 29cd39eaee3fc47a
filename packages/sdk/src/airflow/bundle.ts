import type { TradewindError } from "@tradewind/core";
import type { AnyDag } from "../collect-dags.ts";
import { isDag } from "../collect-dags.ts";
import { DAG, type DagDefinition } from "../definition.ts";
import { definitionError, show } from "../definition-error.ts";
import type { Dag } from "./dag.ts";
import type { TaskFunction } from "./node-types.ts";
import { announceBundle } from "./registrations.ts";
import { handlerFunction, isTaskHandler, type TaskHandler } from "./task-handler.ts";

/** What a bundle may hold: DAGs, and handlers for tasks of DAGs that Python files declare. */
export type Registerable = Dag | TaskHandler;

/** The DAGs of a file. What it holds when the file has been loaded is what the file defines; nothing else needs to be exported. */
export class Bundle {
  #dags = new Map<string, AnyDag>();
  #handlers = new Map<string, TaskHandler>();

  /** @example const bundle = new Bundle(dag); await bundle.serve(); */
  constructor(...items: Registerable[]) {
    this.register(...items);
    announceBundle({
      dags: () => this.#dags.values(),
      foreignTasks: () => [...this.#handlers.values()].map(({ dagId, taskId }) => `${dagId}.${taskId}`),
    });
  }

  /**
   * Adds DAGs and task handlers, all or none of them.
   * @throws TradewindError `invalid_dag` for an id that is registered already, and for anything that is neither
   */
  register(...items: Registerable[]): void {
    const dags = new Map(this.#dags);
    const handlers = new Map(this.#handlers);
    for (const item of items as readonly unknown[]) {
      if (isDag(item)) addDag(dags, handlers, item);
      else if (isTaskHandler(item)) addHandler(dags, handlers, item);
      else throw definitionError(`register() was given ${show(item)}. A bundle holds DAGs (new Dag(…)) and task handlers (new TaskHandler(…)).`);
    }
    this.#dags = dags;
    this.#handlers = handlers;
  }

  /** Nothing to do: Tradewind has read the bundle when its file has been loaded, and starts the tasks itself. */
  async serve(): Promise<void> {}

  /** The function of a task, for tests. */
  getTaskHandler(dagId: string, taskId: string): TaskFunction | undefined {
    const dag = this.#dags.get(dagId);
    if (dag !== undefined) return definitionOf(dag).tasks.get(taskId)?.handler ?? undefined;
    const handler = this.#handlers.get(keyOf(dagId, taskId));
    return handler && handlerFunction(handler);
  }
}

type Dags = Map<string, AnyDag>;
type Handlers = Map<string, TaskHandler>;

function definitionOf(dag: AnyDag): DagDefinition {
  return dag[DAG];
}

function keyOf(dagId: string, taskId: string): string {
  return `${dagId}\0${taskId}`;
}

function addDag(dags: Dags, handlers: Handlers, dag: AnyDag): void {
  if (dags.has(dag.dagId)) throw registeredTwice(`DAG "${dag.dagId}"`, dag.dagId);
  const handler = [...handlers.values()].find(({ dagId }) => dagId === dag.dagId);
  if (handler !== undefined) throw bothKinds(dag.dagId, handler.taskId);
  dags.set(dag.dagId, dag);
}

function addHandler(dags: Dags, handlers: Handlers, handler: TaskHandler): void {
  const { dagId, taskId } = handler;
  if (dags.has(dagId)) throw bothKinds(dagId, taskId);
  if (handlers.has(keyOf(dagId, taskId))) throw registeredTwice(`A handler of task "${taskId}" of DAG "${dagId}"`, dagId);
  handlers.set(keyOf(dagId, taskId), handler);
}

function registeredTwice(what: string, dagId: string): TradewindError {
  return definitionError(`${what} is registered already. Register it once, or give one of the two another id.`, { dagId });
}

function bothKinds(dagId: string, taskId: string): TradewindError {
  return definitionError(
    `DAG "${dagId}" is declared here and has a TaskHandler for "${taskId}" too. The tasks of a DAG that is declared here are made with dag.task("${taskId}", handler).`,
    { dagId, taskId },
  );
}
