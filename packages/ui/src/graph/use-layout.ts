import { useEffect, useState } from "react";
import type { GraphEdge, GraphElements } from "./graph-elements.ts";
import type { Box, Direction, GraphLayout } from "./graph-layout.ts";
import type { GroupFlowNode, TaskFlowNode } from "./graph-nodes.tsx";
import { layOut } from "./lay-out.ts";

/** A graph that has found its places. */
export interface LaidOut {
  /** What the layout is of, without what is folded: another name is another picture, to be fitted anew. */
  name: string;
  direction: Direction;
  layout: GraphLayout;
  nodes: (TaskFlowNode | GroupFlowNode)[];
  edges: readonly GraphEdge[];
  shown: ReadonlySet<string>;
  groups: ReadonlySet<string>;
  /** Open groups, which lie behind what is in them. */
  frames: ReadonlySet<string>;
  /** What the arrows go to, in the whole: all but the frames. */
  reachable: ReadonlyMap<string, Box>;
  firstId: string | undefined;
}

/** Lays out what is to be seen. Until that is done, what was seen before stays. */
export function useLayout(
  name: string,
  elements: GraphElements | undefined,
  folded: ReadonlySet<string>,
  direction: Direction,
): { laidOut: LaidOut | null; isBusy: boolean; failure: Error | null } {
  const [laidOut, setLaidOut] = useState<LaidOut | null>(null);
  const [isBusy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Error | null>(null);
  useEffect(() => {
    if (elements === undefined) return undefined;
    let isWanted = true;
    // What takes no time needs no sign.
    const sign = setTimeout(() => setBusy(true), 150);
    const done = () => {
      clearTimeout(sign);
      setBusy(false);
    };
    layOut(`${name} ${[...folded].sort().join(" ")}`, elements, direction).then(
      (layout) => {
        if (!isWanted) return;
        done();
        setFailure(null);
        setLaidOut(toFlow(name, direction, elements, layout));
      },
      (error: unknown) => {
        if (!isWanted) return;
        done();
        setFailure(error instanceof Error ? error : new Error("The graph could not be laid out.", { cause: error }));
      },
    );
    return () => {
      isWanted = false;
      done();
    };
  }, [name, elements, folded, direction]);
  return { laidOut, isBusy, failure };
}

function toFlow(name: string, direction: Direction, elements: GraphElements, layout: GraphLayout): LaidOut {
  const frames = new Set(elements.nodes.flatMap((node) => (node.kind === "group" && !node.isFolded ? [node.id] : [])));
  const nodes = elements.nodes.map((node) => {
    const { x, y, width, height } = layout.inParent.get(node.id)!;
    const place = { id: node.id, position: { x, y }, width, height, ...(node.parentId === null ? {} : { parentId: node.parentId }) };
    return node.kind === "task" ? { ...place, type: "task" as const, data: { node } } : { ...place, type: "frame" as const, data: { node } };
  });
  const reachable = new Map([...layout.inWhole].filter(([id]) => !frames.has(id)));
  const first = [...reachable].toSorted(([, a], [, b]) => (direction === "LR" ? a.x - b.x || a.y - b.y : a.y - b.y || a.x - b.x))[0];
  return {
    name,
    direction,
    layout,
    nodes,
    edges: elements.edges,
    shown: new Set(elements.nodes.map(({ id }) => id)),
    groups: new Set(elements.nodes.flatMap((node) => (node.kind === "group" ? [node.id] : []))),
    frames,
    reachable,
    firstId: first?.[0],
  };
}
