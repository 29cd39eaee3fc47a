/**
 * Lists of the pages: order and filters by column, both done by the server and both in the address; rows that are drawn only when they are in sight; a choice of rows for what is done
 * to several; cards instead of columns where there is little room.
 *
 * A page has its columns as a constant, `validateSearch: (search) => readTableSearch(COLUMNS, search)` in its route, and
 *
 *     <DataTable label="Pools" columns={COLUMNS} source={{ queryKey: ["pools"], fetchPage }} rowKey={(pool) => pool.name}
 *       search={useSearch({ from: "/pools" })} onSearch={(search) => void navigate({ search, replace: true })} />
 *
 * `fetchPage` gets filters, order and page, and asks the server; `instantBounds`, `numberBounds` read the filters that are ranges. Lists that are here as a whole answer with
 * `rowsOf(rows, COLUMNS, request, Date.now())`. The table fills the height that its page leaves: the page is a flex column of the full height.
 */
import { Box, Group, Text } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { type ReactNode, useCallback, useMemo, useState } from "react";
import { Problem } from "../problem.tsx";
import { ColumnChooser } from "./column-chooser.tsx";
import type { DataColumn, Picked } from "./columns.ts";
import { FilterBar } from "./filter-bar.tsx";
import { SortMenu } from "./sort-menu.tsx";
import { TableRowsView } from "./table-rows-view.tsx";
import { filtersOf, type FilterValue, nextSort, type TableSearch, withFilter } from "./table-search.ts";
import { type Selection, useSelection } from "./use-selection.ts";
import { MOST_ROWS, type TableSource, useTablePages } from "./use-table-pages.ts";
import classes from "./data-table.module.css";

interface DataTableProps<Row> {
  /** What is listed, for those who cannot see it: “DAG runs”. */
  label: string;
  columns: readonly DataColumn<Row>[];
  source: TableSource<Row>;
  rowKey: (row: Row) => string;
  search: TableSearch;
  onSearch: (search: TableSearch) => void;
  /** As `sort` in the address; what is shown when it has none. */
  usualSort?: string;
  /** A text column that has a search field always. */
  searchBy?: string;
  /** What can be done to chosen rows, of which the keys are known, not more; absent: none can be chosen. */
  bulk?: (picked: Picked) => ReactNode;
  /** Shown when there are none at all, and no filter is set. */
  empty: ReactNode;
  /** At the right, beside the chooser of columns. */
  tools?: ReactNode;
  /** Pixels. Default 36. */
  rowHeight?: number;
}

/** Below it rows are cards. */
const NARROW_PX = 640;
const FIRST_SIGHT = { first: 0, last: 60 };

export function DataTable<Row>(props: DataTableProps<Row>) {
  const { label, columns, source, search, onSearch, usualSort, searchBy, bulk, tools } = props;
  const { ref, width } = useElementSize();
  const [open, setOpen] = useState<string | null>(null);
  const [sight, setSight] = useState(() => ({ first: search.at ?? 0, last: (search.at ?? 0) + FIRST_SIGHT.last }));
  const filters = useMemo(() => filtersOf(columns, search), [columns, search]);
  const sort = search.sort ?? usualSort;
  const pages = useTablePages(source, { filters, orderBy: orderByOf(columns, sort) }, sight);
  const shown = shownColumns(columns, search);
  const filterable = useMemo(() => columns.flatMap(({ id, header, filter }) => (filter === undefined ? [] : [{ id, header, filter }])), [columns]);
  const named = useMemo(() => columns.filter(({ isHeaderHidden }) => isHeaderHidden !== true), [columns]);
  const sortable = useMemo(() => columns.filter(({ orderBy }) => orderBy !== undefined), [columns]);
  const isNarrow = width > 0 && width < NARROW_PX;
  const order = (id: string) => onSearch({ ...search, at: undefined, sort: nextOf(columns, sort, usualSort, id) });
  const see = useCallback((first: number, last: number) => {
    setSight((before) => (before.first === first && before.last === last ? before : { first, last }));
  }, []);
  const filter = (id: string, value: FilterValue | undefined) => onSearch(withFilter(search, id, value));
  const filteredIds = useMemo(() => new Set(Object.keys(filters)), [filters]);
  const isFiltered = filteredIds.size > 0;
  const selection = useSelection(search, onSearch, pages.total);

  return (
    <Box ref={ref} className={classes["table"]}>
      <Group justify="space-between" gap="xs" align="flex-start" className={classes["bar"]} wrap="nowrap">
        <FilterBar
          columns={filterable}
          filters={filters}
          open={open}
          onOpen={setOpen}
          onChange={filter}
          onClear={() => onSearch(filterable.reduce((next, { id }) => withFilter(next, id, undefined), search))}
          searchBy={searchBy}
        />
        <Group gap={6} wrap="nowrap" className={classes["aside"]}>
          {tools}
          {pages.total !== undefined && (
            <Text size="xs" c="dimmed" role="status" style={{ whiteSpace: "nowrap" }}>
              {pages.total.toLocaleString("en")} {isFiltered ? "found" : "in all"}
            </Text>
          )}
          {isNarrow && <SortMenu columns={sortable} sort={sort} onSort={order} />}
          {width >= NARROW_PX && (
            <ColumnChooser
              columns={named}
              shown={shown.flatMap(({ id, isHeaderHidden }) => (isHeaderHidden === true ? [] : [id]))}
              isUsual={search.columns === undefined}
              onChange={(next) => onSearch({ ...search, columns: next })}
            />
          )}
        </Group>
      </Group>
      {bulk !== undefined && selection.picked !== undefined && (
        <SelectionBar label={label} selection={selection} total={pages.total}>
          {bulk(selection.picked)}
        </SelectionBar>
      )}
      {pages.error !== null ? (
        <Problem error={pages.error} retry={pages.retry} />
      ) : pages.total === 0 && !pages.isStale ? (
        isFiltered ? (
          <NothingFound onClear={() => onSearch(filterable.reduce((next, { id }) => withFilter(next, id, undefined), search))} />
        ) : (
          props.empty
        )
      ) : (
        <TableRowsView
          label={label}
          columns={shown}
          sort={sort}
          onSort={order}
          onFilter={setOpen}
          filtered={filteredIds}
          count={pages.total === undefined ? undefined : Math.min(pages.total, MOST_ROWS)}
          rowAt={pages.rowAt}
          rowKey={props.rowKey}
          rowHeight={props.rowHeight ?? 36}
          isNarrow={isNarrow}
          isStale={pages.isStale}
          at={search.at ?? 0}
          resetKey={JSON.stringify([filters, sort])}
          onSight={see}
          onAt={(at) => at !== (search.at ?? 0) && onSearch({ ...search, at: at === 0 ? undefined : at })}
          selection={bulk === undefined ? undefined : selection}
        />
      )}
      {pages.total !== undefined && pages.total > MOST_ROWS && (
        <Text size="xs" c="dimmed" px="md" py={4}>
          The first {MOST_ROWS.toLocaleString("en")} of {pages.total.toLocaleString("en")}: filter to see others.
        </Text>
      )}
    </Box>
  );
}

function NothingFound({ onClear }: { onClear: () => void }) {
  return (
    <Box ta="center" py={64} px="md">
      <Text fw={600}>Nothing is like that</Text>
      <Text size="sm" c="dimmed">
        No row passes all filters.{" "}
        <button type="button" className={classes["link"]} onClick={onClear}>
          Clear them
        </button>
      </Text>
    </Box>
  );
}

function shownColumns<Row>(columns: readonly DataColumn<Row>[], search: TableSearch): DataColumn<Row>[] {
  const chosen = search.columns;
  if (chosen === undefined || chosen.length === 0) return columns.filter(({ isExtra }) => isExtra !== true);
  return columns.filter(({ id, isHeaderHidden }) => isHeaderHidden === true || chosen.includes(id));
}

function orderByOf<Row>(columns: readonly DataColumn<Row>[], sort: string | undefined): string | undefined {
  const orderBy = columns.find(({ id }) => id === sort?.replace(/^-/, ""))?.orderBy;
  return orderBy === undefined ? undefined : sort!.startsWith("-") ? `-${orderBy}` : orderBy;
}

/** What a click on a header leads to: its first order, the other one, the usual one. The usual order is not in the address. */
function nextOf<Row>(columns: readonly DataColumn<Row>[], sort: string | undefined, usual: string | undefined, id: string): string | undefined {
  const isGreatestFirst = columns.find((column) => column.id === id)?.isGreatestFirst === true;
  const next = isGreatestFirst ? (sort === `-${id}` ? id : sort === id ? undefined : `-${id}`) : nextSort(sort, id);
  return next === usual ? undefined : (next ?? (usual?.replace(/^-/, "") === id ? (usual.startsWith("-") ? id : `-${id}`) : undefined));
}

function SelectionBar({
  label,
  selection,
  total,
  children,
}: {
  label: string;
  selection: Selection;
  total: number | undefined;
  children: ReactNode;
}) {
  const { picked, isAll } = selection;
  if (picked === undefined) return null;
  const count = picked.kind === "all" ? picked.total : picked.keys.length;
  return (
    <Group className={classes["picked"]} gap="sm" role="region" aria-label={`Chosen ${label}`}>
      <Text size="sm" fw={600}>
        {count.toLocaleString("en")} chosen
      </Text>
      {!isAll && total !== undefined && total > count && (
        <button type="button" className={classes["link"]} onClick={selection.pickAll}>
          Choose all {total.toLocaleString("en")}
        </button>
      )}
      <button type="button" className={classes["link"]} onClick={selection.clear}>
        Choose none
      </button>
      <span style={{ flex: 1 }} />
      {children}
    </Group>
  );
}
