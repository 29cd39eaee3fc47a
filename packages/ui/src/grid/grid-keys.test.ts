import { expect, it } from "vitest";
import { gridMove } from "./grid-keys.ts";
import { gridRows } from "./grid-rows.ts";
import { gridGroup, gridTask } from "./grid-samples.ts";

const structure = { tasks: [gridTask("start"), gridTask("a.one", "a"), gridTask("a.two", "a"), gridTask("end")], groups: [gridGroup("a")] };
const open = gridRows(structure, new Set());
const folded = gridRows(structure, new Set(["a"]));
const press = (key: string, row: number, column: number, rows = open) => gridMove(key, false, { row, column }, { rows, columns: 3, page: 2 });

it("goes one cell on, and stays within the grid; above the rows is the header, before the cells are the names", () => {
  expect(press("ArrowDown", 0, 1)).toEqual({ go: { row: 1, column: 1 } });
  expect(press("ArrowUp", 0, 1)).toEqual({ go: { row: -1, column: 1 } });
  expect(press("ArrowUp", -1, 1)).toEqual({ go: { row: -1, column: 1 } });
  expect(press("ArrowRight", 0, 2)).toEqual({ go: { row: 0, column: 2 } });
  expect(press("ArrowLeft", 0, 0)).toEqual({ go: { row: 0, column: -1 } });
  expect(press("PageDown", 1, 0)).toEqual({ go: { row: 3, column: 0 } });
  expect(gridMove("End", true, { row: 0, column: 0 }, { rows: open, columns: 3, page: 2 })).toEqual({ go: { row: 4, column: 2 } });
});

it("folds and unfolds from the name of a group, and goes from a task to its group", () => {
  expect(press("ArrowLeft", 1, -1)).toEqual({ fold: "a" });
  expect(press("ArrowRight", 1, -1)).toEqual({ go: { row: 1, column: 0 } });
  expect(press("ArrowRight", 1, -1, folded)).toEqual({ fold: "a" });
  expect(press("ArrowLeft", 3, -1)).toEqual({ go: { row: 1, column: -1 } });
  expect(press(" ", 1, -1)).toEqual({ fold: "a" });
});

it("chooses with Enter, lets go with Escape, and leaves other keys alone", () => {
  expect(press("Enter", 1, 1)).toBe("choose");
  expect(press("Escape", 1, 1)).toBe("release");
  expect(press("x", 1, 1)).toBeUndefined();
});
