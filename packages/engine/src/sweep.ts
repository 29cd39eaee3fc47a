import { isTerminal, TradewindError } from "@tradewind/core";
import {
  deleteOldConnectionTests,
  explainUnplaceable,
  forgetRunnerHosts,
  giveUpConnectionTests,
  listDrainedDags,
  listParkedKeysWithRoom,
  listStalledDagRuns,
  listWronglyBlockedDags,
  rerouteUnknownExecutors,
  unparkTaskQueue,
} from "@tradewind/metadata";
import { commit } from "./commit.ts";
import type { EngineContext } from "./context.ts";
import type { SchedulingUseCases } from "./scheduling-use-cases.ts";
import { eachOnItsOwn } from "./runs/each-on-its-own.ts";
import { letNextRunsIn } from "./runs/next-runs.ts";
import { isLive, type RunWork } from "./settle/run-work.ts";
import { settleAndFlush } from "./settle/settle.ts";
import { createSettlement, loadWholeRuns, lockRuns, reconsider, recount, type Settlement } from "./settle/settlement.ts";

const KEEP_CONNECTION_TESTS_MS = 60 * 60_000;

/**
 * Finds what a crash between two transactions or a lost wake-up may have left behind: DAGs whose next run nobody let in, or that have drained and were not paused, rows parked under a limit that has room, running runs in
 * which nothing moves. Each is looked for by an index over what is alive; nothing is found in a healthy system.
 */
export function sweepUseCase(context: EngineContext): SchedulingUseCases["sweep"] {
  return async ({ limit }) => {
    const [blocked, drained, keys, stalled] = await Promise.all([
      listWronglyBlockedDags(context.db, { limit }),
      listDrainedDags(context.db, { limit }),
      listParkedKeysWithRoom(context.db, { limit }),
      listStalledDagRuns(context.db, { limit }),
    ]);
    const ended = [...new Set([...blocked, ...drained])];
    await eachOnItsOwn(context, ended, (some) => letNextRunsIn(context, some));
    if (keys.length > 0) await unparkKeys(context, keys);
    const runs = await repairRuns(context, stalled);
    await warnOfUnplaceable(context, limit);
    const rerouted = await rerouteWaiting(context);
    await forgetRunnerHosts(context.db, { silentMs: context.limits.hostForgetMs, now: context.stampAt() });
    await tidyConnectionTests(context);
    return { repaired: ended.length + keys.length + runs + rerouted };
  };
}

/** Those that nobody ended are given up; what came out of others can be read for a while. */
async function tidyConnectionTests(context: EngineContext): Promise<void> {
  const now = context.stampAt();
  await giveUpConnectionTests(context.db, { now });
  await deleteOldConnectionTests(context.db, { olderThanMs: KEEP_CONNECTION_TESTS_MS, now });
}

/** "Missing pool: task never scheduled (warning)": who waits for ever is told why, and so is the operator, once. */
async function warnOfUnplaceable(context: EngineContext, limit: number): Promise<void> {
  for (const { pool, reason, count } of await explainUnplaceable(context.db, { limit })) {
    const error = new TradewindError(
      "pool_not_found",
      `${count} task instances cannot be dispatched: ${reason}. Create or enlarge the pool, or correct the tasks.`,
    );
    context.onError(error, { what: "pool", id: pool });
    context.wake("state");
  }
}

/** After a change of the configuration: what waits for an executor that is gone goes to another one, unless its author chose that one. */
async function rerouteWaiting(context: EngineContext): Promise<number> {
  const { known, byQueue, fallback } = context.routes;
  if (known === null) return 0;
  const { rerouted, stranded } = await rerouteUnknownExecutors(context.db, { known, byQueue, fallback });
  if (rerouted > 0) context.wake("ready");
  for (const { executor, count } of stranded) {
    const message = `${count} task instances wait for the executor "${executor}", which is not configured; there are: ${known.join(", ")}. Configure it, or correct the tasks.`;
    context.onError(new TradewindError("executor_not_found", message), { what: "executor", id: executor });
    context.wake("state");
  }
  return rerouted;
}

async function unparkKeys(context: EngineContext, keys: readonly string[]): Promise<void> {
  await commit(context, async (tx, after) => {
    await unparkTaskQueue(
      tx,
      keys.map((key) => ({ key, count: 1_000 })),
    );
    after.wakes.add("ready");
  });
}

/** Counts everything of these runs anew and decides again about what waits. */
async function repairRuns(context: EngineContext, dagRunIds: readonly number[]): Promise<number> {
  if (dagRunIds.length === 0) return 0;
  return commit(context, async (tx, after) => {
    const settlement = createSettlement(context, tx, after);
    const works = (await lockRuns(settlement, dagRunIds)).filter((work) => work.run.state === "running");
    await loadWholeRuns(settlement, works);
    for (const work of works) recountAll(settlement, work);
    await settleAndFlush(settlement);
    return works.filter((work) => work.run.state !== "running" || work.run.liveCount > 0).length;
  });
}

/** Counters, and every undecided instance is looked at, whatever its counters say. */
function recountAll(settlement: Settlement, work: RunWork): void {
  recount(settlement, work);
  const states = [...work.instances.values()].map((instance) => instance.state);
  for (const instance of work.instances.values()) if (instance.state === null) reconsider(settlement, work, instance);
  work.run.unfinishedCount = states.filter((state) => !isTerminal(state)).length;
  work.run.liveCount = states.filter(isLive).length;
  work.changed.counts = true;
}
