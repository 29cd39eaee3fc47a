import { describe, expect, it } from "vitest";
import { foldedGroups, readRunsSearch, toggleFold, usualPane } from "./runs-search.ts";

describe("readRunsSearch", () => {
  it("shows what the address points at, where there is room for one thing only", () => {
    expect(usualPane(readRunsSearch({}))).toBe("grid");
    expect(usualPane(readRunsSearch({ task: "load" }))).toBe("selected");
    expect(readRunsSearch({ run: "r1", pane: "selected" })).toEqual({ run: "r1" });
    expect(readRunsSearch({ run: "r1", pane: "grid" })).toEqual({ run: "r1", pane: "grid" });
  });

  it("keeps what is said and known, and leaves out what is at its default", () => {
    const search = {
      run: "r1",
      task: "a.b",
      map: 3,
      view: "gantt",
      dir: "TB",
      runs: 100,
      state: "failed",
      type: "manual",
      before: "2026-01-01T00:00:00Z",
    } as const;
    expect(readRunsSearch({ ...search })).toEqual(search);
    expect(readRunsSearch({ view: "both", pane: "grid", runs: 25, dir: "RL", except: [] })).toEqual({});
  });

  it("takes nothing it does not know from an address that somebody has changed", () => {
    expect(readRunsSearch({ run: 3, map: 1, view: "map", runs: 7, state: "strange", type: "x", before: "soon", fold: "some" })).toEqual({});
    expect(readRunsSearch({ task: "a", map: -1 })).toEqual({ task: "a" });
  });
});

describe("folding", () => {
  const groups = ["a", "b", "c"];

  it("names the folded groups, or, of all folded, the others", () => {
    expect([...foldedGroups({ except: ["b", "gone"] }, groups)]).toEqual(["b"]);
    expect([...foldedGroups({ fold: "all", except: ["b"] }, groups)]).toEqual(["a", "c"]);
  });

  it("is undone by doing it again", () => {
    const once = toggleFold({ fold: "all" }, "b");
    expect([...foldedGroups(once, groups)]).toEqual(["a", "c"]);
    expect([...foldedGroups(toggleFold(once, "b"), groups)]).toEqual(groups);
  });
});
