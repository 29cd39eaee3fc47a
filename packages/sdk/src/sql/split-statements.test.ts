import { describe, expect, it } from "vitest";
import { splitStatements } from "./split-statements.ts";

const texts = (sql: string) => splitStatements(sql).map(({ text }) => text);

describe("splitStatements", () => {
  it.each<[string, string, string[]]>([
    ["at semicolons", "select 1; select 2 ;\n", ["select 1", "select 2"]],
    ["not without one", "select 1", ["select 1"]],
    ["nothing", " ;; -- a comment\n; /* another; */", []],
    ["not in a string", "select 'a;''b;' ; select 2", ["select 'a;''b;'", "select 2"]],
    ["not in an escape string", String.raw`select E'a\';b'; select 2`, [String.raw`select E'a\';b'`, "select 2"]],
    ["backslashes mean nothing in a plain string", String.raw`select 'a\'; select 2`, [String.raw`select 'a\'`, "select 2"]],
    ["not in an identifier", 'select "a;""b"; select 2', ['select "a;""b"', "select 2"]],
    ["not in a line comment", "select 1 -- a; 'b\n; select 2", ["select 1 -- a; 'b", "select 2"]],
    ["not in a nested comment", "select /* a /* b; */ ; */ 1; select 2", ["select /* a /* b; */ ; */ 1", "select 2"]],
    ["not in dollar quotes", "do $$ begin; end $$; select 2", ["do $$ begin; end $$", "select 2"]],
    ["not in tagged dollar quotes", "do $a$ x; $$ y; $b$ $a$; select 2", ["do $a$ x; $$ y; $b$ $a$", "select 2"]],
    ["a dollar in a name opens no quote", "select a$b$ from t; select 2", ["select a$b$ from t", "select 2"]],
    [
      "not in parentheses",
      "create rule r as on insert to t do (select 1; select 2); select 3",
      ["create rule r as on insert to t do (select 1; select 2)", "select 3"],
    ],
    [
      "not in the body of a routine",
      "create or replace function f() returns int begin atomic select case when true then 1 end; select 2; end; select 3",
      ["create or replace function f() returns int begin atomic select case when true then 1 end; select 2; end", "select 3"],
    ],
    ["begin begins a transaction elsewhere", "begin; select 1; end", ["begin", "select 1", "end"]],
    ["what is never closed goes to the end", "select 1; select 'a; b", ["select 1", "select 'a; b"]],
    ["comments in front stay", "-- why\nselect 1;", ["-- why\nselect 1"]],
  ])("splits %s", (_name, sql, expected) => {
    expect(texts(sql)).toEqual(expected);
  });

  it("tells the values that each statement takes", () => {
    expect(splitStatements("select $2, '$9', $1 -- $8\n; select $$ $7 $$; select a$6").map((one) => one.highestParameter)).toEqual([2, 0, 0]);
  });

  it("is quick with a long text", () => {
    const row = "insert into t values (1, 'it''s; fine', $$ x; $$); -- note;\n";
    expect(splitStatements(row.repeat(20_000))).toHaveLength(20_000);
  });
});
