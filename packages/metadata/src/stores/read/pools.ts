import { sql } from "kysely";
import type { Queryable } from "../../database-handle.ts";
import {
  type Fragment,
  limitTo,
  type Listed,
  listWithTotal,
  matchesPattern,
  matchesPrefix,
  orderBy,
  type OrderColumns,
  type Page,
  selectOne,
  where,
} from "./list-query.ts";

export interface PoolRow {
  name: string;
  /** -1: unlimited. */
  slots: number;
  description: string | null;
  includeDeferred: boolean;
  runningSlots: number;
  queuedSlots: number;
  scheduledSlots: number;
  deferredSlots: number;
}

/**
 * Slots in use come from the small tables of live work. Deferred task instances hold no row there, and no state is indexed in the big table: they are looked for only inside runs
 * that are running.
 */
const columns = `p.name, p.slots, p.description, p.include_deferred as "includeDeferred",
  coalesce(l.running, 0)::int as "runningSlots", coalesce(l.queued, 0)::int as "queuedSlots", coalesce(q.scheduled, 0)::int as "scheduledSlots",
  coalesce(f.deferred, 0)::int as "deferredSlots"`;

const source = (deferred: Fragment): Fragment => sql`from pool p
  left join (select pool, sum(pool_slots) filter (where state = 'running') as running, sum(pool_slots) filter (where state = 'queued') as queued from lease group by pool) l
    on l.pool = p.name
  left join (select pool, sum(pool_slots) as scheduled from task_queue group by pool) q on q.pool = p.name
  left join (${deferred}) f on f.pool = p.name`;

const deferredByPool = sql`select ti.pool, sum(ti.pool_slots) as deferred from dag_run r join task_instance ti on ti.dag_run_id = r.id
  where r.state = 'running' and r.live_count > 0 and ti.state = 'deferred' group by ti.pool`;

export const POOL_ORDER_COLUMNS = { id: { by: "p.name" }, name: { by: "p.name" }, pool: { by: "p.name" } } as const satisfies OrderColumns;

export async function listPools(
  db: Queryable,
  params: { filter: { namePattern?: string | undefined; namePrefixPattern?: string | undefined }; page: Page },
): Promise<Listed<PoolRow>> {
  const { filter, page } = params;
  const conditions = where([matchesPattern("p.name", filter.namePattern), matchesPrefix("p.name", filter.namePrefixPattern)]);
  return listWithTotal(db, page, {
    rows: sql`select ${sql.raw(columns)} ${source(deferredByPool)} ${conditions} ${orderBy(POOL_ORDER_COLUMNS, page.orderBy, "p.name")} ${limitTo(page)}`,
    count: sql`select count(*) as total from pool p ${conditions}`,
  });
}

export async function findPool(db: Queryable, params: { name: string }): Promise<PoolRow | undefined> {
  return selectOne(db, sql`select ${sql.raw(columns)} ${source(deferredByPool)} where p.name = ${params.name}`);
}
