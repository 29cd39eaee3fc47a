import { expect, it } from "vitest";
import { createLinePlaces } from "./line-places.ts";

it("begins at the last known place that is not after the line asked for", () => {
  const places = createLinePlaces();
  expect(places.before("a", 5000)).toEqual({ line: 0, byte: 0 });
  for (let line = 1; line <= 2500; line += 1) places.note("a", { line, byte: line * 10 });
  expect(places.before("a", 999)).toEqual({ line: 0, byte: 0 });
  expect(places.before("a", 1000)).toEqual({ line: 1000, byte: 10_000 });
  expect(places.before("a", 2499)).toEqual({ line: 2000, byte: 20_000 });
  expect(places.before("a", 2500)).toEqual({ line: 2500, byte: 25_000 });
  expect(places.before("a", 9000)).toEqual({ line: 2500, byte: 25_000 });
  expect(places.before("b", 9000)).toEqual({ line: 0, byte: 0 });
});

it("forgets the file that was read longest ago", () => {
  const places = createLinePlaces();
  for (let file = 0; file < 257; file += 1) places.note(String(file), { line: 1, byte: 9 });
  expect(places.before("0", 1)).toEqual({ line: 0, byte: 0 });
  expect(places.before("256", 1)).toEqual({ line: 1, byte: 9 });
});
