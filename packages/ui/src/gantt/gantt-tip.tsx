import type { GridRow } from "../grid/grid-rows.ts";
import { lookOf } from "../states/state-look.ts";
import { StateBadge } from "../states/state-badge.tsx";
import { formatDurationMs, formatInstant } from "../time/format.ts";
import { useTimeZone } from "../time/time-zone.tsx";
import { type GanttChart, type GanttPart, groupSpan } from "./gantt-bars.ts";
import classes from "./gantt-view.module.css";

interface GanttTipProps {
  row: GridRow;
  chart: GanttChart;
  taskIds: readonly string[];
  index: number;
  isCritical: boolean;
}

const PART_WORDS: Readonly<Record<GanttPart["kind"], string>> = { scheduled: "Waited for a place", queued: "Waited for a worker", ran: "Ran" };

/** What is known of a bar. */
export function GanttTip({ row, chart, taskIds, index, isCritical }: GanttTipProps) {
  const { zone } = useTimeZone();
  const show = (ms: number) => formatInstant(new Date(ms).toISOString(), zone).slice(11);
  if (row.kind === "group") {
    const span = groupSpan(row, taskIds, chart);
    return (
      <>
        <div className={classes["tipTitle"]}>{row.id}</div>
        {span !== undefined && (
          <div>
            {show(span.startMs)} – {show(span.endMs)}, {formatDurationMs(span.endMs - span.startMs)}
          </div>
        )}
      </>
    );
  }
  const bar = chart.bars.get(row.id)?.[index];
  if (bar === undefined) return null;
  return (
    <>
      <div className={classes["tipTitle"]}>{row.id}</div>
      {bar.instances > 1 ? (
        <div>{bar.counts.map(([state, count]) => `${count} ${lookOf(state).label.toLowerCase()}`).join(", ")}</div>
      ) : (
        <StateBadge state={bar.state} />
      )}
      {bar.instances === 1 && bar.tryNumber > 0 && <div>Try {bar.tryNumber}</div>}
      {bar.parts.map((part) => (
        <div key={part.kind} className={classes["tipPart"]}>
          <span>{part.isOpen && part.kind === "ran" ? "Running" : PART_WORDS[part.kind]}</span>
          <span>{formatDurationMs(part.endMs - part.startMs)}</span>
        </div>
      ))}
      {bar.reschedules > 0 && <div>Called {bar.reschedules + 1} times</div>}
      <div className={classes["tipTimes"]}>
        {show(bar.startMs)} – {bar.parts.at(-1)!.isOpen ? "" : show(bar.endMs)}
        {isCritical && " · on the critical path"}
      </div>
    </>
  );
}
