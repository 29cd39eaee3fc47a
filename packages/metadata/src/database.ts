import { Kysely, PostgresDialect, type PostgresPool } from "kysely";
import pg from "pg";
import { type ConnectionOptions, clientConfig, hotSettings, sessionSettings } from "./connection-options.ts";
import { internals, type Queryable, type QueryableInternals, type Statement, type StatementResult, type Transaction } from "./database-handle.ts";
import { type RetryPolicy, withRetry } from "./retry.ts";
import type { Tables } from "./schema-types.ts";
import { breaksConnection, retryableKind } from "./retryable-errors.ts";
import { StatementBatcher } from "./statement-batch.ts";

export interface DatabaseOptions extends ConnectionOptions {
  /** Connections at most. Default 10. */
  maxConnections?: number;
  /** A connection of the pool broke while nobody used it, as at a restart of the server. It is replaced by itself. */
  onConnectionError?: (error: Error) => void;
}

/** A pool of connections. Survives restarts of the server: broken connections are dropped, new ones made when needed. */
export interface Database extends Queryable {
  readonly kind: "database";
  readonly options: DatabaseOptions;
  readonly connections: { readonly total: number; readonly idle: number; readonly waiting: number };
  /** What was sent so far. */
  readonly traffic: Readonly<Traffic>;
  /** Waits for what is under way, then closes every connection. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Counts of what went to the server: speed depends on the machine, these do not. The query builder's statements outside of transactions are not among them. */
export interface Traffic {
  transactions: number;
  /** Without begin, commit and rollback. */
  statements: number;
  /** Writes that are answered as a whole; statements that are sent together share one. */
  roundTrips: number;
}

/** Opens a pool. Nothing is sent before the first query, so the server need not be there yet. */
export function openDatabase(options: DatabaseOptions): Database {
  return new PooledDatabase(options, sessionSettings(options), {});
}

/**
 * Opens the small pool for the statements that run at every transition. Its sessions have sequential scans, hash joins and merge joins switched off:
 * `update … from unnest(…)` would otherwise be planned as a hash join over a whole table, six times slower. Every statement sent here needs an index for
 * each step. Use named statements. Queries sent without awaiting the one before travel together (pipelined) and run in order.
 */
export function openHotDatabase(options: DatabaseOptions): Database {
  const hot = { applicationName: "tradewind hot", maxConnections: 2, ...options };
  return new PooledDatabase(hot, sessionSettings(hot, hotSettings), { pipeline: true, min: 1 });
}

class PooledDatabase implements Database {
  readonly kind = "database";
  readonly options: DatabaseOptions;
  readonly [internals]: QueryableInternals;
  readonly traffic: Traffic = { transactions: 0, statements: 0, roundTrips: 0 };
  readonly #pool: pg.Pool;
  readonly #kysely: Kysely<Tables>;
  #closing: Promise<void> | undefined;

  constructor(options: DatabaseOptions, settings: string, extra: pg.PoolConfig) {
    this.options = options;
    this.#pool = new pg.Pool({
      ...clientConfig(options),
      max: options.maxConnections ?? 10,
      idleTimeoutMillis: 30_000,
      // oxlint-disable-next-line typescript/no-misused-promises -- the pool waits for it; its type does not say so.
      onConnect: async (client) => {
        await client.query(settings);
      },
      ...extra,
    });
    this.#pool.on("error", (error) => options.onConnectionError?.(error));
    this.#kysely = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: this.#pool }) });
    this[internals] = { kysely: this.#kysely, run: (statement) => this.#run(statement) };
    acquireOf.set(this, () => this.#pool.connect());
  }

  #run(statement: Statement): Promise<StatementResult> {
    this.traffic.statements += 1;
    this.traffic.roundTrips += 1;
    return this.#pool.query(queryConfig(statement));
  }

  get connections(): Database["connections"] {
    const { totalCount, idleCount, waitingCount } = this.#pool;
    return { total: totalCount, idle: idleCount, waiting: waitingCount };
  }

  close(): Promise<void> {
    this.#closing ??= this.#pool.end();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** How `transaction` gets a connection without showing one to anybody else. */
const acquireOf = new WeakMap<Database, () => Promise<pg.PoolClient>>();

function queryConfig(statement: Statement): pg.QueryConfig {
  return { name: statement.name, text: statement.text, values: statement.values as unknown[] | undefined };
}

export interface TransactionOptions {
  /** Tried again as a whole after a conflict or a lost connection, unless false. `work` must therefore have no effects outside the database. */
  retry?: Partial<RetryPolicy> | false;
  isolation?: "read committed" | "repeatable read" | "serializable";
  readOnly?: boolean;
}

/**
 * Runs `work` in one transaction: committed when it returns, rolled back when it throws.
 *
 * A lost acknowledgement of a commit looks like a lost connection and is tried again, although the first try may have been committed. Hence the rule
 * for everything that runs here: statements are guarded by the state they expect, or idempotent.
 */
export async function transaction<T>(db: Database, work: (tx: Transaction) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
  const once = (): Promise<T> => runTransaction(db, work, options);
  return options.retry === false ? once() : withRetry(once, options.retry);
}

async function runTransaction<T>(db: Database, work: (tx: Transaction) => Promise<T>, options: TransactionOptions): Promise<T> {
  const acquire = acquireOf.get(db);
  if (!acquire) throw new TypeError("transaction() needs a database made by openDatabase().");
  const client = await acquire();
  // Between two queries nobody listens for errors of the socket: the next query reports them.
  client.on("error", ignore);
  const { traffic } = db as PooledDatabase;
  traffic.transactions += 1;
  const session = sessionOf(client, traffic);
  const open = openHandle(session);
  let failure: unknown;
  try {
    await begin(session, beginStatement(options));
    const result = await work(open.tx);
    open.end();
    const { command } = await open.commit();
    if (command === "ROLLBACK") throw new TransactionFailed(session.batcher.failure);
    return result;
  } catch (thrown) {
    const error = firstFailureOf(session, thrown);
    failure = error;
    open.end();
    if (!breaksConnection(error)) failure = await rollback(session, open, error);
    throw error;
  } finally {
    client.off("error", ignore);
    client.release(failure !== undefined && breaksConnection(failure));
  }
}

function ignore(): void {}

class TransactionFailed extends Error {
  constructor(cause: unknown) {
    super("Tried to commit, but an earlier statement of the transaction had failed and its error was swallowed: rolled back.", { cause });
  }
}

/**
 * Where statements are on their way in several batches, those behind a failed one are refused, and whoever heard of the first failure may not be who is waited for. It is the first that says what happened, and whether
 * it is worth another try.
 */
function firstFailureOf({ batcher: { failure } }: Session, thrown: unknown): unknown {
  const isConsequence = thrown instanceof TransactionFailed || (thrown as { code?: unknown } | null)?.code === "25P02";
  return isConsequence && retryableKind(failure) !== undefined ? failure : thrown;
}

/** Gives back what decides whether the connection can be kept. */
async function rollback(session: Session, open: OpenTransaction, cause: unknown): Promise<unknown> {
  try {
    // What was sent to be committed is, or not: when an earlier statement failed it was not reached.
    if (open.isSealed) await open.commit().catch(ignore);
    await session.query("rollback");
    return cause;
  } catch (error) {
    return breaksConnection(error) ? error : new Error("Connection terminated: the rollback failed", { cause: error });
  }
}

function beginStatement({ isolation, readOnly }: TransactionOptions): string {
  return `begin${isolation ? ` isolation level ${isolation}` : ""}${readOnly ? " read only" : ""}`;
}

/** On a pipelined connection it travels with what comes first, so that nobody waits for it. When it fails, so does what comes behind it, which tells. */
async function begin({ isPipelined, batcher, query }: Session, text: string): Promise<void> {
  if (isPipelined) batcher.add({ name: text, text }, { isControl: true }).catch(ignore);
  else await query(text);
}

/** What transactions on one connection share, kept with it: making a query builder costs more than a small statement. */
interface Session {
  readonly isPipelined: boolean;
  readonly batcher: StatementBatcher;
  readonly kysely: Kysely<Tables>;
  /** In its place behind what was added to the batch before. */
  readonly query: (text: string | pg.QueryConfig, values?: unknown[]) => Promise<pg.QueryResult>;
}

const sessions = new WeakMap<pg.PoolClient, Session>();

function sessionOf(client: pg.PoolClient, traffic: Traffic): Session {
  const known = sessions.get(client);
  if (known) return known;
  const batcher = new StatementBatcher(client, (statements) => {
    traffic.statements += statements;
    traffic.roundTrips += 1;
  });
  const query = (text: string | pg.QueryConfig, values?: unknown[]): Promise<pg.QueryResult> => {
    batcher.flush();
    traffic.roundTrips += 1;
    if (typeof text !== "string" || values !== undefined) traffic.statements += 1;
    return client.query(text as string, values);
  };
  const isPipelined = (client as { pipeline?: boolean }).pipeline === true;
  const made = { isPipelined, batcher, query, kysely: kyselyOn(query) };
  sessions.set(client, made);
  return made;
}

/**
 * Sends the commit behind what was sent before, so that it costs no round trip of its own. Nothing can follow in this transaction; `work` has only to read answers and return. What it throws from here on may come after
 * the commit, as when an acknowledgement is lost.
 */
export function commitAlong(tx: Transaction): void {
  tx.seal();
}

interface OpenTransaction {
  readonly tx: Transaction;
  readonly isSealed: boolean;
  /** No statement is sent any more. */
  end(): void;
  commit(): Promise<{ command: string }>;
}

/** The handle of one transaction. What still wants to go on when it is over is refused: it would run outside, or in somebody else's. */
function openHandle({ isPipelined, batcher, query, kysely }: Session): OpenTransaction {
  let isOver = false;
  const refusedBefore = batcher.refused;
  batcher.failure = undefined;
  let sealed: Promise<StatementResult> | undefined;
  const run = (statement: Statement): Promise<StatementResult> => {
    if (isOver) return Promise.reject(new Error(`The transaction is over: "${statement.name ?? statement.text.slice(0, 60)}" was not sent.`));
    return statement.name === undefined ? query(queryConfig(statement)) : batcher.add(statement);
  };
  const seal = (): void => {
    // Without a statement that was never sent nothing may be committed: whoever waits for it hears of it, and the transaction is rolled back.
    if (isOver || !isPipelined || batcher.refused > refusedBefore) return;
    isOver = true;
    sealed = batcher.add({ name: "commit", text: "commit" }, { isControl: true });
    // Asked for when `work` has returned; until then nobody listens.
    sealed.catch(ignore);
  };
  return {
    tx: { kind: "transaction", seal, [internals]: { kysely, run } },
    get isSealed() {
      return sealed !== undefined;
    },
    end: () => {
      isOver = true;
    },
    commit: () => sealed ?? query("commit"),
  };
}

/** A query builder bound to one connection, which it neither acquires nor releases. */
function kyselyOn(query: Session["query"]): Kysely<Tables> {
  const borrowed = { query, release: ignore };
  const pool = { connect: async () => borrowed, end: async () => undefined, options: {} };
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: pool as unknown as PostgresPool }) });
}
