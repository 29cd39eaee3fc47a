import type { DagGraph } from "@tradewind/core";
import {
  addAwaitedTasks,
  type DueDagRunTimer,
  insertDagRunTimers,
  listDagRunContexts,
  listDueDagRunTimers,
  listNextRuns,
  listPastFacts,
  type PastQuestion,
  takeDagRunTimers,
} from "@tradewind/metadata";
import { commit } from "../commit.ts";
import type { EngineContext } from "../context.ts";
import { settleAndFlush } from "../settle/settle.ts";
import { createSettlement, loadTasks, lockRuns, reconsider } from "../settle/settlement.ts";

/** Has runs look at their past again (see `notePast`). One run at a time: each has its own locks. */
export async function firePastTimers(context: EngineContext, { limit }: { limit: number }): Promise<{ fired: number; more: boolean }> {
  const due = await listDueDagRunTimers(context.db, { limit, now: context.stampAt() });
  for (const timer of due) {
    try {
      await fire(context, timer);
    } catch (error) {
      context.onError(error, { what: "look at the past of run", id: String(timer.dagRunId) });
    }
  }
  return { fired: due.length, more: due.length === limit };
}

async function fire(context: EngineContext, { dagRunId, kind }: DueDagRunTimer): Promise<void> {
  if (kind === "past_ended") return tellNextRuns(context, dagRunId);
  // Also when an earlier run changed: it may be another one than the one that knows.
  await tellPreviousRun(context, dagRunId);
  await lookAgain(context, dagRunId, kind);
}

/** Tasks of this run ended that a later run waits for. */
async function tellNextRuns(context: EngineContext, dagRunId: number): Promise<void> {
  await commit(context, async (tx, after) => {
    if (!(await takeDagRunTimers(tx, { dagRunId, kind: "past_ended" }))) return;
    const next = await listNextRuns(tx, { dagRunId });
    await insertDagRunTimers(tx, { timers: next.map((id) => ({ dagRunId: id, kind: "past" })), now: context.stampAt() });
    if (next.length > 0) after.wakes.add("timers");
  });
}

/** Writes into the previous run what is awaited of it. With that run's lock: whoever ends one of these tasks has done it before, or will see that it is awaited. */
async function tellPreviousRun(context: EngineContext, dagRunId: number): Promise<void> {
  await commit(context, async (tx) => {
    const [run] = await listDagRunContexts(tx, { dagRunIds: [dagRunId] });
    if (run === undefined) return;
    await context.versions.load(tx, [run.dagVersionId]);
    const questions = pastQuestionsOf(context.versions.get(run.dagVersionId).graph, run);
    const facts = await listPastFacts(tx, { tasks: questions });
    const awaited = new Map<number, Set<string>>();
    for (const [index, { previous }] of facts.entries()) {
      if (previous === null) continue;
      const { taskId, downstream } = questions.find((question) => question.taskId === facts[index]!.taskId)!;
      const tasks = awaited.get(previous.dagRunId) ?? new Set<string>();
      for (const id of [taskId, ...downstream]) tasks.add(id);
      awaited.set(previous.dagRunId, tasks);
    }
    for (const [previousId, taskIds] of awaited) await addAwaitedTasks(tx, { dagRunId: previousId, taskIds: [...taskIds] });
  });
}

/** What the tasks of a DAG that depend on the past ask about it. */
export function pastQuestionsOf(
  graph: DagGraph,
  { id: dagRunId, dagId, logicalDate }: { id: number; dagId: string; logicalDate: Date | null },
): PastQuestion[] {
  return [...graph.tasks.values()].flatMap(({ taskId, spec, downstream }) =>
    spec.dependsOnPast || spec.waitForDownstream
      ? [{ dagRunId, dagId, logicalDate, taskId, isCatchup: graph.spec.catchup, downstream: spec.waitForDownstream ? downstream : [] }]
      : [],
  );
}

async function lookAgain(context: EngineContext, dagRunId: number, kind: "past_wait" | "past"): Promise<void> {
  await commit(context, async (tx, after) => {
    const settlement = createSettlement(context, tx, after);
    const [work] = await lockRuns(settlement, [dagRunId]);
    if (!(await takeDagRunTimers(tx, { dagRunId, kind })) || work === undefined || work.run.state !== "running") return;
    const taskIds = pastQuestionsOf(work.graph, work.run).map((question) => question.taskId);
    await loadTasks(settlement, [{ work, taskIds }]);
    // The previous run knows by now: being held back again is no news.
    settlement.knownPastWaits.add(work);
    for (const taskId of taskIds)
      for (const instance of work.byTask.get(taskId) ?? []) if (instance.state === null) reconsider(settlement, work, instance);
    await settleAndFlush(settlement);
  });
}
