import { type Queryable, run } from "../database-handle.ts";

/**
 * Takes the dead rows out of the small tables that hold what is alive. They see as many deletes as there are tasks, and what looks at all of a table (how much of each pool is used), or at the
 * head of the queue, wades through what is dead until then. Autovacuum comes once a minute at most; at thousands of tasks a second that is far too late. Not in a transaction. Waits for nobody
 * and blocks nobody; without the right to it the server only warns.
 */
export async function vacuumLiveTables(db: Queryable): Promise<void> {
  await run(db, { text: "vacuum (skip_locked, truncate off, index_cleanup on, parallel 0) lease, task_queue" });
}
