import type { GridRun } from "../api/read-models.ts";
import { StateBadge } from "../states/state-badge.tsx";
import { elapsedMs, formatDurationMs, formatInstant } from "../time/format.ts";
import { useTimeZone } from "../time/time-zone.tsx";
import { cellOf, type GridRow, type Letters } from "./grid-rows.ts";
import classes from "./grid-tip.module.css";

interface GridTipProps {
  /** None: the pointer is at a run. */
  row: GridRow | undefined;
  /** None: the pointer is at a name. */
  run: GridRun | undefined;
  letters: Letters;
}

/** What is known of a cell, a name or a run of the grid. */
export function GridTip({ row, run, letters }: GridTipProps) {
  const { zone } = useTimeZone();
  return (
    <>
      {row !== undefined && <div className={classes["title"]}>{row.id}</div>}
      {row !== undefined && run === undefined && <NameFacts row={row} />}
      {row !== undefined && run !== undefined && <CellFacts row={row} run={run} letters={letters} />}
      {run !== undefined && (
        <div className={classes["run"]}>
          {row === undefined && <StateBadge state={run.state} />}
          <div>
            {formatInstant(run.run_after, zone)} · {run.run_type.replaceAll("_", " ")}
          </div>
          {row === undefined && <RunFacts run={run} />}
        </div>
      )}
    </>
  );
}

function NameFacts({ row }: { row: GridRow }) {
  if (row.kind === "group") return <div>{[`${row.places.length} tasks`, row.group.tooltip].filter(Boolean).join(", ")}</div>;
  const { operator, is_mapped: isMapped, is_setup: isSetup, is_teardown: isTeardown, is_removed: isRemoved } = row.task;
  const facts = [operator, isMapped && "mapped", isSetup && "setup", isTeardown && "teardown", isRemoved && "not in the latest version"];
  return <div>{facts.filter(Boolean).join(", ")}</div>;
}

function CellFacts({ row, run, letters }: { row: GridRow; run: GridRun; letters: Letters }) {
  const cell = cellOf(row, run, letters);
  if (cell === undefined) return <div>The run has no such {row.kind}.</div>;
  return (
    <>
      {cell.counts.map(([state, instances]) => (
        <div key={state} className={classes["state"]}>
          <StateBadge state={state} />
          {cell.instances > 1 && <span>{instances}</span>}
        </div>
      ))}
    </>
  );
}

function RunFacts({ run }: { run: GridRun }) {
  const length = elapsedMs(run.start_date, run.end_date, Date.now());
  return (
    <>
      <div>{length === null ? "Has not started" : `Took ${formatDurationMs(length)}${run.end_date === null ? " so far" : ""}`}</div>
      <div>
        Version {run.dag_version}
        {run.has_note && ", has a note"}
      </div>
      <div className={classes["id"]}>{run.dag_run_id}</div>
    </>
  );
}
