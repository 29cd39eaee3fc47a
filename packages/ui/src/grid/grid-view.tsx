import { useVirtualizer } from "@tanstack/react-virtual";
import { IconChevronDown, IconChevronRight } from "@tabler/icons-react";
import { type KeyboardEvent, memo, useEffect, useMemo, useRef } from "react";
import type { Grid, RunSummary } from "../api/queries.ts";
import { lookOf } from "../states/state-look.ts";
import { elapsedMs, formatDurationMs, formatInstant } from "../time/format.ts";
import { useNow } from "../time/now.ts";
import { useTimeZone } from "../time/time-zone.tsx";
import { cellOf, type CellSummary, type GridRow, gridRows, indexCells } from "./grid-rows.ts";
import classes from "./grid-view.module.css";

const ROW_HEIGHT = 24;
const BAR_HEIGHT = 56;

/** What is looked at: a run, or a task (or group) of a run. */
export interface Selection {
  run?: string | undefined;
  task?: string | undefined;
}

export interface GridViewProps {
  grid: Grid;
  folded: ReadonlySet<string>;
  selection: Selection;
  onFold: (groupId: string) => void;
  onSelect: (selection: Selection) => void;
}

/**
 * Tasks by runs, newest run at the right. Only the lines in sight are drawn, and a line is drawn again only when it has changed. Arrows move the selection.
 */
export function GridView({ grid, folded, selection, onFold, onSelect }: GridViewProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => gridRows(grid, folded), [grid, folded]);
  const cells = useMemo(() => indexCells(grid), [grid]);
  const runs = useMemo(() => grid.runs.toReversed(), [grid]);
  const virtual = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_HEIGHT, overscan: 12 });

  // The newest runs are what one comes for.
  const newest = grid.runs[0]?.dag_run_id;
  useEffect(() => {
    scroller.current?.scrollTo({ left: scroller.current.scrollWidth });
  }, [newest]);

  const move = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (step === undefined) return;
    event.preventDefault();
    const column = Math.max(
      0,
      runs.findIndex((run) => run.dag_run_id === selection.run),
    );
    const line = rows.findIndex((row) => idOf(row) === selection.task);
    const nextLine = Math.min(rows.length - 1, Math.max(-1, line + step[0]));
    const nextRun = runs[Math.min(runs.length - 1, Math.max(0, column + step[1]))];
    const nextRow = rows[nextLine];
    if (nextLine >= 0) virtual.scrollToIndex(nextLine);
    onSelect({ run: nextRun?.dag_run_id, task: nextRow === undefined ? undefined : idOf(nextRow) });
  };

  return (
    <div
      ref={scroller}
      className={classes["scroller"]}
      role="grid"
      aria-label={`Tasks of ${grid.dag_id} by runs`}
      aria-rowcount={rows.length + 1}
      tabIndex={0}
      onKeyDown={move}
    >
      <div className={classes["content"]} style={{ height: virtual.getTotalSize() + BAR_HEIGHT }}>
        <RunHeader runs={runs} selected={selection.run} onSelect={(run) => onSelect({ run })} />
        {virtual.getVirtualItems().map((item) => (
          <Line
            key={rows[item.index]!.key}
            row={rows[item.index]!}
            index={item.index}
            top={item.start + BAR_HEIGHT}
            runs={runs}
            cells={cells}
            selectedRun={selection.run}
            isSelected={selection.task === idOf(rows[item.index]!)}
            onFold={onFold}
            onSelect={onSelect}
          />
        ))}
      </div>
    </div>
  );
}

const STEPS: Readonly<Record<string, readonly [line: number, column: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

function idOf(row: GridRow): string {
  return row.kind === "task" ? row.task.task_id : row.group.group_id;
}

/** A bar for each run: as high as it took long. */
function RunHeader({ runs, selected, onSelect }: { runs: readonly RunSummary[]; selected: string | undefined; onSelect: (runId: string) => void }) {
  const { zone } = useTimeZone();
  const now = useNow();
  const lengths = runs.map((run) => elapsedMs(run.start_date, run.end_date, now) ?? 0);
  const longest = Math.max(1, ...lengths);
  return (
    <div className={classes["header"]} style={{ height: BAR_HEIGHT }} role="row">
      <div className={classes["corner"]} role="columnheader">
        <span>{formatDurationMs(longest)}</span>
      </div>
      {runs.map((run, index) => {
        const { label, fill } = lookOf(run.state);
        const words = `${label}: ${formatInstant(run.run_after, zone)}, ${run.run_type}, ${formatDurationMs(lengths[index]!)}, version ${run.dag_version}`;
        const isNewVersion = index > 0 && runs[index - 1]!.dag_version !== run.dag_version;
        return (
          <button
            key={run.dag_run_id}
            type="button"
            role="columnheader"
            className={classes["run"]}
            data-selected={run.dag_run_id === selected || undefined}
            data-new-version={isNewVersion || undefined}
            title={words}
            aria-label={words}
            onClick={() => onSelect(run.dag_run_id)}
            tabIndex={-1}
          >
            <span
              className={classes["bar"]}
              data-state={run.state}
              style={{ height: `${6 + 38 * Math.sqrt(lengths[index]! / longest)}px`, background: fill }}
            />
          </button>
        );
      })}
    </div>
  );
}

interface LineProps {
  row: GridRow;
  index: number;
  top: number;
  runs: readonly RunSummary[];
  cells: ReadonlyMap<string, ReadonlyMap<string, CellSummary>>;
  selectedRun: string | undefined;
  isSelected: boolean;
  onFold: (groupId: string) => void;
  onSelect: (selection: Selection) => void;
}

const Line = memo(function Line({ row, index, top, runs, cells, selectedRun, isSelected, onFold, onSelect }: LineProps) {
  const id = idOf(row);
  return (
    <div
      className={classes["line"]}
      style={{ transform: `translateY(${top}px)` }}
      role="row"
      aria-rowindex={index + 2}
      data-selected={isSelected || undefined}
    >
      <div className={classes["name"]} role="rowheader" style={{ paddingLeft: 10 + row.depth * 14 }}>
        {row.kind === "group" ? (
          <button
            type="button"
            className={classes["fold"]}
            onClick={() => onFold(row.group.group_id)}
            aria-expanded={!row.isFolded}
            title={row.group.tooltip || row.group.group_id}
            tabIndex={-1}
          >
            {row.isFolded ? <IconChevronRight size={14} aria-hidden /> : <IconChevronDown size={14} aria-hidden />}
            {lastPart(row.group.display_name)}
            {row.isFolded && <span className={classes["count"]}>{row.taskIds.length}</span>}
          </button>
        ) : (
          <button
            type="button"
            className={classes["task"]}
            onClick={() => onSelect({ task: id, run: selectedRun ?? runs.at(-1)?.dag_run_id })}
            title={id}
            tabIndex={-1}
          >
            {lastPart(row.task.display_name)}
            {row.task.is_mapped && <span className={classes["count"]}>[ ]</span>}
          </button>
        )}
      </div>
      {runs.map((run) => (
        <Cell
          key={run.dag_run_id}
          cell={cellOf(row, cells.get(run.dag_run_id))}
          isSelected={isSelected && run.dag_run_id === selectedRun}
          isInColumn={run.dag_run_id === selectedRun}
          onClick={() => onSelect({ run: run.dag_run_id, task: id })}
        />
      ))}
    </div>
  );
});

function Cell({
  cell,
  isSelected,
  isInColumn,
  onClick,
}: {
  cell: CellSummary | undefined;
  isSelected: boolean;
  isInColumn: boolean;
  onClick: () => void;
}) {
  if (cell === undefined) return <span className={classes["cell"]} role="gridcell" data-in-column={isInColumn || undefined} />;
  const { label, Icon, fill } = lookOf(cell.state);
  const words =
    cell.counts.length > 1 || cell.instances > 1
      ? cell.counts.map(({ state, instances }) => `${instances} ${lookOf(state).label.toLowerCase()}`).join(", ")
      : label;
  return (
    <span className={classes["cell"]} role="gridcell" data-in-column={isInColumn || undefined}>
      <button
        type="button"
        className={classes["state"]}
        data-state={cell.state ?? "none"}
        data-selected={isSelected || undefined}
        style={{ background: fill }}
        title={words}
        aria-label={words}
        onClick={onClick}
        tabIndex={-1}
      >
        <Icon size={11} stroke={3} aria-hidden />
      </button>
    </span>
  );
}

/** Inside its group a task need not repeat the group's name. */
function lastPart(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1) || name;
}
