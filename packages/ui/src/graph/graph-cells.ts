import type { Grid } from "../api/read-models.ts";
import { cellOf, type CellSummary, gridRows } from "../grid/grid-rows.ts";

const NOTHING_FOLDED: ReadonlySet<string> = new Set();

/** What a run did with every task and every group; empty where the grid does not have the run. */
export function graphCells(grid: Grid, runId: string | undefined): ReadonlyMap<string, CellSummary> {
  const cells = new Map<string, CellSummary>();
  const run = grid.runs.find((one) => one.dag_run_id === runId);
  if (run === undefined) return cells;
  for (const row of gridRows(grid, NOTHING_FOLDED)) {
    const cell = cellOf(row, run, grid.letters);
    if (cell !== undefined) cells.set(row.id, cell);
  }
  return cells;
}
