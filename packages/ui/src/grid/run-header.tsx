import { IconClockHour4, IconHandClick, IconHistory, IconNote, IconStack2 } from "@tabler/icons-react";
import { memo } from "react";
import type { GridRun } from "../api/read-models.ts";
import { lookOf } from "../states/state-look.ts";
import { elapsedMs, formatDurationMs, formatInstant } from "../time/format.ts";
import { useNow } from "../time/now.ts";
import { useTimeZone } from "../time/time-zone.tsx";
import type { ShownRun } from "./grid-line.tsx";
import { isNewVersion } from "./grid-marks.tsx";
import { BAR_MOST, COLUMN_WIDTH, HEADER_HEIGHT } from "./grid-size.ts";
import { dateLabels } from "./run-dates.ts";
import classes from "./grid-view.module.css";

interface RunHeaderProps {
  runs: readonly GridRun[];
  shown: readonly ShownRun[];
  selected: string | undefined;
  /** Where the keyboard is, when it is in the header. */
  activeColumn: number | undefined;
}

/** A bar for each run, as high as it took long; above it the dates, below it how it came about. */
export const RunHeader = memo(function RunHeader({ runs, shown, selected, activeColumn }: RunHeaderProps) {
  const { zone } = useTimeZone();
  const now = useNow(runs.some((run) => run.end_date === null) ? 1000 : 60_000);
  const lengths = runs.map((run) => elapsedMs(run.start_date, run.end_date, now) ?? 0);
  const longest = Math.max(1, ...lengths);
  const dates = dateLabels(runs, (at) => formatInstant(at, zone, { seconds: false }));
  return (
    <div className={classes["header"]} style={{ height: HEADER_HEIGHT }} role="row" aria-rowindex={1} data-row={-1}>
      <div className={classes["corner"]} role="columnheader" aria-colindex={1} data-column={-1} tabIndex={activeColumn === -1 ? 0 : -1}>
        <span className="visually-hidden">Tasks</span>
        <span className={classes["most"]} aria-hidden>
          {runs.length > 0 && formatDurationMs(longest)}
        </span>
      </div>
      {shown.map(({ index, start, run }) => (
        <div
          key={run.dag_run_id}
          className={classes["run"]}
          role="columnheader"
          aria-colindex={index + 2}
          aria-selected={run.dag_run_id === selected}
          data-column={index}
          data-state={run.state}
          tabIndex={activeColumn === index ? 0 : -1}
          data-labelled={dates.has(index) || isNewVersion(runs, index) || undefined}
          style={{ left: `calc(var(--name-width) + ${start}px)`, width: COLUMN_WIDTH }}
        >
          <span className="visually-hidden">{describeRun(run, lengths[index]!, (at) => formatInstant(at, zone))}</span>
          {dates.get(index) !== undefined && (
            <span className={classes["date"]} aria-hidden>
              {dates.get(index)}
            </span>
          )}
          {isNewVersion(runs, index) && <span className={classes["versionName"]}>v{run.dag_version}</span>}
          <span className={classes["bar"]} style={{ height: Math.max(3, BAR_MOST * Math.sqrt(lengths[index]! / longest)) }} />
          {run.has_note && <IconNote size={11} className={classes["note"]} aria-hidden />}
          <RunTypeSign type={run.run_type} />
        </div>
      ))}
    </div>
  );
});

function describeRun(run: GridRun, lengthMs: number, show: (at: string) => string): string {
  const note = run.has_note ? ", has a note" : "";
  return `Run of ${show(run.run_after)}: ${lookOf(run.state).label}, ${run.run_type}, ${formatDurationMs(lengthMs)}, version ${run.dag_version}${note}`;
}

const TYPE_SIGNS: Readonly<Record<string, typeof IconHandClick>> = {
  scheduled: IconClockHour4,
  manual: IconHandClick,
  backfill: IconHistory,
};

/** What started a run, as a sign. */
function RunTypeSign({ type }: { type: string }) {
  const Sign = TYPE_SIGNS[type] ?? IconStack2;
  return <Sign size={12} stroke={1.75} className={classes["type"]} aria-hidden />;
}
