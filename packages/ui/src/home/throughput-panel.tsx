import { Link } from "@tanstack/react-router";
import type { Throughput } from "../api/home.ts";
import { lookOf } from "../states/state-look.ts";
import { formatInstant } from "../time/format.ts";
import { useTimeZone } from "../time/time-zone.tsx";
import { Panel } from "./panel.tsx";
import { type PlacedBar, placeBars, sumBars } from "./throughput.ts";
import classes from "./home.module.css";

const PARTS = ["failed", "running", "success"] as const;

/** How many runs began lately, and how they went. */
export function ThroughputPanel({ throughput }: { throughput: Throughput }) {
  const { zone } = useTimeZone();
  const bars = placeBars(throughput);
  const sums = sumBars(bars);
  const hours = Math.round((throughput.spans * throughput.span_seconds) / 3600);
  const highest = Math.max(1, ...bars.map((bar) => bar.total));
  const clock = (iso: string): string => formatInstant(iso, zone, { seconds: false }).slice(11);
  return (
    <Panel title={`Runs in the last ${hours} hours`}>
      <ul className={classes["legend"]} aria-label="How they went">
        <Sum value={sums.success} state="success" hours={hours} />
        <Sum value={sums.failed} state="failed" hours={hours} />
        <Sum value={sums.running} state="running" hours={hours} />
      </ul>
      <div className={classes["chart"]}>
        <span className={classes["highest"]} aria-hidden>
          {highest.toLocaleString("en")}
        </span>
        <div className={classes["bars"]} role="img" aria-label={describe(sums)}>
          {bars.map((bar) => (
            <div key={bar.place} className={classes["bar"]} title={`${clock(bar.from)} to ${clock(bar.to)}: ${describe(bar)}`}>
              {PARTS.map((part) =>
                bar[part] === 0 ? null : (
                  <span
                    key={part}
                    data-part={part}
                    style={{ height: `${(bar[part] / highest) * 100}%`, background: lookOf(part === "running" ? "running" : part).fill }}
                  />
                ),
              )}
            </div>
          ))}
        </div>
        <div className={classes["axis"]} aria-hidden>
          <span>{clock(bars[0]!.from)}</span>
          <span>{clock(bars[bars.length / 2]!.from)}</span>
          <span>now</span>
        </div>
      </div>
    </Panel>
  );
}

function Sum({ value, state, hours }: { value: number; state: "success" | "failed" | "running"; hours: number }) {
  const { Icon, fill, label } = lookOf(state);
  return (
    <li>
      <Link to="/runs" search={{ state: [state], started: `-${hours}h..` }} className={classes["sum"]}>
        <span className={classes["state"]} style={{ background: fill }}>
          <Icon size={10} stroke={3} aria-hidden />
        </span>
        <b>{value.toLocaleString("en")}</b>
        <span className={classes["small"]}>{label.toLowerCase()}</span>
      </Link>
    </li>
  );
}

function describe({ total, success, failed, running }: Pick<PlacedBar, "total" | "success" | "failed" | "running">): string {
  const parts = [success > 0 && `${success} succeeded`, failed > 0 && `${failed} failed`, running > 0 && `${running} running`].filter(Boolean);
  return `${total} run${total === 1 ? "" : "s"}${parts.length === 0 ? "" : `, ${parts.join(", ")}`}`;
}
