import { describe, expect, it } from "vitest";
import { filterWords } from "./filter-words.ts";
import {
  type ColumnFilter,
  filtersOf,
  instantBounds,
  nextSort,
  numberBounds,
  readDuration,
  readTableSearch,
  resolveInstant,
  withFilter,
} from "./table-search.ts";

const STATE: ColumnFilter = {
  kind: "choice",
  options: [
    { value: "failed", label: "Failed" },
    { value: "success", label: "Success" },
  ],
};
const columns = [
  { id: "dag", filter: { kind: "text" } },
  { id: "state", filter: STATE },
  { id: "started", filter: { kind: "instant" } },
  { id: "took", filter: { kind: "duration" } },
  { id: "try", filter: { kind: "numbers" } },
  { id: "mine", filter: { kind: "flag", yes: "mine", no: "of others" } },
  { id: "plain" },
] as const;

describe("readTableSearch", () => {
  it("keeps what columns understand, and nothing else", () => {
    const search = { dag: "sales", state: ["failed", "gone"], started: "-24h..", took: "60..", try: 3, mine: false, plain: "x", other: 1 };
    expect(readTableSearch(columns, search)).toEqual({
      dag: "sales",
      state: ["failed"],
      started: "-24h..",
      took: "60..",
      try: ["3"],
      mine: false,
    });
  });

  it("drops what says nothing: empty texts and lists, ranges without ends, unknown columns, rows before the first", () => {
    const search = { dag: " ", state: [], started: "..", took: "1..2..3", try: ["x"], sort: "-gone", columns: ["gone", "dag"], at: -1, picked: [] };
    expect(readTableSearch(columns, search)).toEqual({ columns: ["dag"] });
  });

  it("reads again what it has read", () => {
    const search = { state: ["failed"], sort: "-started", at: 40, picked: ["a b"], columns: ["dag", "state"] };
    expect(readTableSearch(columns, readTableSearch(columns, search))).toEqual(search);
  });

  it("takes a number for a text that looks like one", () => {
    expect(filtersOf(columns, { dag: 2024 })).toEqual({ dag: "2024" });
  });
});

it("goes to the first row and forgets what was chosen when a filter changes", () => {
  expect(withFilter({ at: 90, picked: "all", sort: "dag" }, "dag", "x")).toEqual({ sort: "dag", dag: "x" });
  expect(filtersOf(columns, withFilter({ dag: "x", state: ["failed"] }, "dag", ""))).toEqual({ state: ["failed"] });
});

it("sorts up, down, and not at all", () => {
  expect([undefined, "dag", "-dag", "state"].map((sort) => nextSort(sort, "dag"))).toEqual(["dag", "-dag", undefined, "dag"]);
});

describe("bounds", () => {
  const now = Date.parse("2026-01-02T00:00:00Z");
  it("of instants are relative to now, or fixed", () => {
    expect(instantBounds("-24h..", now)).toEqual({ gte: "2026-01-01T00:00:00.000Z", lte: undefined });
    expect(instantBounds("..2026-01-01T00:00:00Z", now)).toEqual({ gte: undefined, lte: "2026-01-01T00:00:00.000Z" });
    expect(instantBounds(undefined, now)).toEqual({ gte: undefined, lte: undefined });
    expect(resolveInstant("+30m", now)).toBe("2026-01-02T00:30:00.000Z");
    expect(resolveInstant("tomorrow", now)).toBeUndefined();
  });

  it("of numbers may lack an end", () => {
    expect(numberBounds("60..")).toEqual({ gte: 60, lte: undefined });
    expect(numberBounds("..5")).toEqual({ gte: undefined, lte: 5 });
    expect(numberBounds("x..5")).toEqual({ gte: undefined, lte: 5 });
  });
});

it.each([
  ["90", 90],
  ["1.5 h", 5400],
  ["2m 30s", 150],
  ["250ms", 0.25],
  ["1d2h", 93_600],
  ["soon", undefined],
  ["", undefined],
])("reads %j as %s seconds", (text, seconds) => {
  expect(readDuration(text)).toBe(seconds);
});

describe("filterWords", () => {
  it.each<[ColumnFilter, Parameters<typeof filterWords>[1], string]>([
    [{ kind: "text" }, "sales", "“sales”"],
    [STATE, ["failed", "success"], "Failed, Success"],
    [{ kind: "list" }, ["a", "b", "c", "d"], "a, b and 2 more"],
    [{ kind: "instant" }, "-24h..", "last 24 hours"],
    [{ kind: "instant" }, "-1d..", "last day"],
    [{ kind: "instant" }, "2026-01-01T00:00:00Z..2026-01-02T12:30:00Z", "2026-01-01 01:00 – 2026-01-02 13:30"],
    [{ kind: "duration" }, "60..", "from 1 m 00 s"],
    [{ kind: "duration" }, "..5", "to 5.0 s"],
    [{ kind: "flag", yes: "paused", no: "on" }, false, "on"],
  ])("%j %j: %s", (filter, value, words) => {
    expect(filterWords(filter, value, "Europe/Madrid")).toBe(words);
  });
});
