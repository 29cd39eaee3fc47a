import type { ResultRef } from "./result-ref.ts";

/**
 * What may be given for an input of type `T`: a constant, the result of a task, or a list or an object with results of tasks somewhere inside.
 */
export type Input<T> = [T] extends [never] ? never : T | ResultRef<T> | Nested<T>;

type Nested<T> = T extends string | number | boolean | null | undefined
  ? never
  : T extends readonly unknown[]
    ? { readonly [K in keyof T]: Input<T[K]> }
    : T extends object
      ? { readonly [K in keyof T]: Input<T[K]> }
      : never;

/** The argument of a task factory, from the argument of its handler. */
export type InputsOf<Arguments> = { [K in keyof Arguments]: Input<Arguments[K]> };

/** The argument of a handler that takes none. */
export type NoInputs = { [name: string]: never };

/** What may be given to `expand` for an input of type `T`; an object gives `[key, value]` pairs, as in Airflow. */
export type Expandable<T> =
  | readonly Input<T>[]
  | ResultRef<readonly T[]>
  | (T extends readonly [string, infer Value] ? Record<string, Input<Value>> | ResultRef<Record<string, Value>> : never);

/** What may be given to `expandKwargs`: a list of objects of named inputs. */
export type KwargsList<Arguments> = readonly (InputsOf<Arguments> | ResultRef<Arguments>)[] | ResultRef<readonly Arguments[]>;

export type ExpandablesOf<Arguments> = { [K in keyof Arguments]: Expandable<Exclude<Arguments[K], undefined>> };
