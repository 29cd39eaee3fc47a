import { ActionIcon } from "@mantine/core";
import { IconArrowDown, IconArrowUp, IconFilter, IconFilterFilled } from "@tabler/icons-react";
import type { Header } from "@tanstack/react-table";
import type { ReactNode } from "react";
import type { DataColumn } from "./columns.ts";
import type { ColumnFeatures, ModelRow } from "./use-column-model.ts";
import classes from "./data-table.module.css";

/** Names of the columns: a click orders by one, its funnel filters by it. */
export function HeaderRow<Row>({
  headers,
  columns,
  onSort,
  onFilter,
  filtered,
  tick,
}: {
  headers: readonly Header<ColumnFeatures, ModelRow<Row>>[];
  columns: readonly DataColumn<Row>[];
  onSort: (id: string) => void;
  onFilter: (id: string) => void;
  filtered: ReadonlySet<string>;
  tick: ReactNode;
}) {
  return (
    <thead>
      <tr aria-rowindex={1}>
        {tick !== undefined && <th className={classes["tick"]}>{tick}</th>}
        {headers.map(({ id, column }) => {
          const { header, isHeaderHidden, align, filter } = columns.find((candidate) => candidate.id === id)!;
          const order = column.getIsSorted();
          const Arrow = order === "desc" ? IconArrowDown : IconArrowUp;
          return (
            <th
              key={id}
              scope="col"
              data-align={align}
              {...(column.getCanSort() ? { "aria-sort": order === "asc" ? "ascending" : order === "desc" ? "descending" : "none" } : {})}
            >
              <span className={classes["head"]}>
                {column.getCanSort() ? (
                  <button type="button" className={classes["sort"]} onClick={() => onSort(id)}>
                    {header}
                    {order !== false && <Arrow size={13} aria-hidden />}
                  </button>
                ) : (
                  <span className={isHeaderHidden === true ? "visually-hidden" : classes["name"]}>{header}</span>
                )}
                {filter !== undefined && (
                  <ActionIcon
                    size={18}
                    variant="subtle"
                    color={filtered.has(id) ? "sea" : "gray"}
                    className={classes["funnel"]}
                    data-on={filtered.has(id) || undefined}
                    aria-label={`Filter by ${header}`}
                    onClick={() => onFilter(id)}
                  >
                    {filtered.has(id) ? <IconFilterFilled size={12} /> : <IconFilter size={12} />}
                  </ActionIcon>
                )}
              </span>
            </th>
          );
        })}
      </tr>
    </thead>
  );
}
