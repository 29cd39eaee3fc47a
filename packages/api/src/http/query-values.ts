import type { OrderColumns, Page, Range } from "@tradewind/metadata/rest";
import { z } from "zod";
import { TradewindError } from "@tradewind/core";
import { InstantInput } from "./values.ts";

/** Members of a query. What a query says more than once is a list; a member that is there once is a list of one where a list is wanted. */

const toList = (value: unknown): unknown => (value === undefined || Array.isArray(value) ? value : [value]);
/** Clients send the words for nothing as text. */
const toAbsent = (value: unknown): unknown => (value === "" || value === "null" || value === "None" ? undefined : value);

export const text = z.string().optional();
/** Each alternative is looked for in every row that comes up. */
const MOST_ALTERNATIVES = 50;
const pattern = z
  .string()
  .refine((value) => value.split("|").length <= MOST_ALTERNATIVES, { error: `A pattern has at most ${MOST_ALTERNATIVES} alternatives.` })
  .optional();
export const list = z.preprocess(toList, z.array(z.string()).optional());
export const whole = z.preprocess(toAbsent, z.coerce.number().int().optional());
export const wholes = z.preprocess(toList, z.array(z.coerce.number().int()).optional());
export const seconds = z.preprocess(toAbsent, z.coerce.number().optional());
export const instant = z.preprocess(toAbsent, InstantInput.optional());

const WORDS: Readonly<Record<string, boolean>> = {
  true: true,
  "1": true,
  yes: true,
  on: true,
  t: true,
  y: true,
  false: false,
  "0": false,
  no: false,
  off: false,
  f: false,
  n: false,
};

/** As pydantic reads a boolean. */
export const flag = z.preprocess(
  (value) => (typeof value === "string" ? (WORDS[value.toLowerCase()] ?? toAbsent(value)) : value),
  z.boolean({ error: "Input should be a valid boolean" }).optional(),
);

/** States; `none` stands for what has no state yet. */
export function states<const S extends readonly string[]>(known: S) {
  const State = z.union([z.enum(["none", "null", "no_status"]).transform(() => null), z.enum(known)]);
  return z.preprocess(toList, z.array(State).optional());
}

/** `<name>_gte`, `_gt`, `_lte`, `_lt`. */
export function instantRange<const N extends string>(name: N) {
  return rangeOf(name, instant);
}

export function secondsRange<const N extends string>(name: N) {
  return rangeOf(name, seconds);
}

function rangeOf<const N extends string, S extends z.ZodType>(name: N, bound: S) {
  return { [`${name}_gte`]: bound, [`${name}_gt`]: bound, [`${name}_lte`]: bound, [`${name}_lt`]: bound } as Record<
    `${N}_${"gte" | "gt" | "lte" | "lt"}`,
    S
  >;
}

type Bounds<N extends string, T> = { [K in `${N}_${"gte" | "gt" | "lte" | "lt"}`]?: T | null | undefined };

/** The four bounds as one; undefined when none is given. */
export function readRange<N extends string, T extends Date | number>(values: Bounds<N, T>, name: N): Range<T> | undefined {
  const bounds = values as Record<string, T | null | undefined>;
  const range = {
    gte: bounds[`${name}_gte`] ?? undefined,
    gt: bounds[`${name}_gt`] ?? undefined,
    lte: bounds[`${name}_lte`] ?? undefined,
    lt: bounds[`${name}_lt`] ?? undefined,
  };
  return Object.values(range).some((bound) => bound !== undefined) ? range : undefined;
}

/** `<name>_pattern` and `<name>_prefix_pattern`. */
export function patterns<const N extends string>(name: N) {
  return { [`${name}_pattern`]: pattern, [`${name}_prefix_pattern`]: pattern } as Record<`${N}_pattern` | `${N}_prefix_pattern`, typeof pattern>;
}

const page = { limit: z.coerce.number().int().min(0).default(50), offset: z.coerce.number().int().min(0).default(0) };

export const paging = { ...page, order_by: list };

/** Airflow's `[api] maximum_page_limit` and `fallback_page_limit`. */
export interface PageLimits {
  maximum: number;
  fallback: number;
}

/**
 * The page asked for: never more than the maximum, and a limit of 0 means the usual one, as in Airflow.
 * @throws TradewindError `invalid_request` (400) for an order that does not exist here.
 */
export function readPage(
  query: { limit: number; offset: number; order_by?: readonly string[] | undefined },
  limits: PageLimits,
  order: { columns: OrderColumns; byDefault: readonly string[] },
): Page {
  const orderBy = query.order_by === undefined || query.order_by.length === 0 ? order.byDefault : query.order_by;
  for (const name of orderBy) {
    if (Object.hasOwn(order.columns, name.replace(/^-/, ""))) continue;
    throw new TradewindError(
      "invalid_request",
      `Ordering with '${name}' is disallowed or the attribute does not exist; known: ${Object.keys(order.columns).join(", ")}.`,
    );
  }
  return { limit: query.limit === 0 ? limits.fallback : Math.min(query.limit, limits.maximum), offset: query.offset, orderBy };
}
