import { type DagDefinition, type DeclaredTask, TASK_FACTORY } from "./definition.ts";
import { captureSite } from "./definition-error.ts";
import type { ExpandablesOf, InputsOf, KwargsList, NoInputs } from "./inputs.ts";
import { placeTask } from "./place-task.ts";
import type { Expansion } from "./read-mapping.ts";
import type { Serialized } from "./serialized.ts";
import { makeTaskRef, type TaskRef } from "./task-ref.ts";

/** Any function of one object of named inputs, or of nothing. */
export type TaskHandler = (inputs: never) => unknown;

type Primitive = string | number | boolean | bigint | symbol | null | undefined;

/** The inputs of a handler; `never`, which no call satisfies, when it takes something else than one object. */
export type ArgumentsOf<F> = F extends () => unknown
  ? NoInputs
  : F extends (inputs: infer I) => unknown
    ? Exclude<I, undefined> extends Primitive | readonly unknown[]
      ? never
      : Exclude<I, undefined>
    : never;

/** What a handler's result is for the tasks below it. */
export type ResultOf<F> = F extends (inputs: never) => infer R ? Serialized<Awaited<R>> : never;

/** The inputs may be left out when none is required. */
type CallArguments<I> = [I] extends [never] ? [never] : {} extends I ? [inputs?: InputsOf<I>] : [inputs: InputsOf<I>];

/**
 * A declared task. Calling it with its inputs places it in the DAG and gives a reference to its result; each result of another task among the inputs is
 * an edge. A task that is called again is placed again, under `id__1`, `id__2` … A task that is never called is an error when the DAG is loaded.
 */
export interface TaskFactory<Arguments, Result> {
  (...inputs: CallArguments<Arguments>): TaskRef<Result>;
  readonly [TASK_FACTORY]: true;
  /**
   * The same task, to be placed under another id.
   * @example
   * const eu = load.withId("load_eu")({ region: "eu" });
   */
  withId(taskId: string): TaskFactory<Arguments, Result>;
  /**
   * Inputs that are the same for every instance of a mapped task; the others follow in `expand`.
   * @example
   * total.partial({ currency: "EUR" }).expand({ store: stores() });
   */
  partial<Name extends keyof Arguments>(inputs: Pick<InputsOf<Arguments>, Name>): PartialTask<Omit<Arguments, Name>, Result>;
  /**
   * Places the task as mapped: one instance per item of a list, and with several lists one per combination (the first name varies slowest). Lists may be
   * constants or results of tasks; an object counts as a list of `[key, value]` pairs, in order of the keys. Tasks below get the list of results.
   * @example
   * const totals = total.expand({ store: stores(), year: [2025, 2026] });
   */
  expand(inputs: ExpandablesOf<Arguments>): TaskRef<Result[]>;
  /**
   * Places the task as mapped: one instance per object of a list, which gives it its named inputs. The list may be a constant or the result of a task. Airflow's `expand_kwargs`.
   * @example
   * copy.expandKwargs([{ from: "a", to: "b" }, { from: "c", to: "d" }]);
   * copy.expandKwargs(plan());
   */
  expandKwargs(list: KwargsList<Arguments>): TaskRef<Result[]>;
}

/** A task some of whose inputs are given; `expand` or `expandKwargs` places it. */
export interface PartialTask<Remaining, Result> {
  expand(inputs: ExpandablesOf<Remaining>): TaskRef<Result[]>;
  expandKwargs(list: KwargsList<Remaining>): TaskRef<Result[]>;
}

export function makeTaskFactory<Arguments, Result>(dag: DagDefinition, declared: DeclaredTask, label?: string): TaskFactory<Arguments, Result> {
  const factory = (inputs?: unknown) => makeTaskRef<Result>(dag, placeTask(dag, declared, { inputs, label, site: captureSite(factory) }));
  const mapped = (constants: unknown) => {
    const place = (expansion: Expansion, site: Error) =>
      makeTaskRef<Result[]>(dag, placeTask(dag, declared, { inputs: constants, expansion, label, site }));
    return {
      expand: function expand(inputs: unknown) {
        return place({ kind: "expand", inputs: inputs ?? {} }, captureSite(expand));
      },
      expandKwargs: function expandKwargs(list: unknown) {
        return place({ kind: "expand_kwargs", list }, captureSite(expandKwargs));
      },
    };
  };
  const members = {
    [TASK_FACTORY]: true as const,
    withId: (taskId: string) => makeTaskFactory<Arguments, Result>(dag, declared, taskId),
    partial: (inputs: unknown) => mapped(inputs),
    ...mapped(undefined),
  };
  return Object.assign(factory, members);
}
