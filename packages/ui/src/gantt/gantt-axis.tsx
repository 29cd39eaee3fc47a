import { formatInstant } from "../time/format.ts";
import { useTimeZone } from "../time/time-zone.tsx";
import type { GanttChart } from "./gantt-bars.ts";
import { tickLabel, timeTicks } from "./time-ticks.ts";
import classes from "./gantt-view.module.css";

const LABEL_WIDTH = 84;

interface GanttAxisProps {
  chart: GanttChart;
  names: number;
  perMs: number;
  track: number;
  height: number;
}

/** The times above, and their lines through everything below. */
export function GanttAxis({ chart, names, perMs, track, height }: GanttAxisProps) {
  const { zone } = useTimeZone();
  const { stepMs, at } = timeTicks(chart.startMs, chart.endMs, Math.max(2, Math.floor(track / LABEL_WIDTH)));
  return (
    <>
      <div className={classes["axis"]} style={{ height }}>
        {names > 0 && <div className={classes["corner"]} style={{ width: names }} />}
        {at.map((tick) => (
          <span key={tick} className={classes["tick"]} style={{ left: names + (tick - chart.startMs) * perMs }}>
            {tickLabel(formatInstant(new Date(tick).toISOString(), zone), tick, stepMs)}
          </span>
        ))}
      </div>
      <div className={classes["gridlines"]} style={{ top: height }} aria-hidden>
        {at.map((tick) => (
          <span key={tick} style={{ left: names + (tick - chart.startMs) * perMs }} />
        ))}
      </div>
    </>
  );
}
