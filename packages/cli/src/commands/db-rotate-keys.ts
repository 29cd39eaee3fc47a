import { loadConfig } from "@tradewind/config";
import { assertSchemaUsable, createFernet, openDatabase, readOrCreateFernetKey, transaction } from "@tradewind/metadata";
import { rotateSecrets } from "@tradewind/metadata/maintenance";
import { insertEventLog } from "@tradewind/metadata/rest";
import { operatorName } from "../input/operator.ts";
import { processOutput } from "../output/output.ts";
import type { OutputOptions } from "../program/options.ts";
import { withDatabaseServer } from "./db.ts";

export async function rotateKeys(options: OutputOptions): Promise<void> {
  const output = processOutput(options.output);
  const { config, home } = await loadConfig({ env: process.env, cwd: process.cwd() });
  const fernet = createFernet(config.security.fernetKey ?? readOrCreateFernetKey(home));
  await withDatabaseServer(async (server) => {
    await assertSchemaUsable({ url: server.url });
    await using db = openDatabase({ url: server.url, applicationName: "tradewind db rotate-keys", maxConnections: 1 });
    const { rotated, current } = await transaction(db, async (tx) => {
      const done = await rotateSecrets(tx, fernet);
      await insertEventLog(tx, { event: "cli_rotate_fernet_key", owner: operatorName(), extra: done });
      return done;
    });
    output.done(`Encrypted ${rotated} secrets anew with the first key; ${current} were so already.`, { rotated, current });
  });
}
