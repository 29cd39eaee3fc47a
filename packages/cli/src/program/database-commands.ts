import type { Command } from "commander";
import { examples, instant, lazily, type OutputOptions, positiveInteger, withOutput } from "./options.ts";

export interface CleanOptions extends OutputOptions {
  before?: Date;
  dag?: string;
  batch: number;
  yes?: boolean;
}

export function addDatabaseCommands(program: Command): void {
  const load = () => import("../commands/db.ts");
  const db = program.command("db").description("the metadata database");
  withOutput(db.command("migrate").description("bring the schema up to this release; safe to run twice, and from several machines")).action(
    lazily(load, "migrateDatabase"),
  );
  withOutput(db.command("check").description("check that the database answers and has this release's schema; exit code 1 when not")).action(
    lazily(load, "checkDatabase"),
  );

  const clean = withOutput(
    db.command("clean").description("delete finished runs, with their task instances, XComs and logs; only shows them without --yes"),
  )
    .requiredOption("--before <date>", "runs that ended before this date", instant)
    .option("--dag <dag-id>", "only of this DAG")
    .option("--batch <number>", "runs per transaction", positiveInteger, 200)
    .option("-y, --yes", "delete")
    .action(lazily(() => import("../commands/db-clean.ts"), "cleanDatabase"));
  examples(clean, ["db clean --before 2026-01-01", "db clean --before 2026-01-01 --dag hello --yes"]);

  const rotate = withOutput(
    db
      .command("rotate-keys")
      .description("encrypt connections and variables again with the first of the configured Fernet keys; then the others may go"),
  ).action(lazily(() => import("../commands/db-rotate-keys.ts"), "rotateKeys"));
  examples(rotate, ["db rotate-keys"]);
}
