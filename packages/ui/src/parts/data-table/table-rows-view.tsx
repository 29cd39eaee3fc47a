import { Checkbox, Skeleton } from "@mantine/core";
import { useDebouncedCallback, useElementSize, useMergedRef } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type MouseEvent, useEffect, useLayoutEffect, useRef } from "react";
import { CardRow } from "./card-row.tsx";
import { columnWidths } from "./column-widths.ts";
import type { DataColumn } from "./columns.ts";
import { HeaderRow } from "./header-row.tsx";
import { ROWS_PER_PAGE } from "./use-table-pages.ts";
import { useColumnModel } from "./use-column-model.ts";
import type { Selection } from "./use-selection.ts";
import classes from "./data-table.module.css";

const CARD_PX = 104;
const TICK_PX = 40;
const HEADER_PX = 34;
const ROWS_WHILE_LOADING = 30;
const SETTLE_MS = 400;

interface RowsView<Row> {
  label: string;
  columns: readonly DataColumn<Row>[];
  sort: string | undefined;
  onSort: (id: string) => void;
  onFilter: (id: string) => void;
  filtered: ReadonlySet<string>;
  /** undefined: not known yet. */
  count: number | undefined;
  rowAt: (index: number) => Row | undefined;
  rowKey: (row: Row) => string;
  rowHeight: number;
  isNarrow: boolean;
  isStale: boolean;
  /** The row to begin with. */
  at: number;
  /** Another list: from its first row on. */
  resetKey: string;
  onSight: (first: number, last: number) => void;
  onAt: (at: number) => void;
  selection: Selection | undefined;
}

/** The rows in sight, as a table or as cards. Rows that are on their way are there as grey bars, so that nothing jumps. */
export function TableRowsView<Row>(view: RowsView<Row>) {
  const { columns, count, rowAt, rowKey, rowHeight, isNarrow, at, resetKey, onSight, selection } = view;
  const scroller = useRef<HTMLDivElement>(null);
  const { ref: sizeRef, width } = useElementSize<HTMLDivElement>();
  const ref = useMergedRef(scroller, sizeRef);
  // Room enough to be where one was, before it is known how many there are.
  const shown = count ?? at + ROWS_WHILE_LOADING;
  const virtual = useVirtualizer({
    count: shown,
    getScrollElement: () => scroller.current,
    estimateSize: () => (isNarrow ? CARD_PX : rowHeight),
    overscan: 8,
    initialOffset: at * (isNarrow ? CARD_PX : rowHeight),
    // The first row begins below the header, which stays in sight.
    scrollMargin: isNarrow ? 0 : HEADER_PX,
    scrollPaddingStart: HEADER_PX,
  });
  const items = virtual.getVirtualItems();
  const [first, last] = [items[0]?.index ?? 0, items.at(-1)?.index ?? 0];
  useEffect(() => onSight(first, last), [onSight, first, last]);
  useEffect(() => virtual.measure(), [virtual, isNarrow]);

  // Once, when the page is loaded: what is scrolled to later is told by what is in sight.
  const firstOffset = useRef(at * (isNarrow ? CARD_PX : rowHeight));
  useLayoutEffect(() => {
    scroller.current?.scrollTo({ top: firstOffset.current });
  }, []);

  const shownKey = useRef(resetKey);
  useEffect(() => {
    if (shownKey.current === resetKey) return;
    shownKey.current = resetKey;
    scroller.current?.scrollTo({ top: 0 });
  }, [resetKey]);

  const tellAt = useDebouncedCallback(() => {
    const top = scroller.current?.scrollTop ?? 0;
    view.onAt(isNarrow ? (virtual.getVirtualItemForOffset(top)?.index ?? 0) : Math.floor(top / rowHeight));
  }, SETTLE_MS);

  const keysOf = (low: number, high: number) =>
    Array.from({ length: high - low + 1 }, (_, step) => rowAt(low + step)).flatMap((row) => (row === undefined ? [] : [rowKey(row)]));
  const lastTicked = useRef<number>(undefined);
  const tick = (index: number, isPicked: boolean, isRange: boolean) => {
    const from = isRange ? (lastTicked.current ?? index) : index;
    const [low, high] = from < index ? [from, index] : [index, from];
    lastTicked.current = index;
    selection?.set(keysOf(low, high), isPicked);
  };

  const widths = columnWidths(columns, width - (selection === undefined ? 0 : TICK_PX));
  const rows = items.map((item) => ({ index: item.index, row: rowAt(item.index) }));
  const model = useColumnModel(columns, rows, view.sort);
  const above = (items[0]?.start ?? 0) - (isNarrow ? 0 : HEADER_PX);
  const below = virtual.getTotalSize() - ((items.at(-1)?.end ?? 0) - (isNarrow ? 0 : HEADER_PX));
  // All of a short list are chosen one by one, so that one of them can be left out; of a long one, everything that the filters find.
  const allKeys = count !== undefined && count > 0 && count <= ROWS_PER_PAGE ? keysOf(0, count - 1) : undefined;
  const chooseAll = (isPicked: boolean) => {
    if (!isPicked) selection?.clear();
    else if (allKeys === undefined) selection?.pickAll();
    else selection?.set(allKeys, true);
  };

  return (
    <div
      ref={ref}
      className={classes["scroller"]}
      onScroll={tellAt}
      tabIndex={0}
      role="region"
      aria-label={view.label}
      aria-busy={count === undefined || view.isStale}
      data-stale={view.isStale || undefined}
    >
      {isNarrow ? (
        <ul className={classes["cards"]} aria-label={view.label} style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const row = rowAt(item.index);
            return (
              <li
                key={row === undefined ? item.index : rowKey(row)}
                ref={virtual.measureElement}
                data-index={item.index}
                className={classes["cardPlace"]}
                style={{ transform: `translateY(${item.start}px)` }}
                aria-setsize={shown}
                aria-posinset={item.index + 1}
              >
                {row === undefined ? (
                  <Skeleton h={CARD_PX - 16} m={8} />
                ) : (
                  <CardRow
                    row={row}
                    columns={columns}
                    tick={
                      selection === undefined ? undefined : (
                        <Tick
                          isPicked={selection.has(rowKey(row))}
                          isLocked={selection.isAll}
                          label={`Choose row ${item.index + 1}`}
                          onTick={(isPicked, isRange) => tick(item.index, isPicked, isRange)}
                        />
                      )
                    }
                  />
                )}
              </li>
            );
          })}
        </ul>
      ) : (
        <table
          className={classes["grid"]}
          style={{ width: widths.reduce((sum, px) => sum + px, selection === undefined ? 0 : TICK_PX) }}
          aria-rowcount={count === undefined ? -1 : count + 1}
          aria-label={view.label}
        >
          <colgroup>
            {selection !== undefined && <col style={{ width: TICK_PX }} />}
            {columns.map(({ id }, index) => (
              <col key={id} style={{ width: widths[index] }} />
            ))}
          </colgroup>
          <HeaderRow
            headers={model.getHeaderGroups()[0]?.headers ?? []}
            columns={columns}
            onSort={view.onSort}
            onFilter={view.onFilter}
            filtered={view.filtered}
            tick={
              selection === undefined ? undefined : (
                <Checkbox
                  size="xs"
                  aria-label="Choose all"
                  disabled={count === undefined || count === 0}
                  checked={selection.isAll || (allKeys !== undefined && allKeys.every((key) => selection.has(key)))}
                  indeterminate={!selection.isAll && selection.picked !== undefined && allKeys?.every((key) => selection.has(key)) !== true}
                  onChange={(event) => chooseAll(event.currentTarget.checked)}
                />
              )
            }
          />
          <tbody>
            {above > 0 && (
              <tr aria-hidden style={{ height: above }}>
                <td colSpan={columns.length + 1} className={classes["spacer"]} />
              </tr>
            )}
            {model.getRowModel().rows.map((line) => {
              const { index, row } = line.original;
              const key = row === undefined ? undefined : rowKey(row);
              const isPicked = key !== undefined && selection?.has(key) === true;
              return (
                <tr key={key ?? index} aria-rowindex={index + 2} style={{ height: rowHeight }} data-picked={isPicked || undefined}>
                  {selection !== undefined && (
                    <td className={classes["tick"]}>
                      {key !== undefined && (
                        <Tick
                          isPicked={isPicked}
                          isLocked={selection.isAll}
                          label={`Choose row ${index + 1}`}
                          onTick={(next, isRange) => tick(index, next, isRange)}
                        />
                      )}
                    </td>
                  )}
                  {line.getVisibleCells().map((cell, place) => (
                    <td key={cell.id} data-align={columns[place]?.align}>
                      {row === undefined ? <Skeleton h={12} w="70%" /> : <model.FlexRender cell={cell} />}
                    </td>
                  ))}
                </tr>
              );
            })}
            {below > 0 && (
              <tr aria-hidden style={{ height: below }}>
                <td colSpan={columns.length + 1} className={classes["spacer"]} />
              </tr>
            )}
          </tbody>
        </table>
      )}
    </div>
  );
}

function Tick({
  isPicked,
  isLocked,
  label,
  onTick,
}: {
  isPicked: boolean;
  isLocked: boolean;
  label: string;
  /** With shift: all from the last one on. */
  onTick: (isPicked: boolean, isRange: boolean) => void;
}) {
  const isShift = useRef(false);
  return (
    <Checkbox
      size="xs"
      aria-label={label}
      checked={isPicked}
      disabled={isLocked}
      onClick={(event: MouseEvent) => {
        isShift.current = event.shiftKey;
      }}
      onChange={(event) => onTick(event.currentTarget.checked, isShift.current)}
    />
  );
}
