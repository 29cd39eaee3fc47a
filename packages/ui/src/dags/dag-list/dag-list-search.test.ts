import { expect, it } from "vitest";
import { readDagListSearch, SHOWN, shownOf, withShown } from "./dag-list-search.ts";

it("knows the short forms, there and back", () => {
  expect(readDagListSearch({ show: "failed", tags: ["x"], gone: 1 })).toEqual({ state: ["failed"], tags: ["x"] });
  expect(readDagListSearch({ show: "odd" })).toEqual({});
  expect(SHOWN.map((shown) => shownOf(readDagListSearch(withShown({ paused: true, state: ["queued"] }, shown))))).toEqual([...SHOWN]);
});

it("has no word for other filters", () => {
  expect(shownOf({ paused: true, state: ["failed"] })).toBeUndefined();
});
