export { startEmbeddedPostgres } from "./embedded-postgres.ts";
export type { EmbeddedPostgres, EmbeddedPostgresEvent, EmbeddedPostgresOptions, StopMode } from "./embedded-postgres.ts";

export { createSideDatabase } from "./side-database.ts";
export { commitAlong, openDatabase, openHotDatabase, transaction } from "./database.ts";
export type { Database, DatabaseOptions, TransactionOptions } from "./database.ts";
export type { Queryable, Transaction } from "./database-handle.ts";
export type { ConnectionOptions } from "./connection-options.ts";
export { backoffMs, withRetry } from "./retry.ts";
export type { RetryPolicy } from "./retry.ts";
export { isForeignKeyViolation, isOutage, isUniqueViolation, retryableKind } from "./retryable-errors.ts";
export type { RetryableKind } from "./retryable-errors.ts";

export { assertSchemaUsable, checkSchema, migrate } from "./migrations.ts";
export type { AppliedMigration, MigrateOptions, Migration, SchemaStatus } from "./migrations.ts";

export { createFernet, generateFernetKey } from "./fernet.ts";
export type { Fernet } from "./fernet.ts";
export { readOrCreateFernetKey } from "./secret-key-file.ts";

export { createNotifier, listen } from "./notifications.ts";
export type { Listener, ListenEvent, ListenOptions, Notifier, NotifierOptions } from "./notifications.ts";

export {
  clearImportErrors,
  insertDagFileRequest,
  listDagFiles,
  lockDagFiles,
  markDagFilesDeleted,
  markDagFoldersDeleted,
  recordImportErrors,
  renewSourceMaps,
  renewSources,
  storeBundles,
  takeDagFileRequests,
} from "./stores/dag-file.ts";
export { clearDagWarnings, type DagWarningRecord, type DagWarningType, recordDagWarnings } from "./stores/dag-warning.ts";
export type { DagFileKey, ImportErrorRecord, KnownDagFileRecord, LockedDagFile } from "./stores/dag-file.ts";
export {
  hasActiveRuns,
  hideDags,
  insertDagVersions,
  listLastAutomatedRuns,
  lockDags,
  markDagsStale,
  markImportErrors,
  putDags,
  putDagTags,
  touchDags,
} from "./stores/dag.ts";
export type { DagFacts, LockedDag, NextRunColumns } from "./stores/dag.ts";

export {
  findDagRunState,
  findDagVersionId,
  findRunOfDag,
  findRunningAttempt,
  findStoredConnection,
  findVariableToken,
  listTaskStates,
  listTaskXComs,
  putAttemptXCom,
  putVariableToken,
  removeVariable,
} from "./stores/author.ts";
export type { FoundRun, RunningAttempt, StoredConnection } from "./stores/author.ts";

export * from "./stores/scheduling.ts";
export * from "./stores/people.ts";
export {
  claimConnectionTests,
  countActiveConnectionTests,
  deleteOldConnectionTests,
  endConnectionTest,
  findConnectionTest,
  giveUpConnectionTests,
  hasClaimableConnectionTests,
  insertConnectionTest,
  lockConnectionTest,
  releaseConnectionTests,
} from "./stores/connection-test.ts";
export type { ClaimedConnectionTest, ConnectionTestState } from "./stores/connection-test.ts";
export { putRenderedFields } from "./stores/rendered-fields.ts";
