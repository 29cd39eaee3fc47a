import type { DagRun } from "../api/dag-runs.ts";
import { RunActions } from "../changes/run-actions.tsx";
import { useOpenTrigger } from "../trigger/use-open-trigger.ts";

/** What can be done to the run of a row, in a menu at its end. */
export function RunRowActions({ run }: { run: DagRun }) {
  const openTrigger = useOpenTrigger();
  return (
    <RunActions
      runs={[{ dagId: run.dag_id, runId: run.dag_run_id }]}
      note={run.note}
      buttons={0}
      onRunAgain={() => openTrigger(run.dag_id, { from: run.dag_run_id })}
    />
  );
}
