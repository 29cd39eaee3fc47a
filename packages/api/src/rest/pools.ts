import { TradewindError } from "@tradewind/core";
import type { Actor } from "@tradewind/engine";
import { type Transaction, transaction } from "@tradewind/metadata";
import {
  deletePool,
  findPool,
  findPoolSettings,
  insertEventLog,
  insertPool,
  listPools,
  POOL_ORDER_COLUMNS,
  type PoolRow,
  type PoolSettings,
  updatePool,
} from "@tradewind/metadata/rest";
import { z } from "zod";
import { list, paging, patterns, readPage } from "../http/query-values.ts";
import { bulkBody, BulkResponse, countEntities, runBulk } from "./bulk.ts";
import { pickPatched, type RestContext, type RestRoutes } from "./route.ts";

/** Tasks that name no pool are in it, so it stays. */
const DEFAULT_POOL = "default_pool";

const PoolResponse = z
  .strictObject({
    name: z.string(),
    slots: z.number(),
    description: z.string().nullable(),
    include_deferred: z.boolean(),
    occupied_slots: z.number(),
    running_slots: z.number(),
    queued_slots: z.number(),
    scheduled_slots: z.number(),
    open_slots: z.number(),
    deferred_slots: z.number(),
    team_name: z.string().nullable(),
  })
  .meta({ id: "PoolResponse" });
const PoolCollectionResponse = z.strictObject({ pools: z.array(PoolResponse), total_entries: z.number() }).meta({ id: "PoolCollectionResponse" });

const Slots = z.number().int().min(-1).max(2_147_483_647);
const team_name = z.null({ error: "Teams are not supported." }).optional();
const PoolBody = z
  .strictObject({
    name: z.string().min(1).max(256),
    slots: Slots,
    description: z.string().nullable().optional(),
    include_deferred: z.boolean().default(false),
    team_name,
  })
  .meta({ id: "PoolBody" });
type PoolBody = z.output<typeof PoolBody>;

const PoolPatchBody = z
  .strictObject({
    pool: z.string().nullable().optional(),
    slots: Slots.nullable().optional(),
    description: z.string().nullable().optional(),
    include_deferred: z.boolean().nullable().optional(),
    team_name,
  })
  .meta({ id: "PoolPatchBody" });

const PoolPath = z.object({ pool_name: z.string() });
const FIELDS = ["slots", "description", "include_deferred"] as const;

function notFound(name: string): TradewindError {
  return new TradewindError("pool_not_found", `The Pool with name: \`${name}\` was not found`, { details: { name } });
}

function toResponse(pool: PoolRow): z.infer<typeof PoolResponse> {
  const occupied = pool.runningSlots + pool.queuedSlots + (pool.includeDeferred ? pool.deferredSlots : 0);
  return {
    name: pool.name,
    slots: pool.slots,
    description: pool.description,
    include_deferred: pool.includeDeferred,
    occupied_slots: occupied,
    running_slots: pool.runningSlots,
    queued_slots: pool.queuedSlots,
    scheduled_slots: pool.scheduledSlots,
    open_slots: pool.slots === -1 ? -1 : pool.slots - occupied,
    deferred_slots: pool.deferredSlots,
    team_name: null,
  };
}

function toAudit({ slots, description, includeDeferred }: PoolSettings): Record<string, unknown> {
  return { slots, description, include_deferred: includeDeferred };
}

type PoolPatch = Omit<z.output<typeof PoolPatchBody>, "pool" | "team_name">;

/** Pools as transactions change them, with the entry in the audit log. */
function poolChanges(actor: Actor) {
  async function patch(tx: Transaction, name: string, body: PoolPatch, updateMask: readonly string[] | null | undefined): Promise<void> {
    const before = await findPoolSettings(tx, { name, lock: true });
    if (before === undefined) throw notFound(name);
    const changed = pickPatched(body, updateMask, FIELDS);
    if (name === DEFAULT_POOL && changed.description !== undefined && changed.description !== before.description) {
      throw new TradewindError("invalid_request", "Only slots and included_deferred can be modified on Default Pool");
    }
    const after: PoolSettings = {
      name,
      slots: changed.slots ?? before.slots,
      description: changed.description === undefined ? before.description : changed.description,
      includeDeferred: changed.include_deferred ?? before.includeDeferred,
    };
    await updatePool(tx, after);
    await insertEventLog(tx, { event: "patch_pool", owner: actor.name, extra: { name, before: toAudit(before), after: toAudit(after) } });
  }

  return {
    patch,
    keyOf: (body: PoolBody): string => body.name,
    exists: async (tx: Transaction, name: string): Promise<boolean> => (await findPoolSettings(tx, { name })) !== undefined,

    async create(tx: Transaction, { name, slots, description = null, include_deferred: includeDeferred }: PoolBody): Promise<void> {
      const settings = { name, slots, description, includeDeferred };
      if (!(await insertPool(tx, settings)))
        throw new TradewindError("already_exists", `Pool with name: \`${name}\` already exists`, { details: { name } });
      await insertEventLog(tx, { event: "post_pool", owner: actor.name, extra: { name, after: toAudit(settings) } });
    },

    update: (tx: Transaction, body: PoolBody, updateMask: readonly string[] | null | undefined): Promise<void> =>
      patch(tx, body.name, body, updateMask),

    async delete(tx: Transaction, name: string): Promise<void> {
      if (name === DEFAULT_POOL) throw new TradewindError("invalid_request", "Default Pool can't be deleted");
      const before = await findPoolSettings(tx, { name, lock: true });
      if (before === undefined || !(await deletePool(tx, { name }))) throw notFound(name);
      await insertEventLog(tx, { event: "delete_pool", owner: actor.name, extra: { name, before: toAudit(before) } });
    },
  };
}

export function poolRoutes(routes: RestRoutes, context: RestContext): void {
  const answer = async (name: string): Promise<z.infer<typeof PoolResponse>> => {
    const pool = await findPool(context.db, { name });
    if (pool === undefined) throw notFound(name);
    return toResponse(pool);
  };
  /** Changes, and tells that there may be room now. */
  const change = async <T>(work: (tx: Transaction) => Promise<T>): Promise<void> => {
    await transaction(context.db, work);
    context.onPoolsChanged();
  };

  routes.add(
    {
      method: "GET",
      path: "/pools",
      access: "pools:read",
      query: z.object({ ...paging, ...patterns("pool_name") }),
      status: 200,
      answer: PoolCollectionResponse,
    },
    async ({ query }) => {
      const { items, total } = await listPools(context.db, {
        filter: { namePattern: query.pool_name_pattern, namePrefixPattern: query.pool_name_prefix_pattern },
        page: readPage(query, context.pageLimits, { columns: POOL_ORDER_COLUMNS, byDefault: ["id"] }),
      });
      return { pools: items.map(toResponse), total_entries: total };
    },
  );

  routes.add({ method: "POST", path: "/pools", access: "pools:edit", body: PoolBody, status: 201, answer: PoolResponse }, async ({ body, actor }) => {
    await change((tx) => poolChanges(actor).create(tx, body));
    return answer(body.name);
  });

  routes.add(
    {
      method: "PATCH",
      path: "/pools",
      access: "pools:edit",
      body: bulkBody(PoolBody),
      countChanges: countEntities,
      status: 200,
      answer: BulkResponse,
    },
    async ({ body, actor }) => {
      const told = await runBulk(context, body, poolChanges(actor));
      context.onPoolsChanged();
      return told;
    },
  );

  routes.add(
    { method: "GET", path: "/pools/{pool_name}", access: "pools:read", pathSchema: PoolPath, status: 200, answer: PoolResponse },
    async ({ path }) => answer(path.pool_name),
  );

  routes.add(
    {
      method: "PATCH",
      path: "/pools/{pool_name}",
      access: "pools:edit",
      pathSchema: PoolPath,
      query: z.object({ update_mask: list }),
      body: PoolPatchBody,
      status: 200,
      answer: PoolResponse,
    },
    async ({ path, query, body, actor }) => {
      if (body.pool != null && body.pool !== path.pool_name) {
        throw new TradewindError(
          "invalid_request",
          "Invalid body, pool name from request body doesn't match uri parameter: a pool cannot be renamed.",
        );
      }
      await change((tx) => poolChanges(actor).patch(tx, path.pool_name, body, query.update_mask));
      return answer(path.pool_name);
    },
  );

  routes.add(
    { method: "DELETE", path: "/pools/{pool_name}", access: "pools:edit", pathSchema: PoolPath, status: 204, answer: null },
    async ({ path, actor }) => change((tx) => poolChanges(actor).delete(tx, path.pool_name)),
  );
}
