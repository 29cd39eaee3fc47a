import type { InputSpec } from "@tradewind/core";
import { type AnyHandler, type DagDefinition, RESULT_REF } from "./definition.ts";
import { definitionError, show } from "./definition-error.ts";
import { readInputOf } from "./read-inputs.ts";
import { type ResultRefTarget, resultTargetOf } from "./ref-target.ts";
import type { Serialized } from "./serialized.ts";

declare const RESULT: unique symbol;

/**
 * Stands for a value that will be there when a run is under way: the result of a task, a part of it, lists put together from results, or what a mapped group or a loop gives to its tasks. It
 * can be passed wherever a task takes an input of that type. Airflow's XComArg.
 */
export interface ResultRef<out Result> {
  readonly [RESULT_REF]: ResultRefTarget;
  readonly [RESULT]?: Result;
  /**
   * Every item of a list (of an object, every `[key, value]` pair) goes through a function, in the process of the task that takes the list. What throws `SkipTask` is left out; of a mapped task
   * it skips that instance. The function must need nothing but its argument and what its file imports. Airflow's `XComArg.map`.
   * @example
   * load.expand({ file: files().map((file) => `s3://data/${file}`) });
   */
  map<Self extends ResultRef<unknown>, Item>(
    this: Self,
    change: (item: ItemOf<ResultOfRef<Self>>) => Item | Promise<Item>,
  ): ListRef<Serialized<Awaited<Item>>>;
  /**
   * Lists side by side, as one list of tuples that is as long as the shortest. Airflow's `XComArg.zip`.
   * @example
   * copy.expand({ pair: sources().zip(targets()) }); // pair: [string, string]
   */
  zip<Self extends ResultRef<unknown>, const Others extends readonly ListLike[]>(
    this: Self,
    ...others: Others
  ): ListRef<[ItemOf<ResultOfRef<Self>>, ...ItemsOf<Others>]>;
  /**
   * As `zip`, but as long as the longest list: where one has ended, `fill` stands in. Airflow's `XComArg.zip(…, fillvalue=…)`.
   * @example
   * compare.expand({ pair: before().zipLongest({ fill: null }, after()) });
   */
  zipLongest<Self extends ResultRef<unknown>, const Others extends readonly ListLike[], const Fill extends string | number | boolean | null>(
    this: Self,
    options: { fill: Fill },
    ...others: Others
  ): ListRef<[ItemOf<ResultOfRef<Self>> | Fill, ...FilledItemsOf<Others, Fill>]>;
  /**
   * Lists one after the other, as one list. Airflow's `XComArg.concat`.
   * @example
   * load.expand({ file: local().concat(remote(), ["extra.csv"]) });
   */
  concat<Self extends ResultRef<unknown>, const Others extends readonly ListLike[]>(
    this: Self,
    ...others: Others
  ): ListRef<ItemOf<ResultOfRef<Self>> | ItemsOf<Others>[number]>;
}

/** A list that is put together from results. */
export type ListRef<Item> = ResultRef<Item[]>;

/** A value with parts. */
export interface PartRef<out Result> extends ResultRef<Result> {
  /** A part of the value: a member of an object or an item of a list. When it lacks the part, the task that takes it can't start and fails. */
  get<Self extends PartRef<unknown>, const Key extends KeyOf<ResultOfRef<Self>>>(this: Self, key: Key): PartRef<PartOf<ResultOfRef<Self>, Key>>;
}

/** The result that a reference stands for. */
export type ResultOfRef<Ref> = Ref extends { readonly [RESULT]?: infer Result } ? Result : never;

export type KeyOf<T> = KeyOfPresent<NonNullable<T>>;

type KeyOfPresent<T> = T extends readonly unknown[] ? number : T extends object ? Extract<keyof T, string> : never;

export type PartOf<T, Key> = Key extends keyof NonNullable<T> ? Exclude<NonNullable<T>[Key], undefined> : never;

/** A list, or what stands for one. */
export type ListLike = ResultRef<readonly unknown[]> | readonly unknown[];

/** What a list gives one by one; an object gives pairs. */
export type ItemOf<T> = T extends readonly (infer Item)[] ? Item : T extends object ? { [K in keyof T]: [K & string, T[K]] }[keyof T] : never;

type ListItem<T> = T extends ResultRef<infer List> ? ItemOf<List> : T extends readonly (infer Item)[] ? Unwrapped<Item> : never;
type Unwrapped<T> = T extends ResultRef<infer Result> ? Result : T;
type ItemsOf<Lists extends readonly unknown[]> = { -readonly [K in keyof Lists]: ListItem<Lists[K]> };
type FilledItemsOf<Lists extends readonly unknown[], Fill> = { -readonly [K in keyof Lists]: ListItem<Lists[K]> | Fill };

/** What every kind of reference can do; `target` is what it stands for. */
export function resultMembers(target: ResultRefTarget): object {
  const { dag } = target;
  const members = (others: readonly unknown[], where: string) => {
    const read = others.map((other, index) => readInputOf(dag, other, `argument ${index + 1} of ${where}`));
    return { items: [target.input, ...read.map(({ input }) => input)], upstream: [...target.upstream, ...read.flatMap(({ upstream }) => upstream)] };
  };
  return {
    [RESULT_REF]: target,
    map: (change: unknown) => makeListRef({ ...target, input: { kind: "map", input: target.input, mapId: keepMap(dag, change) } }),
    zip: (...others: unknown[]) => {
      const { items, upstream } = members(others, "zip()");
      return makeListRef({ dag, input: { kind: "zip", items }, upstream });
    },
    zipLongest: (options: { fill?: unknown } | undefined, ...others: unknown[]) => {
      const fill = options?.fill;
      if (fill === undefined || resultTargetOf(options) !== undefined)
        throw definitionError(`zipLongest() in DAG "${dag.dagId}" needs what to fill with: zipLongest({ fill: null }, other).`, { dagId: dag.dagId });
      const { items, upstream } = members(others, "zipLongest()");
      return makeListRef({ dag, input: { kind: "zip", items, fill: fill as string }, upstream });
    },
    concat: (...others: unknown[]) => {
      const { items, upstream } = members(others, "concat()");
      return makeListRef({ dag, input: { kind: "concat", items }, upstream });
    },
  };
}

function makeListRef(target: ResultRefTarget): ListRef<unknown> {
  return resultMembers(target) as ListRef<unknown>;
}

/** A reference to a value whose parts can be taken: `at` makes the input for a path into it. */
export function makePartRef<Result>(dag: DagDefinition, upstream: string[], at: (path: string[]) => InputSpec, path: string[] = []): PartRef<Result> {
  return {
    ...resultMembers({ dag, input: at(path), upstream }),
    get: (key: string | number) => makePartRef(dag, upstream, at, [...path, String(key)]),
  } as unknown as PartRef<Result>;
}

/** Functions are numbered in the order of the file, which is the same each time it is loaded. */
function keepMap(dag: DagDefinition, change: unknown): string {
  if (typeof change !== "function")
    throw definitionError(
      `map() in DAG "${dag.dagId}" was given ${show(change)}. Give it a function of one item: files().map((file) => file.trim()).`,
      {
        dagId: dag.dagId,
      },
    );
  const mapId = `map_${dag.maps.size}`;
  dag.maps.set(mapId, change as AnyHandler);
  return mapId;
}
