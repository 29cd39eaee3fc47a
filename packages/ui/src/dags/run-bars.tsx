import { Link } from "@tanstack/react-router";
import type { RunSummary } from "../api/queries.ts";
import { lookOf } from "../states/state-look.ts";
import { elapsedMs, formatDurationMs, formatInstant } from "../time/format.ts";
import { useTimeZone } from "../time/time-zone.tsx";
import classes from "./run-bars.module.css";

const HIGHEST = 26;
const LOWEST = 5;

/** The latest runs, oldest at the left: as high as they took long, in the colour of their state. Failed ones are notched, so that they are seen without colour too. */
export function RunBars({ dagId, runs, now }: { dagId: string; runs: readonly RunSummary[]; now: number }) {
  const { zone } = useTimeZone();
  const lengths = runs.map((run) => elapsedMs(run.start_date, run.end_date, now) ?? 0);
  const longest = Math.max(1, ...lengths);
  return (
    <div className={classes["bars"]}>
      {runs
        .map((run, index) => {
          const { label, fill } = lookOf(run.state);
          const lengthMs = lengths[index]!;
          const words = `${label}, ${formatInstant(run.run_after, zone, { seconds: false })}${lengthMs > 0 ? `, ${formatDurationMs(lengthMs)}` : ""}`;
          return (
            <Link
              key={run.dag_run_id}
              to="/dags/$dagId"
              params={{ dagId }}
              search={{ run: run.dag_run_id }}
              className={classes["bar"]}
              data-state={run.state}
              style={{ height: LOWEST + (HIGHEST - LOWEST) * Math.sqrt(lengthMs / longest), background: fill }}
              title={words}
              aria-label={words}
            />
          );
        })
        .toReversed()}
    </div>
  );
}
