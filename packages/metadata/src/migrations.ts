import { createHash } from "node:crypto";
import { TradewindError } from "@tradewind/core";
import pg from "pg";
import { type ConnectionOptions, clientConfig, sessionSettings } from "./connection-options.ts";
import { migrations as releasedMigrations } from "./migrations/index.ts";

/**
 * A step of the schema. Frozen once released: its checksum is kept in the database. Steps only go forward, and code of the release before must run on the
 * new schema (add first, take away one release later).
 */
export interface Migration {
  /** Ascending; what is applied is known by it. */
  readonly id: number;
  readonly name: string;
  /**
   * Statements of a transactional step (the default) run in one transaction with the record of the step. A step that is not transactional, as for
   * `create index concurrently`, lists its statements one by one, each written so that it may run again after a failure half-way.
   */
  readonly sql: string | readonly string[];
  readonly transactional?: boolean;
}

export interface AppliedMigration {
  readonly id: number;
  readonly name: string;
  readonly checksum: string;
  readonly appliedAt: Date;
}

export interface SchemaStatus {
  /** Known here, not applied yet. */
  readonly pending: readonly Migration[];
  /** Applied, but by a newer release: unknown here. */
  readonly newer: readonly AppliedMigration[];
  /** Applied with another text than the one known here. */
  readonly changed: readonly AppliedMigration[];
  readonly applied: readonly AppliedMigration[];
}

export interface MigrateOptions extends ConnectionOptions {
  /** Default: those of this release. */
  migrations?: readonly Migration[];
  onApplied?: (migration: Migration, durationMs: number) => void;
}

/** Names the one lock under which schemas are changed; any constant does, as long as all releases use the same. */
const migrationLockKey = 7_231_094_018;

/**
 * Brings the schema up to this release; does nothing when it is already. Any number of processes may call it at once: one works, the others wait and
 * find nothing left to do. Must reach the server itself: a pooler in transaction mode cannot hold the lock.
 *
 * @returns the steps that this call applied.
 * @throws TradewindError `schema_outdated` when the database was made by a newer release or a released step was changed.
 */
export async function migrate(options: MigrateOptions): Promise<readonly Migration[]> {
  const known = options.migrations ?? releasedMigrations;
  return withClient(options, async (client) => {
    await client.query("select pg_advisory_lock($1)", [migrationLockKey]);
    await createMigrationTable(client);
    const status = compare(known, await readApplied(client));
    assertNoConflict(status);
    for (const migration of status.pending) {
      const startedAt = performance.now();
      await apply(client, migration);
      options.onApplied?.(migration, performance.now() - startedAt);
    }
    return status.pending;
  });
}

/** Looks only. */
export async function checkSchema(options: MigrateOptions): Promise<SchemaStatus> {
  const known = options.migrations ?? releasedMigrations;
  return withClient(options, async (client) => compare(known, (await hasMigrationTable(client)) ? await readApplied(client) : []));
}

/** For processes that do not migrate: a newer schema is fine (a rolling upgrade is under way), an older or changed one is not. */
export async function assertSchemaUsable(options: MigrateOptions): Promise<void> {
  const status = await checkSchema(options);
  assertUnchanged(status);
  if (status.pending.length === 0) return;
  const steps = status.pending.map(({ id, name }) => `${id} "${name}"`).join(", ");
  throw new TradewindError(
    "schema_outdated",
    `The database lacks ${status.pending.length} schema steps of this release: ${steps}. Run "tradewind db migrate".`,
    {
      details: { pending: status.pending.map(({ id }) => id) },
    },
  );
}

export function checksumOf(migration: Migration): string {
  const statements = typeof migration.sql === "string" ? [migration.sql] : migration.sql;
  return createHash("sha256").update(statements.join("\0")).digest("hex");
}

function compare(known: readonly Migration[], applied: readonly AppliedMigration[]): SchemaStatus {
  const appliedById = new Map(applied.map((step) => [step.id, step]));
  const knownById = new Map(known.map((step) => [step.id, step]));
  return {
    applied,
    pending: known.filter(({ id }) => !appliedById.has(id)).toSorted((a, b) => a.id - b.id),
    newer: applied.filter(({ id }) => !knownById.has(id)),
    changed: applied.filter(({ id, checksum }) => {
      const step = knownById.get(id);
      return step !== undefined && checksumOf(step) !== checksum;
    }),
  };
}

function assertNoConflict(status: SchemaStatus): void {
  assertUnchanged(status);
  if (status.newer.length === 0) return;
  const steps = status.newer.map(({ id, name }) => `${id} "${name}"`).join(", ");
  throw new TradewindError(
    "schema_outdated",
    `Tried to migrate the database, but it was already migrated by a newer release of Tradewind: this release does not know the steps ${steps}. Use that release, or restore a backup made before it.`,
    { details: { newer: status.newer.map(({ id }) => id) } },
  );
}

function assertUnchanged(status: SchemaStatus): void {
  if (status.changed.length === 0) return;
  const steps = status.changed.map(({ id, name }) => `${id} "${name}"`).join(", ");
  throw new TradewindError(
    "schema_outdated",
    `The schema steps ${steps} were applied with another text than this release has. Released steps must not change: use the release that made this database, or begin with an empty one.`,
    { details: { changed: status.changed.map(({ id }) => id) } },
  );
}

async function apply(client: pg.Client, migration: Migration): Promise<void> {
  try {
    if (migration.transactional === false) await applyOneByOne(client, migration);
    else await applyInTransaction(client, migration);
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new TradewindError("schema_outdated", `Schema step ${migration.id} "${migration.name}" failed: ${message}`, { cause });
  }
}

async function applyInTransaction(client: pg.Client, migration: Migration): Promise<void> {
  const statements = typeof migration.sql === "string" ? [migration.sql] : migration.sql;
  await client.query("begin");
  try {
    for (const statement of statements) await client.query(statement);
    await record(client, migration);
    await client.query("commit");
  } catch (error) {
    await client.query("rollback").catch(() => undefined);
    throw error;
  }
}

async function applyOneByOne(client: pg.Client, migration: Migration): Promise<void> {
  if (typeof migration.sql === "string") throw new TypeError("a step that is not transactional lists its statements one by one");
  for (const statement of migration.sql) await client.query(statement);
  await record(client, migration);
}

async function record(client: pg.Client, migration: Migration): Promise<void> {
  const values = [migration.id, migration.name, checksumOf(migration)];
  await client.query("insert into tradewind_migration (id, name, checksum) values ($1, $2, $3)", values);
}

async function createMigrationTable(client: pg.Client): Promise<void> {
  if (await hasMigrationTable(client)) return;
  await client.query(`create table tradewind_migration (
    id integer primary key,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null default now()
  )`);
}

async function hasMigrationTable(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>("select to_regclass('tradewind_migration') is not null as found");
  return rows[0]?.found === true;
}

async function readApplied(client: pg.Client): Promise<AppliedMigration[]> {
  const { rows } = await client.query<AppliedMigration>('select id, name, checksum, applied_at as "appliedAt" from tradewind_migration order by id');
  return rows;
}

/** A connection of its own, without time limits: waiting for another installer and building an index both take as long as they take. */
async function withClient<T>(options: ConnectionOptions, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const unlimited = { applicationName: "tradewind migrate", ...options, statementTimeoutMs: 0, idleInTransactionTimeoutMs: 0 };
  const client = new pg.Client(clientConfig(unlimited));
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query(sessionSettings(unlimited, { client_min_messages: "warning" }));
    return await work(client);
  } finally {
    // Ends the session and with it the advisory lock.
    await client.end().catch(() => undefined);
  }
}
