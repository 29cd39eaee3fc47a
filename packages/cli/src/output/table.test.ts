import { describe, expect, test } from "vitest";
import { type Column, formatFields, formatTable } from "./table.ts";

interface Row {
  id: string;
  count: number | null;
  words: string;
}

const columns: Column<Row>[] = [
  { title: "ID", value: (row) => row.id },
  { title: "COUNT", value: (row) => row.count, align: "right" },
  { title: "WORDS", value: (row) => row.words, mayBeCut: true },
];
const plain = { columns: null, hasColours: false };

describe("a table", () => {
  test("aligns columns, shows what is missing, and leaves no blanks at the end of lines", () => {
    const rows = [
      { id: "a", count: 5, words: "one" },
      { id: "long_id", count: null, words: "" },
    ];
    expect(formatTable(columns, rows, plain)).toBe(["ID       COUNT  WORDS", "a            5  one", "long_id      -", ""].join("\n"));
  });

  test("counts wide characters as two columns", () => {
    const rows = [
      { id: "日本", count: 1, words: "x" },
      { id: "abcd", count: 1, words: "x" },
    ];
    const [, first, second] = formatTable(columns, rows, plain).split("\n");
    expect(first).toBe("日本      1  x");
    expect(second).toBe("abcd      1  x");
  });

  test("cuts only what may be cut, and only on a terminal", () => {
    const rows = [{ id: "an_id_that_is_needed_whole", count: 1, words: "many words that do not fit" }];
    expect(formatTable(columns, rows, plain)).toContain("many words that do not fit");
    const cut = formatTable(columns, rows, { columns: 50, hasColours: false });
    expect(cut).toContain("an_id_that_is_needed_whole");
    expect(cut).toContain("…");
    for (const line of cut.split("\n")) expect(line.length).toBeLessThanOrEqual(50);
  });

  test("a value cannot steer the terminal, nor break its line", () => {
    const rows = [{ id: "\u001B[31mred\u001B]0;title\u0007", count: 1, words: "two\nlines\u0000" }];
    expect(formatTable(columns, rows, plain).split("\n")[1]).toBe("red      1  two ⏎ lines");
  });

  test("colours are no part of the width", () => {
    const coloured: Column<Row>[] = [{ title: "ID", value: (row) => ({ text: row.id, style: "red" }) }, columns[1]!];
    const text = formatTable(
      coloured,
      [
        { id: "a", count: 1, words: "" },
        { id: "bbb", count: 1, words: "" },
      ],
      { columns: null, hasColours: true },
    );
    // oxlint-disable-next-line no-control-regex -- it is the escape sequences that are looked for
    expect(text.replaceAll(/\u001B\[\d+m/g, "")).toBe(["ID   COUNT", "a        1", "bbb      1", ""].join("\n"));
    expect(text).toContain("\u001B[31m");
  });
});

test("fields of one thing stand below each other", () => {
  expect(
    formatFields(
      [
        ["Name", "x"],
        ["Longer name", null],
      ],
      plain,
    ),
  ).toBe("Name         x\nLonger name  -\n");
});
