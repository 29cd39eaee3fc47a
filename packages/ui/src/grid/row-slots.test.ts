import { expect, test } from "vitest";
import { RowSlots } from "./row-slots.ts";

test("a row keeps its element while it is in sight, and one that comes takes that of one that has gone", () => {
  const slots = new RowSlots();
  expect(slots.assign(["a", "b", "c"])).toEqual([0, 1, 2]);
  expect(slots.assign(["b", "c", "d"])).toEqual([1, 2, 0]);
  expect(slots.assign(["d", "e", "f"])).toEqual([0, 1, 2]);
});

test("the row with the focus keeps its element however far one scrolls", () => {
  const slots = new RowSlots();
  slots.assign(["a", "b", "c"]);
  expect(slots.assign(["b", "x", "y", "z"])).toEqual([1, 0, 2, 3]);
});

test("asked twice for the same rows it says the same", () => {
  const slots = new RowSlots();
  slots.assign(["a", "b"]);
  const first = slots.assign(["b", "c"]);
  expect(slots.assign(["b", "c"])).toEqual(first);
});
