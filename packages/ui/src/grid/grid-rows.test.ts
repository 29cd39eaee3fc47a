import { expect, it } from "vitest";
import type { Grid, GridTask } from "../api/queries.ts";
import { cellOf, gridRows, indexCells } from "./grid-rows.ts";

const task = (taskId: string, groupId: string | null = null): GridTask => ({
  task_id: taskId,
  display_name: taskId,
  group_id: groupId,
  operator: "task",
  is_mapped: false,
  upstream_task_ids: [],
});
const group = (groupId: string, parentId: string | null = null) => ({ group_id: groupId, display_name: groupId, parent_id: parentId, tooltip: "" });
const run = (id: string, cells: Grid["runs"][number]["cells"]): Grid["runs"][number] => ({
  dag_run_id: id,
  run_type: "manual",
  state: "running",
  run_after: "2026-01-01T00:00:00Z",
  logical_date: null,
  start_date: null,
  end_date: null,
  dag_version: 1,
  has_note: false,
  cells,
});

const grid: Grid = {
  dag_id: "sales",
  tasks: [task("start"), task("a.one", "a"), task("a.b.two", "a.b"), task("end"), task("a.three", "a")],
  groups: [group("a"), group("a.b", "a")],
  runs: [
    run("r2", [
      ["start", "success", 1],
      ["a.one", "success", 3],
      ["a.one", "failed", 1],
      ["a.b.two", null, 1],
    ]),
    run("r1", [["gone", "success", 1]]),
  ],
};

const lines = (folded: string[]) =>
  gridRows(grid, new Set(folded)).map((row) => `${"  ".repeat(row.depth)}${row.kind === "task" ? row.task.task_id : `[${row.group.group_id}]`}`);

it("puts groups where their first task is, and what is in them below", () => {
  expect(lines([])).toEqual(["start", "[a]", "  a.one", "  [a.b]", "    a.b.two", "  a.three", "end", "gone"]);
});

it("folds groups, and what is in folded ones with them", () => {
  expect(lines(["a"])).toEqual(["start", "[a]", "end", "gone"]);
  expect(lines(["a.b"])).toEqual(["start", "[a]", "  a.one", "  [a.b]", "  a.three", "end", "gone"]);
});

it("shows of many instances the state that most asks for attention, and of a group that of everything in it, folded or not", () => {
  const cells = indexCells(grid);
  const rows = gridRows(grid, new Set(["a"]));
  const of = (key: string, runId: string) =>
    cellOf(
      rows.find((row) => row.key === key)!,
      cells.get(runId),
    );
  expect(of("t:start", "r2")).toMatchObject({ state: "success", instances: 1 });
  expect(of("g:a", "r2")).toMatchObject({ state: "failed", instances: 5 });
  expect(of("g:a", "r1")).toBeUndefined();
  expect(of("t:gone", "r1")).toMatchObject({ state: "success" });
});
