import { describe, expect, it } from "vitest";
import { createLogBook } from "./log-book.ts";
import { logOffsets } from "./log-offsets.ts";
import { passingRows } from "./log-rows.ts";
import { findMatches, firstMatchFrom } from "./log-search.ts";
import { segmentsOf } from "./log-segments.ts";
import { readLineHash, readLogView, writeLineHash } from "./log-view.ts";

function bookOf(...events: string[]) {
  const book = createLogBook();
  book.append(events.map((event) => ({ event })));
  return book;
}

const PLAIN = { isCaseSensitive: false, isPattern: false };

describe("findMatches", () => {
  const book = bookOf("Error: a.b", "nothing", "an error and an ERROR", "a.b again");
  const all = passingRows(book, { level: "trace", hidden: [] });

  it("finds every place of a text, whatever its case", () => {
    const { rows, starts, ends } = findMatches(book, all, { text: "error", ...PLAIN });
    expect([rows, starts, ends]).toEqual([
      [0, 2, 2],
      [0, 3, 16],
      [5, 8, 21],
    ]);
    expect(findMatches(book, all, { ...PLAIN, text: "ERROR", isCaseSensitive: true }).rows).toEqual([2]);
  });

  it("takes a text as it is, and a pattern as a pattern", () => {
    expect(findMatches(book, all, { text: "a.b", ...PLAIN }).rows).toEqual([0, 3]);
    expect(findMatches(book, all, { ...PLAIN, text: "^a.", isPattern: true }).rows).toEqual([2, 3]);
    expect(findMatches(book, all, { ...PLAIN, text: "(", isPattern: true }).problem).toContain("Unterminated group");
    expect(findMatches(book, all, { ...PLAIN, text: "x*", isPattern: true }).rows).toEqual([]);
  });

  it("looks only where it is told to", () => {
    expect(findMatches(book, Int32Array.of(0), { text: "error", ...PLAIN }).rows).toEqual([0]);
  });

  it("says where to begin from what is on the screen", () => {
    const matches = findMatches(book, all, { text: "error", ...PLAIN });
    expect([firstMatchFrom(matches, 0), firstMatchFrom(matches, 1), firstMatchFrom(matches, 3)]).toEqual([0, 1, 0]);
  });
});

describe("segmentsOf", () => {
  const look = (text: string, matches: { start: number; end: number }[] = []) =>
    segmentsOf(bookOf(text).rows[0]!, matches).map(({ text: part, style, href, match }) => [part, style?.color ?? null, href, match]);

  it("cuts at colours, addresses and matches, also where they overlap", () => {
    expect(look("\u001b[31mred https://x.y/z.\u001b[0m end", [{ start: 2, end: 6 }])).toEqual([
      ["re", 1, null, null],
      ["d ", 1, null, 0],
      ["ht", 1, "https://x.y/z", 0],
      ["tps://x.y/z", 1, "https://x.y/z", null],
      [".", 1, null, null],
      [" end", null, null, null],
    ]);
  });

  it("tells the author's fields from the message", () => {
    const book = createLogBook();
    book.append([{ event: "done", rows: 3 }]);
    expect(segmentsOf(book.rows[0]!, []).map(({ text, isField }) => [text, isField])).toEqual([
      ["done", false],
      [" rows=3", true],
    ]);
  });

  it("gives nothing for an empty line", () => {
    expect(look("")).toEqual([]);
  });
});

describe("logOffsets", () => {
  const book = bookOf("x".repeat(25), "", "x".repeat(10), "日".repeat(10));
  const visible = Int32Array.of(0, 1, 2, 3);

  it("counts one line for each row that is not wrapped", () => {
    const offsets = logOffsets(book, visible, null);
    expect([offsets.total, offsets.of(2), offsets.at(2.9), offsets.at(99)]).toEqual([4, 2, 2, 3]);
  });

  it("counts the lines that rows take when they are", () => {
    const offsets = logOffsets(book, visible, 10);
    expect([0, 1, 2, 3, 4].map((place) => offsets.of(place))).toEqual([0, 3, 4, 5, 7]);
    expect([0, 2.5, 3, 4, 5, 6.9, 50].map((line) => offsets.at(line))).toEqual([0, 0, 1, 2, 3, 3, 3]);
    expect(offsets.total).toBe(7);
    const titled = bookOf(`::group::${"x".repeat(25)}`, "in it");
    expect(logOffsets(titled, Int32Array.of(0, 1), 10).total).toBe(2);
  });
});

describe("addresses", () => {
  it("hold what was searched and filtered, and drop what is not understood", () => {
    const view = { q: "x", case: true, level: "warning", without: ["system"] } as const;
    expect(readLogView(view)).toEqual(view);
    expect(readLogView({ q: 500, level: "loud", without: "system", pattern: "yes" })).toEqual({ q: "500" });
    expect(readLogView({ level: "trace", without: [] })).toEqual({});
  });

  it("name a line, or several", () => {
    expect([readLineHash("#L12"), readLineHash("L20-L3"), readLineHash("#L0"), readLineHash("#top")]).toEqual([
      { from: 12, to: 12 },
      { from: 3, to: 20 },
      null,
      null,
    ]);
    expect([writeLineHash({ from: 3, to: 3 }), writeLineHash({ from: 3, to: 20 })]).toEqual(["L3", "L3-L20"]);
  });
});
