import { columnVisibilityFeature, createColumnHelper, type ReactTable, rowSortingFeature, tableFeatures, useTable } from "@tanstack/react-table";
import { useMemo } from "react";
import type { DataColumn } from "./columns.ts";

const features = tableFeatures({ columnVisibilityFeature, rowSortingFeature });
export type ColumnFeatures = typeof features;

export interface ModelRow<Row> {
  index: number;
  row: Row | undefined;
}

/** Columns and rows in sight, for the table library. The server orders and filters, so the library only tells what is ordered by; it orders by nothing without an accessor. */
export function useColumnModel<Row>(
  columns: readonly DataColumn<Row>[],
  rows: readonly ModelRow<Row>[],
  sort: string | undefined,
): ReactTable<ColumnFeatures, ModelRow<Row>> {
  const defined = useMemo(() => {
    const helper = createColumnHelper<ColumnFeatures, ModelRow<Row>>();
    return helper.columns(
      columns.map(({ id, header, cell, orderBy }) =>
        helper.accessor((line) => line.index, {
          id,
          header,
          enableSorting: orderBy !== undefined,
          cell: ({ row }) => (row.original.row === undefined ? null : cell(row.original.row)),
        }),
      ),
    );
  }, [columns]);
  return useTable({
    features,
    columns: defined,
    data: rows,
    manualSorting: true,
    getRowId: ({ index }) => String(index),
    state: { sorting: sort === undefined ? [] : [{ id: sort.replace(/^-/, ""), desc: sort.startsWith("-") }] },
  });
}
