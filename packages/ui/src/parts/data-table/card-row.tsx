import type { ReactNode } from "react";
import type { DataColumn } from "./columns.ts";
import classes from "./data-table.module.css";

/** A row where there is no room for columns: its title and its state, and below each of the others with its name. */
export function CardRow<Row>({ row, columns, tick }: { row: Row; columns: readonly DataColumn<Row>[]; tick: ReactNode }) {
  const at = (place: DataColumn<Row>["card"]) => columns.filter(({ card = "line", isEmpty }) => card === place && isEmpty?.(row) !== true);
  return (
    <div className={classes["card"]}>
      <div className={classes["cardTop"]}>
        {tick}
        <div className={classes["cardTitle"]}>
          {at("title").map(({ id, cell }) => (
            <div key={id}>{cell(row)}</div>
          ))}
        </div>
        <div className={classes["cardBadge"]}>
          {at("badge").map(({ id, cell }) => (
            <div key={id}>{cell(row)}</div>
          ))}
        </div>
      </div>
      <dl className={classes["cardLines"]}>
        {at("line").map(({ id, header, cell }) => (
          <div key={id}>
            <dt>{header}</dt>
            <dd>{cell(row)}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
