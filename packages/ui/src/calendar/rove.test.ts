import { expect, it } from "vitest";
import { nextSpot } from "./rove.ts";

const SPOTS = [
  { id: "a", row: 0, column: 5 },
  { id: "b", row: 1, column: 0 },
  { id: "c", row: 1, column: 6 },
  { id: "d", row: 3, column: 4 },
];

it("goes on in the next row, and up and down to what is nearest", () => {
  const from = (id: string, direction: "left" | "right" | "up" | "down") => nextSpot(SPOTS, id, direction)?.id;
  expect([from("a", "right"), from("b", "left"), from("d", "right"), from("a", "left")]).toEqual(["b", "a", undefined, undefined]);
  expect([from("a", "down"), from("b", "down"), from("d", "up"), from("a", "up")]).toEqual(["c", "d", "c", undefined]);
  expect(from("gone", "right")).toBe("a");
});
