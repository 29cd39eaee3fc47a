import { defaultRangeExtractor, type Range, useVirtualizer } from "@tanstack/react-virtual";
import {
  type FocusEvent,
  type KeyboardEvent,
  type MouseEvent,
  type PointerEvent,
  useCallback,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import type { Grid } from "../api/read-models.ts";
import { HoverTip, type HoverTipHandle } from "../parts/hover-tip.tsx";
import { gridMove, type GridPlace } from "./grid-keys.ts";
import { GridLine } from "./grid-line.tsx";
import { GridMarks } from "./grid-marks.tsx";
import type { GridRow } from "./grid-rows.ts";
import { COLUMN_WIDTH, HEADER_HEIGHT, ROW_HEIGHT } from "./grid-size.ts";
import { GridTip } from "./grid-tip.tsx";
import { RunHeader } from "./run-header.tsx";
import type { RowScroll } from "./row-scroll.ts";
import { RowSlots } from "./row-slots.ts";
import type { Selection } from "./selection.ts";
import classes from "./grid-view.module.css";

export interface GridViewProps {
  grid: Grid;
  rows: readonly GridRow[];
  selection: Selection;
  /** Shared with what has the same rows beside it. */
  rowScroll: RowScroll;
  onFold: (groupId: string) => void;
  onSelect: (selection: Selection) => void;
}

/**
 * Tasks by runs, newest run at the right. Only rows and columns in sight are drawn. Nothing is drawn again when the pointer moves: hovering is CSS and one line that is moved, one tip that is
 * filled; and what is selected is marked by boxes laid over the cells.
 */
export function GridView({ grid, rows, selection, rowScroll, onFold, onSelect }: GridViewProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const hover = useRef<HTMLDivElement>(null);
  const tip = useRef<HoverTipHandle>(null);
  const runs = useMemo(() => grid.runs.toReversed(), [grid.runs]);
  const selectedRow = rows.findIndex((row) => row.id === selection.task);
  const selectedColumn = runs.findIndex((run) => run.dag_run_id === selection.run);
  const [active, setActive] = useState<GridPlace>({ row: 0, column: -1 });
  const at: GridPlace = { row: Math.min(active.row, rows.length - 1), column: Math.min(active.column, runs.length - 1) };

  // What has the focus stays drawn, also out of sight, or the focus would be lost.
  const withRow = useCallback((range: Range) => keep(range, at.row), [at.row]);
  const withColumn = useCallback((range: Range) => keep(range, at.column), [at.column]);
  const lines = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 8,
    rangeExtractor: withRow,
    // The header, which stays at the top, is no row: so much less of the rows is in sight.
    scrollPaddingEnd: HEADER_HEIGHT,
  });
  const columns = useVirtualizer({
    horizontal: true,
    count: runs.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => COLUMN_WIDTH,
    overscan: 6,
    rangeExtractor: withColumn,
  });
  const shownColumns = columns.getVirtualItems();
  const inSight = lines.getVirtualItems();
  const [slots] = useState(() => new RowSlots());
  const slotOf = slots.assign(inSight.map(({ index }) => rows[index]!.key));
  // In the order of their elements: an element that is moved is as expensive as a new one. What reads the page aloud gets them in the order of the rows.
  const shownLines = inSight.map((item, place) => ({ ...item, slot: slotOf[place]! })).sort((a, b) => a.slot - b.slot);
  const gridId = useId();
  const columnKey = shownColumns.map((item) => item.index).join(",");
  // oxlint-disable-next-line react/exhaustive-deps -- the key says all that counts of the columns
  const shown = useMemo(() => shownColumns.map(({ index, start }) => ({ index, start, run: runs[index]! })), [columnKey, runs]);

  const wasAtEnd = useNewestInSight(scroller, grid.runs[0]?.dag_run_id, runs.length);
  useLayoutEffect(() => {
    if (selectedColumn < 0 || scroller.current === null) return;
    showColumn(scroller.current, selectedColumn);
    wasAtEnd.current = isAtEnd(scroller.current);
    // As with the row below: it is where it was when only more runs came.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [selection.run]);
  useEffect(() => (scroller.current === null ? undefined : rowScroll.join(scroller.current)), [rowScroll]);
  useEffect(() => {
    if (selectedRow >= 0) lines.scrollToIndex(selectedRow, { align: "auto" });
    // Only a choice moves the rows, not what changes around it.
    // oxlint-disable-next-line react/exhaustive-deps
  }, [selection.task]);

  const focusPlace = useRef<GridPlace | null>(null);
  useLayoutEffect(() => {
    if (focusPlace.current === null) return;
    const { row, column } = focusPlace.current;
    const cell = scroller.current?.querySelector<HTMLElement>(`[data-row="${row}"] [data-column="${column}"]`);
    if (cell == null) return;
    focusPlace.current = null;
    cell.focus({ preventScroll: true });
  });
  const goTo = (place: GridPlace) => {
    setActive(place);
    focusPlace.current = place;
    if (place.row >= 0) lines.scrollToIndex(place.row, { align: "auto" });
    if (place.column >= 0) showColumn(scroller.current!, place.column);
    tip.current?.hide();
  };

  const choose = ({ row, column }: GridPlace) => {
    const run = runs[column]?.dag_run_id;
    const task = rows[row]?.id;
    if (row === -1) onSelect({ run });
    else onSelect({ run: column === -1 ? selection.run : run, task });
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.metaKey) return;
    const page = Math.max(1, Math.floor((scroller.current!.clientHeight - HEADER_HEIGHT) / ROW_HEIGHT) - 1);
    const move = gridMove(event.key, event.ctrlKey, at, { rows, columns: runs.length, page });
    if (move === undefined) return;
    event.preventDefault();
    if (move === "choose") choose(at);
    else if (move === "release") onSelect({});
    else if ("fold" in move) onFold(move.fold);
    else goTo(move.go);
  };

  const onClick = (event: MouseEvent) => {
    const target = event.target as HTMLElement;
    const place = placeOf(target);
    if (place === undefined) return;
    const row = rows[place.row];
    if (row?.kind === "group" && place.column === -1 && (target.closest("[data-fold]") !== null || event.detail === 2)) onFold(row.id);
    else if (event.detail < 2) choose(place);
  };

  const onPointerMove = (event: PointerEvent) => {
    if (event.pointerType === "touch") return;
    const target = event.target as HTMLElement;
    const place = placeOf(target);
    const column = place?.column ?? -1;
    if (hover.current !== null) {
      hover.current.style.display = column < 0 ? "none" : "block";
      hover.current.style.transform = `translateX(${column * COLUMN_WIDTH}px)`;
    }
    if (place === undefined || (place.column === -1 && place.row === -1)) tip.current?.hide();
    else tip.current?.show(target.closest("[data-column]")!, () => <GridTip row={rows[place.row]} run={runs[place.column]} letters={grid.letters} />);
  };
  const onPointerLeave = () => {
    if (hover.current !== null) hover.current.style.display = "none";
    tip.current?.hide();
  };
  const onFocus = (event: FocusEvent) => {
    const place = placeOf(event.target as HTMLElement);
    if (place !== undefined && (place.row !== active.row || place.column !== active.column)) setActive(place);
  };

  return (
    <div
      ref={scroller}
      className={classes["scroller"]}
      role="treegrid"
      aria-owns={slotOf.map((slot) => `${gridId}${slot}`).join(" ")}
      aria-label={`Tasks of ${grid.dag_id} by runs`}
      aria-rowcount={rows.length + 1}
      aria-colcount={runs.length + 1}
      data-states
      onKeyDown={onKeyDown}
      onClick={onClick}
      onPointerMove={onPointerMove}
      onPointerLeave={onPointerLeave}
      onFocus={onFocus}
      onScroll={() => tip.current?.hide()}
    >
      <div
        className={classes["content"]}
        style={{ height: lines.getTotalSize() + HEADER_HEIGHT, width: `calc(var(--name-width) + ${runs.length * COLUMN_WIDTH}px)` }}
      >
        <RunHeader runs={runs} shown={shown} selected={selection.run} activeColumn={at.row === -1 ? at.column : undefined} />
        <GridMarks runs={runs} shown={shown} row={selectedRow} column={selectedColumn} hover={hover} />
        {shownLines.map(({ index, start, slot }) => (
          <GridLine
            key={slot}
            id={`${gridId}${slot}`}
            row={rows[index]!}
            index={index}
            top={start + HEADER_HEIGHT}
            shown={shown}
            letters={grid.letters}
            activeColumn={at.row === index ? at.column : undefined}
            isSelected={index === selectedRow}
          />
        ))}
      </div>
      <HoverTip ref={tip} />
    </div>
  );
}

function keep(range: Range, index: number): number[] {
  const indexes = defaultRangeExtractor(range);
  if (index < 0 || index >= range.count || indexes.includes(index)) return indexes;
  return index < indexes[0]! ? [index, ...indexes] : [...indexes, index];
}

/** Which cell an element is in. */
function placeOf(element: HTMLElement): GridPlace | undefined {
  const cell = element.closest<HTMLElement>("[data-column]");
  const row = cell?.closest<HTMLElement>("[data-row]");
  return cell == null || row == null ? undefined : { row: Number(row.dataset["row"]), column: Number(cell.dataset["column"]) };
}

/** The names cover the left, so a column that is in sight for the browser may be below them. */
function showColumn(scroller: HTMLElement, column: number): void {
  const names = scroller.querySelector<HTMLElement>("[role=rowheader]")?.offsetWidth ?? 0;
  const room = scroller.clientWidth - names;
  const left = column * COLUMN_WIDTH;
  if (left < scroller.scrollLeft) scroller.scrollLeft = left;
  else if (left + COLUMN_WIDTH > scroller.scrollLeft + room) scroller.scrollLeft = left + COLUMN_WIDTH - room;
}

function isAtEnd(scroller: HTMLElement): boolean {
  return scroller.scrollLeft + scroller.clientWidth >= scroller.scrollWidth - COLUMN_WIDTH;
}

/** The newest runs are what one comes for. Who has gone back to older ones stays there when a new run comes. */
function useNewestInSight(scroller: React.RefObject<HTMLDivElement | null>, newest: string | undefined, columns: number): React.RefObject<boolean> {
  const wasAtEnd = useRef(true);
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return undefined;
    const note = () => {
      wasAtEnd.current = isAtEnd(element);
    };
    const toEnd = () => {
      if (wasAtEnd.current) element.scrollLeft = element.scrollWidth;
    };
    const sizes = new ResizeObserver(toEnd);
    sizes.observe(element);
    element.addEventListener("scroll", note, { passive: true });
    return () => {
      sizes.disconnect();
      element.removeEventListener("scroll", note);
    };
  }, [scroller]);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element !== null && wasAtEnd.current) element.scrollLeft = element.scrollWidth;
  }, [scroller, newest, columns]);
  return wasAtEnd;
}
