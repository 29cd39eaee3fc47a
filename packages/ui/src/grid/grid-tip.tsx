import { type Ref, useImperativeHandle, useRef, useState } from "react";
import { createPortal } from "react-dom";
import type { GridRun } from "../api/read-models.ts";
import { StateBadge } from "../states/state-badge.tsx";
import { elapsedMs, formatDurationMs, formatInstant } from "../time/format.ts";
import { useTimeZone } from "../time/time-zone.tsx";
import { cellOf, type GridRow, type Letters } from "./grid-rows.ts";
import classes from "./grid-tip.module.css";

/** What the pointer is at: a cell, a name (no run) or a run (no row). */
interface Pointed {
  row: GridRow | undefined;
  run: GridRun | undefined;
}

export interface GridTipHandle {
  show(pointed: Pointed, element: HTMLElement): void;
  hide(): void;
}

interface Shown extends Pointed {
  element: HTMLElement;
  left: number;
  top: number;
}

const WIDTH = 280;

/** What is known of the thing below the pointer. It alone is drawn when the pointer moves; screen readers have the same in the labels of the cells. */
export function GridTip({ ref, letters }: { ref: Ref<GridTipHandle>; letters: Letters }) {
  const [shown, setShown] = useState<Shown | null>(null);
  const current = useRef<HTMLElement | null>(null);
  const { zone } = useTimeZone();
  useImperativeHandle(ref, () => ({
    show(pointed, element) {
      if (current.current === element) return;
      current.current = element;
      const box = element.getBoundingClientRect();
      const isName = pointed.run === undefined;
      const left = isName ? box.left + 24 : box.right + 6;
      setShown({ ...pointed, element, left: left + WIDTH > window.innerWidth ? Math.max(4, box.left - WIDTH - 6) : left, top: box.bottom + 4 });
    },
    hide() {
      if (current.current === null) return;
      current.current = null;
      setShown(null);
    },
  }));
  if (shown === null) return null;
  const { row, run, left, top } = shown;
  const isLow = top > window.innerHeight - 150;
  return createPortal(
    <div className={classes["tip"]} aria-hidden style={{ left, width: WIDTH, ...(isLow ? { bottom: window.innerHeight - top + 30 } : { top }) }}>
      {row !== undefined && <div className={classes["title"]}>{row.id}</div>}
      {row?.kind === "task" && run === undefined && (
        <div>
          {row.task.operator}
          {row.task.is_mapped && ", mapped"}
          {row.task.is_removed && ", not in the latest version"}
        </div>
      )}
      {row?.kind === "group" && run === undefined && (
        <div>
          {row.places.length} tasks{row.group.tooltip !== "" && `, ${row.group.tooltip}`}
        </div>
      )}
      {row !== undefined && run !== undefined && <CellFacts row={row} run={run} letters={letters} />}
      {run !== undefined && (
        <div className={classes["run"]}>
          {row === undefined && <StateBadge state={run.state} />}
          <div>
            {formatInstant(run.run_after, zone)} · {run.run_type}
          </div>
          {row === undefined && <RunFacts run={run} />}
        </div>
      )}
    </div>,
    document.body,
  );
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
