import { useElementSize } from "@mantine/hooks";
import { type KeyboardEvent, type ReactNode, useRef, useState } from "react";
import { ChartTip, type TipPlace, tipPlaceOf } from "../parts/chart-tip.tsx";
import { lookOf } from "../states/state-look.ts";
import { formatDurationMs } from "../time/format.ts";
import { namedMarks, timeScale } from "./scale.ts";
import classes from "./durations.module.css";

export interface Bar {
  id: string;
  ms: number;
  state: string | null;
  /** Below the axis. */
  name: string;
  /** What it is, for who cannot see it. */
  label: string;
  tip: ReactNode;
}

const HEIGHT = 240;
const LEFT = 56;
const BOTTOM = 22;
const TOP = 12;
const NAME_PX = 96;

interface BarChartProps {
  label: string;
  /** Oldest first. */
  bars: readonly Bar[];
  /** Drawn across, with its name. */
  line?: { ms: number; name: string };
  onOpen: (id: string) => void;
}

/** Durations beside each other, in the colours and signs of their states; each can be pointed at, and reached with the arrow keys. */
export function BarChart({ label, bars, line, onOpen }: BarChartProps) {
  const { ref: sizeRef, width } = useElementSize();
  const frame = useRef<HTMLDivElement>(null);
  const [focused, setFocused] = useState<string | null>(null);
  const [tip, setTip] = useState<{ bar: Bar; place: TipPlace } | null>(null);
  const inner = Math.max(0, width - LEFT - 4);
  const scale = timeScale(Math.max(1, line?.ms ?? 0, ...bars.map(({ ms }) => ms)));
  const yOf = (ms: number): number => TOP + (HEIGHT - TOP - BOTTOM) * (1 - ms / scale.topMs);
  const step = bars.length === 0 ? 0 : inner / bars.length;
  const barPx = Math.max(1, Math.min(28, step * 0.78));
  const tabbed = bars.some(({ id }) => id === focused) ? focused : bars.at(-1)?.id;

  // The last name would be cut off at the edge.
  const places = namedMarks(bars.length, Math.floor(inner / NAME_PX)).filter((place) => place * step + NAME_PX * 0.8 <= inner);

  const point = (target: EventTarget): void => {
    const mark = target instanceof Element ? target.closest("[data-bar]") : null;
    const bar = bars.find(({ id }) => id === mark?.getAttribute("data-bar"));
    setTip(mark === null || bar === undefined ? null : { bar, place: { ...tipPlaceOf(mark, frame.current!), y: TOP } });
  };
  const onKeyDown = (event: KeyboardEvent<SVGSVGElement>): void => {
    const at = bars.findIndex(({ id }) => id === (event.target as Element).getAttribute("data-bar"));
    if (at === -1) return;
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      return onOpen(bars[at]!.id);
    }
    const next = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: bars.length - 1 }[event.key];
    if (next === undefined || bars[next] === undefined) return;
    event.preventDefault();
    event.currentTarget.querySelectorAll<SVGGElement>("[data-bar]")[next]?.focus();
  };

  return (
    <div ref={frame} className={classes["chart"]}>
      <div ref={sizeRef}>
        <svg
          width={width}
          height={HEIGHT}
          role="group"
          aria-label={label}
          onKeyDown={onKeyDown}
          onPointerOver={(event) => point(event.target)}
          onPointerLeave={() => setTip(null)}
          onFocus={(event) => point(event.target)}
          onBlur={() => setTip(null)}
        >
          <g className={classes["axis"]} aria-hidden>
            {scale.ticks.map((ms) => (
              <g key={ms}>
                <line x1={LEFT} x2={width} y1={yOf(ms)} y2={yOf(ms)} />
                <text x={LEFT - 8} y={yOf(ms)} dy="0.32em" textAnchor="end">
                  {ms === 0 ? "0" : tickText(ms)}
                </text>
              </g>
            ))}
            {places.map((place) => (
              <text key={place} x={LEFT + place * step + 1} y={HEIGHT - 6}>
                {bars[place]!.name}
              </text>
            ))}
          </g>
          {bars.map((bar, place) => {
            const { fill, Icon } = lookOf(bar.state);
            const [x, y] = [LEFT + place * step + (step - barPx) / 2, yOf(bar.ms)];
            const height = Math.max(1.5, HEIGHT - BOTTOM - y);
            return (
              <g
                key={bar.id}
                className={classes["bar"]}
                data-bar={bar.id}
                role="link"
                tabIndex={bar.id === tabbed ? 0 : -1}
                aria-label={bar.label}
                onClick={() => onOpen(bar.id)}
                onFocus={() => setFocused(bar.id)}
              >
                <rect className={classes["reach"]} x={LEFT + place * step} y={TOP} width={step} height={HEIGHT - TOP - BOTTOM} />
                <rect x={x} y={HEIGHT - BOTTOM - height} width={barPx} height={height} rx={Math.min(2, barPx / 4)} fill={fill} />
                {bar.state !== "success" && barPx >= 7 && (
                  <Icon
                    x={x + barPx / 2 - 5}
                    y={HEIGHT - BOTTOM - height - (height > 14 ? -2 : 12)}
                    size={10}
                    stroke={3.5}
                    color={height > 14 ? "#fff" : fill}
                    aria-hidden
                  />
                )}
              </g>
            );
          })}
          {line !== undefined && (
            <g className={classes["line"]} aria-hidden>
              <line x1={LEFT} x2={width} y1={yOf(line.ms)} y2={yOf(line.ms)} />
              <text x={width - 4} y={yOf(line.ms) - 5} textAnchor="end">
                {line.name}
              </text>
            </g>
          )}
        </svg>
      </div>
      {tip !== null && <ChartTip place={tip.place}>{tip.bar.tip}</ChartTip>}
    </div>
  );
}

/** Without the second unit where it is nothing: `15 m`, not `15 m 00 s`. */
function tickText(ms: number): string {
  return formatDurationMs(ms)
    .replace(/ 00? [smh]$/u, "")
    .replace(/\.0 s$/u, " s");
}
