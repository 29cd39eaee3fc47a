import { expect, test } from "vitest";
import { createLogBook } from "./log-book.ts";
import { wrapPlaces, wrapWidth } from "./log-wrap.ts";

function linesOf(event: string, width: number): string[] {
  const book = createLogBook();
  book.append([{ event }]);
  const row = book.rows[0]!;
  const cuts = [0, ...wrapPlaces(row, width), row.text.length];
  return cuts.slice(1).map((to, index) => row.text.slice(cuts[index], to));
}

test("lines end between words", () => {
  expect(linesOf("epoch=20 loss=0.031 rate=0.2", 12)).toEqual(["epoch=20 ", "loss=0.031 ", "rate=0.2"]);
});

test("a space at the edge hangs over it, and makes no line at the end", () => {
  expect(linesOf("four five six", 9)).toEqual(["four five ", "six"]);
  expect(linesOf("four five ", 9)).toEqual(["four five "]);
});

test("only a word that is longer than a line is cut, on a line of its own", () => {
  expect(linesOf("see s3://bucket/of/raw/orders now", 10)).toEqual(["see ", "s3://bucke", "t/of/raw/o", "rders now"]);
});

test("an indentation is not left alone", () => {
  expect(linesOf("    abcdefghij", 8)).toEqual(["    abcd", "efghij"]);
});

test("signs of two columns and tabs count as wide as they are; between the former a line may end", () => {
  expect(linesOf("日本語の行です", 6)).toEqual(["日本語", "の行で", "す"]);
  expect(linesOf("ab\tcd efgh", 12)).toEqual(["ab\tcd ", "efgh"]);
  expect(linesOf("größe wörter", 7)).toEqual(["größe ", "wörter"]);
});

test("no line is wider than it may be, whatever the text", () => {
  for (const text of ["x".repeat(100), "a b ".repeat(30), "ü ".repeat(40), "あa ".repeat(30)]) {
    for (const width of [8, 9, 21]) for (const line of linesOf(text, width)) expect([...line.trimEnd()].length).toBeLessThanOrEqual(width);
  }
});

test("rows that fit, and titles of groups, are not wrapped", () => {
  const book = createLogBook();
  book.append([{ event: "::group::A title that is longer" }, { event: "short" }, { event: "longer than ten" }]);
  expect(book.rows.map((row) => wrapWidth(row, 10))).toEqual([null, null, 8]);
  expect(book.rows.map((row) => wrapWidth(row, null))).toEqual([null, null, null]);
});
