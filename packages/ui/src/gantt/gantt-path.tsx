import { useMemo } from "react";
import type { GridRow } from "../grid/grid-rows.ts";
import { ROW_HEIGHT } from "../grid/grid-size.ts";
import type { GanttChart } from "./gantt-bars.ts";
import classes from "./gantt-view.module.css";

interface GanttPathProps {
  path: readonly string[];
  rows: readonly GridRow[];
  chart: GanttChart;
  left: number;
  top: number;
  perMs: number;
}

/** Lines from the end of each task of the critical path to the start of the next, where both can be seen. */
export function GanttPath({ path, rows, chart, left, top, perMs }: GanttPathProps) {
  const lines = useMemo(() => new Map(rows.map((row, index) => [row.id, index])), [rows]);
  const d = path
    .slice(1)
    .map((taskId, index) => {
      const before = path[index]!;
      const [from, to] = [lines.get(before), lines.get(taskId)];
      const [ended, began] = [chart.spans.get(before), chart.spans.get(taskId)];
      if (from === undefined || to === undefined || ended === undefined || began === undefined) return "";
      const x1 = left + (ended.endMs - chart.startMs) * perMs;
      const x2 = left + (began.startMs - chart.startMs) * perMs;
      return `M${x1} ${middle(from)}V${middle(to)}H${x2}`;
    })
    .join("");
  return (
    <svg className={classes["path"]} style={{ top }} height={rows.length * ROW_HEIGHT} aria-hidden>
      <path d={d} />
    </svg>
  );
}

function middle(index: number): number {
  return index * ROW_HEIGHT + ROW_HEIGHT / 2;
}
