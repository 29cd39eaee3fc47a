import "@xyflow/react/dist/base.css";
import { ActionIcon, Loader, Tooltip, useComputedColorScheme } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { IconArrowsDiagonalMinimize2, IconMinus, IconPlus, IconTransform } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { ReactFlow, ReactFlowProvider, useStore } from "@xyflow/react";
import { memo, type FocusEvent, type KeyboardEvent, type MouseEvent, useEffect, useMemo, useRef, useState } from "react";
import { graphQuery } from "../api/dag-runs-page.ts";
import type { Grid } from "../api/read-models.ts";
import type { Selection } from "../grid/selection.ts";
import { Problem } from "../parts/problem.tsx";
import { GraphEdges } from "./graph-edges.tsx";
import { graphCells } from "./graph-cells.ts";
import { graphElements } from "./graph-elements.ts";
import type { Direction } from "./graph-layout.ts";
import { GroupNode, TaskNode } from "./graph-nodes.tsx";
import { GraphStore, GraphStoreContext } from "./graph-store.ts";
import { MiniMap } from "./mini-map.tsx";
import { nextNode } from "./next-node.ts";
import { type LaidOut, useLayout } from "./use-layout.ts";
import { useViewport } from "./use-viewport.ts";
import classes from "./graph-view.module.css";

const NODE_TYPES = { task: TaskNode, frame: GroupNode };
/** Further away than this names cannot be read: nodes are filled with their state instead. */
const FAR = 0.36;
const LEAST_ZOOM = 0.04;
const ROOM_FOR_MINIMAP = 460;

export interface GraphViewProps {
  dagId: string;
  grid: Grid;
  /** The run whose states are shown: the selected one, else the newest. */
  runId: string | undefined;
  selection: Selection;
  folded: ReadonlySet<string>;
  direction: Direction;
  onDirection: (direction: Direction) => void;
  onFold: (groupId: string) => void;
  onSelect: (selection: Selection) => void;
}

/** The tasks of a run's version and what leads from which to which, in the states of the run. */
export const GraphView = memo(function GraphView(props: GraphViewProps) {
  const { dagId, grid, runId, folded, direction } = props;
  const version = grid.runs.find((run) => run.dag_run_id === runId)?.dag_version ?? grid.version_number;
  const { data: graph, error, refetch } = useQuery(graphQuery(dagId, version));
  const elements = useMemo(() => (graph === undefined ? undefined : graphElements(graph, folded)), [graph, folded]);
  const name = graph === undefined ? "" : `${dagId} ${graph.version_number} ${direction}`;
  const { laidOut, isBusy, failure } = useLayout(name, elements, folded, direction);
  const problem = error ?? failure;
  return (
    <div className={classes["view"]}>
      {laidOut !== null && (
        <ReactFlowProvider>
          <Flow {...props} laidOut={laidOut} />
        </ReactFlowProvider>
      )}
      {problem !== null && laidOut === null && <Problem error={problem} retry={() => void refetch()} />}
      {(isBusy || (laidOut === null && problem === null)) && (
        <div className={classes["busy"]} data-first={laidOut === null || undefined}>
          <Loader size="xs" role="status" aria-label="The graph is laid out" />
        </div>
      )}
    </div>
  );
});

function Flow({ grid, runId, selection, direction, onDirection, onFold, onSelect, laidOut }: GraphViewProps & { laidOut: LaidOut }) {
  const [store] = useState(() => new GraphStore());
  const { ref, width } = useElementSize<HTMLDivElement>();
  const scheme = useComputedColorScheme("light");
  const cells = useMemo(() => graphCells(grid, runId), [grid, runId]);
  const { task: selected } = selection;
  const { shown, firstId } = laidOut;
  useEffect(() => store.set({ cells }), [store, cells]);
  useEffect(
    () => store.set({ selected, active: selected !== undefined && shown.has(selected) ? selected : firstId }),
    [store, selected, shown, firstId],
  );
  const isByKeyboard = useRef(false);
  const { fit, zoom, goTo, keepInPlace } = useViewport(laidOut, selected, isByKeyboard);

  const select = (task: string | undefined) => onSelect({ run: selection.run ?? (task === undefined ? undefined : runId), task });
  const fold = (groupId: string) => {
    keepInPlace(groupId);
    onFold(groupId);
  };

  const onClick = (event: MouseEvent) => {
    const target = event.target as HTMLElement;
    const toFold = target.closest<HTMLElement>("[data-fold]")?.dataset["fold"];
    const node = target.closest<HTMLElement>("[data-node]");
    if (node === null) return;
    const id = node.dataset["node"]!;
    store.set({ active: id });
    if (toFold !== undefined) fold(toFold);
    else if (event.detail === 2 && node.dataset["kind"] !== "task") fold(id);
    else select(id);
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const { active } = store.marks;
    isByKeyboard.current = true;
    if (active === undefined || !(event.target as HTMLElement).matches("[data-node]")) return;
    if (event.key === "Escape") onSelect({});
    else if (event.key === "Enter") select(active);
    else if (event.key === " ") {
      if (laidOut.groups.has(active)) fold(active);
    } else {
      const next = nextNode(laidOut.reachable, active, event.key);
      if (next === undefined) return;
      store.set({ active: next });
      goTo(next, { focus: true });
    }
    event.preventDefault();
  };

  const noKeyboard = () => {
    isByKeyboard.current = false;
  };
  // A node that goes out of sight and back loses the focus to nothing, and gets it again; who goes elsewhere has left.
  const onBlur = (event: FocusEvent) => {
    if (event.relatedTarget !== null && !event.currentTarget.contains(event.relatedTarget)) noKeyboard();
  };

  return (
    <GraphStoreContext value={store}>
      <div
        ref={ref}
        className={classes["flow"]}
        data-states
        data-scheme={scheme}
        onClick={onClick}
        onKeyDown={onKeyDown}
        onPointerDown={noKeyboard}
        onBlur={onBlur}
      >
        <ReactFlow
          nodes={laidOut.nodes}
          edges={NO_EDGES}
          nodeTypes={NODE_TYPES}
          onlyRenderVisibleElements
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          elementsSelectable={false}
          zoomOnDoubleClick={false}
          panOnScroll
          minZoom={LEAST_ZOOM}
          maxZoom={1.75}
          proOptions={{ hideAttribution: true }}
          aria-label="Graph of the tasks; arrows move between them"
        >
          <FarSign />
          <GraphEdges edges={laidOut.edges} layout={laidOut.layout} />
        </ReactFlow>
        {width > ROOM_FOR_MINIMAP && laidOut.nodes.length > 12 && <MiniMap laidOut={laidOut} />}
        <div className={classes["tools"]}>
          <Tool
            label={direction === "LR" ? "From top to bottom" : "From left to right"}
            onClick={() => onDirection(direction === "LR" ? "TB" : "LR")}
          >
            <IconTransform size={15} />
          </Tool>
          <Tool label="All of it" onClick={fit}>
            <IconArrowsDiagonalMinimize2 size={15} />
          </Tool>
          <Tool label="Closer" onClick={() => zoom(1.4)}>
            <IconPlus size={15} />
          </Tool>
          <Tool label="Further away" onClick={() => zoom(1 / 1.4)}>
            <IconMinus size={15} />
          </Tool>
        </div>
      </div>
    </GraphStoreContext>
  );
}

const NO_EDGES: never[] = [];

function Tool({ label, onClick, children }: { label: string; onClick: () => void; children: React.ReactNode }) {
  return (
    <Tooltip label={label} position="left">
      <ActionIcon variant="default" size={26} aria-label={label} onClick={onClick}>
        {children}
      </ActionIcon>
    </Tooltip>
  );
}

/** Tells the style sheet that names cannot be read from here; drawn again only when that changes. */
function FarSign() {
  const isFar = useStore((state) => state.transform[2] < FAR);
  return <span className={classes["far"]} data-far={isFar || undefined} hidden />;
}
