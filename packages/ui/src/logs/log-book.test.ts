import { describe, expect, it } from "vitest";
import { createLogBook, type LogMessage } from "./log-book.ts";
import { isFolded, passingRows, placeOf, unfoldTo, visibleRows } from "./log-rows.ts";

const ALL = { level: "trace", hidden: [] } as const;
const say = (event: string, level = "info", logger = "stdout"): LogMessage => ({ event, level, logger, timestamp: "2026-01-01T00:00:00Z" });

function bookOf(...messages: LogMessage[]) {
  const book = createLogBook();
  book.append(messages);
  return book;
}

describe("a book", () => {
  it("shows a message of several lines as several rows, the time at the first, the fields at the last", () => {
    const { rows } = bookOf({ ...say("Error: no\n  at here"), code: 7, who: "a b" });
    expect(rows.map(({ text, at, fieldsAt }) => [text, at === null, fieldsAt])).toEqual([
      ["Error: no", false, 9],
      ['  at here code=7 who="a b"', true, 9],
    ]);
  });

  it("keeps what is to be coloured apart from what is searched, and of progress only its end", () => {
    const { rows } = bookOf(say("\u001b[31mred\u001b[0m"), say("10 %\r50 %\r100 %\r"));
    expect(rows.map(({ text, raw }) => [text, raw])).toEqual([
      ["red", "\u001b[31mred\u001b[0m"],
      ["100 %", null],
    ]);
  });

  it("counts levels, sources and errors, and calls what it does not know info", () => {
    const book = bookOf(say("a", "critical", "stderr"), say("b", "warn"), say("c", "loud", "elsewhere"));
    expect([book.levels.error, book.levels.warning, book.levels.info, book.sources.stderr, book.sources.log]).toEqual([1, 1, 1, 1, 1]);
    expect(book.errors).toEqual([0]);
  });

  it("cuts lines that no browser should draw at once", () => {
    expect(bookOf(say("x".repeat(20_000))).rows.map(({ text }) => text.length)).toEqual([8000, 8000, 4000]);
  });

  it("knows how many columns a line takes", () => {
    expect(bookOf(say("abc"), say("日本"), say("a\tb"), say("")).rows.map(({ cells }) => cells)).toEqual([3, 4, 9, 0]);
  });
});

describe("groups", () => {
  const lines = [say("before"), say("::group::Outer"), say("in outer"), say("##[group]Inner"), say("in inner", "error"), say("##[endgroup]")];

  it("are folded once they have ended without an error", () => {
    const book = bookOf(say("::group::A"), say("a"), say("::endgroup::"), say("after"), say("::group::B"), say("b"));
    expect(isFolded(book, 0, new Map())).toBe(true);
    expect(isFolded(book, 4, new Map())).toBe(false);
    expect([...visibleRows(book, ALL, new Map())]).toEqual([0, 3, 4, 5]);
    expect([...visibleRows(book, ALL, new Map([[0, false]]))]).toEqual([0, 1, 3, 4, 5]);
    expect([...visibleRows(book, ALL, new Map([[4, true]]))]).toEqual([0, 3, 4]);
    expect([...passingRows(book, ALL)]).toEqual([0, 1, 3, 4, 5]);
  });

  it("hold others, and stay open when there is an error in them", () => {
    const book = bookOf(...lines, say("::endgroup::"), say("after"));
    expect(book.rows.map(({ depth, parent }) => [depth, parent])).toEqual([
      [0, -1],
      [0, -1],
      [1, 1],
      [1, 1],
      [2, 3],
      [1, 1],
      [0, -1],
      [0, -1],
    ]);
    expect([book.rows[1]!.errors, book.rows[3]!.errors, book.rows[1]!.end]).toEqual([1, 1, 7]);
    expect([...visibleRows(book, ALL, new Map())]).toEqual([0, 1, 2, 3, 4, 7]);
    expect([...visibleRows(book, ALL, new Map([[1, true]]))]).toEqual([0, 1, 7]);
    expect(unfoldTo(book, 4, new Map([[1, true]]))).toEqual(
      new Map([
        [1, false],
        [3, false],
      ]),
    );
  });

  it("that end without having begun end nothing", () => {
    const book = bookOf(say("::endgroup::"), say("::group::A"), say("a"));
    expect([...visibleRows(book, ALL, new Map())]).toEqual([1, 2]);
  });

  it("show their title while a filter finds something in them, folded or not", () => {
    const book = bookOf(say("::group::Quiet"), say("a"), say("::endgroup::"), ...lines, say("::endgroup::"));
    const errors = { level: "error", hidden: [] } as const;
    expect([...visibleRows(book, errors, new Map())]).toEqual([4, 6, 7]);
    expect([...visibleRows(book, errors, new Map([[4, true]]))]).toEqual([4]);
    expect([...visibleRows(book, { level: "trace", hidden: ["stdout"] }, new Map())]).toEqual([]);
  });
});

it("finds where a row is among those shown, or the one before it", () => {
  const visible = Int32Array.of(0, 3, 9);
  expect([0, 2, 3, 8, 9, 100].map((row) => placeOf(visible, row))).toEqual([0, 0, 1, 1, 2, 2]);
  expect(placeOf(new Int32Array(0), 5)).toBe(0);
});
