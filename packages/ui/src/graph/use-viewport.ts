import { useReactFlow, useStore, useStoreApi } from "@xyflow/react";
import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef } from "react";
import type { Box } from "./graph-layout.ts";
import type { LaidOut } from "./use-layout.ts";

/** A graph that would be smaller than this when all of it is in sight begins at its beginning instead. */
const LEAST_FIT = 0.52;
const MOST_FIT = 1.1;
const AROUND = 24;
const MOVE_MS = 220;

/** What part of the graph is in sight: all of a new one; nothing moves when its states change, and what is folded stays where it was on the screen. */
export function useViewport(laidOut: LaidOut, selected: string | undefined, isByKeyboard: RefObject<boolean>) {
  const flow = useReactFlow();
  const store = useStoreApi();
  const isReady = useStore((state) => state.width > 0 && state.height > 0 && state.panZoom !== null);
  const fittedName = useRef<string | null>(null);
  const anchor = useRef<{ id: string; x: number; y: number } | null>(null);
  const { name, layout } = laidOut;

  const fit = useCallback(
    (least = 0.04) => {
      const { width, height } = store.getState();
      const zoom = Math.min(MOST_FIT, (width - AROUND) / layout.width, (height - AROUND) / layout.height);
      if (zoom >= least) {
        void flow.setViewport({ x: (width - layout.width * zoom) / 2, y: (height - layout.height * zoom) / 2, zoom });
        return;
      }
      const start = layout.inWhole.get(laidOut.firstId ?? "") ?? { x: 0, y: 0, width: 0, height: 0 };
      // Its beginning at the edge, and as much of what is beside that as there is room for.
      const along = (room: number, at: number, size: number, whole: number) =>
        whole * least <= room ? (room - whole * least) / 2 : Math.min(AROUND, room / 2 - (at + size / 2) * least);
      const x = laidOut.direction === "LR" ? AROUND - start.x * least : along(width, start.x, start.width, layout.width);
      const y = laidOut.direction === "TB" ? AROUND - start.y * least : along(height, start.y, start.height, layout.height);
      void flow.setViewport({ x, y, zoom: least });
    },
    [flow, store, layout, laidOut.firstId, laidOut.direction],
  );

  const goTo = useCallback(
    (id: string, { focus = false }: { focus?: boolean } = {}) => {
      const box = layout.inWhole.get(id);
      if (box === undefined) return;
      const { transform, width, height } = store.getState();
      const zoom = Math.max(transform[2], 0.6);
      const isInSight = transform[2] >= 0.3 && isWithin(box, transform, width, height);
      const moved = isInSight ? Promise.resolve(true) : flow.setCenter(box.x + box.width / 2, box.y + box.height / 2, { zoom, duration: MOVE_MS });
      // What is out of sight is not in the page before it has come into sight.
      if (focus)
        void moved.then(() =>
          requestAnimationFrame(() =>
            store
              .getState()
              .domNode?.querySelector<HTMLElement>(`[data-node="${CSS.escape(id)}"]`)
              ?.focus({ preventScroll: true }),
          ),
        );
    },
    [flow, store, layout],
  );

  const keepInPlace = useCallback(
    (id: string) => {
      const box = layout.inWhole.get(id);
      anchor.current = box === undefined ? null : { id, x: box.x, y: box.y };
    },
    [layout],
  );

  useLayoutEffect(() => {
    if (!isReady) return;
    const held = anchor.current;
    anchor.current = null;
    const box = held === null ? undefined : layout.inWhole.get(held.id);
    if (fittedName.current !== name) {
      fittedName.current = name;
      fit(LEAST_FIT);
    } else if (held !== null && box !== undefined) {
      const { x, y, zoom } = flow.getViewport();
      void flow.setViewport({ x: x - (box.x - held.x) * zoom, y: y - (box.y - held.y) * zoom, zoom });
    }
  }, [isReady, name, layout, fit, flow]);

  // What is selected elsewhere comes into sight here, and stays there when the room gets smaller.
  const goToSelected = useRef(goTo);
  goToSelected.current = goTo;
  const room = useStore((state) => `${state.width} ${state.height}`);
  useEffect(() => {
    if (isReady && selected !== undefined) goToSelected.current(selected, { focus: isByKeyboard.current });
  }, [isReady, selected, room, isByKeyboard]);

  return { fit: () => fit(), zoom: (by: number) => void flow.zoomTo(flow.getZoom() * by, { duration: 120 }), goTo, keepInPlace };
}

function isWithin(box: Box, [x, y, zoom]: readonly [number, number, number], width: number, height: number): boolean {
  const left = box.x * zoom + x;
  const top = box.y * zoom + y;
  return left >= 0 && top >= 0 && left + box.width * zoom <= width && top + Math.min(box.height, 60) * zoom <= height;
}
