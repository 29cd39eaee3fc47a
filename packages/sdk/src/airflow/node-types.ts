import type { Json } from "@tradewind/core";
import type { TaskRefTarget } from "../task-ref.ts";
import type { DagDefinition, TASK_GROUP, TASK_REF } from "../definition.ts";

declare const RESULT: unique symbol;

/** Any JSON value. */
export type JsonValue = Json;

/** What an edge that only orders can connect: a placed task, or a task group. */
export interface Node {
  readonly dagId: string;
  /** This node runs before the given ones; no value flows. Returns this node. */
  before(...downstream: readonly Node[]): Node;
  /** This node runs after the given ones; no value flows. Returns this node. */
  after(...upstream: readonly Node[]): Node;
}

/** A placed task, standing for the result it will have. */
export interface TaskRef<out TReturn = unknown> extends Node {
  readonly [TASK_REF]: TaskRefTarget;
  readonly [RESULT]?: TReturn;
  /** With the prefix of its groups. */
  readonly taskId: string;
  before(...downstream: readonly Node[]): TaskRef<TReturn>;
  after(...upstream: readonly Node[]): TaskRef<TReturn>;
}

/** The part of `T` that can be written into a DAG: functions, dates and the like can only come from another task. */
type Writable<T> = T extends string | number | boolean | null
  ? T
  : T extends (...args: never[]) => unknown
    ? never
    : T extends readonly (infer Item)[]
      ? readonly Writable<Item>[]
      : T extends object
        ? T extends { [K in keyof T]: Writable<T[K]> }
          ? { [K in keyof T]: Writable<T[K]> }
          : never
        : never;

/** One input of a task: the task that makes the value, or the value. */
export type TaskInput<TValue> = TaskRef<TValue> | Writable<TValue>;

/** The inputs of a task, by the name of the argument. */
export type TaskInputs<TArgs> = { [K in keyof TArgs]: TaskRef | Writable<TArgs[K]> };

/** What `dag.task` gives: calling it places the task. */
export type TaskFactory<TArgs extends object | void = void, TReturn = unknown> = [TArgs] extends [void]
  ? () => TaskRef<TReturn>
  : (inputs: TaskInputs<TArgs>) => TaskRef<TReturn>;

/** Any handler: one object of named inputs in, a result or a promise of one out. */
export type TaskFunction<TArgs = never, TReturn = unknown> = (args: TArgs) => TReturn | Promise<TReturn>;

/** `dag.if(condition)`. */
export interface Condition {
  /** Followed when the condition is true. */
  then(taskRef: TaskRef): ConditionElse;
}

/** `dag.if(condition).then(…)`, to be continued by `else`, or not. */
export interface ConditionElse {
  /** Followed when the condition is false. */
  else(taskRef: TaskRef): void;
}

/** `dag.switch(decider)`. */
export interface Branch {
  /** Followed when the decider returns this task. */
  case(taskRef: TaskRef): Branch;
}

/** The part of a task group that edges need, as Tradewind knows it. */
export interface GroupNode {
  readonly [TASK_GROUP]: { dag: DagDefinition; groupId: string };
}
