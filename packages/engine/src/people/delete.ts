import { TradewindError } from "@tradewind/core";
import {
  countRunningLeases,
  deleteDagRow,
  deleteDagRunRow,
  deleteSomeDagRuns,
  insertDagRunTimers,
  listNextRuns,
  lockDagRecord,
  lockDagRuns,
  retireDag,
  transaction,
  type Transaction,
} from "@tradewind/metadata";
import { commit } from "../commit.ts";
import type { EngineContext } from "../context.ts";
import type { PeopleUseCases } from "../engine.ts";
import { flush } from "../settle/flush.ts";
import { addRuns, createSettlement, loadWholeRuns, type Settlement } from "../settle/settlement.ts";
import { audit, dagNotFound, dagRunNotFound, getDagRun } from "./change-runs.ts";
import { stopAttempts } from "./reset-instances.ts";

/** How many runs one transaction deletes with everything in them. */
const RUNS_AT_ONCE = 50;

/**
 * Deletes a run with its task instances, tries and XComs. A running one is refused, as in Airflow: mark it first.
 * @throws TradewindError `dag_run_not_found`; `conflict` while the run is running
 */
export async function deleteDagRun(context: EngineContext, options: Parameters<PeopleUseCases["deleteDagRun"]>[0]): Promise<void> {
  const { dagId, runId, actor } = options;
  await commit(context, async (tx, after) => {
    const { id, note, logicalDate } = await getDagRun(tx, dagId, runId);
    const [run] = await lockDagRuns(tx, { dagRunIds: [id], now: context.stampAt() });
    if (run === undefined) throw dagRunNotFound(dagId, runId);
    if (run.state === "running") {
      throw new TradewindError(
        "conflict",
        `Tried to delete run "${runId}" of DAG "${dagId}", which is running. Mark it as success or failed first.`,
        {
          details: { dagId, runId, state: run.state },
        },
      );
    }
    const settlement = createSettlement(context, tx, after);
    await addRuns(settlement, [run]);
    await releaseSlots(settlement);
    // What waited for it looks at the run before it from now on.
    const next = await listNextRuns(tx, { dagRunId: id });
    await insertDagRunTimers(tx, { timers: next.map((dagRunId) => ({ dagRunId, kind: "past" })), now: context.stampAt() });
    if (next.length > 0) after.wakes.add("timers");
    await deleteDagRunRow(tx, { dagRunId: id });
    await audit(tx, { event: "delete_dag_run", actor, dagId, runId, extra: { before: { state: run.state, logical_date: logicalDate, note } } });
    // A queued run counted against the DAG's limit.
    if (run.state === "queued") after.dagsWithEndedRuns.add(dagId);
    after.changes.dags.add(dagId);
    after.wakes.add("state");
  });
}

/** What attempts of a finished or queued run still hold goes back to those who wait for it. */
async function releaseSlots(settlement: Settlement): Promise<void> {
  const works = [...settlement.runs.values()];
  await loadWholeRuns(settlement, works);
  for (const work of works) {
    const leases = await stopAttempts(settlement, [...work.instances.values()], "its run was deleted");
    for (const [id, lease] of leases) settlement.endedLeases.push({ attemptId: lease.attemptId, instance: work.instances.get(id)!, work });
  }
  await flush(settlement);
}

/**
 * Deletes a DAG with all its runs and versions. The audit log stays. When its file still defines it, it comes back as a new DAG when the file is read again.
 *
 * Runs go in portions, after the DAG was taken out of everything that begins by itself; calling again goes on where a call was cut off.
 * @throws TradewindError `dag_not_found`; `conflict` while a task of it is running
 */
export async function deleteDag(context: EngineContext, options: Parameters<PeopleUseCases["deleteDag"]>[0]): Promise<void> {
  const { dagId, actor } = options;
  await transaction(context.db, async (tx) => {
    const dag = await lockDagRecord(tx, { dagId });
    if (dag === null) throw dagNotFound(dagId);
    await refuseWhileRunning(tx, dagId);
    await retireDag(tx, { dagId });
    await audit(tx, { event: "delete_dag", actor, dagId, extra: { before: { is_paused: dag.isPaused } } });
  });
  let isGone = false;
  while (!isGone) {
    const deleted = await transaction(context.db, (tx) => deleteSomeDagRuns(tx, { dagId, limit: RUNS_AT_ONCE }));
    isGone = deleted === 0 && (await transaction(context.db, (tx) => deleteDagRow(tx, { dagId })));
  }
  context.noteChanges({ dags: [dagId], subjects: ["dags"] });
  context.wake("dags", "runs", "ready", "state");
}

async function refuseWhileRunning(tx: Transaction, dagId: string): Promise<void> {
  const running = await countRunningLeases(tx, { dagId });
  if (running === 0) return;
  throw new TradewindError(
    "conflict",
    `Tried to delete DAG "${dagId}", of which ${running} task ${running === 1 ? "instance is" : "instances are"} running. Pause it and wait, or mark its runs as failed.`,
    {
      details: { dagId, running },
    },
  );
}
