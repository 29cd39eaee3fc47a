import { sql } from "kysely";
import type { Queryable } from "../../database-handle.ts";
import type { WantedHostState } from "../runner-host.ts";
import {
  type Fragment,
  isEqual,
  limitTo,
  type Listed,
  listWithTotal,
  matchesPattern,
  orderBy,
  type OrderColumns,
  type Page,
  select,
  selectOne,
  where,
} from "./list-query.ts";

/** What people see of a worker. `offline`: silent for too long, or it said farewell. */
export const WORKER_STATES = ["running", "draining", "drained", "offline"] as const;
export type WorkerState = (typeof WORKER_STATES)[number];

export interface WorkerRow {
  hostId: string;
  name: string;
  executor: string;
  hostname: string;
  pid: number;
  version: string;
  slots: number;
  /** null: all. */
  queues: string[] | null;
  state: WorkerState;
  wanted: WantedHostState;
  /** Attempts that it runs now. */
  running: number;
  registeredAt: Date;
  startedAt: Date;
  lastHeartbeatAt: Date;
}

/** A worker silent for longer than `offlineSeconds` counts as offline. */
export interface WorkerFilter {
  offlineSeconds: number;
  state?: WorkerState | undefined;
  executor?: string | undefined;
  /** Only those that take tasks of this queue. */
  queue?: string | undefined;
  namePattern?: string | undefined;
}

const stateOf = (offlineSeconds: number): Fragment =>
  sql`case when h.state = 'stopped' or h.last_heartbeat_at < now() - make_interval(secs => ${offlineSeconds}) then 'offline' else h.state end`;

const rowsOf = (offlineSeconds: number): Fragment => sql`
  select h.host_id as "hostId", coalesce(h.name, h.host_id) as name, h.executor, h.hostname, h.pid, h.version, h.slots, h.queues, ${stateOf(offlineSeconds)} as state, h.wanted,
    (select count(*)::int from lease l where l.host_id = h.host_id and l.state = 'running') as running, h.registered_at as "registeredAt",
    coalesce(h.started_at, h.registered_at) as "startedAt", h.last_heartbeat_at as "lastHeartbeatAt"
  from runner_host h`;

export const WORKER_ORDER_COLUMNS = {
  name: { by: "w.name" },
  host_id: { by: `w."hostId"` },
  executor: { by: "w.executor" },
  hostname: { by: "w.hostname" },
  state: { by: "w.state" },
  slots: { by: "w.slots" },
  running: { by: "w.running" },
  started_at: { by: `w."startedAt"` },
  last_heartbeat: { by: `w."lastHeartbeatAt"` },
} as const satisfies OrderColumns;

export async function listWorkers(db: Queryable, params: { filter: WorkerFilter; page: Page }): Promise<Listed<WorkerRow>> {
  const { filter, page } = params;
  const workers = sql`from (${rowsOf(filter.offlineSeconds)}) w`;
  const conditions = where([
    isEqual("w.state", filter.state),
    isEqual("w.executor", filter.executor),
    filter.queue === undefined ? undefined : sql`(w.queues is null or ${filter.queue} = any(w.queues))`,
    matchesPattern("w.name", filter.namePattern),
  ]);
  return listWithTotal(db, page, {
    rows: sql`select w.* ${workers} ${conditions} ${orderBy(WORKER_ORDER_COLUMNS, page.orderBy, `w."hostId"`)} ${limitTo(page)}`,
    count: sql`select count(*) as total ${workers} ${conditions}`,
  });
}

/** Workers by their id, or by their name: that may be several. Living ones first. */
export async function findWorkers(db: Queryable, params: { idOrName: string; offlineSeconds: number }): Promise<WorkerRow[]> {
  return select(
    db,
    sql`select w.* from (${rowsOf(params.offlineSeconds)}) w where w."hostId" = ${params.idOrName} or w.name = ${params.idOrName}
      order by w.state = 'offline', w."lastHeartbeatAt" desc`,
  );
}

/** false: there is no such host. */
export async function setWantedHostState(db: Queryable, params: { hostId: string; wanted: WantedHostState }): Promise<boolean> {
  const row = await selectOne(db, sql`update runner_host set wanted = ${params.wanted} where host_id = ${params.hostId} returning 1`);
  return row !== undefined;
}

export interface WorkerTask {
  attemptId: string;
  dagId: string;
  runId: string;
  taskId: string;
  mapIndex: number;
  tryNumber: number;
  queue: string;
  startedAt: Date | null;
}

/** What a worker runs, the longest first. Uses `lease_by_host`. */
export async function listWorkerTasks(db: Queryable, params: { hostId: string; limit: number }): Promise<WorkerTask[]> {
  return select(
    db,
    sql`select l.attempt_id as "attemptId", l.dag_id as "dagId", r.run_id as "runId", l.task_id as "taskId", l.map_index as "mapIndex", l.try_number as "tryNumber", l.queue,
        l.started_at as "startedAt"
      from lease l join dag_run r on r.id = l.dag_run_id where l.host_id = ${params.hostId} and l.state = 'running' order by l.started_at limit ${params.limit}`,
  );
}
