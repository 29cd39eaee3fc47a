import { sql } from "kysely";
import type { Queryable } from "../../database-handle.ts";
import { select } from "./list-query.ts";

/** How much work there is for a task queue of an executor. */
export interface QueueDepth {
  executor: string;
  queue: string;
  /** Ready, and not given to the executor yet: held back by its room, by a pool, or by the limits of a run or task. */
  scheduled: number;
  queued: number;
  running: number;
  /** Living workers that take its tasks, and their places in all. */
  workers: number;
  slots: number;
}

/** Of every queue that has work, or a worker that names it. Counts the small tables of live work only. */
export async function listQueueDepths(db: Queryable, params: { offlineSeconds: number; queue?: string | undefined }): Promise<QueueDepth[]> {
  const only = params.queue ?? null;
  return select(
    db,
    sql`with living as (
        select executor, queues, slots, state from runner_host
        where state <> 'stopped' and last_heartbeat_at >= now() - make_interval(secs => ${params.offlineSeconds})
      ),
      counted as (
        select executor, queue, count(*) as scheduled, 0 as queued, 0 as running from task_queue where ${only}::text is null or queue = ${only} group by 1, 2
        union all
        select executor, queue, 0, count(*) filter (where state = 'queued'), count(*) filter (where state = 'running') from lease
          where ${only}::text is null or queue = ${only} group by 1, 2
        union all
        select executor, unnest(queues), 0, 0, 0 from living
      )
      select c.executor, c.queue, sum(c.scheduled)::int as scheduled, sum(c.queued)::int as queued, sum(c.running)::int as running, w.workers::int, w.slots::int
      from counted c,
        lateral (select count(*) as workers, coalesce(sum(l.slots), 0) as slots from living l
          where l.executor = c.executor and l.state = 'running' and (l.queues is null or c.queue = any(l.queues))) w
      where ${only}::text is null or c.queue = ${only}
      group by c.executor, c.queue, w.workers, w.slots order by c.executor, c.queue`,
  );
}
