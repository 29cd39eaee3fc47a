import {
  type CSSProperties,
  type KeyboardEvent,
  type Ref,
  useCallback,
  useEffect,
  useImperativeHandle,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { flushSync } from "react-dom";
import type { LogBook } from "./log-book.ts";
import { LogLine, sizeOfGroup } from "./log-row.tsx";
import type { LogOffsets } from "./log-offsets.ts";
import { type Folds, isFiltering, isFolded, type LogFilter, placeOf } from "./log-rows.ts";
import type { MatchRange } from "./log-segments.ts";
import type { LineRange } from "./log-view.ts";
import { wrapWidth } from "./log-wrap.ts";
import classes from "./log-viewer.module.css";

/** Height of a line of text, as in log-viewer.module.css. */
const LINE_PX = 19;
const OVERSCAN_LINES = 20;
/** Short enough for a narrow screen, which it would make one scroll sideways. */
const RULER_COLUMNS = 20;
/** So near the end counts as being there. */
const END_PX = 8;

export interface LogBodyHandle {
  showRow: (row: number) => void;
  showEnd: () => void;
  /** Number of the row at the top. */
  topRow: () => number;
  focus: () => void;
}

export interface LogBodyProps {
  ref: Ref<LogBodyHandle>;
  label: string;
  book: LogBook;
  visible: Int32Array;
  offsets: LogOffsets;
  filter: LogFilter;
  folds: Folds;
  /** How many fit beside each other; null: lines are not wrapped. */
  columns: number | null;
  /** null: times are not shown. */
  zone: string | null;
  picked: LineRange | null;
  matchesOf: (row: number) => readonly MatchRange[];
  /** The match that was gone to: its row, and which of that row's. */
  current: { row: number; match: number } | null;
  isFollowing: boolean;
  onFollowing: (isFollowing: boolean) => void;
  onColumns: (columns: number) => void;
  onPick: (line: number, extend: boolean) => void;
  onFold: (row: number) => void;
  onKeyDown: (event: KeyboardEvent) => void;
}

/** The lines themselves: only those near what is seen are in the page. */
export function LogBody(props: LogBodyProps) {
  const { ref, book, visible, offsets, columns, zone, picked, matchesOf, current, isFollowing, onFollowing, onColumns } = props;
  const box = useRef<HTMLDivElement>(null);
  const ruler = useRef<HTMLSpanElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const digits = Math.max(3, String(book.rows.length).length);
  /** The row at the top and how far it is scrolled: stays where it is when rows come or go above. */
  const anchor = useRef({ row: 0, by: 0 });
  const placedAt = useRef(0);

  const moveTo = useCallback((top: number) => {
    const element = box.current;
    if (element === null) return;
    element.scrollTop = top;
    placedAt.current = element.scrollTop;
    setView({ top: element.scrollTop, height: element.clientHeight });
  }, []);

  useLayoutEffect(() => {
    const element = box.current!;
    const measure = (): void => {
      const charPx = ruler.current!.getBoundingClientRect().width / RULER_COLUMNS;
      const text = element.querySelector<HTMLElement>("[data-text-start]")?.offsetLeft ?? 0;
      onColumns(Math.max(20, Math.floor((element.clientWidth - text - 14) / charPx)));
      setView({ top: element.scrollTop, height: element.clientHeight });
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
    // Numbers and times take from the room.
  }, [onColumns, zone, digits]);

  // What was at the top stays there, or the end does.
  useLayoutEffect(() => {
    const element = box.current!;
    if (isFollowing) moveTo(element.scrollHeight);
    else if (visible.length > 0) {
      const { row, by } = anchor.current;
      const place = placeOf(visible, row);
      const top = visible[place] === row ? offsets.of(place) * LINE_PX + by : offsets.of(place) * LINE_PX;
      if (Math.abs(element.scrollTop - top) > 1) moveTo(top);
    }
  }, [isFollowing, visible, offsets, moveTo]);

  useImperativeHandle(ref, () => ({
    showRow(row) {
      const element = box.current!;
      const top = offsets.of(placeOf(visible, row)) * LINE_PX;
      if (top < element.scrollTop + LINE_PX || top > element.scrollTop + element.clientHeight - 3 * LINE_PX) {
        moveTo(Math.max(0, top - element.clientHeight / 3));
        keepAnchor();
      }
      requestAnimationFrame(() => element.querySelector("[data-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" }));
    },
    showEnd: () => moveTo(box.current!.scrollHeight),
    topRow: () => visible[offsets.at(box.current!.scrollTop / LINE_PX)] ?? 0,
    focus: () => box.current?.focus(),
  }));

  const keepAnchor = (): void => {
    const top = box.current!.scrollTop;
    const place = offsets.at(top / LINE_PX);
    anchor.current = { row: visible[place] ?? 0, by: top - offsets.of(place) * LINE_PX };
  };
  const onScroll = (): void => {
    const element = box.current!;
    const isAtEnd = element.scrollHeight - element.clientHeight - element.scrollTop < END_PX;
    if (isFollowing && !isAtEnd && element.scrollTop < placedAt.current - 2) onFollowing(false);
    keepAnchor();
    // Before the browser paints, or one would look at empty space while scrolling fast.
    flushSync(() => setView({ top: element.scrollTop, height: element.clientHeight }));
  };

  useEffect(() => {
    if (isFollowing) box.current!.scrollLeft = 0;
  }, [isFollowing]);

  const first = offsets.at(Math.max(0, view.top / LINE_PX - OVERSCAN_LINES));
  const last = visible.length === 0 ? -1 : offsets.at((view.top + view.height) / LINE_PX + OVERSCAN_LINES);
  return (
    <div
      ref={box}
      className={classes["body"]}
      data-wrap={columns !== null || undefined}
      data-times={zone === null ? undefined : true}
      style={{ "--digits": digits, "--widest": book.widest } as CSSProperties}
      role="log"
      aria-live="off"
      aria-label={props.label}
      tabIndex={0}
      onScroll={onScroll}
      onKeyDown={props.onKeyDown}
    >
      <span ref={ruler} className={classes["ruler"]} aria-hidden>
        {"0".repeat(RULER_COLUMNS)}
      </span>
      <div className={classes["rows"]} style={{ height: offsets.total * LINE_PX }}>
        <span className={classes["text-start"]} data-text-start aria-hidden />
        <div style={{ transform: `translateY(${offsets.of(first) * LINE_PX}px)` }}>
          {Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => {
            const number = visible[first + index]!;
            const row = book.rows[number]!;
            return (
              <LogLine
                key={number}
                row={row}
                index={number}
                zone={zone}
                width={wrapWidth(row, columns)}
                isFolded={row.kind === "group" && isShut(props, number)}
                size={row.kind === "group" ? sizeOfGroup(row, number) : ""}
                isPicked={picked !== null && number + 1 >= picked.from && number + 1 <= picked.to}
                matches={matchesOf(number)}
                current={current?.row === number ? current.match : -1}
                onPick={props.onPick}
                onFold={props.onFold}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

function isShut({ book, filter, folds }: LogBodyProps, group: number): boolean {
  return isFiltering(filter) ? folds.get(group) === true : isFolded(book, group, folds);
}
