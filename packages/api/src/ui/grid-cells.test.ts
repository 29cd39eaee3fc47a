import { TASK_INSTANCE_STATES } from "@tradewind/core";
import { expect, it } from "vitest";
import { encodeCells, STATE_LETTERS } from "./grid-cells.ts";

const places = new Map([
  ["a", 0],
  ["b", 1],
  ["c", 2],
  ["d", 3],
]);

it("is one letter for each task, and counts where a task has several instances", () => {
  const cells = encodeCells(
    [
      { state: "success", taskIds: ["c", "d"], instances: [2, 1] },
      { state: null, taskIds: ["a"], instances: null },
      { state: "failed", taskIds: ["d", "elsewhere"], instances: [1, 1] },
    ],
    places,
  );
  expect(cells.states).toBe("n **");
  expect(cells.many).toEqual([
    [2, [["success", 2]]],
    [
      3,
      [
        ["success", 1],
        ["failed", 1],
      ],
    ],
  ]);
});

it("has a letter of its own for every state", () => {
  const letters = [...TASK_INSTANCE_STATES, "none" as const].map((state) => STATE_LETTERS[state]);
  expect(new Set([...letters, " ", "*"]).size).toBe(TASK_INSTANCE_STATES.length + 3);
});
