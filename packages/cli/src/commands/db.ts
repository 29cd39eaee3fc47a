import { createHome, loadConfig, type TradewindConfig } from "@tradewind/config";
import { isTradewindError } from "@tradewind/core";
import { checkSchema } from "@tradewind/metadata";
import { EXIT } from "../exit-codes.ts";
import { type Output, processOutput } from "../output/output.ts";
import type { OutputOptions } from "../program/options.ts";
import { type DatabaseServer, migrateSchema, openDatabaseServer, showDatabase, unreachableDatabase } from "../services/database.ts";

/** Runs `work` on the configured database; an embedded one that nobody runs is started for as long as that takes. */
export async function withDatabaseServer<T>(work: (server: DatabaseServer, config: TradewindConfig) => Promise<T>): Promise<T> {
  const { config, home } = await loadConfig({ env: process.env, cwd: process.cwd() });
  createHome(home);
  const server = await openDatabaseServer({ config, home, supervise: false });
  try {
    return await work(server, config).catch((error: unknown) => {
      throw isTradewindError(error) ? error : unreachableDatabase(server, error);
    });
  } finally {
    await server.stop();
  }
}

export async function migrateDatabase(options: OutputOptions): Promise<void> {
  const output = processOutput(options.output);
  await withDatabaseServer(async (server, config) => {
    const applied = await migrateSchema(server, config, ({ id, name }, durationMs) => {
      if (!output.isJson) output.note(`applied ${id} ${name} (${Math.round(durationMs)} ms)`);
    });
    const steps = applied.map(({ id, name }) => ({ id, name }));
    output.done(steps.length === 0 ? "The schema is up to date." : `The schema is up to date: ${steps.length} steps applied.`, {
      database: showDatabase(server),
      applied: steps,
    });
  });
}

export async function checkDatabase(options: OutputOptions): Promise<number> {
  const output = processOutput(options.output);
  return withDatabaseServer(async (server) => {
    const { pending, newer, changed } = await checkSchema({ url: server.url });
    const isUsable = pending.length === 0 && changed.length === 0;
    const value = { database: showDatabase(server), ok: isUsable, pending: names(pending), newer: names(newer), changed: names(changed) };
    tell(value, output);
    return isUsable ? EXIT.ok : EXIT.failed;
  });
}

const names = (steps: readonly { id: number; name: string }[]): string[] => steps.map(({ id, name }) => `${id} ${name}`);

function tell(value: { database: string; ok: boolean; pending: string[]; newer: string[]; changed: string[] }, output: Output): void {
  if (output.isJson) return output.json(value);
  output.done(`The database answers: ${value.database}`, value);
  if (value.pending.length > 0) output.done(`Its schema lacks ${value.pending.join(", ")}. Run \`tradewind db migrate\`.`, value);
  if (value.changed.length > 0)
    output.done(`Its schema was made by other versions of ${value.changed.join(", ")}: restore it from a backup, or use another database.`, value);
  if (value.newer.length > 0)
    output.done(`Its schema is newer than this release (${value.newer.join(", ")}), which works while an upgrade is under way.`, value);
  if (value.ok && value.newer.length === 0) output.done("Its schema is that of this release.", value);
}
