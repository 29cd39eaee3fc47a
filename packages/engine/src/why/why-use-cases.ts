import {
  explainDag,
  explainDagRun,
  explainMissingTask,
  explainTaskInstance,
  MOST_NAMED,
  type RunInstance,
  TradewindError,
  UNMAPPED,
  type Why,
  type WhyDag,
  type WhyRunFacts,
} from "@tradewind/core";
import { findWhyDag, findWhyRun, transaction, type Transaction, type WhyDagRow } from "@tradewind/metadata";
import type { EngineContext } from "../context.ts";
import type { SeesDag, WhyUseCases } from "../engine.ts";
import { dagNotFound, dagRunNotFound } from "../people/change-runs.ts";
import { loadRunFacts, loadSystem, type WhyOptions } from "./load-run-facts.ts";

/** "Why is this not running?": facts from one snapshot of the database, the answer from core. Changes nothing. */
export function whyUseCases(context: EngineContext, options: WhyOptions): WhyUseCases {
  const look = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> =>
    transaction(context.db, work, { isolation: "repeatable read", readOnly: true });

  async function getDag(tx: Transaction, dagId: string): Promise<WhyDagRow> {
    const dag = await findWhyDag(tx, { dagId, named: MOST_NAMED, now: context.stampAt() });
    if (dag === undefined) throw dagNotFound(dagId);
    return dag;
  }

  async function getRun(tx: Transaction, dagId: string, runId: string, sees: SeesDag = () => true): Promise<WhyRunFacts> {
    const dag = await getDag(tx, dagId);
    const row = await findWhyRun(tx, { dagId, runId });
    if (row === undefined) throw dagRunNotFound(dagId, runId);
    await context.versions.load(tx, [row.dagVersionId]);
    return loadRunFacts(context, tx, { dag: toDag(dag), row, graph: context.versions.get(row.dagVersionId).graph, options, sees });
  }

  return {
    explainDag: ({ dagId }) =>
      look(async (tx) => {
        const dag = await getDag(tx, dagId);
        const system = await loadSystem(context, tx, [], { options, sees: () => true });
        await context.versions.load(tx, [dag.dagVersionId]);
        const { spec } = context.versions.get(dag.dagVersionId).graph;
        const { latestRunId, latestState, latestType, nextRunAt, isCreationBlocked } = dag;
        return explainDag(system, toDag(dag), {
          timetable: spec.schedule,
          allowedRunTypes: spec.allowedRunTypes ?? null,
          startDate: spec.startDate === null ? null : new Date(spec.startDate),
          endDate: spec.endDate === null ? null : new Date(spec.endDate),
          catchup: spec.catchup,
          nextRunAt,
          isCreationBlocked,
          latestRun: latestRunId === null ? null : { runId: latestRunId, state: latestState!, runType: latestType! },
        });
      }),
    explainDagRun: ({ dagId, runId, sees }) => look(async (tx) => explainDagRun(await getRun(tx, dagId, runId, sees))),
    explainTaskInstance: ({ dagId, runId, taskId, mapIndex, sees }) =>
      look(async (tx) => {
        const facts = await getRun(tx, dagId, runId, sees);
        return explainTask(facts, taskId, mapIndex);
      }),
  };
}

function explainTask(facts: WhyRunFacts, taskId: string, mapIndex: number | undefined): Why {
  const { dagId, runId } = facts.model.run;
  const all = facts.model.byTask.get(taskId) ?? [];
  const instance = mapIndex === undefined ? mostTelling(all) : all.find((one) => one.mapIndex === mapIndex);
  if (instance !== undefined) return explainTaskInstance(facts, instance);
  if (mapIndex === undefined || mapIndex === UNMAPPED) return explainMissingTask(facts, taskId);
  throw new TradewindError("task_instance_not_found", `Run "${runId}" of DAG "${dagId}" has no instance [${mapIndex}] of task "${taskId}".`, {
    details: { dagId, runId, taskId, mapIndex },
  });
}

/** Of the instances of a mapped task: one that waits, else one that failed. */
function mostTelling(instances: readonly RunInstance[]): RunInstance | undefined {
  const rank = ({ state }: RunInstance): number => {
    if (state === "success") return 3;
    if (state === "running" || state === "skipped" || state === "removed") return 2;
    return state === "failed" || state === "upstream_failed" ? 1 : 0;
  };
  return instances.toSorted((a, b) => rank(a) - rank(b) || a.mapIndex - b.mapIndex)[0];
}

function toDag(row: WhyDagRow): WhyDag {
  const { dagId, isPaused, isDraining, isStale, hasImportErrors, maxActiveRuns, runningCount, queuedCount } = row;
  return {
    ...{ dagId, isPaused, isDraining, isStale, hasImportErrors, maxActiveRuns, runningCount, queuedCount },
    pausedBy:
      row.pausedAt === null ? null : { name: row.pausedBy ?? "somebody", at: row.pausedAt, reason: row.pauseReason, hasDrained: row.hasDrained },
    importError: row.errorMessage === null ? null : { file: row.errorFile ?? "", line: row.errorLine, message: row.errorMessage },
    runningRuns: row.runningRuns.map(({ runId, startedAt }) => ({ runId, startedAt: startedAt === null ? null : new Date(startedAt) })),
  };
}
