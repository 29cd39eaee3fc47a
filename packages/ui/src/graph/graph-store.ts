import { createContext, useContext, useSyncExternalStore } from "react";
import type { CellSummary } from "../grid/grid-rows.ts";

/** What changes about nodes without any of them moving. */
export interface GraphMarks {
  /** What the run that is shown did with each task and group. */
  cells: ReadonlyMap<string, CellSummary>;
  selected: string | undefined;
  /** Where the keyboard is. */
  active: string | undefined;
}

/** Lets each node follow its own state: of a thousand nodes only those that have changed are drawn again. */
export class GraphStore {
  #marks: GraphMarks = { cells: new Map(), selected: undefined, active: undefined };
  readonly #listeners = new Set<() => void>();

  get marks(): GraphMarks {
    return this.#marks;
  }

  set(change: Partial<GraphMarks>): void {
    this.#marks = { ...this.#marks, ...change };
    for (const listener of [...this.#listeners]) listener();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };
}

export const GraphStoreContext = createContext<GraphStore | null>(null);

export function useMarks<T>(pick: (marks: GraphMarks) => T): T {
  const store = useContext(GraphStoreContext)!;
  return useSyncExternalStore(store.subscribe, () => pick(store.marks));
}
