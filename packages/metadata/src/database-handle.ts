import type { Kysely } from "kysely";
import type { Tables } from "./schema-types.ts";

/**
 * What stores work on: the whole database or one open transaction. Outside this package it is opaque; inside, `builder` gives the query builder and
 * `run` sends a statement, both on the same connection when the handle is a transaction.
 */
export interface Queryable {
  readonly [internals]: QueryableInternals;
}

export interface Transaction extends Queryable {
  readonly kind: "transaction";
  /** See `commitAlong`. */
  readonly seal: () => void;
}

export interface QueryableInternals {
  readonly kysely: Kysely<Tables>;
  run(statement: Statement): Promise<StatementResult>;
}

export interface Statement {
  /** Named statements are parsed once per connection. One name, one text, for ever; for statements of the hot path. */
  readonly name?: string;
  readonly text: string;
  /** A JavaScript array becomes a PostgreSQL array; JSON columns take text made with `JSON.stringify`. */
  readonly values?: readonly unknown[];
}

export interface StatementResult {
  readonly rows: unknown[];
  readonly rowCount: number | null;
  /** As the server names what it did: `UPDATE 3`, `ROLLBACK`. */
  readonly command: string;
}

export const internals: unique symbol = Symbol("tradewind.metadata.internals");

/** The typed query builder on this handle. */
export function builder(handle: Queryable): Kysely<Tables> {
  return handle[internals].kysely;
}

/** Sends one statement and gives its rows. */
export async function run<Row>(handle: Queryable, statement: Statement): Promise<Row[]> {
  return (await handle[internals].run(statement)).rows as Row[];
}

/** Sends one statement and gives the number of rows it changed. */
export async function runCount(handle: Queryable, statement: Statement): Promise<number> {
  return (await handle[internals].run(statement)).rowCount ?? 0;
}
