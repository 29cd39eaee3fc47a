import type { Json } from "@tradewind/core";

type IsAny<T> = 0 extends 1 & T ? true : false;

/**
 * What arrives downstream when a value has travelled as JSON: dates are strings, functions and symbols are gone, `undefined` is null. `never` marks what
 * can't travel (a bigint, a symbol, a function).
 *
 * @example
 * type A = Serialized<{ at: Date; rows: number }>; // { at: string; rows: number }
 */
export type Serialized<T> = IsAny<T> extends true ? T : [T] extends [Json] ? T : unknown extends T ? unknown : SerializedNonJson<T>;

type SerializedNonJson<T> = T extends undefined | void
  ? null
  : T extends string | number | boolean | null
    ? T
    : T extends bigint | symbol | ((...args: never) => unknown)
      ? never
      : T extends { toJSON(...args: never): infer J }
        ? Serialized<J>
        : T extends readonly unknown[]
          ? { [K in keyof T]: Serialized<T[K]> }
          : T extends object
            ? { [K in keyof T as Travels<K, T[K]>]: SerializedMember<T[K]> }
            : never;

type Travels<K, V> = K extends symbol ? never : [V] extends [(...args: never) => unknown] ? never : K;

/** A member may be absent; JSON leaves it out and does not write null. */
type SerializedMember<V> = IsAny<V> extends true ? V : undefined extends V ? Serialized<Exclude<V, undefined>> | undefined : Serialized<V>;
