import { useReactFlow, useStore } from "@xyflow/react";
import { memo, type PointerEvent, useMemo } from "react";
import type { CellSummary } from "../grid/grid-rows.ts";
import { lookOf } from "../states/state-look.ts";
import { useMarks } from "./graph-store.ts";
import type { LaidOut } from "./use-layout.ts";
import classes from "./graph-view.module.css";

const WIDTH = 132;
const HEIGHT = 84;
const AROUND = 40;

/**
 * The whole graph, small, with what is in sight framed: a click or a drag goes there. One path for each state, so that a move of the graph touches the frame alone; React Flow's own has a component
 * for each node, and each of them follows every move.
 */
export function MiniMap({ laidOut }: { laidOut: LaidOut }) {
  const { width, height } = laidOut.layout;
  const scale = Math.max((width + 2 * AROUND) / WIDTH, (height + 2 * AROUND) / HEIGHT);
  const box = { x: (width - WIDTH * scale) / 2, y: (height - HEIGHT * scale) / 2, width: WIDTH * scale, height: HEIGHT * scale };
  const flow = useReactFlow();
  const goTo = (event: PointerEvent<SVGSVGElement>) => {
    if (event.buttons !== 1) return;
    const at = event.currentTarget.getBoundingClientRect();
    if (event.type === "pointerdown") event.currentTarget.setPointerCapture(event.pointerId);
    void flow.setCenter(box.x + (event.clientX - at.left) * scale, box.y + (event.clientY - at.top) * scale, { zoom: flow.getZoom() });
  };
  return (
    <svg
      className={classes["minimap"]}
      role="img"
      aria-label="The whole graph"
      width={WIDTH}
      height={HEIGHT}
      viewBox={`${box.x} ${box.y} ${box.width} ${box.height}`}
      onPointerDown={goTo}
      onPointerMove={goTo}
    >
      <MapNodes laidOut={laidOut} scale={scale} />
      <InSight box={box} scale={scale} />
    </svg>
  );
}

const MapNodes = memo(function MapNodes({ laidOut, scale }: { laidOut: LaidOut; scale: number }) {
  const cells = useMarks((marks) => marks.cells);
  const { byFill, frames } = useMemo(() => mapPaths(laidOut, cells), [laidOut, cells]);
  return (
    <>
      <path d={frames} fill="none" stroke="var(--mantine-color-dimmed)" strokeWidth={scale} />
      {[...byFill].map(([fill, d]) => (
        <path key={fill} d={d} fill={fill} />
      ))}
    </>
  );
});

function mapPaths({ layout, frames }: LaidOut, cells: ReadonlyMap<string, CellSummary>): { byFill: ReadonlyMap<string, string>; frames: string } {
  const byFill = new Map<string, string>();
  let outlines = "";
  for (const [id, { x, y, width, height }] of layout.inWhole) {
    const rectangle = `M${x} ${y}h${width}v${height}h${-width}z`;
    if (frames.has(id)) outlines += rectangle;
    else {
      const { fill } = lookOf(cells.get(id)?.state ?? null);
      byFill.set(fill, (byFill.get(fill) ?? "") + rectangle);
    }
  }
  return { byFill, frames: outlines };
}

/** What is not in sight is shaded. */
function InSight({ box, scale }: { box: { x: number; y: number; width: number; height: number }; scale: number }) {
  const sight = useStore(
    ({ transform: [x, y, zoom], width, height }) => `M${-x / zoom} ${-y / zoom}h${width / zoom}v${height / zoom}h${-width / zoom}z`,
  );
  return (
    <>
      <path d={`M${box.x} ${box.y}h${box.width}v${box.height}h${-box.width}z${sight}`} fill="rgb(128 136 144 / 28%)" fillRule="evenodd" />
      <path d={sight} fill="none" stroke="var(--mantine-primary-color-filled)" strokeWidth={scale} />
    </>
  );
}
