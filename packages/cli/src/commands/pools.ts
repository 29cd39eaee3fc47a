import { clientContext } from "../client/client-context.ts";
import type { PoolResource } from "../client/resources.ts";
import { path } from "../client/rest-client.ts";
import { CliError } from "../cli-error.ts";
import { EXIT } from "../exit-codes.ts";
import type { Column } from "../output/table.ts";
import type { ServerOptions } from "../program/options.ts";
import type { PoolSetOptions } from "../program/setting-commands.ts";

const slots = (count: number): string => (count < 0 ? "no limit" : String(count));

const COLUMNS: Column<PoolResource>[] = [
  { title: "POOL", value: (pool) => pool.name },
  { title: "SLOTS", value: (pool) => slots(pool.slots), align: "right" },
  { title: "RUNNING", value: (pool) => pool.running_slots, align: "right" },
  { title: "QUEUED", value: (pool) => pool.queued_slots, align: "right" },
  { title: "SCHEDULED", value: (pool) => pool.scheduled_slots, align: "right" },
  { title: "OPEN", value: (pool) => slots(pool.open_slots), align: "right" },
  { title: "DESCRIPTION", value: (pool) => pool.description, mayBeCut: true },
];

export async function listPools(options: ServerOptions): Promise<void> {
  const { client, output } = clientContext(options);
  output.list(await client.list<PoolResource>("/api/v2/pools", "pools", { order_by: "name" }), COLUMNS, { none: "There are no pools." });
}

export async function getPool(name: string, options: ServerOptions): Promise<void> {
  const { client, output } = clientContext(options);
  const pool = await client.get<PoolResource>(path`/api/v2/pools/${name}`);
  output.list([pool], COLUMNS, { none: "", json: pool });
}

export async function setPool(name: string, slotText: string, options: PoolSetOptions): Promise<void> {
  const { client, output } = clientContext(options);
  const wanted = Number(slotText);
  if (!Number.isInteger(wanted) || wanted < -1) {
    throw new CliError("invalid_request", `A pool can't have "${slotText}" slots.`, {
      exitCode: EXIT.usage,
      hint: "Give a whole number, or -1 for no limit.",
    });
  }
  const url = path`/api/v2/pools/${name}`;
  const known = await client.find<PoolResource>(url);
  const changes = {
    slots: wanted,
    ...(options.description === undefined ? {} : { description: options.description }),
    ...(options.includeDeferred === undefined ? {} : { include_deferred: options.includeDeferred }),
  };
  const pool =
    known === undefined
      ? await client.send<PoolResource>("POST", "/api/v2/pools", { name, include_deferred: false, ...changes })
      : await client.send<PoolResource>("PATCH", url, changes, { update_mask: Object.keys(changes) });
  output.done(`Pool "${name}" has ${pool.slots < 0 ? "no limit" : `${pool.slots} slots`}.`, pool);
}

export async function deletePool(name: string, options: ServerOptions): Promise<void> {
  const { client, output } = clientContext(options);
  await client.delete(path`/api/v2/pools/${name}`);
  output.done(`Pool "${name}" is deleted.`, { name });
}
