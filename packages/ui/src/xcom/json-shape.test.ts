import { expect, it } from "vitest";
import { membersOf, readJson, summaryOf } from "./json-shape.ts";

it("names what lists and objects hold, and nothing else", () => {
  expect(membersOf(["a", null])).toEqual([
    ["0", "a"],
    ["1", null],
  ]);
  expect(membersOf({ x: 1 })).toEqual([["x", 1]]);
  expect([membersOf("text"), membersOf(null), membersOf(7)]).toEqual([null, null, null]);
});

it("sums a value up, with what it begins with when it is folded", () => {
  expect(summaryOf([1, 2, 3], true)).toBe("[] 3 items");
  expect(summaryOf({ a: 1 }, true)).toBe("{} 1 member");
  expect(summaryOf({ a: 1, b: ["x"], c: {} }, false)).toBe("{a: 1, b: […], c: {…}} 3 members");
  const long = summaryOf(
    Array.from({ length: 5000 }, (_, index) => index),
    false,
  );
  expect([long.length < 80, long.endsWith("… 5,000 items")]).toEqual([true, true]);
});

it("reads what was typed, or says what is wrong with it", () => {
  expect(readJson('{"a": [1]}')).toEqual({ value: { a: [1] } });
  expect(readJson("{a: 1}")).toHaveProperty("problem");
});
