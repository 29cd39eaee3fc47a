import { removeTaskLogs } from "@tradewind/api";
import { assertSchemaUsable, openDatabase, transaction } from "@tradewind/metadata";
import { countFinishedRuns, deleteFinishedRuns } from "@tradewind/metadata/maintenance";
import { insertEventLog } from "@tradewind/metadata/rest";
import { operatorName } from "../input/operator.ts";
import { processOutput } from "../output/output.ts";
import { shortInstant } from "../output/times.ts";
import type { CleanOptions } from "../program/database-commands.ts";
import { withDatabaseServer } from "./db.ts";

/** Deletes in batches, each in a transaction of its own, so that nothing waits for long. */
export async function cleanDatabase(options: CleanOptions & { before: Date }): Promise<void> {
  const output = processOutput(options.output);
  const filter = { endedBefore: options.before, dagId: options.dag };
  const before = shortInstant(options.before.toISOString())!;
  await withDatabaseServer(async (server, config) => {
    await assertSchemaUsable({ url: server.url });
    await using db = openDatabase({ url: server.url, applicationName: "tradewind db clean", maxConnections: 1 });
    const found = await countFinishedRuns(db, filter);
    const total = found.reduce((sum, { runs }) => sum + runs, 0);
    if (options.yes !== true) {
      output.list(
        found,
        [
          { title: "DAG", value: ({ dagId }) => dagId },
          { title: "RUNS", value: ({ runs }) => runs, align: "right" },
        ],
        {
          none: `No finished run ended before ${before}.`,
          json: {
            before: options.before.toISOString(),
            dry_run: true,
            runs: total,
            by_dag: found.map(({ dagId, runs }) => ({ dag_id: dagId, runs })),
          },
        },
      );
      if (total > 0)
        output.note(`${total} runs would be deleted; nothing was. Add --yes to delete them. The latest scheduled run of a DAG always stays.`);
      return;
    }
    let deleted = 0;
    let logs = 0;
    for (;;) {
      const batch = await transaction(db, async (tx) => {
        const done = await deleteFinishedRuns(tx, { ...filter, limit: options.batch });
        if (done.deleted > 0)
          await insertEventLog(tx, {
            event: "cli_db_clean",
            owner: operatorName(),
            extra: { ended_before: options.before.toISOString(), runs: done.deleted },
          });
        return done;
      });
      if (batch.deleted === 0) break;
      deleted += batch.deleted;
      logs += await removeTaskLogs({ dir: config.logs.dir, attemptIds: batch.attemptIds });
      if (output.err.columns !== null) output.err.write(`\r\u001B[2K${deleted} of ${total} runs`);
    }
    if (output.err.columns !== null && deleted > 0) output.err.write("\r\u001B[2K");
    output.done(`Deleted ${deleted} runs that ended before ${before}, and ${logs} logs.`, {
      before: options.before.toISOString(),
      dry_run: false,
      runs: deleted,
      logs,
    });
  });
}
