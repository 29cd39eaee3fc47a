import { expect, it } from "vitest";
import { gridGroup, gridTask } from "../grid/grid-samples.ts";
import { findTasks } from "./find-tasks.ts";

const grid = {
  tasks: [gridTask("reload"), gridTask("in.load_rows", "in"), gridTask("in.check", "in", { display_name: "Look at the load" })],
  groups: [gridGroup("in")],
};

it("finds by all words, in ids and names, what begins with the text first", () => {
  expect(findTasks(grid, "load", 9)).toEqual(["in.load_rows", "reload", "in.check"]);
  expect(findTasks(grid, "look load", 9)).toEqual(["in.check"]);
  expect(findTasks(grid, "in", 1)).toEqual(["in"]);
});
