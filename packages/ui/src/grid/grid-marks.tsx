import { memo, type RefObject } from "react";
import type { GridRun } from "../api/read-models.ts";
import type { ShownRun } from "./grid-line.tsx";
import { COLUMN_WIDTH, HEADER_HEIGHT, ROW_HEIGHT } from "./grid-size.ts";
import classes from "./grid-view.module.css";

interface GridMarksProps {
  runs: readonly GridRun[];
  shown: readonly ShownRun[];
  /** What is selected; -1: nothing. */
  row: number;
  column: number;
  hover: RefObject<HTMLDivElement | null>;
}

/** What is laid over the cells: the selected row, column and cell, the column below the pointer, and lines where the version of the DAG changed. */
export const GridMarks = memo(function GridMarks({ runs, shown, row, column, hover }: GridMarksProps) {
  const top = HEADER_HEIGHT + row * ROW_HEIGHT;
  return (
    <div className={classes["marks"]} aria-hidden>
      <div ref={hover} className={classes["hoverColumn"]} style={{ width: COLUMN_WIDTH, display: "none" }} />
      {column >= 0 && <div className={classes["column"]} style={{ width: COLUMN_WIDTH, transform: `translateX(${column * COLUMN_WIDTH}px)` }} />}
      {row >= 0 && <div className={classes["row"]} style={{ height: ROW_HEIGHT, top }} />}
      {row >= 0 && column >= 0 && (
        <div
          className={classes["chosen"]}
          style={{ width: COLUMN_WIDTH, height: ROW_HEIGHT, transform: `translate(${column * COLUMN_WIDTH}px, ${top}px)` }}
        />
      )}
      {shown.map(
        ({ index, start, run }) =>
          isNewVersion(runs, index) && <div key={run.dag_run_id} className={classes["version"]} style={{ transform: `translateX(${start}px)` }} />,
      )}
    </div>
  );
});

/** Whether the run before it was of another version. */
export function isNewVersion(runs: readonly GridRun[], index: number): boolean {
  return index > 0 && runs[index - 1]!.dag_version !== runs[index]!.dag_version;
}
