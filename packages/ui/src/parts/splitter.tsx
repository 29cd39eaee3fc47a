import { type KeyboardEvent, type PointerEvent, useRef } from "react";
import classes from "./splitter.module.css";

const STEP_PX = 24;

export interface SplitterProps {
  /** What it makes larger and smaller, for who does not see it. */
  label: string;
  /** The line stands between left and right, or between above and below. */
  orientation: "vertical" | "horizontal";
  /** Length of the part that is set, in pixels. */
  size: number;
  min: number;
  max: number;
  /** The part that is set comes after the line. */
  isAfter?: boolean;
  onSize: (size: number) => void;
}

/** A line between two parts that can be moved: with the pointer, with the arrows when it has the focus, by a double click back to where it was. */
export function Splitter({ label, orientation, size, min, max, isAfter = false, onSize, onReset }: SplitterProps & { onReset: () => void }) {
  const start = useRef<{ at: number; size: number } | null>(null);
  const sign = isAfter ? -1 : 1;
  const place = (event: PointerEvent) => (orientation === "vertical" ? event.clientX : event.clientY);
  const set = (next: number) => onSize(Math.round(Math.min(max, Math.max(min, next))));

  const onKeyDown = (event: KeyboardEvent) => {
    const [less, more] = orientation === "vertical" ? ["ArrowLeft", "ArrowRight"] : ["ArrowUp", "ArrowDown"];
    if (event.key !== less && event.key !== more) return;
    event.preventDefault();
    set(size + sign * (event.key === more ? STEP_PX : -STEP_PX));
  };

  return (
    <div
      className={classes["splitter"]}
      role="separator"
      tabIndex={0}
      aria-label={label}
      aria-orientation={orientation}
      aria-valuenow={size}
      aria-valuemin={min}
      aria-valuemax={Math.max(min, max)}
      data-orientation={orientation}
      onKeyDown={onKeyDown}
      onDoubleClick={onReset}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = { at: place(event), size };
      }}
      onPointerMove={(event) => {
        if (start.current !== null) set(start.current.size + sign * (place(event) - start.current.at));
      }}
      onPointerUp={() => {
        start.current = null;
      }}
      onPointerCancel={() => {
        start.current = null;
      }}
    />
  );
}
