import { expect, it } from "vitest";
import { specDifferences } from "./spec-differences.ts";

it("names the places at which two specs differ, tasks and groups by their ids", () => {
  const one = { tags: ["a"], tasks: [{ taskId: "load", inputs: { "seed-1": 1, same: null } }], groups: [] };
  const other = { tags: ["a", "b"], tasks: [{ taskId: "load", inputs: { "seed-1": 2, same: null } }], groups: [] };
  expect(specDifferences(one, other, 9)).toEqual([
    { path: "tags[1]", one: undefined, other: "b" },
    { path: 'tasks["load"].inputs["seed-1"]', one: 1, other: 2 },
  ]);
  expect(specDifferences(one, other, 1)).toHaveLength(1);
  expect(specDifferences({ tasks: [{ taskId: "a_1" }] }, { tasks: [{ taskId: "a_2" }] }, 9)).toEqual([
    { path: "tasks[0].taskId", one: "a_1", other: "a_2" },
  ]);
  expect(specDifferences(one, structuredClone(one), 9)).toEqual([]);
  expect(specDifferences({ a: [] }, { a: {} }, 9)).toEqual([{ path: "a", one: [], other: {} }]);
});
