export { startEmbeddedPostgres } from "./embedded-postgres.ts";
export type { EmbeddedPostgres, EmbeddedPostgresEvent, EmbeddedPostgresOptions, StopMode } from "./embedded-postgres.ts";
