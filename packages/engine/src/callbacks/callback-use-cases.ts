import { RETURN_VALUE_KEY } from "@tradewind/core";
import {
  type DagRunContext,
  deleteCallbackRequest,
  findNextCallbackDueAt,
  listDagRunContexts,
  listXComs,
  postponeCallbackRequest,
  type TakenCallbackRequest,
  takeCallbackRequests,
  transaction,
} from "@tradewind/metadata";
import { insertEventLog } from "@tradewind/metadata/rest";
import { attemptContext } from "../attempts/grants.ts";
import type { EngineContext } from "../context.ts";
import type { CallbackEnd, CallbackUseCases, DueCallback } from "../engine.ts";

/** How often a callback is tried in all. */
const MAX_TRIES = 3;
/** Before the second try; doubled for the third. */
const RETRY_DELAY_MS = 10_000;

/** Callbacks of attempts whose process is gone, and of DAGs: taken, run and ended by whoever can run author code. */
export function callbackUseCases(context: EngineContext): Omit<CallbackUseCases, "callbackAuthor"> {
  const { db } = context;
  return {
    async takeCallbacks({ limit, takenForMs }) {
      const taken = await takeCallbackRequests(db, { limit, takenForMs, now: context.stampAt() });
      if (taken.length === 0) return [];
      const runs = await listDagRunContexts(db, { dagRunIds: [...new Set(taken.map((request) => request.dagRunId))] });
      const runsById = new Map(runs.map((run) => [run.id, run]));
      await context.versions.load(
        db,
        taken.map((request) => request.dagVersionId),
      );
      const results = await readResults(context, taken);
      return taken.flatMap((request) => {
        const run = runsById.get(request.dagRunId);
        return run === undefined ? [] : [toDue(context, request, run, results.get(request.id) ?? null)];
      });
    },
    endCallback: (due, end) => endCallback(context, due, end),
    nextCallbackDueAt: () => findNextCallbackDueAt(db),
  };
}

/** The results of tasks whose callback on success is due, by request. */
async function readResults({ db }: EngineContext, taken: readonly TakenCallbackRequest[]): Promise<Map<number, string>> {
  const succeeded = taken.filter((request) => request.scope === "task" && request.callback === "success" && request.taskId !== null);
  const refs = succeeded.map(({ dagRunId, taskId }) => ({ dagRunId, taskId: taskId!, key: RETURN_VALUE_KEY }));
  const rows = await listXComs(db, { refs, maxBytes: null });
  return new Map(
    succeeded.flatMap(({ id, dagRunId, taskId, mapIndex }) => {
      const row = rows.find((one) => one.dagRunId === dagRunId && one.taskId === taskId && one.mapIndex === mapIndex);
      return row === undefined || row.value === null ? [] : [[id, row.value] as const];
    }),
  );
}

function toDue(context: EngineContext, request: TakenCallbackRequest, run: DagRunContext, result: string | null): DueCallback {
  const version = context.versions.get(request.dagVersionId);
  const { id, tries, scope, callback, onlyCalls, reason, failure, taskId, mapIndex, taskState } = request;
  const task = taskId === null || mapIndex === null ? null : { taskId, mapIndex, state: taskState };
  return {
    requestId: id,
    tries,
    scope,
    callback,
    context: attemptContext(run, version, {
      attemptId: request.attemptId ?? "",
      taskId: task?.taskId ?? "",
      mapIndex: task?.mapIndex ?? -1,
      tryNumber: request.tryNumber ?? 0,
      maxTries: request.maxTries ?? 0,
      firstStartedAt: request.firstStartedAt,
      rescheduleCount: null,
    }),
    bundleSha256: version.bundleSha256,
    resolveFrom: version.resolveFrom,
    only: onlyCalls,
    reason,
    failure: failure as DueCallback["failure"],
    result,
    task,
  };
}

/** A callback that failed is tried again, as far as it failed; how it ended at last is for people to see in the audit log. */
async function endCallback(context: EngineContext, due: DueCallback, end: CallbackEnd): Promise<{ isTriedAgain: boolean }> {
  const { requestId: id, tries } = due;
  if (end.problem !== null && tries < MAX_TRIES) {
    const delayMs = RETRY_DELAY_MS * 2 ** (tries - 1);
    const onlyCalls = end.problem.failedCalls ?? due.only;
    await postponeCallbackRequest(context.db, { id, delayMs, onlyCalls, now: context.stampAt() });
    return { isTriedAgain: true };
  }
  await transaction(context.db, async (tx) => {
    const ended = await deleteCallbackRequest(tx, { id });
    if (ended === null) return;
    const { dagId, taskId, mapIndex, tryNumber } = due.context;
    await insertEventLog(tx, {
      event: end.problem === null ? "callback_succeeded" : "callback_failed",
      owner: "dag_processor",
      dagId,
      runId: ended.runId,
      ...(due.task !== null && { taskId, mapIndex, tryNumber }),
      extra: {
        scope: due.scope,
        callback: due.callback,
        reason: due.reason,
        tries,
        duration_ms: Math.round(end.durationMs),
        ...(end.problem !== null && { error: end.problem.message }),
        output: end.output,
      },
    });
  });
  return { isTriedAgain: false };
}
