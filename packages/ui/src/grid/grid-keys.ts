import type { GridRow } from "./grid-rows.ts";

/** Where the keyboard is: row -1 is the header, column -1 the names. */
export interface GridPlace {
  row: number;
  column: number;
}

/** What a key does: go somewhere, fold or unfold a group, choose what is there, or let go of what is chosen. */
export type GridMove = { go: GridPlace } | { fold: string } | "choose" | "release";

interface Bounds {
  rows: readonly GridRow[];
  columns: number;
  /** Rows in sight, for a page up or down. */
  page: number;
}

/** As in a tree grid: in the names, left and right fold and unfold; else arrows go one cell on. Undefined: the key is not for the grid. */
export function gridMove(key: string, isWithControl: boolean, at: GridPlace, { rows, columns, page }: Bounds): GridMove | undefined {
  const go = (row: number, column: number): GridMove => ({
    go: { row: Math.min(rows.length - 1, Math.max(-1, row)), column: Math.min(columns - 1, Math.max(-1, column)) },
  });
  const row = rows[at.row];
  switch (key) {
    case "ArrowUp":
      return go(at.row - 1, at.column);
    case "ArrowDown":
      return go(at.row + 1, at.column);
    case "PageUp":
      return go(Math.max(0, at.row - page), at.column);
    case "PageDown":
      return go(at.row + page, at.column);
    case "Home":
      return isWithControl ? go(0, -1) : go(at.row, -1);
    case "End":
      return isWithControl ? go(rows.length - 1, columns - 1) : go(at.row, columns - 1);
    case "ArrowRight":
      return at.column === -1 && row?.kind === "group" && row.isFolded ? { fold: row.id } : go(at.row, at.column + 1);
    case "ArrowLeft":
      return at.column === -1 && row !== undefined ? leave(rows, at.row) : go(at.row, at.column - 1);
    case "Enter":
    case " ":
      return at.column === -1 && row?.kind === "group" && key === " " ? { fold: row.id } : "choose";
    case "Escape":
      return "release";
    default:
      return undefined;
  }
}

/** Left from a name: an open group folds, anything else goes to the group it is in. */
function leave(rows: readonly GridRow[], index: number): GridMove {
  const row = rows[index]!;
  if (row.kind === "group" && !row.isFolded) return { fold: row.id };
  for (let above = index - 1; above >= 0; above--) {
    if (rows[above]!.depth < row.depth) return { go: { row: above, column: -1 } };
  }
  return { go: { row: index, column: -1 } };
}
