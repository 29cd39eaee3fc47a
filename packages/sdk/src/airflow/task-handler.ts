import { TradewindError } from "@tradewind/core";
import type { TaskFunction } from "./node-types.ts";

const HANDLER: unique symbol = Symbol.for("tradewind.airflow.task-handler");

/**
 * A function for a task of a DAG that a Python file declares. Tradewind runs no Python, so such a task is not run; the file that registers it loads all the same.
 *
 * @example
 * bundle.register(new TaskHandler("etl", "transform", transform));
 */
export class TaskHandler<TArgs = never, TReturn = unknown> {
  readonly dagId: string;
  readonly taskId: string;
  readonly [HANDLER]: TaskFunction<TArgs, TReturn>;

  constructor(dagId: string, taskId: string, handler: TaskFunction<TArgs, TReturn>) {
    const problem = !isId(dagId) ? "the id of its DAG" : !isId(taskId) ? "an id" : typeof handler !== "function" ? "a function" : null;
    if (problem !== null)
      throw new TradewindError("invalid_dag", `A TaskHandler lacks ${problem}. Write new TaskHandler("my_dag", "my_task", handler).`);
    this.dagId = dagId;
    this.taskId = taskId;
    this[HANDLER] = handler;
  }
}

function isId(id: unknown): boolean {
  return typeof id === "string" && id !== "";
}

export function isTaskHandler(value: unknown): value is TaskHandler {
  return typeof value === "object" && value !== null && HANDLER in value;
}

export function handlerFunction(handler: TaskHandler): TaskFunction {
  return handler[HANDLER];
}
