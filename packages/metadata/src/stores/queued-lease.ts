import { type Queryable, run } from "../database-handle.ts";
import { commandColumns, type LeaseCommand } from "./lease.ts";

/**
 * Queued attempts of one scheduler that nobody has begun for a while, in the order of their ids. Those that are to be handed out again in a moment (`resumesWithinMs`) are not among
 * them: they are with no transport now. Uses `lease_by_scheduler`.
 */
export async function listQueuedLeases(
  db: Queryable,
  params: {
    schedulerId: string;
    executors: readonly string[];
    queuedForMs: number;
    resumesWithinMs: number;
    /** Only those with a larger attempt id; null: from the first. */
    after: string | null;
    limit: number;
    now: Date | null;
  },
): Promise<LeaseCommand[]> {
  return run<LeaseCommand>(db, {
    name: "list_queued_leases",
    text: `select ${commandColumns} from lease l, (select coalesce($7::timestamptz, now()) as now) t
      where l.scheduler_id = $1 and l.state = 'queued' and l.executor = any($2::text[]) and l.stop_reason is null
        and l.queued_at <= t.now - $3::double precision * interval '1 millisecond' and l.expires_at > t.now + $4::double precision * interval '1 millisecond'
        and ($5::uuid is null or l.attempt_id > $5::uuid)
      order by l.attempt_id limit $6`,
    values: [params.schedulerId, params.executors, params.queuedForMs, params.resumesWithinMs, params.after, params.limit, params.now],
  });
}
