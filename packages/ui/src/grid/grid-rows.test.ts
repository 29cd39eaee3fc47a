import { expect, it } from "vitest";
import { cellOf, gridRows, shortName } from "./grid-rows.ts";
import { gridGroup, gridRun, gridTask } from "./grid-samples.ts";

const letters = { s: "success", f: "failed", n: "none" };
const grid = {
  tasks: [gridTask("start"), gridTask("a.one", "a"), gridTask("a.b.two", "a.b"), gridTask("end"), gridTask("a.three", "a")],
  groups: [gridGroup("a"), gridGroup("a.b", "a")],
};
const lines = (folded: string[]) =>
  gridRows(grid, new Set(folded)).map((row) => `${"  ".repeat(row.depth)}${row.kind === "task" ? row.label : `[${row.label}]`}`);

it("puts groups where their first task is, and what is in them below", () => {
  expect(lines([])).toEqual(["start", "[a]", "  one", "  [b]", "    two", "  three", "end"]);
});

it("folds groups, and what is in folded ones with them", () => {
  expect(lines(["a"])).toEqual(["start", "[a]", "end"]);
  expect(lines(["a.b"])).toEqual(["start", "[a]", "  one", "  [b]", "  three", "end"]);
});

it("shows of many instances the state that most asks for attention, and of a group that of everything in it, folded or not", () => {
  const run = gridRun("r", {
    states: "s*n  ",
    many: [
      [
        1,
        [
          ["success", 3],
          ["failed", 1],
        ],
      ],
    ],
  });
  const of = (key: string) =>
    cellOf(
      gridRows(grid, new Set(["a"])).find((row) => row.key === key)!,
      run,
      letters,
    );
  expect(of("t:start")).toEqual({ state: "success", instances: 1, counts: [["success", 1]] });
  expect(of("g:a")).toEqual({
    state: "failed",
    instances: 5,
    counts: [
      ["failed", 1],
      [null, 1],
      ["success", 3],
    ],
  });
  expect(of("t:end")).toBeUndefined();
});

it("gives an unchanged cell as the same object, so that it is not drawn again", () => {
  const [start] = gridRows(grid, new Set());
  const before = cellOf(start!, gridRun("r", { states: "snnnn" }), letters);
  expect(cellOf(start!, gridRun("r", { states: "sssss" }), letters)).toBe(before);
});

it("does not repeat a group's name inside it", () => {
  expect(shortName("a.b.two", "a.b")).toBe("two");
  expect(shortName("Two", "a.b")).toBe("Two");
  expect(shortName("a.b", null)).toBe("a.b");
});
