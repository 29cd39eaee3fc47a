import { useElementSize, useLocalStorage } from "@mantine/hooks";
import { SegmentedControl } from "@mantine/core";
import type { ReactNode } from "react";
import { Splitter } from "../parts/splitter.tsx";
import type { RunsPane, RunsView } from "./runs-search.ts";
import classes from "./runs-tab.module.css";

/** What the page consists of. */
export interface RunsParts {
  grid: ReactNode;
  graph: ReactNode;
  gantt: ReactNode;
  /** null: nothing is selected. */
  selected: ReactNode | null;
}

interface Sizes {
  /** Width of the grid, in parts of the whole: it stays as it is when something is selected. */
  grid: number;
  /** Width of what is selected, in pixels. */
  selected: number;
  /** Height of the graph, in parts of the whole. */
  graph: number;
}

const DEFAULTS: Sizes = { grid: 0.38, selected: 420, graph: 0.52 };
const LEAST = 220;
const LEAST_SELECTED = 300;

/** Side by side, with lines between that can be moved; where they stand is kept in the browser. */
export function RunsPanes({ parts, view }: { parts: RunsParts; view: RunsView }) {
  const { ref, width, height } = useElementSize<HTMLDivElement>();
  const [kept, setSizes] = useLocalStorage<Sizes>({ key: "tradewind-runs-sizes", defaultValue: DEFAULTS, getInitialValueInEffect: false });
  const sizes = { ...DEFAULTS, ...kept };
  const set = (change: Partial<Sizes>) => setSizes({ ...sizes, ...change });
  const selected = parts.selected === null ? 0 : clamp(sizes.selected, LEAST_SELECTED, width - 2 * LEAST);
  const room = width - selected;
  const grid = view === "grid" ? room : clamp(Math.round(sizes.grid * width), LEAST, room - LEAST);
  const graph = clamp(Math.round(sizes.graph * height), 120, height - 120);
  return (
    <div ref={ref} className={classes["panes"]}>
      {width > 0 && (
        <>
          <section className={classes["pane"]} style={{ width: grid }} aria-label="Grid">
            {parts.grid}
          </section>
          {view !== "grid" && (
            <>
              <Splitter
                label="Width of the grid"
                orientation="vertical"
                size={grid}
                min={LEAST}
                max={room - LEAST}
                onSize={(size) => set({ grid: size / width })}
                onReset={() => set({ grid: DEFAULTS.grid })}
              />
              <div className={classes["middle"]}>
                {view !== "gantt" && (
                  <section className={classes["pane"]} style={view === "both" ? { height: graph } : { flex: 1 }} aria-label="Graph">
                    {parts.graph}
                  </section>
                )}
                {view === "both" && (
                  <Splitter
                    label="Height of the graph"
                    orientation="horizontal"
                    size={graph}
                    min={120}
                    max={height - 120}
                    onSize={(size) => set({ graph: size / height })}
                    onReset={() => set({ graph: DEFAULTS.graph })}
                  />
                )}
                {view !== "graph" && (
                  <section className={classes["pane"]} style={{ flex: 1 }} aria-label="Gantt">
                    {parts.gantt}
                  </section>
                )}
              </div>
            </>
          )}
          {parts.selected !== null && (
            <>
              <Splitter
                label="Width of what is selected"
                orientation="vertical"
                isAfter
                size={selected}
                min={LEAST_SELECTED}
                max={width - 2 * LEAST}
                onSize={(size) => set({ selected: size })}
                onReset={() => set({ selected: DEFAULTS.selected })}
              />
              <div className={classes["pane"]} style={{ width: selected, flex: "none" }}>
                {parts.selected}
              </div>
            </>
          )}
        </>
      )}
    </div>
  );
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(value, most));
}

const PANE_TITLES: Readonly<Record<RunsPane, string>> = { grid: "Grid", graph: "Graph", gantt: "Gantt", selected: "Selected" };

/** Where there is no room for several: one after the other. */
export function NarrowPanes({ parts, pane, onPane }: { parts: RunsParts; pane: RunsPane; onPane: (pane: RunsPane) => void }) {
  const shown = pane === "selected" && parts.selected === null ? "grid" : pane;
  const titles = (Object.keys(PANE_TITLES) as RunsPane[]).filter((each) => parts[each] !== null);
  return (
    <>
      <div className={classes["choice"]}>
        <SegmentedControl
          fullWidth
          size="xs"
          aria-label="What is shown"
          value={shown}
          onChange={(value) => onPane(value)}
          data={titles.map((each) => ({ value: each, label: PANE_TITLES[each] }))}
        />
      </div>
      <section className={classes["pane"]} style={{ flex: 1 }} aria-label={PANE_TITLES[shown]}>
        {parts[shown]}
      </section>
    </>
  );
}
