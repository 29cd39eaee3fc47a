import { ViewportPortal } from "@xyflow/react";
import { memo, useMemo } from "react";
import { arrowPath, linePath } from "./edge-path.ts";
import type { GraphEdge } from "./graph-elements.ts";
import type { GraphLayout } from "./graph-layout.ts";
import { useMarks } from "./graph-store.ts";
import classes from "./graph-view.module.css";

interface GraphEdgesProps {
  edges: readonly GraphEdge[];
  layout: GraphLayout;
}

const KINDS = ["order", "data", "setup"] as const;

/** All edges as a few paths, one for each kind: thousands of elements of their own would make every move slow. Those of the selected node lie over them. */
export const GraphEdges = memo(function GraphEdges({ edges, layout }: GraphEdgesProps) {
  const paths = useMemo(
    () =>
      KINDS.map((kind) => ({
        kind,
        ...pathsOf(
          edges.filter((edge) => edge.kind === kind),
          layout,
        ),
      })),
    [edges, layout],
  );
  return (
    <ViewportPortal>
      <svg className={classes["edges"]} width={layout.width} height={layout.height} aria-hidden>
        {paths.map(({ kind, lines, heads }) => (
          <g key={kind} data-kind={kind}>
            <path className={classes["line"]} d={lines} />
            <path className={classes["head"]} d={heads} />
          </g>
        ))}
        <SelectedEdges edges={edges} layout={layout} />
        {edges.map((edge) => {
          const box = layout.lines.get(edge.id)?.label;
          return box == null ? null : (
            <text key={edge.id} className={classes["edgeLabel"]} x={box.x + box.width / 2} y={box.y + box.height / 2}>
              {edge.label}
            </text>
          );
        })}
      </svg>
    </ViewportPortal>
  );
});

function SelectedEdges({ edges, layout }: GraphEdgesProps) {
  const selected = useMarks((marks) => marks.selected);
  const { lines, heads } = useMemo(
    () => pathsOf(selected === undefined ? [] : edges.filter(({ from, to }) => from === selected || to === selected), layout),
    [edges, layout, selected],
  );
  return (
    <g data-kind="selected">
      <path className={classes["line"]} d={lines} />
      <path className={classes["head"]} d={heads} />
    </g>
  );
}

function pathsOf(edges: readonly GraphEdge[], layout: GraphLayout): { lines: string; heads: string } {
  const all = edges.map(({ id }) => layout.lines.get(id)?.points ?? []);
  return { lines: all.map(linePath).join(""), heads: all.map(arrowPath).join("") };
}
