import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";

const MOST = 400;

/** How much closer than the whole run the chart is looked at: by buttons, and by the wheel with Ctrl, which keeps the instant below the pointer where it is. */
export function useZoom(scroller: RefObject<HTMLDivElement | null>, names: number) {
  const [zoom, setZoom] = useState(1);
  /** What stays in its place: a part of the whole, and how far from the left of the track it is on the screen. */
  const held = useRef<{ part: number; x: number } | null>(null);

  /** @param by 0: back to the whole */
  const change = (by: number, x?: number) => {
    const element = scroller.current;
    if (element === null) return;
    const room = element.clientWidth - names;
    const at = x ?? room / 2;
    held.current = { part: (element.scrollLeft + at) / Math.max(1, element.scrollWidth - names), x: at };
    setZoom((before) => (by === 0 ? 1 : Math.min(MOST, Math.max(1, before * by))));
  };

  useLayoutEffect(() => {
    const element = scroller.current;
    if (held.current === null || element === null) return;
    element.scrollLeft = held.current.part * (element.scrollWidth - names) - held.current.x;
    held.current = null;
  }, [scroller, zoom, names]);

  const changed = useRef(change);
  changed.current = change;
  useEffect(() => {
    const element = scroller.current;
    if (element === null) return undefined;
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      const x = event.clientX - element.getBoundingClientRect().left - names;
      changed.current(Math.exp(-event.deltaY / 300), Math.max(0, x));
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, [scroller, names]);

  return { zoom, change, isFitted: zoom === 1 };
}
