import { IconChevronRight } from "@tabler/icons-react";
import { memo } from "react";
import type { GridRow } from "../grid/grid-rows.ts";
import { type GanttBar, type GanttChart, groupSpan } from "./gantt-bars.ts";
import classes from "./gantt-view.module.css";

/** A bar that took no time at all is still seen. */
const LEAST_WIDTH = 3;
/** Only in bars as wide as this a number can be read. */
const ROOM_FOR_NUMBER = 40;

interface GanttLineProps {
  row: GridRow;
  index: number;
  top: number;
  /** Width of the names; 0: they are beside it. */
  names: number;
  chart: GanttChart;
  taskIds: readonly string[];
  perMs: number;
  isCritical: boolean;
  isSelected: boolean;
}

export const GanttLine = memo(function GanttLine({ row, index, top, names, chart, taskIds, perMs, isCritical, isSelected }: GanttLineProps) {
  const x = (ms: number) => (ms - chart.startMs) * perMs;
  const span = row.kind === "group" ? groupSpan(row, taskIds, chart) : undefined;
  return (
    <div className={classes["line"]} style={{ top }} data-line={index} data-kind={row.kind} data-selected={isSelected || undefined}>
      {names > 0 && (
        <div className={classes["name"]} style={{ width: names, paddingLeft: 6 + row.depth * 12 }} title={row.id}>
          {row.kind === "group" && (
            <span className={classes["chevron"]} data-fold data-open={!row.isFolded || undefined}>
              <IconChevronRight size={13} aria-hidden />
            </span>
          )}
          <span className={classes["label"]}>{row.label}</span>
        </div>
      )}
      {span !== undefined && (
        <span
          className={classes["group"]}
          data-bar={0}
          data-folded={row.kind === "group" && row.isFolded ? true : undefined}
          style={{ left: names + x(span.startMs), width: Math.max(LEAST_WIDTH, x(span.endMs) - x(span.startMs)) }}
        />
      )}
      {row.kind === "task" &&
        (chart.bars.get(row.id) ?? []).map((bar, place) => (
          <Bar key={bar.tryNumber} bar={bar} place={place} left={names} x={x} isCritical={isCritical} />
        ))}
    </div>
  );
});

interface BarProps {
  bar: GanttBar;
  place: number;
  left: number;
  x: (ms: number) => number;
  isCritical: boolean;
}

/** Waiting thin, running thick in the colour and with the sign of its state. */
function Bar({ bar, place, left, x, isCritical }: BarProps) {
  return bar.parts.map((part) => {
    const width = Math.max(part.kind === "ran" ? LEAST_WIDTH : 1, x(part.endMs) - x(part.startMs));
    return (
      <span
        key={part.kind}
        className={classes["part"]}
        data-bar={place}
        data-part={part.kind}
        data-state={part.kind === "ran" ? (bar.state ?? "none") : undefined}
        data-many={bar.instances > 1 || undefined}
        data-open={part.isOpen || undefined}
        data-wide={width > 18 || undefined}
        data-critical={(isCritical && part.kind === "ran") || undefined}
        style={{ left: left + x(part.startMs), width }}
      >
        {part.kind === "ran" &&
          width > ROOM_FOR_NUMBER &&
          (bar.instances > 1 ? `×${bar.instances}` : bar.tryNumber > 1 ? `try ${bar.tryNumber}` : "")}
      </span>
    );
  });
}
