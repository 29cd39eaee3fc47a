/**
 * Writes `packages/metadata/schema.sql`: what all migrations make on an empty database. Run it after adding a migration:
 *
 *     node packages/metadata/src/write-schema.ts
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { openDatabase } from "./database.ts";
import { startEmbeddedPostgres } from "./embedded-postgres.ts";
import { migrate } from "./migrations.ts";
import { dumpSchema, schemaFileHeader } from "./schema-dump.ts";

const directory = mkdtempSync(path.join(tmpdir(), "tradewind-schema-"));
const postgres = await startEmbeddedPostgres({ directory, durability: "process" });
try {
  await migrate({ url: postgres.url });
  await using db = openDatabase({ url: postgres.url });
  const file = fileURLToPath(new URL("../schema.sql", import.meta.url));
  writeFileSync(file, schemaFileHeader + (await dumpSchema(db)));
  process.stdout.write(`${file}\n`);
} finally {
  await postgres.stop("immediate");
  rmSync(directory, { recursive: true, force: true });
}
