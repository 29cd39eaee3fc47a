import type { TaskOutcome } from "@tradewind/contract";
import type { DagSpec } from "@tradewind/core";
import type { EngineHarness, SeenRun } from "../engine-harness.ts";
import type { AttemptPlace, AuthoredEnd } from "./authored-dag.ts";

/** Runs stored DAGs, one run each, side by side to their end: of each DAG one attempt after the other in the order of dispatch, and delays in the order in which they end, as the testing kit does. */
export async function runOnEngine(
  harness: EngineHarness,
  dags: readonly { spec: DagSpec; endOf: (place: AttemptPlace) => AuthoredEnd }[],
): Promise<Map<string, SeenRun>> {
  for (const { spec } of dags) {
    await harness.storeDag(spec);
    await harness.trigger(spec.dagId);
  }
  const endOf = new Map(dags.map((one) => [one.spec.dagId, one.endOf]));
  for (;;) {
    const grants = await harness.startReady();
    if (grants.length === 0 && !(await harness.passTimeToNext())) break;
    const ends = grants.map(({ attemptId, context: { dagId, taskId, mapIndex, tryNumber } }) => ({
      attemptId,
      outcome: toOutcome(endOf.get(dagId)!({ taskId, mapIndex, tryNumber })),
    }));
    await harness.finish(ends);
  }
  const runs = await harness.listRuns(dags.map(({ spec }) => spec.dagId));
  const seen = await harness.look([...runs.values()].flat().map(({ dagRunId }) => dagRunId));
  return new Map([...runs].map(([dagId, [run]]) => [dagId, seen.get(run!.dagRunId)!]));
}

function toOutcome(end: AuthoredEnd): TaskOutcome {
  if (end.kind === "skipped") return { kind: "skipped", reason: "generated" };
  if (end.kind === "failed") return { kind: "failed", failure: { reason: "error", message: "generated" }, retryable: end.retryable };
  const { result } = end;
  if (result === undefined) return { kind: "success" };
  return { kind: "success", result: JSON.stringify(result), ...(Array.isArray(result) && { resultLength: result.length }) };
}
