import type { RunSummary } from "../../api/queries.ts";
import { useNow } from "../../time/now.ts";
import { RunBars } from "../run-bars.tsx";

/** Bars of runs, of which those that have not ended grow. */
export function LiveRunBars({ dagId, runs }: { dagId: string; runs: readonly RunSummary[] }) {
  const isGrowing = runs.some(({ start_date: start, end_date: end }) => start !== null && end === null);
  return isGrowing ? <GrowingRunBars dagId={dagId} runs={runs} /> : <RunBars dagId={dagId} runs={runs} now={0} />;
}

function GrowingRunBars({ dagId, runs }: { dagId: string; runs: readonly RunSummary[] }) {
  return <RunBars dagId={dagId} runs={runs} now={useNow()} />;
}
