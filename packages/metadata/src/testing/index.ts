export { createTestDatabase, useTestDatabase } from "./test-database.ts";
export type { TestDatabase } from "./test-database.ts";
export { startPrivateServer } from "./private-server.ts";
export type { PrivateServer } from "./private-server.ts";
export { analyze, assertUsesIndex, explainPlan } from "./explain-plan.ts";
export type { ExplainOptions, QueryPlan } from "./explain-plan.ts";
export { seedDag, seedDagRun, seedImportError, seedJob, seedLease, seedTaskInstance, seedTry } from "./seed.ts";
export type { SeedDag, SeedDagRun, SeedTaskInstance } from "./seed.ts";
/** For tests that look into tables past the stores. */
export { builder, internals, run } from "../database-handle.ts";
export type { Statement } from "../database-handle.ts";
