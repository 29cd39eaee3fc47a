import { endMarkedRun, isFinishedDagRun, planRunMark } from "@tradewind/core";
import { commit } from "../commit.ts";
import type { EngineContext } from "../context.ts";
import type { PeopleUseCases } from "../engine.ts";
import type { RunWork } from "../settle/run-work.ts";
import { settleAndFlush } from "../settle/settle.ts";
import { changeState, createSettlement, recount, type Settlement } from "../settle/settlement.ts";
import { audit, dagRunNotFound, getDag, getDagRun, lockWholeRuns, requeueRun } from "./change-runs.ts";
import { markInstance, stopAttempts } from "./reset-instances.ts";

type MarkRunOptions = Parameters<PeopleUseCases["setDagRunState"]>[0];

/**
 * "Mark run success: every TI → success except unfinished teardowns. Mark run failed: running/deferred/up_for_reschedule → failed, other unfinished → skipped, teardowns left to run." The
 * run ends when its last teardown has. Queued: the run begins again by the usual way, with its task
 * instances as they are.
 * @throws TradewindError `dag_not_found`, `dag_run_not_found`
 */
export async function setDagRunState(context: EngineContext, options: MarkRunOptions): Promise<void> {
  const { dagId, runId, state, actor } = options;
  await getDag(context.db, dagId);
  await commit(context, async (tx, after) => {
    const settlement = createSettlement(context, tx, after);
    const { id } = await getDagRun(tx, dagId, runId);
    const [work] = await lockWholeRuns(settlement, [id]);
    if (work === undefined) throw dagRunNotFound(dagId, runId);
    const before = work.run.state;
    if (state === "queued") requeue(settlement, work);
    else await markRun(settlement, work, options, state);
    const isChanged = work.changed.state || work.changed.counts || [...work.instances.values()].some((instance) => instance.stateChanged);
    await settleAndFlush(settlement);
    if (isChanged) {
      await audit(tx, { event: "patch_dag_run", actor, dagId, runId, extra: { before: { state: before }, after: { state } } });
    }
  });
}

async function markRun(settlement: Settlement, work: RunWork, { actor }: MarkRunOptions, state: "success" | "failed"): Promise<void> {
  const reason = `its run was marked ${state} by ${actor.name}`;
  const changes = planRunMark(work, state);
  const leases = await stopAttempts(
    settlement,
    changes.map(({ instance }) => instance),
    reason,
  );
  for (const { instance, to } of changes) markInstance(settlement, work, instance, { state: to, reason, leases });
  recount(settlement, work);
  endMarkedRun(work, state, `marked ${state} by ${actor.name}`);
}

/** What waits for a slot waits for the start of the run again; what is at work goes on. */
function requeue(settlement: Settlement, work: RunWork): void {
  if (work.run.state === "queued") return;
  const wasFinished = isFinishedDagRun(work.run.state);
  for (const instance of work.instances.values()) {
    if (instance.state !== "scheduled") continue;
    changeState(settlement, work, instance, null);
    instance.tryNumber -= 1;
  }
  requeueRun(settlement, work);
  if (!wasFinished) settlement.after.dagsWithEndedRuns.add(work.run.dagId);
}
