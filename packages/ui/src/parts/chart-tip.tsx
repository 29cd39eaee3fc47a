import type { ReactNode } from "react";
import classes from "./chart-tip.module.css";

export interface TipPlace {
  /** Where it points at, in the frame that it is in. */
  x: number;
  y: number;
  /** Width of that frame: the tip stays in it. */
  width: number;
}

/** What a mark of a chart stands for, beside it. It repeats what the mark's label says to screen readers. */
export function ChartTip({ place, children }: { place: TipPlace; children: ReactNode }) {
  const isRight = place.x > place.width / 2;
  const side = isRight ? { right: Math.max(0, place.width - place.x + 8) } : { left: Math.max(0, place.x + 8) };
  return (
    <div className={classes["tip"]} style={{ top: place.y, ...side }} aria-hidden>
      {children}
    </div>
  );
}

/** Where a mark is in the frame around it, for its tip. */
export function tipPlaceOf(mark: Element, frame: Element): TipPlace {
  const [of, around] = [mark.getBoundingClientRect(), frame.getBoundingClientRect()];
  return { x: of.left + of.width / 2 - around.left, y: of.bottom - around.top + 6, width: around.width };
}
