import { IconArrowBigDownLine, IconArrowBigUpLine, IconChevronRight, IconRepeat } from "@tabler/icons-react";
import { memo } from "react";
import type { GridRun } from "../api/read-models.ts";
import { lookOf } from "../states/state-look.ts";
import { cellOf, type CellSummary, type GridRow, type Letters } from "./grid-rows.ts";
import classes from "./grid-view.module.css";

/** A run in sight, and where its column is. */
export interface ShownRun {
  index: number;
  start: number;
  run: GridRun;
}

export interface GridLineProps {
  id: string;
  row: GridRow;
  index: number;
  top: number;
  shown: readonly ShownRun[];
  letters: Letters;
  /** Where the keyboard is, when it is in this line; -1: at the name. */
  activeColumn: number | undefined;
  isSelected: boolean;
}

export const GridLine = memo(function GridLine({ id, row, index, top, shown, letters, activeColumn, isSelected }: GridLineProps) {
  return (
    <div
      id={id}
      className={classes["line"]}
      style={{ top }}
      role="row"
      aria-rowindex={index + 2}
      aria-level={row.depth + 1}
      aria-selected={isSelected}
      data-row={index}
      data-kind={row.kind}
      {...(row.kind === "group" ? { "aria-expanded": !row.isFolded } : {})}
    >
      <div
        className={classes["name"]}
        role="rowheader"
        aria-colindex={1}
        data-column={-1}
        tabIndex={activeColumn === -1 ? 0 : -1}
        style={{ paddingLeft: 6 + row.depth * 14 }}
      >
        {row.kind === "group" ? <GroupName row={row} /> : <TaskName row={row} />}
      </div>
      {shown.map(({ index: column, start, run }) => (
        <Cell
          key={run.dag_run_id}
          cell={cellOf(row, run, letters)}
          column={column}
          start={start}
          isActive={activeColumn === column}
          isSummary={row.kind === "group" && !row.isFolded}
        />
      ))}
    </div>
  );
});

function GroupName({ row }: { row: Extract<GridRow, { kind: "group" }> }) {
  const { group } = row;
  return (
    <>
      <span className={classes["chevron"]} data-fold data-open={!row.isFolded || undefined}>
        <IconChevronRight size={14} aria-hidden />
      </span>
      <span className={classes["label"]}>{row.label}</span>
      {group.is_mapped && <span className={classes["mark"]}>×</span>}
      {group.max_iterations !== null && <IconRepeat size={12} className={classes["sign"]} aria-label="loop" />}
      {row.isFolded && <span className={classes["count"]}>{row.places.length}</span>}
    </>
  );
}

function TaskName({ row }: { row: Extract<GridRow, { kind: "task" }> }) {
  const { task } = row;
  return (
    <>
      <span className={classes["chevron"]} />
      <span className={classes["label"]} data-removed={task.is_removed || undefined}>
        {row.label}
      </span>
      {task.is_mapped && <span className={classes["mark"]}>×</span>}
      {task.is_setup && <IconArrowBigUpLine size={12} className={classes["sign"]} aria-label="setup" />}
      {task.is_teardown && <IconArrowBigDownLine size={12} className={classes["sign"]} aria-label="teardown" />}
      {task.is_removed && <span className={classes["count"]}>removed</span>}
    </>
  );
}

interface CellProps {
  cell: CellSummary | undefined;
  column: number;
  start: number;
  isActive: boolean;
  isSummary: boolean;
}

/** One element, and no component inside it: there are hundreds of them. */
const Cell = memo(function Cell({ cell, column, start, isActive, isSummary }: CellProps) {
  return (
    <span
      className={classes["cell"]}
      role="gridcell"
      aria-colindex={column + 2}
      aria-label={describeCell(cell)}
      data-column={column}
      data-state={cell === undefined ? undefined : (cell.state ?? "none")}
      data-many={cell !== undefined && cell.instances > 1 ? true : undefined}
      data-summary={isSummary || undefined}
      style={{ left: `calc(var(--name-width) + ${start}px)` }}
      tabIndex={isActive ? 0 : -1}
    />
  );
});

export function describeCell(cell: CellSummary | undefined): string {
  if (cell === undefined) return "Not in this run";
  if (cell.instances === 1) return lookOf(cell.state).label;
  return cell.counts.map(([state, instances]) => `${instances} ${lookOf(state).label.toLowerCase()}`).join(", ");
}
